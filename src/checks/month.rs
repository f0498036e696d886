//! The month: collections and payouts.

use super::check::Check;

pub(super) const CHECKS: &[Check] = &[
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
        "every-link-stays-with-its-party",
        "select
           (select count(*) from collection_donation l join collection c using (collection_id)
              join donation d using (donation_id) where d.merchant_id <> c.merchant_id)
           + (select count(*) from collection_credit l join collection c using (collection_id)
                join donation_refund r using (fact_id) join donation d using (donation_id)
              where d.merchant_id <> c.merchant_id)
           + (select count(*) from collection_settled_claim l join collection c
                using (collection_id) join refund_due r using (refund_due_id)
              where r.merchant_id is distinct from c.merchant_id or exists (
                select 1 from collection_credit x
                where x.fact_id = l.refund_due_id and x.live))
           + (select count(*) from payout_donation l join payout p using (payout_id)
                join donation d using (donation_id)
              where d.association_id <> p.association_id)",
    ),
    (
        "links-live-as-long-as-their-states",
        "select
           (select count(*) from collection_donation l
              join collection_current_state s using (collection_id)
            where l.live <> (s.state <> 'taken_back')
              -- Where a part was accepted, the donations it did not reach are free.
              and (l.live or not exists (select 1 from collection_attempt t
                where t.collection_id = l.collection_id and t.n > 1)))
           + (select count(*) from collection_credit l
                join collection_current_state s using (collection_id)
              where l.live <> (s.state <> 'taken_back'))
           + (select count(*) from payout_donation l
                join payout_current_state s using (payout_id)
              where l.live <> (s.state in ('prepared', 'submitted', 'settled')))",
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
        "a-collection-is-the-sum-of-its-donations",
        "select count(*) from collection c
         left join (
           select collection_id, count(*) as n, sum(d.amount_cents) as cents
           from collection_donation join donation d using (donation_id)
           group by collection_id) d using (collection_id)
         left join (
           select collection_id, sum(cents) as cents from (
             select collection_id, r.amount_cents as cents
             from collection_credit join donation_refund r using (fact_id)
             union all
             select collection_id, s.amount_cents from collection_settled_claim
             join refund_due_settlement s using (refund_due_id, n)) k
           group by collection_id) r using (collection_id)
         where c.count <> coalesce(d.n, 0)
           or c.amount_cents <>
             coalesce(d.cents, 0) - coalesce(r.cents, 0) + c.carried_cents",
    ),
    (
        "an-attempt-asks-what-its-collection-asks",
        "select count(*) from collection c
         join collection_current_state s using (collection_id)
         left join (
           select collection_id, count(*) as n, max(n) as last,
             min(amount_cents) filter (where n = 1) as first_cents,
             max(amount_cents) as most_cents
           from collection_attempt group by collection_id) t using (collection_id)
         left join (
           select collection_id, count(*) as n from collection_state where state = 'submitted'
           group by collection_id) k using (collection_id)
         where coalesce(t.n, 0) <> coalesce(k.n, 0) or coalesce(t.last, 0) <> coalesce(k.n, 0)
           or t.first_cents <> c.amount_cents or t.most_cents > c.amount_cents",
    ),
    (
        "every-state-of-a-collection-is-posted",
        // A state belongs to the attempt that was submitted last before it.
        "select count(*) from (
           select t.fact_id, s.state, t.amount_cents as cents
           from (select collection_id, state, count(*) filter (where state = 'submitted')
                   over (partition by collection_id order by n) as attempt
                 from collection_state) s
           join collection_attempt t on t.collection_id = s.collection_id and t.n = s.attempt
           where s.state in ('submitted', 'settled', 'rejected', 'returned')
             and t.amount_cents > 0) s
         full join (
           select t.fact_id, case t.fact when 'collection_return_told' then 'returned'
               else substr(t.fact, 12) end as state, sum(t.amount_cents) as cents
           from transfer t join account a on a.kind in ('collection_in_transit',
             'safeguarded_cash', 'suspense') and a.account_id = case
               when t.fact in ('collection_submitted', 'collection_settled')
               then t.debit_account_id else t.credit_account_id end
           where t.fact in ('collection_submitted', 'collection_settled',
             'collection_rejected', 'collection_returned', 'collection_return_told')
           group by 1, 2) t using (fact_id, state)
         where s.cents is distinct from t.cents",
    ),
    (
        "a-payout-is-the-sum-of-its-donations",
        "select count(*) from payout p join payout_current_state s using (payout_id)
         left join (
           select l.payout_id, count(*) as n,
             sum(d.amount_cents - coalesce(r.taken_cents, 0)) as cents
           from payout_donation l join donation d using (donation_id)
           left join refund_taken r using (donation_id) group by l.payout_id) d
           using (payout_id)
         where p.count <> coalesce(d.n, 0)
           or (s.state in ('prepared', 'submitted', 'settled')
             and p.amount_cents + p.deducted_cents <> coalesce(d.cents, 0))",
    ),
    (
        "every-state-of-a-payout-is-posted",
        "select count(*) from (
           select s.payout_id, s.state, p.amount_cents * count(*) as cents
           from payout_state s join payout p using (payout_id)
           where s.state not in ('prepared', 'taken_back', 'paid_again')
           group by s.payout_id, s.state, p.amount_cents) s
         full join (
           select fact_id as payout_id, substr(fact, 8) as state, sum(amount_cents) as cents
           from transfer where fact in ('payout_submitted', 'payout_settled', 'payout_refused',
             'payout_returned') group by 1, 2) t using (payout_id, state)
         where s.cents is distinct from t.cents",
    ),
    (
        "only-money-that-arrived-is-paid-out",
        "select count(*) from payout_donation p join payout_current_state q using (payout_id)
         where live and not exists (
           select 1 from collection_donation c join collection_state s using (collection_id)
           where c.donation_id = p.donation_id and c.live and s.state = 'settled'
             and (q.state <> 'prepared' or s.n = (select max(n) from collection_state m
               where m.collection_id = s.collection_id)
               or exists (select 1 from borne_donation b where b.donation_id = p.donation_id)))",
    ),
    (
        "two-people-approve-what-leaves",
        "select count(*) from payout_state s where state = 'submitted'
           -- Of the last round, and all for the same.
           and (select count(*) from payout_approval v join operator o using (operator_id)
             join payout p using (payout_id)
             where v.payout_id = s.payout_id and v.amount_cents = p.amount_cents
               and (v.round, v.name, v.iban, v.bic, v.changes) = (
                 select w.round, w.name, w.iban, w.bic, w.changes from payout_approval w
                 where w.payout_id = s.payout_id order by w.round desc limit 1)) < 2",
    ),
    (
        "what-fails-is-paid-again-once",
        "select count(*) from payout p left join payout_current_state s
           on s.payout_id = p.again_of
         where p.again_of is not null and s.state is distinct from 'paid_again'",
    ),
    (
        "what-is-borne-was-written-off",
        "select count(*) from borne_donation b
         left join collection_donation l
           on l.donation_id = b.donation_id and l.collection_id = b.collection_id and l.live
         where l.donation_id is null or not exists (
           select 1 from collection_state s
           where s.collection_id = b.collection_id and s.state = 'written_off')",
    ),
];
