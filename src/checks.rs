//! Every invariant as SQL, in one snapshot. Used at the end of each database test, by `obole
//! check`, and while serving.

use serde::Serialize;
use sqlx::{Connection as _, PgConnection};

/// One invariant's verdict; `violations` counts the rows that break it.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Verdict {
    pub name: &'static str,
    pub ok: bool,
    pub violations: i64,
}

/// An invariant: its name, and a query that counts what breaks it.
type Check = (&'static str, &'static str);

/// The books themselves.
const LEDGER: &[Check] = &[
    (
        "balances-equal-transfers",
        "select count(*) from account_balance b
         full join (select account_id, sum(debit) as debits, sum(credit) as credits from (
             select debit_account_id as account_id, amount_cents as debit, 0 as credit from transfer
             union all
             select credit_account_id, 0, amount_cents from transfer) t
           group by account_id) s using (account_id)
         full join account a using (account_id)
         -- An account whose balance is missing takes no posting.
         where b.account_id is null or b.debits_cents <> coalesce(s.debits, 0)
            or b.credits_cents <> coalesce(s.credits, 0)",
    ),
    (
        "debits-equal-credits",
        "select (sum(debits_cents) <> sum(credits_cents))::int::bigint
         from account_balance having count(*) > 0",
    ),
    (
        "every-transfer-names-two-accounts",
        "select count(*) from transfer t
         where not exists (select 1 from account a where a.account_id = t.debit_account_id)
            or not exists (select 1 from account a where a.account_id = t.credit_account_id)",
    ),
    (
        "donations-never-pay-fees",
        "select count(*) from (
           select a.owner, sum(b.credits_cents - b.debits_cents) as operator_float
           from account a join account_balance b using (account_id)
           where a.kind in ('operator_current', 'provider_fees', 'operator_losses')
           group by a.owner) f where operator_float < 0",
    ),
    (
        "clearing-accounts-hold-only-what-is-on-its-way",
        "select (select count(*) from account a join account_balance b using (account_id)
           where a.kind = 'collection_in_transit' and b.debits_cents - b.credits_cents <>
             (select coalesce(sum(t.amount_cents), 0)
              from collection c join collection_current_state s using (collection_id)
              cross join lateral (select rail, amount_cents from collection_attempt t
                where t.collection_id = c.collection_id order by t.n desc limit 1) t
              where s.state = 'submitted' and t.rail = a.owner))
         + (select count(*) from account a join account_balance b using (account_id)
           where a.kind = 'payout_in_transit' and b.credits_cents - b.debits_cents <>
             (select coalesce(sum(p.amount_cents), 0)
              from payout p join payout_current_state s using (payout_id)
              where s.state = 'submitted' and a.owner = 'transfer'))",
    ),
    (
        "the-bank-is-mirrored",
        "select count(*) from account a join account_balance b using (account_id)
         where a.kind = 'safeguarded_cash' and a.owner = 'bank'
           and b.debits_cents - b.credits_cents <>
           (select coalesce(sum(case side when 'credit' then amount_cents
             else -amount_cents end), 0)
            from bank_line)",
    ),
];

/// Donations and their refunds.
const DONATIONS: &[Check] = &[
    (
        "every-donation-names-what-exists",
        "select count(*) from donation d
         where not exists (select 1 from merchant m where m.merchant_id = d.merchant_id)
            or not exists (select 1 from cause c
                 where c.cause_id = d.cause_id and c.association_id = d.association_id)
            or (donor_id is not null
                and not exists (select 1 from donor n where n.donor_id = d.donor_id))",
    ),
    (
        "every-donation-is-named-by-its-order",
        "select count(*) from donation
         where donation_id <> donation_id_of(merchant_id, order_id, ordinal)",
    ),
    (
        "every-link-names-what-exists",
        "select
           (select count(*) from collection_donation
            where collection_id not in (select collection_id from collection))
           + (select count(*) from payout_donation
              where payout_id not in (select payout_id from payout))
           + (select count(*) from receipt_donation
              where receipt_id not in (select receipt_id from receipt))
           + (select count(*) from (
                select donation_id from collection_donation
                union all select donation_id from payout_donation
                union all select donation_id from receipt_donation) l
              where not exists (select 1 from donation d where d.donation_id = l.donation_id))",
    ),
    (
        "every-donation-is-posted-once",
        "select count(*) from donation d
         full join (select fact_id, amount_cents from transfer where fact = 'donation_recorded') t
           on t.fact_id = d.donation_id
         where d.donation_id is null or t.fact_id is null or d.amount_cents <> t.amount_cents",
    ),
    (
        "every-refund-is-posted-once",
        "select count(*) from donation_refund r
         full join (select fact_id, amount_cents from transfer
           where fact in ('donation_refunded', 'donation_refunded_late')) t using (fact_id)
         where r.donation_id is null or t.amount_cents is null or r.amount_cents <> t.amount_cents",
    ),
    (
        "refunds-stay-within-their-donation",
        "select count(*) from (
           select donation_id, sum(amount_cents) as cents from donation_refund
             group by donation_id) r
         join donation d using (donation_id) where r.cents > d.amount_cents",
    ),
];

