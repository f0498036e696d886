//! What waits for a person.

use super::check::Check;

pub(super) const CHECKS: &[Check] = &[
    (
        "every-case-names-what-exists",
        "select count(*) from case_file f where
           (kind = 'refund-after-payout' and not exists (
             select 1 from refund_due r where r.refund_due_id = f.subject))
           or (kind in ('receipt-in-question', 'receipt-correction-asked') and not exists (
             select 1 from receipt r where r.receipt_id = f.subject))
           or (kind = 'payout-failed' and not exists (
             select 1 from payout p where p.payout_id = f.subject))
           or (kind = 'collection-failed' and not exists (
             select 1 from collection c where c.collection_id = f.subject))
           or (kind = 'statement-gap' and not exists (
             select 1 from bank_statement s where s.statement_id = f.subject))
           or (kind = 'bank-line-unmatched' and not exists (
             select 1 from bank_line l where l.line_id = f.subject))",
    ),
    (
        "what-needs-a-person-has-a-case",
        "select
           (select count(*) from open_refund_due o where origin = 'refund' and not exists (
             select 1 from open_case c
             where c.kind = 'refund-after-payout' and c.subject = o.refund_due_id))
           + (select count(*) from bank_line_position l where open_cents <> 0 and not exists (
             select 1 from open_case c
             where c.kind = 'bank-line-unmatched' and c.subject = l.line_id))
           + (select count(*) from collection_current_state s
              where state in ('rejected', 'returned') and not exists (
                select 1 from case_file c
                where c.kind = 'collection-failed' and c.subject = s.collection_id))
           + (select count(*) from receipt_register r
              where standing = 'in-question' and not exists (
                select 1 from open_case c
                where c.kind = 'receipt-in-question' and c.subject = r.receipt_id)
                and not exists (
                  select 1 from receipt_donation l join donation_in_question q using (donation_id)
                  where l.receipt_id = r.receipt_id))",
    ),
];
