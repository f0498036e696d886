//! Undoing what somebody said that a line of the bank is: its money stands in suspense again.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::matches::write_holds;
use super::meaning::{HoldMeaning, Meaning, NewHold};
use crate::audit::{self, Act, Actor};
use crate::cases::{self, CaseKind, NewCase};
use crate::collections::{self, CollectionState};
use crate::db;
use crate::ledger::{self, Fact, PostError};
use crate::payouts;
use crate::rails::CashAccount;
use crate::values::{Amount, CollectionId, LineId, derived_id, euros, paris_day};

/// Why a match stays; nothing of it then is undone.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    #[error("there is no such line; see `obole bank lines`")]
    UnknownLine,
    #[error("nothing of this line is matched")]
    NothingMatched,
    #[error("{0}")]
    Followed(String),
    #[error(transparent)]
    Post(#[from] PostError),
    #[error("the database refused")]
    Database(#[from] sqlx::Error),
}

/// A match that is not undone.
#[derive(Clone, Debug, FromRow)]
struct LiveMatch {
    match_id: Uuid,
    line_id: Uuid,
    meaning: Meaning,
    amount_cents: i64,
    collection_id: Option<CollectionId>,
    merchant: Option<String>,
    fact_id: Uuid,
    fact: Option<String>,
}

const LIVE: &str = "select m.match_id, m.line_id, m.meaning, m.amount_cents, m.collection_id,
       s.slug as merchant, m.fact_id, m.fact
     from bank_match m left join merchant s using (merchant_id)
     where not exists (select 1 from bank_match_undone u where u.match_id = m.match_id)
       and (m.line_id = $1 or m.match_id = any($2))
     order by m.n desc";

/// Undoes all that a line is matched with, and what other lines settle together with it. Returns
/// what of the line stands in suspense then, in cents.
pub async fn unmatch_line(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    line: LineId,
    actor: &Actor,
    why: &str,
) -> Result<i64, UndoError> {
    db::settlement_lock::lock_exclusive(tx).await?;
    let before = open_cents(tx, line).await?;
    let live: Vec<LiveMatch> = sqlx::query_as(LIVE)
        .bind(line)
        .bind(&[] as &[Uuid])
        .fetch_all(&mut *tx)
        .await?;
    if live.is_empty() {
        return Err(UndoError::NothingMatched);
    }
    let covered = payouts::cover(tx).await?.float_cents();
    for m in &live {
        undo(tx, now, m, actor, why).await?;
    }
    let left = payouts::cover(tx).await?.float_cents();
    if left < 0 && left < covered {
        return Err(UndoError::Followed(needed(&live, -left)));
    }
    let after = open_cents(tx, line).await?;
    let act = Act {
        act: "bank.unmatch",
        subject: &line.to_string(),
        before: Some(json!({"open": euros(before)})),
        after: Some(json!({"open": euros(after)})),
        why: Some(why),
    };
    audit::record(tx, now, actor, &act).await?;
    Ok(after)
}

/// Why what a line was is needed: without it, so many cents would be missing for others.
fn needed(live: &[LiveMatch], missing_cents: i64) -> String {
    let missing = euros(missing_cents);
    let of_merchant = live.iter().find_map(|m| m.merchant.as_deref());
    match (live.first().map(|m| m.meaning), of_merchant) {
        (Some(Meaning::TopUp), _) => format!(
            "the float is needed: without it, {missing} euros of fees, losses and donations that \
             nobody paid yet would be borne by others"
        ),
        (Some(Meaning::NextMonth), Some(merchant)) => format!(
            "{merchant} has taken it off a payment: without it, it would owe {missing} euros that \
             its associations have; top up the float first, or ask {merchant} for them"
        ),
        _ => format!(
            "undone, the account would be {missing} euros short of what is others': top up the \
             float first"
        ),
    }
}

async fn open_cents(tx: &mut PgConnection, line: LineId) -> Result<i64, UndoError> {
    let open: Option<i64> =
        sqlx::query_scalar("select open_cents from bank_line_position where line_id = $1")
            .bind(line)
            .fetch_optional(tx)
            .await?;
    open.ok_or(UndoError::UnknownLine)
}

async fn undo(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    m: &LiveMatch,
    actor: &Actor,
    why: &str,
) -> Result<(), UndoError> {
    let followed = |reason: &str| Err(UndoError::Followed(reason.to_owned()));
    match m.meaning {
        Meaning::CollectionSettled => return undo_settlement(tx, now, m, actor, why).await,
        Meaning::CollectionReturned | Meaning::CollectionReturnShown => {
            return followed(
                "the collection was taken back: ask for it again, and match what pays it",
            );
        }
        Meaning::PayoutSettled => {
            return followed("the payout left: what the association has cannot be undone here");
        }
        Meaning::PayoutReturned => {
            return followed("the payout came back, and its donations went on to another");
        }
        Meaning::Reversal => {
            let both = matches_of_reversal(tx, m).await?;
            return write_undone(tx, now, &both, (m.match_id, None), actor, why).await;
        }
        Meaning::Fee | Meaning::TopUp | Meaning::NextMonth => {}
    }
    let amount = Amount::from_cents(m.amount_cents).map_err(|_| PostError::Overflow)?;
    let id = derived_id(&format!("undone:{}", m.match_id));
    let fact = Fact {
        id,
        occurred_at: now,
    };
    let at = CashAccount::Bank;
    let transfer = match (m.meaning, &m.merchant) {
        (Meaning::Fee, _) => ledger::bank_fee_undone(fact, at, amount),
        (Meaning::TopUp, _) => ledger::bank_top_up_undone(fact, at, amount),
        (_, Some(merchant)) => ledger::bank_next_month_undone(fact, at, merchant, amount),
        (_, None) => return Err(UndoError::NothingMatched),
    };
    let word = transfer.fact();
    ledger::open_and_post(tx, now, &[transfer.correcting(m.fact_id)]).await?;
    let undone = std::slice::from_ref(m);
    write_undone(tx, now, undone, (id, Some(word)), actor, why).await
}

/// Every line that settled the collection with this one stands in suspense again, and the
/// collection is asked for as before.
async fn undo_settlement(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    m: &LiveMatch,
    actor: &Actor,
    why: &str,
) -> Result<(), UndoError> {
    let id = m.collection_id.ok_or(UndoError::NothingMatched)?;
    let asked = collections::asked_by_id(tx, &[id.0]).await?.pop();
    let asked = asked.filter(|c| c.fact_id == m.fact_id && c.state == CollectionState::Settled);
    let Some(asked) = asked else {
        return Err(UndoError::Followed(
            "the collection has gone on since: it was taken back, or asked for again".into(),
        ));
    };
    let left: bool = sqlx::query_scalar(
        "select exists (select 1 from collection_donation c
           join payout_donation p using (donation_id)
           join payout_current_state s using (payout_id)
         where c.collection_id = $1 and c.live and p.live
           and s.state in ('submitted', 'settled'))",
    )
    .bind(id)
    .fetch_one(&mut *tx)
    .await?;
    if left {
        return Err(UndoError::Followed(
            "a payout of its donations left: the association has the money".into(),
        ));
    }
    let together: Vec<Uuid> =
        sqlx::query_scalar("select match_id from bank_match where fact_id = $1 and fact = $2")
            .bind(m.fact_id)
            .bind(&m.fact)
            .fetch_all(&mut *tx)
            .await?;
    let undone: Vec<LiveMatch> = sqlx::query_as(LIVE)
        .bind(Uuid::nil())
        .bind(&together)
        .fetch_all(&mut *tx)
        .await?;
    // Another line's turn may have undone it already.
    if undone.is_empty() {
        return Ok(());
    }
    collections::undo_settlement(tx, now, paris_day(now), asked).await?;
    payouts::take_back_of_collections(tx, now, &[id]).await?;
    let mirror = (m.fact_id, Some("collection_returned"));
    write_undone(tx, now, &undone, mirror, actor, why).await
}

