//! Giving back: what somebody paid and nobody asked for, or the credit of a merchant that left,
//! goes back by a payout of its own, which two people approve like any other.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::payee::Payee;
use super::state::{self, MoveError, PayoutState};
use super::take_back::take_back;
use crate::cases::{self, CaseKind, Decision};
use crate::db::settlement_lock;
use crate::rails::transfer;
use crate::values::{Amount, Bic, Iban, LineId, MerchantId, PayoutId, euros};

/// Why nothing is given back; nothing then is written.
#[derive(Debug, thiserror::Error)]
pub enum GiveBackError {
    #[error("there is no such line; see `obole bank lines`")]
    UnknownLine,
    #[error("there is no such merchant; see `obole merchant list`")]
    UnknownMerchant,
    #[error("{0}")]
    Refused(String),
    #[error("the database refused")]
    Database(#[from] sqlx::Error),
}

/// What is given back.
#[derive(Clone, Copy, Debug)]
pub enum GivenBack<'a> {
    /// What of a credit stands in suspense.
    Line(LineId),
    /// The credit of a merchant that left, by its slug.
    Credit(&'a str),
}

/// A give-back about to be prepared. What is not said is what the statement says.
#[derive(Clone, Copy, Debug)]
pub struct NewGiveBack<'a> {
    pub of: GivenBack<'a>,
    /// None for all of it.
    pub amount: Option<Amount>,
    /// Holder of the account that it goes to.
    pub name: Option<&'a str>,
    pub iban: Option<&'a Iban>,
    pub bic: Option<&'a Bic>,
}

/// The account that money came from, as far as the statement says.
#[derive(FromRow)]
struct PaidFromAccount {
    name: Option<String>,
    iban: Option<String>,
}

/// Where what is given back stands, and how much of it nothing else waits for.
struct Source {
    payee: Payee,
    free_cents: i64,
    account: PaidFromAccount,
}

fn refused(why: impl Into<String>) -> GiveBackError {
    GiveBackError::Refused(why.into())
}

/// Prepares a give-back. One of the same line or merchant that was refused or came back is settled
/// by it. Returns the payout, which waits for two approvals.
pub async fn give_back(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    new: &NewGiveBack<'_>,
    decision: Decision<'_>,
) -> Result<PayoutId, GiveBackError> {
    settlement_lock::lock_exclusive(tx).await?;
    let source = match new.of {
        GivenBack::Line(line) => of_line(tx, line).await?,
        GivenBack::Credit(slug) => of_merchant(tx, slug).await?,
    };
    let cents = new.amount.map_or(source.free_cents, Amount::cents);
    if cents > source.free_cents {
        let (wanted, free) = (euros(cents), euros(source.free_cents));
        let why = format!("{free} euros can be given back, and {wanted} are wanted");
        return Err(refused(why));
    }
    let name = new.name.or(source.account.name.as_deref());
    let name = name.ok_or_else(|| {
        refused("the statement does not say whose account it came from: say it, with --name")
    })?;
    let iban = new.iban.map(Iban::as_str);
    let iban = iban.or(source.account.iban.as_deref()).ok_or_else(|| {
        refused("the statement does not say which account it came from: say it, with --iban")
    })?;
    let again_of = settle_failed(tx, now, on, &source.payee, decision).await?;
    let account = (name, iban, new.bic.map(Bic::as_str));
    Ok(prepare(tx, now, on, &source.payee, cents, account, again_of).await?)
}

/// Pays a give-back again that was refused or came back, to the same account, as far as what it
/// gave back is still there.
///
/// The caller holds the settlement lock whole.
pub(super) async fn give_back_again(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    (id, payee): (PayoutId, &Payee),
    decision: Decision<'_>,
) -> Result<Option<PayoutId>, MoveError> {
    state::record(tx, now, on, id, PayoutState::PaidAgain).await?;
    cases::close(tx, now, CaseKind::PayoutFailed, &[id.0], decision).await?;
    let (cents, name, iban, bic): (i64, String, String, Option<String>) =
        sqlx::query_as("select amount_cents, name, iban, bic from payout where payout_id = $1")
            .bind(id)
            .fetch_one(&mut *tx)
            .await?;
    let free = free_cents(tx, payee).await?;
    if free <= 0 {
        return Ok(None);
    }
    let account = (name.as_str(), iban.as_str(), bic.as_deref());
    let again = prepare(tx, now, on, payee, cents.min(free), account, Some(id)).await?;
    Ok(Some(again))
}

/// What of a payee's source neither left nor is prepared to leave, in cents.
async fn free_cents(tx: &mut PgConnection, payee: &Payee) -> Result<i64, sqlx::Error> {
    match payee {
        Payee::Sender(line) => {
            sqlx::query_scalar("select free_cents from bank_line_position where line_id = $1")
                .bind(line)
                .fetch_one(tx)
                .await
        }
        Payee::Merchant { id, .. } => {
            Ok(credit_cents(tx, *id).await? - prepared_cents(tx, *id).await?)
        }
        Payee::Association { .. } => Ok(0),
    }
}

/// What a merchant may take off its next payment, in cents.
pub(super) async fn credit_cents(
    tx: &mut PgConnection,
    merchant: MerchantId,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "select greatest(unarrived_cents - receivable_cents - in_transit_cents, 0)::bigint
         from merchant_position where merchant_id = $1",
    )
    .bind(merchant)
    .fetch_one(tx)
    .await
}

async fn prepared_cents(tx: &mut PgConnection, merchant: MerchantId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "select coalesce(sum(p.amount_cents), 0)::bigint
         from payout p join payout_current_state s using (payout_id)
         where p.merchant_id = $1 and s.state = 'prepared'",
    )
    .bind(merchant)
    .fetch_one(tx)
    .await
}

