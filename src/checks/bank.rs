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
        // What is understood as it comes is posted between cash and what it is, the rest to
        // suspense: together they are the line.
        "with part as (
           select line_id, fact_id, fact,
             case side when 'credit' then amount_cents else -amount_cents end as cents
           from bank_match where not from_suspense),
         rest as (
           select l.line_id, case l.side when 'credit' then l.amount_cents
               else -l.amount_cents end - coalesce(sum(p.cents), 0) as cents
           from bank_line l left join part p using (line_id) group by l.line_id)
         select count(*) from (
           select fact_id, fact, sum(cents) as cents from (
             select fact_id, fact, cents from part
             union all
             select line_id, case when cents > 0 then 'bank_credit_unknown'
               else 'bank_debit_unknown' end, cents from rest where cents <> 0) x
           group by fact_id, fact) l
         full join (
           select t.fact_id, t.fact, sum(case a.account_id when t.debit_account_id
             then t.amount_cents else -t.amount_cents end) as cents
           from transfer t join account a on a.kind = 'safeguarded_cash' and a.owner = 'bank'
             and a.account_id in (t.debit_account_id, t.credit_account_id)
           group by t.fact_id, t.fact) t using (fact_id, fact)
         where l.cents is distinct from t.cents",
    ),
    (
        "every-match-is-posted",
        // Later, cash is never touched again: suspense gives, and takes back what is undone.
        "select count(*) from (
           select fact_id, fact, sum(cents) as cents from (
             select fact_id, fact,
               case side when 'credit' then amount_cents else -amount_cents end as cents
             from bank_match where from_suspense and fact is not null
             union all
             select u.fact_id, u.fact,
               case m.side when 'credit' then -m.amount_cents else m.amount_cents end
             from bank_match_undone u join bank_match m using (match_id)
             where u.fact is not null
             union all
             -- The money of a return that did not happen settles an attempt, or is a credit.
             select coalesce(w.settled_fact_id, w.fact_id),
               case when w.settled_fact_id is null then 'collection_return_withdrawn'
                 else 'collection_settled' end, r.amount_cents
             from told_return_withdrawn w join told_return r using (fact_id)
             union all
             -- What is given back of a line stood in suspense, and stands there again.
             select s.payout_id, 'payout_' || s.state,
               case s.state when 'submitted' then p.amount_cents else -p.amount_cents end
             from payout_state s join payout p using (payout_id)
             where p.line_id is not null and s.state in ('submitted', 'refused', 'returned')) x
           group by fact_id, fact) m
         full join (
           select t.fact_id, t.fact, sum(case a.account_id when t.debit_account_id
             then t.amount_cents else -t.amount_cents end) as cents
           from transfer t join account a on a.kind = 'suspense' and a.owner = 'bank'
             and a.account_id in (t.debit_account_id, t.credit_account_id)
           where t.fact not in ('bank_credit_unknown', 'bank_debit_unknown',
             'collection_return_told', 'collection_return_shown')
           group by t.fact_id, t.fact) t using (fact_id, fact)
         where m.cents is distinct from t.cents",
    ),
    (
        "no-line-is-explained-beyond-itself",
        "select count(*) from bank_line_position
         where free_cents < 0 or open_cents > amount_cents",
    ),
    (
        "lines-that-undo-each-other-do-so-both",
        "select count(*) from bank_match m where m.meaning = 'reversal'
           and not exists (select 1 from bank_match_undone u where u.match_id = m.match_id)
           and not exists (
             select 1 from bank_match o where o.meaning = 'reversal'
               and o.line_id = m.other_line_id and o.other_line_id = m.line_id
               and o.amount_cents = m.amount_cents and o.side <> m.side
               and not exists (
                 select 1 from bank_match_undone u where u.match_id = o.match_id))",
    ),
    (
        "every-bank-line-moves-its-own-way",
        "select count(*) from bank_line where side <> case outcome
           when 'collection_settled' then 'credit' when 'collection_returned' then 'debit'
           when 'collection_return_shown' then 'debit'
           when 'payout_settled' then 'debit' when 'payout_returned' then 'credit'
           when 'fee' then 'debit' else side end",
    ),
    (
        // Of a statement that contradicted itself when it came, a person was told. Statements that
        // share days and follow each other are held together against the lines of their days,
        // unless another begins or ends on their first or last day at another balance: then
        // something between is missing, which was told as well.
        "the-banks-balance-is-the-ledgers",
        "select
           (select count(*) from bank_statement s
            where (s.closing_cents - s.opening_cents <> s.moved_cents) <> s.contradicts)
           + (select count(*) from bank_statement_path p
              where p.closing_cents - p.opening_cents
                  <> bank_lines_come_to(p.iban, p.first_on, p.last_on)
                and not exists (
                  select 1 from bank_statement o where o.iban = p.iban and (
                    (o.first_on in (p.first_on, p.last_on)
                      and o.opening_cents <> all(p.nodes))
                    or (o.last_on in (p.first_on, p.last_on)
                      and o.closing_cents <> all(p.nodes))
                    or (o.first_on < p.first_on and o.last_on > p.first_on
                      and o.opening_cents + bank_lines_come_to(o.iban, o.first_on, p.first_on - 1)
                        <> p.opening_cents)
                    or (o.first_on < p.last_on and o.last_on > p.last_on
                      and o.opening_cents + bank_lines_come_to(o.iban, o.first_on, p.last_on)
                        <> p.closing_cents))))",
    ),
];