/// The two matches of lines that undo each other.
async fn matches_of_reversal(
    tx: &mut PgConnection,
    m: &LiveMatch,
) -> Result<Vec<LiveMatch>, sqlx::Error> {
    let other: Vec<Uuid> = sqlx::query_scalar(
        "select o.match_id from bank_match m join bank_match o
           on o.line_id = m.other_line_id and o.other_line_id = m.line_id
         where m.match_id = $1",
    )
    .bind(m.match_id)
    .fetch_all(&mut *tx)
    .await?;
    let ids: Vec<Uuid> = other.into_iter().chain([m.match_id]).collect();
    sqlx::query_as(LIVE)
        .bind(Uuid::nil())
        .bind(ids)
        .fetch_all(tx)
        .await
}

/// Writes down that matches are undone, and opens a case for each of their lines.
async fn write_undone(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    undone: &[LiveMatch],
    (fact_id, fact): (Uuid, Option<&str>),
    actor: &Actor,
    why: &str,
) -> Result<(), UndoError> {
    sqlx::query(
        "insert into bank_match_undone (match_id, fact_id, fact, undone_by, why, undone_at)
         select match_id, $2, $3, $4, $5, $6 from unnest($1::uuid[]) n(match_id)",
    )
    .bind(undone.iter().map(|m| m.match_id).collect::<Vec<_>>())
    .bind(fact_id)
    .bind(fact)
    .bind(&actor.who)
    .bind(why)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    // What was held for the collection is held no more: somebody said that it is not its money.
    let holds: Vec<NewHold> = undone
        .iter()
        .map(|m| NewHold {
            line_id: m.line_id,
            meaning: HoldMeaning::Other,
            collection_id: None,
            payout_id: None,
        })
        .collect();
    write_holds(tx, now, &holds, &actor.who).await?;
    let cases: Vec<NewCase> = undone
        .iter()
        .map(|m| {
            let (line, amount) = (LineId(m.line_id), euros(m.amount_cents));
            let what = format!("{line}: {amount} euros of it are unexplained again");
            NewCase::new(CaseKind::BankLineUnmatched, m.line_id, what)
        })
        .collect();
    cases::open(tx, now, &cases).await?;
    Ok(())
}
