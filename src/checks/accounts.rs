//! Every kind of account, derived from the facts of the domain.

use super::check::Check;

pub(super) const CHECKS: &[Check] = &[
    (
        "merchants-owe-what-they-charged",
        "select count(*) from merchant m
         join account a on a.kind = 'merchant_receivable' and a.owner = m.slug
         join account_balance b using (account_id)
         left join (
           select merchant_id, sum(amount_cents) as cents from donation group by merchant_id) d
           using (merchant_id)
         left join (
           select d.merchant_id, sum(case when r.stage = 'paid_out' then s.cents
             else r.amount_cents end) as cents
           from donation_refund r join donation d using (donation_id)
           left join (select refund_due_id as fact_id, sum(amount_cents) as cents
             from refund_due_settlement group by refund_due_id) s using (fact_id)
           where r.stage in ('pending', 'arrived', 'written_off') or s.cents is not null
           group by d.merchant_id) r using (merchant_id)
         left join (
           select c.merchant_id, sum(t.amount_cents) as cents
           from collection c join collection_current_state s using (collection_id)
           join collection_last_attempt t using (collection_id)
           where s.state in ('submitted', 'settled') group by c.merchant_id) c
           using (merchant_id)
         left join (
           select merchant_id, sum(due_cents) as cents from donation_position
           where stage = 'written_off' group by merchant_id) w using (merchant_id)
         left join (
           select c.merchant_id, sum(n.amount_cents) as cents
           from borne_donation n join collection c using (collection_id)
           group by c.merchant_id) n using (merchant_id)
         left join (
           select x.merchant_id, sum(x.amount_cents) as cents from bank_match x
           where x.meaning = 'next_month' and not exists (
             select 1 from bank_match_undone u where u.match_id = x.match_id)
           group by x.merchant_id) x using (merchant_id)
         left join (
           select c.merchant_id, sum(o.amount_cents) as cents
           from told_return_withdrawn w join told_return o using (fact_id)
           join collection_attempt t using (fact_id) join collection c using (collection_id)
           where w.settled_fact_id is null group by c.merchant_id) v using (merchant_id)
         left join (
           select p.merchant_id, sum(p.amount_cents) as cents
           from payout p join payout_current_state s using (payout_id)
           where s.state in ('submitted', 'settled') group by p.merchant_id) y
           using (merchant_id)
         where b.debits_cents - b.credits_cents <> coalesce(d.cents, 0) - coalesce(r.cents, 0)
           - coalesce(c.cents, 0) - coalesce(w.cents, 0) - coalesce(n.cents, 0)
           - coalesce(x.cents, 0) - coalesce(v.cents, 0) + coalesce(y.cents, 0)",
    ),
    (
        "merchants-wait-for-what-is-due",
        "select count(*) from merchant m
         left join (account a join account_balance b using (account_id))
           on a.kind = 'merchant_credit' and a.owner = m.slug
         left join (
           select merchant_id, sum(open_cents) as cents from open_refund_due
           where origin = 'refund' group by merchant_id) o using (merchant_id)
         where coalesce(b.credits_cents - b.debits_cents, 0) <> coalesce(o.cents, 0)",
    ),
    (
        "associations-are-promised-what-did-not-arrive",
        "select count(*) from association n
         join account a on a.kind = 'association_pending' and a.owner = n.slug
         join account_balance b using (account_id)
         left join (
           select association_id, sum(due_cents) as cents from donation_position
           where stage = 'pending' group by association_id) d using (association_id)
         where b.credits_cents - b.debits_cents <> coalesce(d.cents, 0)",
    ),
    (
        "associations-are-owed-what-arrived",
        "select count(*) from association n
         join account a on a.kind = 'association_payable' and a.owner = n.slug
         join account_balance b using (account_id)
         left join (
           select association_id, sum(due_cents) as cents from donation_position
           where stage = 'arrived' group by association_id) d using (association_id)
         left join (
           select association_id, sum(amount_cents) as cents from refund_due
           where origin = 'shortfall' group by association_id) f using (association_id)
         left join (
           select r.association_id, sum(s.amount_cents) as cents
           from refund_due_settlement s join refund_due r using (refund_due_id)
           where s.way in ('association', 'recovered') group by r.association_id) t
           using (association_id)
         left join (
           select p.association_id, sum(p.deducted_cents) as cents
           from payout p join payout_current_state s using (payout_id)
           where s.state in ('submitted', 'settled') group by p.association_id) q
           using (association_id)
         where b.credits_cents - b.debits_cents <> coalesce(d.cents, 0) + coalesce(f.cents, 0)
           - coalesce(t.cents, 0) + coalesce(q.cents, 0)",
    ),
    (
        "associations-owe-what-is-due",
        "select count(*) from association n
         left join (account a join account_balance b using (account_id))
           on a.kind = 'refund_due' and a.owner = n.slug
         left join (
           select association_id, sum(open_cents) as cents from open_refund_due
           group by association_id) o using (association_id)
         where coalesce(b.debits_cents - b.credits_cents, 0) <> coalesce(o.cents, 0)",
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
              where s.state = 'submitted' and a.owner = 'transfer'))
         + (select count(*) from account a join account_balance b using (account_id)
           where a.kind = 'suspense' and b.credits_cents - b.debits_cents <>
             (select coalesce(sum(case side when 'credit' then open_cents
                else -open_cents end), 0)
              from bank_line_position where a.owner = 'bank')
             + (select coalesce(sum(amount_cents), 0) from unshown_return
                where a.owner = 'bank'))",
    ),
    (
        "cash-covers-what-may-be-asked-of-it",
        "select count(*) from (
           select
             coalesce(sum(debit_cents) filter (where kind = 'safeguarded_cash'
                 and owner = 'bank'), 0)
               + coalesce(sum(debit_cents) filter (where kind = 'payout_in_transit'
                 and owner = 'transfer'), 0)
               + coalesce(sum(debit_cents) filter (where kind = 'association_payable'), 0)
               + coalesce(sum(debit_cents) filter (where kind = 'suspense'
                 and owner = 'bank'), 0)
               - p.credit_cents as cover_cents,
             coalesce(-sum(debit_cents) filter (where owner = 'bank' and kind in
                 ('operator_current', 'provider_fees', 'operator_losses')), 0)
               - p.owed_cents
               - (select coalesce(sum(open_cents), 0) from open_refund_due
                  where origin = 'shortfall') as float_cents
           from (
             select a.kind, a.owner, b.debits_cents - b.credits_cents as debit_cents
             from account a join account_balance b using (account_id)) held
           cross join (
             select coalesce(sum(greatest(uncovered_cents, 0)), 0) as owed_cents,
               coalesce(sum(greatest(-uncovered_cents, 0)), 0) as credit_cents
             from (select receivable_cents + in_transit_cents - unarrived_cents
               as uncovered_cents from merchant_position) u) p
           group by p.owed_cents, p.credit_cents) c
         where cover_cents <> float_cents",
    ),
];
