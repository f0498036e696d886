//! Recovering: what an association owes is taken from what it is owed next.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::settle::{self, Settlement};
use crate::ledger::{self, Account, Fact, PostError};
use crate::values::{Amount, AssociationId, derived_id, paris_midnight};

#[derive(FromRow)]
struct Shortfall {
    refund_due_id: Uuid,
    association: String,
    open_cents: i64,
    /// What prepared payouts are to take of what the association is owed.
    prepared_cents: i64,
    /// Settlements so far.
    settled: i16,
}

/// Takes what these associations owe from what they are owed, as far as no prepared payout is to
/// take it.
///
/// The caller holds the settlement lock of their partition.
pub async fn recover(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    associations: &[AssociationId],
) -> Result<(), PostError> {
    let shortfalls: Vec<Shortfall> = sqlx::query_as(
        "select r.refund_due_id, a.slug as association, r.open_cents,
           coalesce((select p.cents from association_prepared p
             where p.association_id = r.association_id), 0) as prepared_cents,
           (select count(*) from refund_due_settlement s
            where s.refund_due_id = r.refund_due_id)::smallint as settled
         from open_refund_due r join association a using (association_id)
         where r.origin = 'shortfall' and r.association_id = any($1)
         order by r.recorded_at, r.refund_due_id",
    )
    .bind(associations.iter().map(|a| a.0).collect::<Vec<_>>())
    .fetch_all(&mut *tx)
    .await?;
    for s in shortfalls {
        let payable = Account::AssociationPayable(s.association.clone());
        let held = ledger::lock_balances(tx, &[payable]).await?;
        let free = held.first().copied().unwrap_or(0) - s.prepared_cents;
        let Ok(amount) = Amount::from_cents(s.open_cents.min(free)) else {
            continue;
        };
        let fact = Fact {
            id: derived_id(&format!("recovery:{}:{}", s.refund_due_id, s.settled)),
            occurred_at: paris_midnight(on),
        };
        let settlement = Settlement {
            refund_due_id: s.refund_due_id,
            fact_id: fact.id,
            way: "recovered",
            amount_cents: amount.cents(),
        };
        settle::record(tx, now, &[settlement]).await?;
        let transfer = ledger::refund_recovered(fact, &s.association, amount);
        ledger::open_and_post(tx, now, &[transfer]).await?;
    }
    Ok(())
}
