//! Returns that were told before the bank's statement shows them: the line that shows one is known
//! by its reference and amount, so that nothing is counted twice.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::asked::AskedCollection;
use crate::ledger::{self, Fact, PostError};
use crate::rails::Rail;
use crate::values::{BankLine, CollectionId, paris_midnight};

/// A return that was told and whose line has not come.
#[derive(Clone, Debug, FromRow)]
pub(super) struct ToldReturn {
    pub collection_id: CollectionId,
    fact_id: Uuid,
    rail: Rail,
    end_to_end_id: String,
    amount_cents: i64,
}

/// Writes that a return was told.
pub(super) async fn record(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    c: &AskedCollection,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into told_return (fact_id, amount_cents, told_on, recorded_at)
         values ($1, $2, $3, $4)",
    )
    .bind(c.fact_id)
    .bind(c.amount_cents)
    .bind(on)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// The returns that these debits may show, oldest first.
pub(super) async fn unshown(
    tx: &mut PgConnection,
    debits: &[&BankLine],
) -> Result<Vec<ToldReturn>, sqlx::Error> {
    let references: Vec<&str> = debits
        .iter()
        .flat_map(|l| &l.references)
        .map(String::as_str)
        .collect();
    sqlx::query_as(
        "select collection_id, fact_id, rail, end_to_end_id, amount_cents from unshown_return
         where end_to_end_id = any($1) order by recorded_at, fact_id",
    )
    .bind(references)
    .fetch_all(tx)
    .await
}

/// Takes the return that a debit shows with exactly its amount.
pub(super) fn take_named(told: &mut Vec<ToldReturn>, debit: &BankLine) -> Option<ToldReturn> {
    let shown = |t: &ToldReturn| {
        t.amount_cents == debit.amount.cents() && debit.references.contains(&t.end_to_end_id)
    };
    let n = told.iter().position(shown)?;
    Some(told.remove(n))
}

/// Posts the debit that shows a return: what was told of is now gone from the account.
pub(super) async fn show(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    debit: &BankLine,
    told: &ToldReturn,
) -> Result<(), PostError> {
    let fact = Fact {
        id: told.fact_id,
        occurred_at: paris_midnight(debit.booked_on),
    };
    let at = told.rail.cash_account();
    let transfer = ledger::collection_return_shown(fact, at, debit.amount);
    ledger::open_and_post(tx, now, &[transfer]).await
}
