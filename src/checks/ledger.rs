//! The books themselves: transfers, balances, and every account against the facts.

use super::check::Check;

pub(super) const CHECKS: &[Check] = &[
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
        "every-transfer-belongs-to-a-fact",
        "select count(*) from transfer t where not case
           when fact = 'donation_recorded' then exists (
             select 1 from donation d where d.donation_id = t.fact_id)
           when fact like 'donation_refunded%' then exists (
             select 1 from donation_refund r where r.fact_id = t.fact_id)
           when fact like 'collection_%' then exists (
             select 1 from collection_attempt c where c.fact_id = t.fact_id)
           when fact like 'payout_%' then exists (
             select 1 from payout p where p.payout_id = t.fact_id)
             or exists (select 1 from refund_due r where r.refund_due_id = t.fact_id)
             or exists (select 1 from refund_due_settlement s where s.fact_id = t.fact_id)
           when fact in ('bank_credit_unknown', 'bank_debit_unknown') then exists (
             select 1 from bank_line l where l.line_id = t.fact_id)
           when fact like 'bank_%_undone' then exists (
             select 1 from bank_match_undone u where u.fact_id = t.fact_id)
           when fact like 'bank_%' then exists (
             select 1 from bank_match m where m.fact_id = t.fact_id)
           when fact = 'refund_recovered' then true
           when fact like 'refund_%' then exists (
             select 1 from refund_due r where r.refund_due_id = t.fact_id)
             or exists (select 1 from refund_due_settlement s where s.fact_id = t.fact_id)
           else false end",
    ),
    (
        "accounts-stand-on-their-side",
        "select count(*) from account a join account_balance b using (account_id)
         where (a.kind in ('association_pending', 'association_payable', 'merchant_credit',
             'payout_in_transit') and b.credits_cents < b.debits_cents)
           or (a.kind in ('collection_in_transit', 'refund_due', 'provider_fees',
             'operator_losses') and b.debits_cents < b.credits_cents)",
    ),
    (
        "donations-never-pay-fees",
        "select count(*) from (
           select a.owner, sum(b.credits_cents - b.debits_cents) as operator_float
           from account a join account_balance b using (account_id)
           where a.kind in ('operator_current', 'provider_fees', 'operator_losses')
           group by a.owner) f where operator_float < 0
           -- A fee is a fact; while the float cannot bear it, a case holds all payouts.
           and not exists (select 1 from open_case where kind = 'short-of-cover')",
    ),
];
