//! Settling a refund of a donation that its association has: the association agrees, the operator
//! bears it, or the payout comes back.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::cases::{self, CaseKind, Decision};
use crate::ledger::{self, Account, Fact, Parties, PostError, Transfer};
use crate::rails::CashAccount;
use crate::values::{Amount, DonationId, derived_id, euros, paris_midnight};

/// Why a refund due was not settled; nothing of it then was.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    #[error("there is no such refund due, or it is settled already")]
    Unknown,
    #[error(
        "the association is owed {held} euros beside its prepared payouts, and {wanted} are due: \
         decide again once donations arrive for it, or decide operator-bears"
    )]
    NotOwed { held: String, wanted: String },
    #[error("the float is {held} euros beyond what it already covers, and {wanted} are wanted")]
    NoFloat { held: String, wanted: String },
    #[error(transparent)]
    Post(#[from] PostError),
    #[error("the database refused")]
    Database(#[from] sqlx::Error),
}

/// A refund due that is not settled.
#[derive(Clone, Debug, FromRow)]
pub struct OpenRefundDue {
    pub refund_due_id: Uuid,
    pub donation_id: DonationId,
    pub merchant: String,
    pub association: String,
    pub open_cents: i64,
    /// Settlements so far.
    pub settled: i16,
}

/// What a decision settled of a refund due, and what remains of it, in cents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettledPart {
    pub settled_cents: i64,
    pub remains_cents: i64,
}

/// What is settled of a refund due.
pub(super) struct Settlement {
    pub refund_due_id: Uuid,
    /// Names it in the ledger.
    pub fact_id: Uuid,
    pub way: &'static str,
    pub amount_cents: i64,
}

const OPEN: &str = "select r.refund_due_id, r.donation_id, m.slug as merchant,
       a.slug as association, r.open_cents, (select count(*) from refund_due_settlement s
         where s.refund_due_id = r.refund_due_id)::smallint as settled
     from open_refund_due r join merchant m using (merchant_id)
       join association a using (association_id)
     where r.refund_due_id = any($1) or r.donation_id = any($2) order by r.refund_due_id";

/// The open refunds due of these donations.
pub async fn open_of_donations(
    tx: &mut PgConnection,
    donations: &[Uuid],
) -> Result<Vec<OpenRefundDue>, sqlx::Error> {
    sqlx::query_as(OPEN)
        .bind(&[] as &[Uuid])
        .bind(donations)
        .fetch_all(tx)
        .await
}

async fn load(tx: &mut PgConnection, id: Uuid) -> Result<OpenRefundDue, SettleError> {
    let found: Option<OpenRefundDue> = sqlx::query_as(OPEN)
        .bind([id])
        .bind(&[] as &[Uuid])
        .fetch_optional(tx)
        .await?;
    found.ok_or(SettleError::Unknown)
}

/// Writes settlements, each as the next of its refund due.
pub(super) async fn record(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    settlements: &[Settlement],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into refund_due_settlement (refund_due_id, n, way, amount_cents, recorded_at,
           fact_id)
         select x.refund_due_id, (select count(*) + 1 from refund_due_settlement s
           where s.refund_due_id = x.refund_due_id), x.way, x.amount_cents, $4, x.fact_id
         from unnest($1::uuid[], $2::text[], $3::bigint[], $5::uuid[])
           x(refund_due_id, way, amount_cents, fact_id)",
    )
    .bind(
        settlements
            .iter()
            .map(|s| s.refund_due_id)
            .collect::<Vec<_>>(),
    )
    .bind(settlements.iter().map(|s| s.way).collect::<Vec<_>>())
    .bind(
        settlements
            .iter()
            .map(|s| s.amount_cents)
            .collect::<Vec<_>>(),
    )
    .bind(now)
    .bind(settlements.iter().map(|s| s.fact_id).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// The association agrees to give back, out of what it is owed beside its prepared payouts. Where
/// that is less than the refund, a part is settled: the rest stays due, and its case open.
///
/// The caller holds the settlement lock whole.
///
/// # Errors
/// `NotOwed` when the association is owed nothing.
pub async fn settle_agreed(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    id: Uuid,
    decision: Decision<'_>,
) -> Result<SettledPart, SettleError> {
    let due = load(tx, id).await?;
    let payable = Account::AssociationPayable(due.association.clone());
    let held = ledger::lock_balances(tx, &[payable]).await?;
    let prepared: i64 = sqlx::query_scalar(
        "select coalesce((select p.cents from association_prepared p
           join association a using (association_id) where a.slug = $1), 0)",
    )
    .bind(&due.association)
    .fetch_one(&mut *tx)
    .await?;
    let free = held.first().copied().unwrap_or(0) - prepared;
    let Ok(amount) = Amount::from_cents(free.min(due.open_cents)) else {
        return Err(SettleError::NotOwed {
            held: euros(free.max(0)),
            wanted: euros(due.open_cents),
        });
    };
    let transfers = ledger::refund_agreed(fact(&due, on), parties(&due), amount);
    finish(tx, now, &due, ("association", amount), &transfers, decision).await
}

