//! Balances: stored sums, and the one statement that rebuilds them from the transfers.

use serde::Serialize;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::Account;
use crate::values::{Reader, euros};

/// One account with its sums, in cents and as decimal strings; the balance is on the account's
/// normal side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Balance {
    pub code: String,
    pub name: String,
    pub debits: String,
    pub credits: String,
    pub balance: String,
    pub balance_cents: i64,
}

#[derive(FromRow)]
struct Row {
    code: String,
    kind: String,
    owner: String,
    normal_side: String,
    debits_cents: i64,
    credits_cents: i64,
}

/// Every account that has ever moved, in chart order, for the team. Clearing accounts show debits
/// less credits.
pub async fn balances(db: &mut PgConnection, reader: Reader) -> Result<Vec<Balance>, sqlx::Error> {
    if !reader.sees_everything() {
        return Ok(Vec::new());
    }
    let rows: Vec<Row> = sqlx::query_as(
        "select code, kind, a.owner, normal_side, debits_cents, credits_cents
         from account a join chart_of_accounts using (code, kind)
           join account_balance using (account_id)
         where debits_cents > 0 or credits_cents > 0 order by code, a.owner",
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| {
            let debit_side = r.debits_cents - r.credits_cents;
            let balance_cents = if r.normal_side == "credit" {
                -debit_side
            } else {
                debit_side
            };
            Balance {
                code: r.code,
                name: format!("{}:{}", r.kind, r.owner),
                debits: euros(r.debits_cents),
                credits: euros(r.credits_cents),
                balance: euros(balance_cents),
                balance_cents,
            }
        })
        .collect())
}

/// What accounts hold on their normal side, in cents and in the order asked, locked until the
/// transaction ends.
pub async fn lock_balances(
    db: &mut PgConnection,
    accounts: &[Account],
) -> Result<Vec<i64>, sqlx::Error> {
    let ids: Vec<Uuid> = accounts.iter().map(Account::id).collect();
    let held: Vec<(Uuid, i64)> = sqlx::query_as(
        "select account_id, case normal_side
           when 'credit' then credits_cents - debits_cents else debits_cents - credits_cents end
         from account_balance b join account using (account_id)
         join chart_of_accounts using (code, kind)
         where account_id = any($1) order by account_id for update of b",
    )
    .bind(&ids)
    .fetch_all(db)
    .await?;
    Ok(ids
        .iter()
        .map(|id| held.iter().find(|h| h.0 == *id).map_or(0, |h| h.1))
        .collect())
}

/// Makes postings wait until the database transaction ends, so that `rebuild` misses none.
pub async fn lock_all_balances(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("lock table account_balance in exclusive mode")
        .execute(tx)
        .await?;
    Ok(())
}

/// Sets every stored balance to what the transfers say; returns how many differed.
pub async fn rebuild(db: &mut PgConnection) -> Result<u64, sqlx::Error> {
    let changed = sqlx::query(
        "with sums as (
           select account_id, sum(debit) as debits, sum(credit) as credits from (
             select debit_account_id as account_id, amount_cents as debit, 0 as credit
             from transfer
             union all select credit_account_id, 0, amount_cents from transfer) t
           group by account_id),
         right_balance as (
           select account_id, coalesce(debits, 0) as debits, coalesce(credits, 0) as credits
           from account left join sums using (account_id))
         insert into account_balance as b (account_id, debits_cents, credits_cents)
         select account_id, debits, credits from right_balance
         on conflict (account_id) do update
           set debits_cents = excluded.debits_cents, credits_cents = excluded.credits_cents
           where (b.debits_cents, b.credits_cents)
             is distinct from (excluded.debits_cents, excluded.credits_cents)",
    )
    .execute(db)
    .await?;
    Ok(changed.rows_affected())
}
