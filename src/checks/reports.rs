//! The papers that treasurers book from: merchants' statements and payout reports.

use super::check::Check;

pub(super) const CHECKS: &[Check] = &[
    (
        "a-statement-only-lists-what-was-given-back-whole",
        "select (select count(*) from collection_given_back g
             join collection c using (collection_id)
             left join donation d using (donation_id)
             left join (select donation_id, sum(amount_cents) as cents from donation_refund
               group by donation_id) r using (donation_id)
           where d.merchant_id is distinct from c.merchant_id
             or r.cents is distinct from d.amount_cents
             or exists (select 1 from collection_donation l
               where l.donation_id = g.donation_id))
         + (select count(*) from collection where credit_left_cents > 0 and amount_cents > 0)",
    ),
    (
        "a-report-closes-where-the-next-opens",
        "select count(*) from (
           select r.number, r.paid_cents, r.returned_cents, s.state, p.amount_cents,
             p.association_id = r.association_id as is_own,
             r.number - lag(r.number, 1, 0) over w as step,
             r.paid_cents - lag(r.paid_cents) over w as paid,
             r.returned_cents - lag(r.returned_cents) over w as returned,
             r.arrived_cents >= lag(r.arrived_cents, 1, 0::bigint) over w as grows
           from payout_report r join payout p using (payout_id)
           join payout_state s using (payout_id, n)
           window w as (partition by r.association_id order by r.number)) r
         where not is_own or step <> 1 or not grows or paid_cents < returned_cents
           or paid <> case state when 'settled' then amount_cents else 0 end
           or returned <> case state when 'returned' then amount_cents else 0 end",
    ),
    (
        "reports-tell-all-that-moved",
        "select (select count(*) from association n join association_position v
             using (association_id)
           where v.withdrawn_cents <> coalesce((
             select sum(t.amount_cents) from transfer t
             join account d on d.account_id = t.debit_account_id
             join account c on c.account_id = t.credit_account_id
             where d.owner = n.slug and d.kind in ('association_payable', 'refund_due')
               and c.kind = 'association_pending'), 0))
         + (select count(*) from payout_mail m where not exists (
             select 1 from payout_state s where s.payout_id = m.payout_id and s.n = m.n
               and s.state in ('settled', 'returned')))
         + (select count(*) from payout_report_refund o
           left join payout_report p using (payout_id, n)
           left join donation_refund r using (fact_id)
           left join donation d using (donation_id)
           where d.association_id is distinct from p.association_id or d.donation_id is null)
         + (select count(*) from payout_report_claim o join payout_report p using (payout_id, n)
           join refund_due r using (refund_due_id)
           where r.association_id <> p.association_id or r.origin <> 'refund')",
    ),
];
