-- What people rule about consent that was not told, or that a ticked box gave: whether receipts may
-- be issued all the same.

create table consent_ruling (
  merchant_id uuid not null references merchant,
  n           integer not null check (n > 0),
  donation_id uuid,
  ruling      text not null check (ruling in ('accept', 'dismiss')),
  ruled_by    text not null check (ruled_by <> ''),
  why         text not null,
  ruled_at    timestamptz not null,
  primary key (merchant_id, n)
);
comment on table consent_ruling is
  'What a person ruled about the consent of donors; append-only. About one donation the last '
  'ruling counts, and before it the first one about all of its merchant that was made after the '
  'donation was recorded.';
comment on column consent_ruling.merchant_id is 'The merchant whose customers the donors are.';
comment on column consent_ruling.n is 'Number of the ruling among the merchant''s, from 1.';
comment on column consent_ruling.donation_id is
  'The donation that it is about; null when it is about all that were recorded until then and '
  'whose consent is unclear.';
comment on column consent_ruling.ruling is
  'accept: consent was express, and receipts may be issued; dismiss: it was not.';
comment on column consent_ruling.ruled_by is 'The operator''s e-mail address.';
comment on column consent_ruling.why is 'Why, in their words.';
comment on column consent_ruling.ruled_at is 'When.';
create index consent_ruling_donation on consent_ruling (donation_id, n)
  where donation_id is not null;
create trigger consent_ruling_is_append_only before update or delete or truncate on consent_ruling
  for each statement execute function refuse_change();
grant select, insert on consent_ruling to obole_app;

create view consent_of_donation as
  select d.donation_id, d.merchant_id, d.consent_preticked,
    coalesce(own.ruling, case when d.consent_preticked is not false then (
      select r.ruling from consent_ruling r
      where r.merchant_id = d.merchant_id and r.donation_id is null and r.ruled_at >= d.recorded_at
      order by r.n limit 1) end) as ruling
  from donation d
  left join (select distinct on (r.donation_id) r.donation_id, r.ruling from consent_ruling r
    where r.donation_id is not null order by r.donation_id, r.n desc) own
    on own.donation_id = d.donation_id;
comment on view consent_of_donation is
  'Each donation with what was told of its consent, and the ruling about it that counts; none '
  'where nobody ruled.';
grant select on consent_of_donation to obole_app;

create or replace view receipt_candidate as
  select d.donation_id, d.association_id, d.order_id, m.name as merchant, d.occurred_at,
    d.amount_cents - coalesce(refunded.cents, 0) as remaining_cents, d.funded_by,
    d.consent_preticked, collected.occurred_on as collected_on,
    paid_out.occurred_on as paid_out_on,
    d.donation_id in (select q.donation_id from donation_in_question q) as refund_in_question,
    donor.donor_id, donor.receipt_frequency, donor.first_name, donor.last_name, donor.address,
    ended.receipt_id as follows_id, ended.number as follows,
    coalesce(own.ruling, case when d.consent_preticked is not false then (
      select r.ruling from consent_ruling r
      where r.merchant_id = d.merchant_id and r.donation_id is null and r.ruled_at >= d.recorded_at
      order by r.n limit 1) end) as consent_ruling
  from donation d join merchant m using (merchant_id)
  left join donation_claim k using (donation_id)
  left join (select distinct on (r.donation_id) r.donation_id, r.ruling from consent_ruling r
    where r.donation_id is not null order by r.donation_id, r.n desc) own
    on own.donation_id = d.donation_id
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
    on paid_out.payout_id = p.payout_id and paid_out.state = 'settled'
  left join (select distinct on (l.donation_id) l.donation_id, r.receipt_id, r.number
    from receipt_donation l join receipt r using (receipt_id) where not l.live
    order by l.donation_id, r.issued_at desc, r.receipt_id desc) ended
    on ended.donation_id = d.donation_id;
comment on view receipt_candidate is
  'A donation with all that decides on its receipt and is printed there: what remains of it after '
  'every refund, the days on which its money moved, its donor as they are known now, the last '
  'receipt that carried it and ended, and what a person ruled about the donor''s consent.';
