-- Where a donation stands, for every page and list that shows it.

create view donation_progress as
  select d.donation_id, d.merchant_id, d.order_id, d.ordinal, d.event_id, d.amount_cents,
    d.cause_id, d.association_id, d.donor_id, d.flags, d.occurred_at, d.recorded_at,
    coalesce((select sum(r.amount_cents) from donation_refund r
      where r.donation_id = d.donation_id), 0)::bigint as refunded_cents,
    (select max(r.occurred_at) from donation_refund r
     where r.donation_id = d.donation_id) as refunded_at,
    (select s.occurred_on from collection_donation l join collection_state s using (collection_id)
     where l.donation_id = d.donation_id and l.live and s.state = 'settled'
     order by s.n desc limit 1) as collected_on,
    (select s.occurred_on from payout_donation l join payout_state s using (payout_id)
     where l.donation_id = d.donation_id and l.live and s.state = 'settled'
     order by s.n desc limit 1) as paid_out_on,
    (select r.number from receipt_donation l join receipt r using (receipt_id)
     where l.donation_id = d.donation_id and l.live) as receipt_number,
    (select r.issued_on from receipt_donation l join receipt r using (receipt_id)
     where l.donation_id = d.donation_id and l.live) as receipted_on
  from donation d;
comment on view donation_progress is
  'A donation and the stages it has reached: refunded, collected, paid out, receipted. Only the '
  'columns asked for are computed.';

grant select on donation_progress to obole_app;