/// Events received.
const INBOX: &[Check] = &[
    (
        // A conflict is no event of its own: redriven, it is in the queue with its body alone.
        "every-queued-event-was-received",
        "select count(*) from inbox_queue q
         where not exists (select 1 from inbox_event e where e.event_id = q.event_id)
           and not exists (select 1 from inbox_body b
             where b.event_id = q.event_id and b.received_at = q.received_at)",
    ),
    (
        "every-event-has-an-outcome",
        "select count(*) from (
           select event_id from inbox_event i join endpoint e using (endpoint_id)
             where e.merchant_id is not null and not e.test
           except select event_id from inbox_queue
           except select event_id from inbox_problem
           except select event_id from inbox_fetch
           except select event_id from inbox_outcome
           except select event_id from donation
           except select event_id from donation_refund) lost",
    ),
    (
        "every-event-came-in-at-an-endpoint",
        "select count(*) from inbox_event where endpoint_id not in (select endpoint_id
          from endpoint)",
    ),
];

/// The month: collections, payouts, receipts.
const MONTH: &[Check] = &[
    (
        "merchants-owe-what-is-not-asked-for",
        "select count(*) from merchant m
         join account a on a.kind = 'merchant_receivable' and a.owner = m.slug
         join account_balance b using (account_id)
         where b.debits_cents - b.credits_cents <>
           coalesce((select sum(amount_cents) from donation d where d.merchant_id = m.merchant_id
             and not exists (select 1 from donation_refund r
               where r.donation_id = d.donation_id and not r.after_collection)
             and not exists (select 1 from collection_donation c
               join collection_current_state s using (collection_id)
               where c.donation_id = d.donation_id and c.live and s.state <> 'prepared')), 0)
           - coalesce((select sum(r.amount_cents)
             from donation_refund r join donation d using (donation_id)
             where d.merchant_id = m.merchant_id and r.after_collection
               and not exists (select 1 from collection_credit c
                 join collection_current_state s using (collection_id)
                 where c.fact_id = r.fact_id and c.live and s.state <> 'prepared')), 0)",
    ),
    (
        "a-collection-is-the-sum-of-its-donations",
        "select count(*) from collection c where amount_cents <>
           (select coalesce(sum(d.amount_cents), 0)
            from collection_donation join donation d using (donation_id)
            where collection_id = c.collection_id)
           - (select coalesce(sum(r.amount_cents), 0)
              from collection_credit join donation_refund r using (fact_id)
              where collection_id = c.collection_id)
           or count <> (select count(*) from collection_donation
             where collection_id = c.collection_id)",
    ),
    (
        "states-are-numbered-without-a-gap",
        "select (select count(*) from (
             select collection_id from collection_state group by collection_id
             having count(*) <> max(n) or min(n) <> 1) c)
           + (select count(*) from collection where collection_id not in
               (select collection_id from collection_state))
           + (select count(*) from (
               select payout_id from payout_state group by payout_id
               having count(*) <> max(n) or min(n) <> 1) p)
           + (select count(*) from payout where payout_id not in (select payout_id
             from payout_state))",
    ),
    (
        "a-payout-is-the-sum-of-its-donations",
        "select count(*) from payout p where amount_cents <>
           (select coalesce(sum(amount_cents), 0) from payout_donation
             join donation using (donation_id)
            where payout_id = p.payout_id)
           or count <> (select count(*) from payout_donation where payout_id = p.payout_id)",
    ),
    (
        "only-money-that-arrived-is-paid-out",
        "select count(*) from payout_donation p where live and not exists (
           select 1 from collection_donation c join collection_state s using (collection_id)
           where c.donation_id = p.donation_id and c.live and s.state = 'settled')",
    ),
    (
        "two-people-approve-what-leaves",
        "select count(*) from payout_state s where state = 'submitted'
           and (select count(*) from payout_approval v where v.payout_id = s.payout_id) < 2",
    ),
    (
        "receipts-are-only-for-money-paid-out",
        "select count(*) from receipt_donation r where live and not exists (
           select 1 from payout_donation p join payout_state s using (payout_id)
           where p.donation_id = r.donation_id and s.state = 'settled')",
    ),
    (
        "a-receipt-is-the-sum-of-its-donations",
        "select count(*) from receipt r where amount_cents <>
           (select coalesce(sum(l.amount_cents), 0) from receipt_donation l
            where l.receipt_id = r.receipt_id)
           or count <> (select count(*) from receipt_donation where receipt_id = r.receipt_id)",
    ),
    (
        "receipt-numbers-have-no-gap",
        "select count(*) from (
           select association_id, year, count(*) as n, max(sequence) as last
           from receipt group by association_id, year) r
         full join receipt_counter c using (association_id, year)
         where coalesce(r.n, 0) <> c.last or coalesce(r.last, 0) <> c.last or c.last is null",
    ),
];

/// The names of all checks, in the order in which they run.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().map(|(name, _)| *name)
}

fn all() -> impl Iterator<Item = &'static Check> {
    [LEDGER, DONATIONS, INBOX, MONTH].into_iter().flatten()
}

/// Runs every check in one snapshot, so that what is written meanwhile breaks none.
pub async fn run(db: &mut PgConnection) -> Result<Vec<Verdict>, sqlx::Error> {
    let mut snapshot = db
        .begin_with("begin isolation level repeatable read read only")
        .await?;
    let verdicts = run_in(&mut snapshot).await?;
    snapshot.rollback().await?;
    Ok(verdicts)
}

/// Runs every check in the caller's database transaction, which decides what they see.
pub async fn run_in(db: &mut PgConnection) -> Result<Vec<Verdict>, sqlx::Error> {
    let mut verdicts = Vec::new();
    for (name, sql) in all() {
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
