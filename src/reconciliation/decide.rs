//! What a person says that a line of the bank is: a fact with their name and why, which another can
//! undo.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::known::{Known, side_of};
use super::matches::{Teller, carry_out, close_explained, take_fees, write_matches};
use super::meaning::{HoldMeaning, Meaning, NewHold, NewMatch, Piece};
use super::plan::{Plan, Planner, reversal};
use crate::audit::{self, Act, Actor};
use crate::cases::Decision;
use crate::collections::{self, AcceptPartError, CollectionState, MoveError};
use crate::db;
use crate::ledger::{self, Fact, MoneyAt, PostError};
use crate::rails::CashAccount;
use crate::values::{
    Amount, BankSide, CollectionId, LineId, MerchantId, PayoutId, euros, paris_day, paris_midnight,
};

/// What a line is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Understood {
    /// The payment of these collections, or money of one taken back.
    Collections(Vec<CollectionId>),
    /// A payout that left, or came back.
    Payout(PayoutId),
    /// A fee that the bank took.
    Fee,
    /// The operator's own money.
    TopUp,
    /// A merchant's, by its slug: it takes it off its next payment.
    NextMonth(String),
    /// A part of the collection that it is held for, which settles whole donations.
    AcceptPart,
    /// The same movement back.
    Reverses(LineId),
}

