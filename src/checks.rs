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
        "every-transfer-names-two-accounts",
        "select count(*) from transfer t where not exists (select from account a where a.account_id = t.debit_account_id)
           or not exists (select from account a where a.account_id = t.credit_account_id)",
    ),
    (
        "every-donation-names-what-there-is",
        "select count(*) from donation d where not exists (select from merchant m where m.merchant_id = d.merchant_id)
           or not exists (select from cause c where c.cause_id = d.cause_id and c.association_id = d.association_id)
           or (donor_id is not null and not exists (select from donor n where n.donor_id = d.donor_id))",
    ),
    (
        "every-donation-is-named-by-its-order",
        "select count(*) from donation where donation_id <> donation_id_of(merchant_id, order_id)",
    ),
    (
        "every-link-names-what-there-is",
        "select (select count(*) from collection_donation where collection_id not in (select collection_id from collection))
           + (select count(*) from payout_donation where payout_id not in (select payout_id from payout))
           + (select count(*) from receipt_donation where receipt_id not in (select receipt_id from receipt))
           + (select count(*) from (select donation_id from collection_donation union all select donation_id from payout_donation
               union all select donation_id from receipt_donation) l where not exists (select from donation d where d.donation_id = l.donation_id))",
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
    (
        "every-event-came-in-at-an-endpoint",
        "select count(*) from inbox_event where endpoint_id not in (select endpoint_id from endpoint)",
    ),
    (
        "shops-owe-what-is-not-asked-for",
        "select count(*) from merchant m join account a on a.kind = 'merchant_receivable' and a.owner = m.slug join account_balance b using (account_id)
         where b.debits_cents - b.credits_cents <>
           coalesce((select sum(amount_cents) from donation d where d.merchant_id = m.merchant_id
             and not exists (select from donation_refund r where r.donation_id = d.donation_id and not r.after_collection)
             and not exists (select from collection_donation c where c.donation_id = d.donation_id and c.live)), 0)
           - coalesce((select sum(amount_cents) from donation_refund r join donation d using (donation_id) where d.merchant_id = m.merchant_id
             and r.after_collection and not exists (select from collection_credit c where c.donation_id = r.donation_id and c.live)), 0)",
    ),
    (
        "a-collection-is-the-sum-of-its-gifts",
        "select count(*) from collection c where amount_cents <>
           (select coalesce(sum(amount_cents), 0) from collection_donation join donation using (donation_id) where collection_id = c.collection_id)
           - (select coalesce(sum(amount_cents), 0) from collection_credit join donation using (donation_id) where collection_id = c.collection_id)
           or count <> (select count(*) from collection_donation where collection_id = c.collection_id)",
    ),
    (
        "a-payout-is-the-sum-of-its-gifts",
        "select count(*) from payout p where amount_cents <>
           (select coalesce(sum(amount_cents), 0) from payout_donation join donation using (donation_id) where payout_id = p.payout_id)
           or count <> (select count(*) from payout_donation where payout_id = p.payout_id)",
    ),
    (
        "only-money-that-arrived-is-paid-out",
        "select count(*) from payout_donation p where live and not exists (select from collection_donation c join collection_state s using (collection_id)
           where c.donation_id = p.donation_id and c.live and s.state = 'settled')",
    ),
    (
        "two-people-approve-what-leaves",
        "select count(*) from payout_state s where state = 'submitted'
           and (select count(*) from payout_approval v where v.payout_id = s.payout_id) < 2",
    ),
    (
        "clearing-accounts-hold-only-what-is-on-its-way",
        "select (select count(*) from account a join account_balance b using (account_id) where a.kind = 'collection_in_transit' and b.debits_cents - b.credits_cents <>
             (select coalesce(sum(amount_cents), 0) from collection c where not exists
               (select from collection_state s where s.collection_id = c.collection_id and state <> 'submitted')))
           + (select count(*) from account a join account_balance b using (account_id) where a.kind = 'payout_in_transit' and b.credits_cents - b.debits_cents <>
             (select coalesce(sum(amount_cents), 0) from payout p where exists (select from payout_state s where s.payout_id = p.payout_id)
               and not exists (select from payout_state s where s.payout_id = p.payout_id and state <> 'submitted')))",
    ),
    (
        "the-bank-is-mirrored",
        "select count(*) from account a join account_balance b using (account_id) where a.kind = 'safeguarded_cash' and b.debits_cents - b.credits_cents <>
           (select coalesce(sum(case side when 'credit' then amount_cents else -amount_cents end), 0) from bank_entry)",
    ),
    (
        "receipts-are-only-for-money-paid-out",
        "select count(*) from receipt_donation r where live and not exists (select from payout_donation p join payout_state s using (payout_id)
           where p.donation_id = r.donation_id and s.state = 'settled')",
    ),
    (
        "a-receipt-is-the-sum-of-its-gifts",
        "select count(*) from receipt r where amount_cents <>
           (select coalesce(sum(amount_cents), 0) from receipt_donation join donation using (donation_id) where receipt_id = r.receipt_id)
           or count <> (select count(*) from receipt_donation where receipt_id = r.receipt_id)",
    ),
    (
        "receipt-numbers-have-no-gap",
        "select count(*) from (select association_id, year, count(*) as n, max(sequence) as last from receipt group by association_id, year) r
         full join receipt_counter c using (association_id, year) where coalesce(r.n, 0) <> c.last or coalesce(r.last, 0) <> c.last or c.last is null",
    ),
];

/// Runs every check in one snapshot.
pub async fn run(db: &mut PgConnection) -> Result<Vec<Verdict>, sqlx::Error> {
    let mut verdicts = Vec::with_capacity(CHECKS.len());
    for (name, sql) in CHECKS {
        let violations: i64 = sqlx::query_scalar(*sql)
            .fetch_optional(&mut *db)
            .await?
            .unwrap_or(0);
        verdicts.push(Verdict {
            name,
            ok: violations == 0,
            violations,
        });
    }
    Ok(verdicts)
}
