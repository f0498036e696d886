//! The bank: its lines, and the account that mirrors it.

use super::check::Check;

pub(super) const CHECKS: &[Check] = &[
    (
        "the-bank-is-mirrored",
        "select count(*) from account a join account_balance b using (account_id)
         where a.kind = 'safeguarded_cash' and a.owner = 'bank'
           and b.debits_cents - b.credits_cents <>
           (select coalesce(sum(case side when 'credit' then amount_cents
             else -amount_cents end), 0)
            from bank_line)",
    ),
    (
        "every-bank-line-is-posted",
        // A collection that was paid twice has two attempts, each with facts of its own.
        "select count(*) from (
           select case outcome
               when 'unknown' then 'bank_' || side || '_unknown' else outcome end as fact,
             case outcome when 'unknown' then line_id
               else coalesce(collection_id, payout_id) end as subject,
             sum(amount_cents) as cents
           from bank_line group by 1, 2) l
         full join (
           select case t.fact when 'collection_return_shown' then 'collection_returned'
               else t.fact end as fact, coalesce(c.collection_id, t.fact_id) as subject,
             sum(t.amount_cents) as cents
           from transfer t join account a on a.kind = 'safeguarded_cash' and a.owner = 'bank'
             and a.account_id in (t.debit_account_id, t.credit_account_id)
           left join collection_attempt c using (fact_id)
           group by 1, 2) t using (fact, subject)
         where l.cents is distinct from t.cents",
    ),
    (
        "every-bank-line-moves-its-own-way",
        "select count(*) from bank_line where side <> case outcome
           when 'collection_settled' then 'credit' when 'collection_returned' then 'debit'
           when 'payout_settled' then 'debit' when 'payout_returned' then 'credit'
           else side end",
    ),
    (
        // Only where the statements chain in the order in which they came: each adds up, and begins
        // where the one before ended. Lines of others could be missing between.
        "the-banks-balance-is-the-ledgers",
        "select count(*) from (
           select iban, sum(closing_cents - opening_cents) as moved_cents,
             bool_and(closing_cents - opening_cents = moved_cents
               and coalesce(before_cents, opening_cents) = opening_cents) as chained
           from (select iban, opening_cents, closing_cents, moved_cents, lag(closing_cents) over (
                   partition by iban order by recorded_at, statement) as before_cents
                 from bank_statement) s group by iban) c
         where chained
           and not exists (select 1 from bank_line l where not exists (
             select 1 from bank_statement s
             where s.iban = l.iban and s.statement = l.statement))
           and moved_cents <> (
             select coalesce(sum(b.debits_cents - b.credits_cents), 0)
             from account a join account_balance b using (account_id)
             where a.kind = 'safeguarded_cash' and a.owner = 'bank')",
    ),
];
