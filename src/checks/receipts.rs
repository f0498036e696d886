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
        "select count(*) from receipt r
         left join (
           select receipt_id, count(*) as n, sum(amount_cents) as cents
           from receipt_donation group by receipt_id) l using (receipt_id)
         where r.amount_cents is distinct from l.cents or r.count is distinct from l.n",
    ),
    (
        "receipts-match-their-donations",
        "select count(*) from receipt_donation l join receipt r using (receipt_id)
         join association a using (association_id)
         left join donation d on d.donation_id = l.donation_id
         left join donation_claim k on k.donation_id = l.donation_id
         where r.association_id is distinct from d.association_id
           or r.donor_id is distinct from coalesce(d.donor_id, k.donor_id)
           or d.funded_by is distinct from 'donor'
           or (d.consent_preticked is not false and not exists (
             select 1 from consent_ruling c
             where c.merchant_id = d.merchant_id and c.ruling = 'accept'
               and (c.donation_id = d.donation_id
                 or c.donation_id is null and c.ruled_at >= d.recorded_at)))
           or l.amount_cents > d.amount_cents or r.tax_year > r.year
           or r.tax_year < extract(year from d.occurred_at at time zone 'Europe/Paris')
           or r.year <> extract(year from r.issued_on)
           or r.number <> a.slug || '-' || r.year || '-' || lpad(r.sequence::text, 6, '0')",
    ),
    (
        "receipt-numbers-have-no-gap",
        "select count(*) from (
           select association_id, year, count(*) as n, max(sequence) as last
           from receipt group by association_id, year) r
         full join receipt_counter c using (association_id, year)
         where coalesce(r.n, 0) <> c.last or coalesce(r.last, 0) <> c.last or c.last is null",
    ),
    (
        "a-receipt-carries-its-donations-as-long-as-it-stands",
        "select
           (select count(*) from receipt_donation l
            where l.live = exists (
              select 1 from receipt_state s where s.receipt_id = l.receipt_id))
           + (select count(*) from receipt_state s join receipt r using (receipt_id)
                left join receipt n on n.receipt_id = s.successor_id
              where s.state = 'replaced' and (n.donor_id is distinct from r.donor_id
                or n.association_id is distinct from r.association_id))",
    ),
    (
        // Of the receipts that carried a donation, only the first follows none of them.
        "a-successor-names-what-it-replaces",
        "with carried as (
           select donation_id, receipt_id from receipt_donation
           where donation_id in (select donation_id from receipt_donation where not live)),
         named as (
           select distinct c.donation_id, c.receipt_id from carried c
             join receipt_succession s on s.successor_id = c.receipt_id
             join carried p on p.donation_id = c.donation_id and p.receipt_id = s.receipt_id)
         select
           (select count(*) from (
             select count(*) - count(n.receipt_id) as firsts
             from carried c left join named n using (donation_id, receipt_id)
             group by c.donation_id) d where firsts <> 1)
           + (select count(*) from receipt_succession s where not exists (
               select 1 from receipt_state t where t.receipt_id = s.receipt_id)
             or not exists (
               select 1 from receipt_donation a join receipt_donation b using (donation_id)
               where a.receipt_id = s.receipt_id and b.receipt_id = s.successor_id))
           + (select count(*) from receipt_state t
              where t.successor_id is not null and not exists (
                select 1 from receipt_succession s
                where s.receipt_id = t.receipt_id and s.successor_id = t.successor_id))",
    ),
    (
        // Contents are destroyed oldest first: none is gone before one of a smaller number.
        "receipts-are-destroyed-oldest-first",
        "select count(*) from receipt r
         join (
           select association_id, min(year * 1000000::bigint + sequence) as first_kept
           from receipt join receipt_content using (receipt_id) group by association_id) k
           using (association_id)
         left join receipt_content c using (receipt_id)
         where c.receipt_id is null and r.year * 1000000::bigint + r.sequence > k.first_kept",
    ),
    (
        "a-message-brings-receipts-to-their-donor",
        "select count(*) from mailing_receipt l join mailing m using (mail_id)
         left join receipt r using (receipt_id) where r.donor_id is distinct from m.donor_id",
    ),
];