/// Takes back the prepared give-backs of merchants whose credit is less than they come to: a
/// payment took it off meanwhile.
///
/// The caller holds the settlement lock whole.
pub(super) async fn take_back_uncredited(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let prepared: Vec<(MerchantId, Vec<Uuid>, i64)> = sqlx::query_as(
        "select p.merchant_id, array_agg(p.payout_id), sum(p.amount_cents)::bigint
         from payout p join payout_current_state s using (payout_id)
         where p.merchant_id is not null and s.state = 'prepared' group by p.merchant_id",
    )
    .fetch_all(&mut *tx)
    .await?;
    for (merchant, payouts, cents) in prepared {
        if credit_cents(tx, merchant).await? < cents {
            take_back(tx, now, &payouts).await?;
        }
    }
    Ok(())
}

async fn of_line(tx: &mut PgConnection, line: LineId) -> Result<Source, GiveBackError> {
    let found: Option<(String, i64, Option<String>, Option<String>)> = sqlx::query_as(
        "select p.side, p.free_cents, l.party, l.party_iban
         from bank_line_position p join bank_line l using (line_id) where line_id = $1",
    )
    .bind(line)
    .fetch_optional(tx)
    .await?;
    let (side, free_cents, name, iban) = found.ok_or(GiveBackError::UnknownLine)?;
    if side != "credit" {
        return Err(refused(
            "this line is a debit: only what came is given back",
        ));
    }
    if free_cents <= 0 {
        return Err(refused(
            "nothing of this line is left to give back: `obole bank lines` shows what it is",
        ));
    }
    Ok(Source {
        payee: Payee::Sender(line),
        free_cents,
        account: PaidFromAccount { name, iban },
    })
}

async fn of_merchant(tx: &mut PgConnection, slug: &str) -> Result<Source, GiveBackError> {
    let found: Option<(MerchantId, String)> =
        sqlx::query_as("select merchant_id, state from merchant where slug = $1")
            .bind(slug)
            .fetch_optional(&mut *tx)
            .await?;
    let (id, state) = found.ok_or(GiveBackError::UnknownMerchant)?;
    if state != "suspended" {
        return Err(refused(format!(
            "{slug} takes its credit off its next payment: only one that left, which `obole \
             merchant suspend` says, is given it back"
        )));
    }
    let payee = Payee::Merchant {
        id,
        slug: slug.to_owned(),
    };
    let free_cents = free_cents(tx, &payee).await?;
    if free_cents <= 0 {
        return Err(refused(format!("{slug} has no credit to give back")));
    }
    // Where it paid from last.
    let account: Option<PaidFromAccount> = sqlx::query_as(
        "select l.party as name, l.party_iban as iban
         from bank_match b join bank_line l on l.line_id = b.line_id
         left join collection c on c.collection_id = b.collection_id
         where b.meaning in ('collection_settled', 'next_month')
           and coalesce(b.merchant_id, c.merchant_id) = $1 and l.party_iban is not null
         order by l.booked_on desc, b.matched_at desc, l.line_id limit 1",
    )
    .bind(id)
    .fetch_optional(tx)
    .await?;
    let nowhere = PaidFromAccount {
        name: None,
        iban: None,
    };
    Ok(Source {
        payee,
        free_cents,
        account: account.unwrap_or(nowhere),
    })
}

/// Give-backs of the same that were refused or came back are paid by the new one. Returns the last.
async fn settle_failed(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    payee: &Payee,
    decision: Decision<'_>,
) -> Result<Option<PayoutId>, sqlx::Error> {
    let (line, merchant) = subject(payee);
    let failed: Vec<PayoutId> = sqlx::query_scalar(
        "select p.payout_id from payout p join payout_current_state s using (payout_id)
         where (p.line_id = $1 or p.merchant_id = $2) and s.state in ('refused', 'returned')
         order by s.recorded_at, p.payout_id",
    )
    .bind(line)
    .bind(merchant)
    .fetch_all(&mut *tx)
    .await?;
    for id in &failed {
        state::record(tx, now, on, *id, PayoutState::PaidAgain).await?;
    }
    let subjects: Vec<Uuid> = failed.iter().map(|p| p.0).collect();
    cases::close(tx, now, CaseKind::PayoutFailed, &subjects, decision).await?;
    Ok(failed.last().copied())
}

const fn subject(payee: &Payee) -> (Option<LineId>, Option<MerchantId>) {
    match payee {
        Payee::Sender(line) => (Some(*line), None),
        Payee::Merchant { id, .. } => (None, Some(*id)),
        Payee::Association { .. } => (None, None),
    }
}

async fn prepare(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    payee: &Payee,
    cents: i64,
    (name, iban, bic): (&str, &str, Option<&str>),
    again_of: Option<PayoutId>,
) -> Result<PayoutId, sqlx::Error> {
    let id = PayoutId::new();
    let (line, merchant) = subject(payee);
    sqlx::query(
        "insert into payout (payout_id, line_id, merchant_id, name, iban, bic, count, amount_cents,
           reference, prepared_on, prepared_at, again_of)
         values ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9, $10, $11)",
    )
    .bind(id)
    .bind(line)
    .bind(merchant)
    .bind(name)
    .bind(iban)
    .bind(bic)
    .bind(cents)
    .bind(transfer::end_to_end_id(id))
    .bind(on)
    .bind(now)
    .bind(again_of)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "insert into payout_state (payout_id, n, state, occurred_on, recorded_at)
         values ($1, 1, 'prepared', $2, $3)",
    )
    .bind(id)
    .bind(on)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(id)
}
