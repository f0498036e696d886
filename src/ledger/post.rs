//! Posting: a batch of transfers and the balances they move, in the caller's database transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Account, Transfer, open};
use crate::db::Rows;

/// Why a batch was not posted; nothing of it then is.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    #[error("the sum of a batch does not fit the ledger")]
    Overflow,
    #[error("an account of the batch was not opened")]
    NoAccount,
    #[error("the database refused the batch")]
    Database(#[from] sqlx::Error),
}

const COLUMNS: &str = "copy transfer (fact_id, fact, leg, debit_account_id, credit_account_id,
       amount_cents, occurred_at, recorded_at) from stdin (format binary)";

const CORRECTING: &str = "copy transfer (fact_id, fact, leg, debit_account_id, credit_account_id,
       amount_cents, occurred_at, recorded_at, reverses_fact_id) from stdin (format binary)";

/// Writes transfers and moves the balances: two statements, whatever the size. A single
/// transfer is a batch of one.
///
/// Balance rows are locked in account order, so batches of several posters queue and never
/// deadlock.
pub async fn post(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    transfers: &[Transfer],
) -> Result<(), PostError> {
    if transfers.is_empty() {
        return Ok(());
    }
    let mut ids: HashMap<&Account, Uuid> = HashMap::new();
    let mut moved: BTreeMap<Uuid, (i64, i64)> = BTreeMap::new();
    // Corrections are rare: most batches leave their column out.
    let corrects = transfers.iter().any(|t| t.reverses.is_some());
    let mut rows = Rows::of(if corrects { 9 } else { 8 }, transfers.len());
    for t in transfers {
        let debit = *ids.entry(&t.debit).or_insert_with(|| t.debit.id());
        let credit = *ids.entry(&t.credit).or_insert_with(|| t.credit.id());
        let sums = moved.entry(debit).or_default();
        sums.0 = sums
            .0
            .checked_add(t.amount.cents())
            .ok_or(PostError::Overflow)?;
        let sums = moved.entry(credit).or_default();
        sums.1 = sums
            .1
            .checked_add(t.amount.cents())
            .ok_or(PostError::Overflow)?;
        let row = rows
            .begin()
            .put(t.fact_id)?
            .put(t.fact)?
            .put(t.leg)?
            .put(debit)?
            .put(credit)?
            .put(t.amount.cents())?
            .put(t.occurred_at)?
            .put(now)?;
        if corrects {
            row.put(t.reverses)?;
        }
    }
    let columns = if corrects { CORRECTING } else { COLUMNS };
    rows.write(db, columns).await?;
    let updated = sqlx::query(
        "with locked as materialized (
           select account_id from account_balance where account_id = any($1::uuid[])
             order by account_id for update)
         update account_balance b
           set debits_cents = b.debits_cents + m.debits, credits_cents = b.credits_cents + m.credits
         from unnest($1::uuid[], $2::bigint[], $3::bigint[]) m(account_id, debits, credits)
         join locked using (account_id)
         where b.account_id = m.account_id",
    )
    .bind(moved.keys().copied().collect::<Vec<_>>())
    .bind(moved.values().map(|v| v.0).collect::<Vec<_>>())
    .bind(moved.values().map(|v| v.1).collect::<Vec<_>>())
    .execute(&mut *db)
    .await?;
    // A balance row stands for its account: an account that was not opened is found here, and
    // nothing of the batch stays.
    if updated.rows_affected() != moved.len() as u64 {
        return Err(PostError::NoAccount);
    }
    Ok(())
}

/// As `post`, for acts that are rare: the accounts that they move are opened first.
pub async fn open_and_post(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    transfers: &[Transfer],
) -> Result<(), PostError> {
    let moved: BTreeSet<&Account> = transfers.iter().flat_map(Transfer::accounts).collect();
    let accounts: Vec<Account> = moved.into_iter().cloned().collect();
    open(db, &accounts).await?;
    post(db, now, transfers).await
}
