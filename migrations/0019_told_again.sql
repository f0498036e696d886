-- What is told of an order or of a refund again, and differs, holds the receipt of its donation
-- until a person has decided.

create view donation_in_question as
  select distinct donation_id from open_case
  where kind in ('refund-beyond-donation', 'refund-differs', 'order-differs')
    and donation_id is not null;
comment on view donation_in_question is
  'Donations of which a person must say what was given, and by whom: no receipt is issued for '
  'them meanwhile, and one that was issued is in question.';
grant select on donation_in_question to obole_app;

create or replace view receipt_candidate as
  select d.donation_id, d.association_id, d.order_id, m.name as merchant, d.occurred_at,
    d.amount_cents - coalesce(refunded.cents, 0) as remaining_cents, d.funded_by,
    d.consent_preticked, collected.occurred_on as collected_on,
    paid_out.occurred_on as paid_out_on,
    d.donation_id in (select q.donation_id from donation_in_question q) as refund_in_question,
    donor.donor_id, donor.receipt_frequency, donor.first_name, donor.last_name, donor.address
  from donation d join merchant m using (merchant_id)
  left join donation_claim k using (donation_id)
  left join donor on donor.donor_id = coalesce(d.donor_id, k.donor_id)
  left join (select r.donation_id, sum(r.amount_cents)::bigint as cents
    from donation_refund r group by r.donation_id) refunded
    on refunded.donation_id = d.donation_id
  left join collection_donation c on c.donation_id = d.donation_id and c.live
  left join (select distinct on (s.collection_id) s.collection_id, s.occurred_on
    from collection_state s where s.state = 'settled'
    order by s.collection_id, s.n desc) collected on collected.collection_id = c.collection_id
  left join payout_donation p on p.donation_id = d.donation_id and p.live
  left join payout_current_state paid_out
    on paid_out.payout_id = p.payout_id and paid_out.state = 'settled';
comment on view receipt_candidate is
  'A donation with all that decides on its receipt and is printed there: what remains of it after '
  'every refund, the days on which its money moved, and its donor as they are known now.';

create or replace view receipt_register as
  select r.receipt_id, r.number, r.association_id, r.donor_id, r.tax_year, r.count, r.amount_cents,
    r.issued_on, r.issued_at,
    case
      when s.state is not null then s.state
      when exists (select 1 from open_case o
          where o.kind = 'receipt-in-question' and o.subject = r.receipt_id)
        or exists (select 1 from receipt_donation l join donation d using (donation_id)
          where l.receipt_id = r.receipt_id
            and (d.amount_cents - coalesce((select sum(f.amount_cents) from donation_refund f
                 where f.donation_id = l.donation_id), 0) < l.amount_cents
              or exists (select 1 from donation_in_question q
                where q.donation_id = l.donation_id)
              or 'settled' is distinct from (select t.state
                from payout_donation p join payout_state t using (payout_id)
                where p.donation_id = l.donation_id and p.live
                order by t.n desc limit 1)))
        then 'in-question'
      else 'valid'
    end as standing,
    (select n.number from receipt n where n.receipt_id = s.successor_id) as successor
  from receipt r left join receipt_state s on s.receipt_id = r.receipt_id and s.n = 1;
comment on view receipt_register is
  'Each receipt and whether it can be relied on: valid, in-question, cancelled or replaced (by '
  'which). In question is one that says more than remains of its donations, whose money is not '
  'with the association any more, or about which a case is open. Derived from facts each time.';
