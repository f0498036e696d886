//! Donations, their refunds, and what is due of them.

use super::check::Check;

pub(super) const CHECKS: &[Check] = &[
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
        "every-donation-is-told-by-its-merchant",
        "select count(*) from donation d join inbox_event i using (event_id)
         join endpoint e using (endpoint_id) where e.merchant_id is distinct from d.merchant_id",
    ),
    (
        "donations-are-of-plausible-days",
        "select count(*) from donation
         where occurred_at > recorded_at + interval '1 day'
           or occurred_at < timestamptz '2019-12-31 23:00+00' or recorded_at is null",
    ),
    (
        "every-donation-is-posted-once",
        "select count(*) from donation d
         full join (
           select t.fact_id, t.amount_cents, b.kind as debit_kind, b.owner as merchant,
             c.kind as credit_kind, c.owner as association
           from transfer t join account b on b.account_id = t.debit_account_id
           join account c on c.account_id = t.credit_account_id
           where fact = 'donation_recorded') t on t.fact_id = d.donation_id
         left join merchant m using (merchant_id)
         left join association a on a.association_id = d.association_id
         where d.donation_id is null or t.fact_id is null or d.amount_cents <> t.amount_cents
           or (debit_kind, t.merchant, credit_kind, t.association)
             is distinct from ('merchant_receivable', m.slug, 'association_pending', a.slug)",
    ),
    (
        "every-refund-is-posted-once",
        "select count(*) from donation_refund r
         full join (
           select fact_id, sum(amount_cents) as cents, min(case fact
               when 'donation_refunded' then 'pending'
               when 'donation_refunded_late' then 'arrived' else 'paid_out' end) as stage
           from transfer where fact in ('donation_refunded', 'donation_refunded_late',
             'donation_refunded_after_payout') group by fact_id) t using (fact_id)
         where case when r.stage = 'written_off' then t.cents is not null
           else r.donation_id is null or t.cents is null or r.amount_cents <> t.cents
             or r.stage <> t.stage end",
    ),
    (
        "refunds-stay-within-their-donation",
        "select count(*) from (
           select donation_id, sum(amount_cents) as cents from donation_refund
             group by donation_id) r
         join donation d using (donation_id) where r.cents > d.amount_cents",
    ),
    (
        "every-refund-after-a-payout-is-due",
        "select count(*) from (
             select fact_id, donation_id, amount_cents from donation_refund
             where stage = 'paid_out') r
         full join (
           select refund_due_id, donation_id, amount_cents from refund_due
           where origin = 'refund') u
           on u.refund_due_id = r.fact_id and u.donation_id = r.donation_id
             and u.amount_cents = r.amount_cents
         where r.fact_id is null or u.refund_due_id is null",
    ),
    (
        "refunds-due-are-settled-within-their-amount",
        "select count(*) from (
           select refund_due_id, sum(amount_cents) as cents from refund_due_settlement
           group by refund_due_id) s
         left join refund_due r using (refund_due_id)
         where r.refund_due_id is null or s.cents > r.amount_cents",
    ),
];