/// Why a line is not understood so; nothing of it then is written.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    #[error("there is no such line; see `obole bank lines`")]
    UnknownLine,
    #[error("nothing of this line is left to explain; `obole bank unmatch` undoes what it is")]
    Explained,
    #[error(
        "what is left of this line waits to be given back: `obole payouts run` lists it, and \
         `obole payouts take-back` gives that up"
    )]
    GivenBack,
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Move(#[from] MoveError),
    #[error(transparent)]
    AcceptPart(#[from] AcceptPartError),
    #[error(transparent)]
    Post(#[from] PostError),
    #[error("the database refused")]
    Database(#[from] sqlx::Error),
}

/// What a decision led to.
#[derive(Clone, Debug)]
pub struct Decided {
    /// What of the line stays in suspense, in cents.
    pub open_cents: i64,
    /// The payouts that came back by it; their receipts are to be questioned.
    pub returned_payouts: Vec<PayoutId>,
}

#[derive(FromRow)]
struct OpenLine {
    side: String,
    open_cents: i64,
    free_cents: i64,
    booked_on: chrono::NaiveDate,
}

fn refused(why: impl Into<String>) -> DecideError {
    DecideError::Refused(why.into())
}

/// What of a line stands in suspense.
async fn open_piece(tx: &mut PgConnection, line: LineId) -> Result<Piece, DecideError> {
    let found: Option<OpenLine> = sqlx::query_as(
        "select side, open_cents, free_cents, booked_on from bank_line_position where line_id = $1",
    )
    .bind(line)
    .fetch_optional(tx)
    .await?;
    let found = found.ok_or(DecideError::UnknownLine)?;
    if found.open_cents == 0 {
        return Err(DecideError::Explained);
    }
    if found.free_cents == 0 {
        return Err(DecideError::GivenBack);
    }
    Ok(Piece {
        line_id: line.0,
        side: side_of(&found.side),
        cents: found.free_cents,
        on: found.booked_on,
        at: MoneyAt::Suspense,
    })
}

/// Matches what stands in suspense of a line with what it is.
pub async fn match_line(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    line: LineId,
    understood: &Understood,
    actor: &Actor,
    why: &str,
) -> Result<Decided, DecideError> {
    db::settlement_lock::lock_exclusive(tx).await?;
    let piece = open_piece(tx, line).await?;
    let teller = Teller {
        by: &actor.who,
        why,
    };
    let returned_payouts = match understood {
        Understood::Collections(ids) => of_collections(tx, now, &piece, ids, teller).await?,
        Understood::Payout(id) => of_payout(tx, now, &piece, *id, teller).await?,
        Understood::AcceptPart => accept_part(tx, now, &piece, teller).await?,
        Understood::Reverses(other) => reverses(tx, now, &piece, *other, teller).await?,
        Understood::Fee => {
            let fee = on_side(&piece, BankSide::Debit, "a fee leaves the account")?;
            let new = [NewMatch::new(fee, Meaning::Fee, fee.cents)];
            write(tx, now, &new, teller).await?;
            take_fees(tx, now, &new).await?;
            Vec::new()
        }
        Understood::TopUp => {
            let money = on_side(&piece, BankSide::Credit, "a top-up comes to the account")?;
            let new = NewMatch::new(money, Meaning::TopUp, money.cents);
            let transfer = ledger::bank_top_up(fact(&new), CashAccount::Bank, amount(&piece)?);
            ledger::open_and_post(tx, now, &[transfer]).await?;
            write(tx, now, &[new], teller).await?;
            Vec::new()
        }
        Understood::NextMonth(slug) => next_month(tx, now, &piece, slug, teller).await?,
    };
    let open_cents: i64 =
        sqlx::query_scalar("select open_cents from bank_line_position where line_id = $1")
            .bind(line)
            .fetch_one(&mut *tx)
            .await?;
    let act = Act {
        act: "bank.match",
        subject: &line.to_string(),
        before: Some(json!({"open": euros(piece.cents)})),
        after: Some(json!({"open": euros(open_cents), "as": understood.in_words()})),
        why: Some(why),
    };
    audit::record(tx, now, actor, &act).await?;
    Ok(Decided {
        open_cents,
        returned_payouts,
    })
}

impl Understood {
    fn in_words(&self) -> String {
        match self {
            Self::Collections(ids) => {
                let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
                format!("collections {}", ids.join(" "))
            }
            Self::Payout(id) => format!("payout {id}"),
            Self::Fee => "fee".into(),
            Self::TopUp => "top-up".into(),
            Self::NextMonth(slug) => format!("next month of {slug}"),
            Self::AcceptPart => "part accepted".into(),
            Self::Reverses(line) => format!("undone by {line}"),
        }
    }
}

fn on_side<'p>(piece: &'p Piece, side: BankSide, rule: &str) -> Result<&'p Piece, DecideError> {
    if piece.side == side {
        return Ok(piece);
    }
    Err(refused(format!(
        "this line is a {}: {rule}; `obole bank lines --open` shows what it may be",
        piece.side.word()
    )))
}

fn fact(new: &NewMatch) -> Fact {
    Fact {
        id: new.fact_id,
        occurred_at: paris_midnight(new.on),
    }
}

fn amount(piece: &Piece) -> Result<Amount, DecideError> {
    Amount::from_cents(piece.cents).map_err(|_| DecideError::Explained)
}

async fn write(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    new: &[NewMatch],
    teller: Teller<'_>,
) -> Result<(), sqlx::Error> {
    write_matches(tx, now, new, teller).await?;
    close_explained(tx, now, new, teller).await
}

/// Collections that a credit pays, together or each by its part; or one that a debit takes back.
async fn of_collections(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    piece: &Piece,
    ids: &[CollectionId],
    teller: Teller<'_>,
) -> Result<Vec<PayoutId>, DecideError> {
    let uuids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    if piece.side == BankSide::Credit {
        ask_again(tx, now, &uuids, teller).await?;
    }
    let mut known = Known::by_id(tx, &uuids, &[]).await?;
    for c in known.collections.values_mut() {
        c.held.retain(|h| h.piece.line_id != piece.line_id);
    }
    if known.collections.len() != ids.len() || ids.is_empty() {
        return Err(refused(
            "no such collection was asked for; `obole collections run` shows a month's",
        ));
    }
    let references: Vec<String> = known.collections.keys().cloned().collect();
    let mut planner = Planner::new(known);
    match piece.side {
        BankSide::Credit => planner.pay(piece, &references),
        BankSide::Debit => planner.recall(piece, &references),
    };
    finish(tx, now, planner.plan, teller, HoldMeaning::in_words).await
}

/// A merchant that pays what it was not asked for again is asked again: it knew.
async fn ask_again(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    ids: &[Uuid],
    teller: Teller<'_>,
) -> Result<(), DecideError> {
    for asked in collections::asked_by_id(tx, ids).await? {
        let failed = [
            CollectionState::Rejected,
            CollectionState::Returned,
            CollectionState::WrittenOff,
        ];
        if failed.contains(&asked.state) {
            let decision = Decision {
                decision: "ask-again",
                by: teller.by,
                why: teller.why,
            };
            let on = paris_day(now);
            collections::ask_again(tx, now, on, asked.collection_id, None, decision).await?;
        }
    }
    Ok(())
}

async fn of_payout(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    piece: &Piece,
    id: PayoutId,
    teller: Teller<'_>,
) -> Result<Vec<PayoutId>, DecideError> {
    let mut known = Known::by_id(tx, &[], &[id.0]).await?;
    for p in known.payouts.values_mut() {
        p.held.retain(|h| h.piece.line_id != piece.line_id);
    }
    let references: Vec<String> = known.payouts.keys().cloned().collect();
    let mut planner = Planner::new(known);
    if !planner.pay_out(piece, &references, "") {
        return Err(refused("there is no such payout; see `obole payouts run`"));
    }
    finish(tx, now, planner.plan, teller, HoldMeaning::in_words).await
}

/// Carries out a plan that a person asked for. A line that is held for something waits for the rest
/// of it; one that does not fit is refused.
async fn finish(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    plan: Plan,
    teller: Teller<'_>,
    in_words: impl Fn(HoldMeaning) -> &'static str,
) -> Result<Vec<PayoutId>, DecideError> {
    let waits = |h: &NewHold| {
        matches!(
            h.meaning,
            HoldMeaning::Part | HoldMeaning::Recall | HoldMeaning::Return
        )
    };
    if plan.matches.is_empty()
        && let Some(hold) = plan.holds.iter().find(|h| !waits(h))
    {
        return Err(refused(format!(
            "the line {}: {}",
            in_words(hold.meaning),
            hold.meaning.next_step()
        )));
    }
    Ok(carry_out(tx, now, &plan, teller).await?.returned_payouts)
}

async fn accept_part(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    piece: &Piece,
    teller: Teller<'_>,
) -> Result<Vec<PayoutId>, DecideError> {
    let held: Option<(HoldMeaning, Option<CollectionId>)> =
        sqlx::query_as("select meaning, collection_id from bank_hold_current where line_id = $1")
            .bind(piece.line_id)
            .fetch_optional(&mut *tx)
            .await?;
    let Some((HoldMeaning::Part, Some(id))) = held else {
        return Err(refused(
            "this line is not held for a part of a collection; `--collection` says which it pays",
        ));
    };
    let known = Known::by_id(tx, &[id.0], &[]).await?;
    let c = known.collections.into_values().next();
    let mut parts: Vec<Piece> = c
        .into_iter()
        .flat_map(|c| c.held)
        .filter(|h| h.meaning == HoldMeaning::Part)
        .map(|h| h.piece)
        .collect();
    // Several parts are accepted together, the oldest first.
    parts.sort_by_key(|p| (p.on, p.line_id));
    let came = parts.iter().map(|p| p.cents).sum();
    let accepted = collections::accept_part(tx, now, piece.on, id, came).await?;
    let mut left = accepted.amount_cents;
    let mut new = Vec::new();
    for part in &parts {
        let cents = part.cents.min(left);
        left -= cents;
        if cents > 0 {
            new.push(NewMatch {
                collection_id: Some(id.0),
                fact_id: accepted.fact_id,
                ..NewMatch::new(part, Meaning::CollectionSettled, cents)
            });
        }
    }
    write(tx, now, &new, teller).await?;
    Ok(Vec::new())
}

async fn reverses(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    piece: &Piece,
    other: LineId,
    teller: Teller<'_>,
) -> Result<Vec<PayoutId>, DecideError> {
    let other = open_piece(tx, other).await?;
    if other.side == piece.side || other.cents != piece.cents {
        return Err(refused(format!(
            "a {} of {} euros and a {} of {} euros do not undo each other",
            piece.side.word(),
            euros(piece.cents),
            other.side.word(),
            euros(other.cents)
        )));
    }
    write(tx, now, &reversal(piece, &other), teller).await?;
    Ok(Vec::new())
}

async fn next_month(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    piece: &Piece,
    slug: &str,
    teller: Teller<'_>,
) -> Result<Vec<PayoutId>, DecideError> {
    let money = on_side(
        piece,
        BankSide::Credit,
        "what a merchant paid came to the account",
    )?;
    let merchant: Option<MerchantId> =
        sqlx::query_scalar("select merchant_id from merchant where slug = $1")
            .bind(slug)
            .fetch_optional(&mut *tx)
            .await?;
    let merchant =
        merchant.ok_or_else(|| refused("there is no such merchant; see `obole merchant list`"))?;
    let new = NewMatch {
        merchant_id: Some(merchant.0),
        ..NewMatch::new(money, Meaning::NextMonth, money.cents)
    };
    let at = CashAccount::Bank;
    let transfer = ledger::bank_next_month(fact(&new), at, slug, amount(piece)?);
    ledger::open_and_post(tx, now, &[transfer]).await?;
    write(tx, now, &[new], teller).await?;
    Ok(Vec::new())
}