/// The operator bears a refund, as far as the float beyond what it covers already reaches.
///
/// The caller holds the settlement lock whole and says how much float is free.
pub async fn bear(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    id: Uuid,
    free_float_cents: i64,
    decision: Decision<'_>,
) -> Result<SettledPart, SettleError> {
    let due = load(tx, id).await?;
    if free_float_cents < due.open_cents {
        return Err(SettleError::NoFloat {
            held: euros(free_float_cents),
            wanted: euros(due.open_cents),
        });
    }
    let amount = amount_of(&due)?;
    let of = parties(&due);
    let transfers = ledger::refund_borne(fact(&due, on), CashAccount::Bank, of, amount);
    finish(tx, now, &due, ("operator", amount), &transfers, decision).await
}

/// The payouts of these refunds' donations came back: the associations owe nothing for them, and
/// the merchants' credit is usable.
pub async fn settle_unmade(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    due: &[OpenRefundDue],
) -> Result<(), PostError> {
    let mut transfers = Vec::new();
    for d in due {
        let amount = Amount::from_cents(d.open_cents).map_err(|_| PostError::Overflow)?;
        transfers.extend(ledger::payout_unmade_refund(
            fact(d, on),
            parties(d),
            amount,
        ));
    }
    let whole = |d: &OpenRefundDue| Settlement {
        refund_due_id: d.refund_due_id,
        fact_id: fact_id(d),
        way: "payout_returned",
        amount_cents: d.open_cents,
    };
    record(tx, now, &due.iter().map(whole).collect::<Vec<_>>()).await?;
    ledger::open_and_post(tx, now, &transfers).await?;
    let subjects: Vec<Uuid> = due.iter().map(|d| d.refund_due_id).collect();
    let decision = Decision {
        decision: "payout-returned",
        by: "obole",
        why: "its payout came back, so the association never had it",
    };
    cases::close(tx, now, CaseKind::RefundAfterPayout, &subjects, decision).await?;
    Ok(())
}

async fn finish(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    due: &OpenRefundDue,
    (way, amount): (&'static str, Amount),
    transfers: &[Transfer],
    decision: Decision<'_>,
) -> Result<SettledPart, SettleError> {
    let settlement = Settlement {
        refund_due_id: due.refund_due_id,
        fact_id: fact_id(due),
        way,
        amount_cents: amount.cents(),
    };
    record(tx, now, &[settlement]).await?;
    ledger::open_and_post(tx, now, transfers).await?;
    let part = SettledPart {
        settled_cents: amount.cents(),
        remains_cents: due.open_cents - amount.cents(),
    };
    if part.remains_cents == 0 {
        let kind = CaseKind::RefundAfterPayout;
        cases::close(tx, now, kind, &[due.refund_due_id], decision).await?;
    }
    Ok(part)
}

fn amount_of(due: &OpenRefundDue) -> Result<Amount, SettleError> {
    Amount::from_cents(due.open_cents).map_err(|_| SettleError::Unknown)
}

/// Names the next settlement in the ledger.
fn fact_id(due: &OpenRefundDue) -> Uuid {
    match due.settled {
        0 => due.refund_due_id,
        n => derived_id(&format!("settlement:{}:{n}", due.refund_due_id)),
    }
}

fn fact(due: &OpenRefundDue, on: NaiveDate) -> Fact {
    Fact {
        id: fact_id(due),
        occurred_at: paris_midnight(on),
    }
}

fn parties(due: &OpenRefundDue) -> Parties<'_> {
    Parties {
        merchant: &due.merchant,
        association: &due.association,
    }
}
