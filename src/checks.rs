//! Every invariant as SQL. Used at the end of each database test, by `obole check`, and while serving.

use serde::Serialize;
use sqlx::PgConnection;

/// One invariant's verdict; `violations` counts the rows that break it.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Verdict {
    pub name: &'static str,
    pub ok: bool,
    pub violations: i64,
}

/// Name (a sentence's worth) and a query that counts violations.
const CHECKS: &[(&str, &str)] = &[
    (
        "balances-equal-transfers",
        "select count(*) from account_balance b
         full join (select account_id, sum(debit) as debits, sum(credit) as credits from (
             select debit_account_id as account_id, amount_cents as debit, 0 as credit from transfer
             union all select credit_account_id, 0, amount_cents from transfer) t group by account_id) s using (account_id)
         where coalesce(b.debits_cents, 0) <> coalesce(s.debits, 0) or coalesce(b.credits_cents, 0) <> coalesce(s.credits, 0)",
    ),
    (
        "debits-equal-credits",
        "select (sum(debits_cents) <> sum(credits_cents))::int::bigint from account_balance having count(*) > 0",
    ),
    (
        "every-donation-is-posted-once",
        "select count(*) from donation d full join (select fact_id, debit_account_id, credit_account_id, amount_cents from transfer where fact = 'donation_recorded') t
           on t.fact_id = d.donation_id
         where d.donation_id is null or t.fact_id is null or d.amount_cents <> t.amount_cents",
    ),
    (
        "every-refund-is-posted-once",
        "select count(*) from donation_refund r full join (select fact_id from transfer where fact in ('donation_refunded', 'donation_refunded_late')) t
           on t.fact_id = r.donation_id
         where r.donation_id is null or t.fact_id is null",
    ),
    (
        "gifts-never-pay-fees",
        "select count(*) from account_balance b join account a using (account_id) join account_balance f
           on f.account_id = (select account_id from account where kind = 'provider_fees')
         where a.kind = 'operating_cash' and b.credits_cents - b.debits_cents < f.debits_cents - f.credits_cents",
    ),
    (
        "no-event-is-queued-twice-or-lost",
        "select count(*) from inbox_queue q left join inbox_event e using (event_id) where e.event_id is null",
    ),
];

/// Runs every check in one snapshot.
pub async fn run(db: &mut PgConnection) -> Result<Vec<Verdict>, sqlx::Error> {
    let mut verdicts = Vec::with_capacity(CHECKS.len());
    for (name, sql) in CHECKS {
        let violations: i64 = sqlx::query_scalar(*sql).fetch_optional(&mut *db).await?.unwrap_or(0);
        verdicts.push(Verdict { name, ok: violations == 0, violations });
    }
    Ok(verdicts)
}
