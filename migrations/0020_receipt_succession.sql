-- Which receipts a receipt follows, whether the one before was replaced or cancelled, and why a
-- receipt ended.

create table receipt_succession (
  successor_id uuid not null references receipt,
  receipt_id   uuid not null references receipt,
  primary key (successor_id, receipt_id),
  constraint receipt_succession_is_of_two check (successor_id <> receipt_id)
);
comment on table receipt_succession is
  'A receipt that carries a donation which another carried before says that it cancels and '
  'replaces that one; written with the receipt, append-only. It may follow several, and several '
  'may follow one.';
comment on column receipt_succession.successor_id is 'The receipt that follows.';
comment on column receipt_succession.receipt_id is
  'The one that it follows: the last that carried a donation of it.';
create index receipt_succession_of on receipt_succession (receipt_id);

-- The links that ended are few; a candidate finds the receipts that it was on among them.
create index receipt_donation_ended on receipt_donation (donation_id) where not live;

insert into receipt_succession (successor_id, receipt_id)
  select distinct successor_id, receipt_id from (
    select l.receipt_id as successor_id, lag(l.receipt_id) over (
      partition by l.donation_id order by r.issued_at, r.receipt_id) as receipt_id
    from receipt_donation l join receipt r using (receipt_id)
    where l.donation_id in (
      select e.donation_id from receipt_donation e where not e.live)) f
  where receipt_id is not null;

create trigger receipt_succession_is_append_only before update or delete or truncate
  on receipt_succession for each statement execute function refuse_change();

create function receipt_succession_follows() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  if not exists (
       select 1 from receipt r join receipt s on s.receipt_id = new.successor_id
         join receipt_state t on t.receipt_id = r.receipt_id
       where r.receipt_id = new.receipt_id and s.association_id = r.association_id
         and s.donor_id = r.donor_id)
     or not exists (
       select 1 from receipt_donation a join receipt_donation b using (donation_id)
       where a.receipt_id = new.receipt_id and b.receipt_id = new.successor_id) then
    raise exception 'a receipt follows one that ended, of its association, donor and donations'
      using errcode = 'check_violation', constraint = 'receipt_succession_follows',
        table = 'receipt_succession';
  end if;
  return null;
end $$;
comment on function receipt_succession_follows is
  'A receipt follows only what was cancelled or replaced and shares a donation with it.';
create constraint trigger receipt_succession_follows after insert on receipt_succession
  deferrable initially deferred
  for each row execute function receipt_succession_follows();

alter table receipt_state add column reason text
  check (reason in ('refund', 'payment-returned', 'correction', 'mistake'));
comment on column receipt_state.reason is
  'Why, as the donor is told; none where it was decided before reasons were asked for.';
comment on column receipt_state.why is
  'Why, in the words of who decided; for the team, never told to the donor.';
-- What was decided before has none; what is decided from now on has one.
alter table receipt_state add constraint receipt_state_has_reason check (reason is not null)
  not valid;

create or replace view receipt_candidate as
  select d.donation_id, d.association_id, d.order_id, m.name as merchant, d.occurred_at,
    d.amount_cents - coalesce(refunded.cents, 0) as remaining_cents, d.funded_by,
    d.consent_preticked, collected.occurred_on as collected_on,
    paid_out.occurred_on as paid_out_on,
    d.donation_id in (select q.donation_id from donation_in_question q) as refund_in_question,
    donor.donor_id, donor.receipt_frequency, donor.first_name, donor.last_name, donor.address,
    ended.receipt_id as follows_id, ended.number as follows
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
    on paid_out.payout_id = p.payout_id and paid_out.state = 'settled'
  left join (select distinct on (l.donation_id) l.donation_id, r.receipt_id, r.number
    from receipt_donation l join receipt r using (receipt_id) where not l.live
    order by l.donation_id, r.issued_at desc, r.receipt_id desc) ended
    on ended.donation_id = d.donation_id;
comment on view receipt_candidate is
  'A donation with all that decides on its receipt and is printed there: what remains of it after '
  'every refund, the days on which its money moved, its donor as they are known now, and the last '
  'receipt that carried it and ended.';

drop view receipt_register;
create view receipt_register as
  select r.receipt_id, r.number, r.association_id, r.donor_id, r.tax_year, r.count, r.amount_cents,
    r.issued_on, r.issued_at,
    case
      when s.state is not null then case
        when exists (select 1 from receipt_succession n where n.receipt_id = r.receipt_id)
          then 'replaced'
        else 'cancelled' end
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
    array(select n.number from receipt_succession x
      join receipt n on n.receipt_id = x.successor_id
      where x.receipt_id = r.receipt_id order by n.year, n.sequence) as successors,
    array(select n.number from receipt_succession x
      join receipt n on n.receipt_id = x.receipt_id
      where x.successor_id = r.receipt_id order by n.year, n.sequence) as replaces,
    exists (select 1 from open_case o where o.kind = 'receipt-correction-asked'
      and o.subject = r.receipt_id) as correction_asked
  from receipt r left join receipt_state s on s.receipt_id = r.receipt_id and s.n = 1;
comment on view receipt_register is
  'Each receipt and whether it can be relied on: valid, in-question, cancelled or replaced. In '
  'question is one that says more than remains of its donations, whose money is not with the '
  'association any more, or about which a case is open. One that ended is replaced as soon as '
  'another follows it, whatever was decided first. It names its successors and those that it '
  'replaces. Derived from facts each time.';

grant select, insert on receipt_succession to obole_app;
grant select on receipt_register to obole_app;
