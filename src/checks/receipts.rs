//! Tax receipts.

use super::check::Check;

pub(super) const CHECKS: &[Check] = &[
    (
        "receipts-are-only-for-money-paid-out",
        "select count(*) from receipt_donation r where live and not exists (
           select 1 from payout_donation p join payout_state s using (payout_id)
           where p.donation_id = r.donation_id and s.state = 'settled')",
    ),
    (
        "a-receipt-is-the-sum-of-its-donations",
        "select count(*) from receipt r where amount_cents <>
           (select coalesce(sum(amount_cents), 0) from receipt_donation
             join donation using (donation_id)
            where receipt_id = r.receipt_id)
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
