-- Claims are settled in parts, failed collections ask for what is left of them, merchants are told
-- of payments that were taken back or are asked for again, and statements say all of it.

create view order_donation as
  select f.donation_id as first_id, d.donation_id, d.ordinal
  from donation f
  -- As many as an order has donations at most (src/donations/record.rs).
  cross join lateral generate_series(0, 9) n
  join donation d on d.donation_id = donation_id_of(f.merchant_id, f.order_id, n::smallint);
comment on view order_donation is
  'The donations of an order, by its first, each found by its derived id.';
grant select on order_donation to obole_app;

alter table refund_due_settlement add column fact_id uuid unique;
comment on column refund_due_settlement.fact_id is
  'Names it in the ledger; null for those of earlier times, which have the refund''s own name.';

create table collection_settled_claim (
  refund_due_id uuid not null,
  n             smallint not null,
  collection_id uuid not null references collection,
  primary key (refund_due_id, n),
  foreign key (refund_due_id, n) references refund_due_settlement (refund_due_id, n)
);
comment on table collection_settled_claim is
  'Refunds of donations that their associations had, as far as it was settled who bears them: the '
  'statement takes them off, whole or in parts. Append-only. Those of earlier times are in '
  'collection_credit.';
comment on column collection_settled_claim.refund_due_id is
  'The claim, which is the refund''s fact.';
comment on column collection_settled_claim.n is 'Which of its settlements.';
comment on column collection_settled_claim.collection_id is 'The collection it is taken off.';
create index collection_settled_claim_collection on collection_settled_claim (collection_id);
create trigger collection_settled_claim_is_append_only
  before update or delete or truncate on collection_settled_claim
  for each statement execute function refuse_change();
grant select, insert on collection_settled_claim to obole_app;

create table payout_report_claim (
  refund_due_id uuid not null,
  claim_n       smallint not null,
  payout_id     uuid not null,
  n             smallint not null,
  primary key (refund_due_id, claim_n),
  foreign key (refund_due_id, claim_n) references refund_due_settlement (refund_due_id, n),
  foreign key (payout_id, n) references payout_report (payout_id, n)
);
comment on table payout_report_claim is
  'What associations agreed to give back, whole or in parts, each in the report that lists it; '
  'append-only. Those of earlier times are in payout_report_refund.';
comment on column payout_report_claim.refund_due_id is 'The claim, which is the refund''s fact.';
comment on column payout_report_claim.claim_n is 'Which of its settlements.';
comment on column payout_report_claim.payout_id is 'The payout whose report lists it.';
comment on column payout_report_claim.n is 'The number of its state that is told.';
create index payout_report_claim_report on payout_report_claim (payout_id, n);
create trigger payout_report_claim_is_append_only
  before update or delete or truncate on payout_report_claim
  for each statement execute function refuse_change();
grant select, insert on payout_report_claim to obole_app;

create view unreported_claim as
  select r.association_id, s.refund_due_id, s.n as claim_n, s.recorded_at
  from refund_due_settlement s join refund_due r using (refund_due_id)
  where s.way = 'association' and r.origin = 'refund'
    and not exists (select 1 from payout_report_refund o where o.fact_id = s.refund_due_id)
    and not exists (select 1 from payout_report_claim o
      where o.refund_due_id = s.refund_due_id and o.claim_n = s.n);
comment on view unreported_claim is
  'What associations agreed to give back of what they had, and no report has listed.';
grant select on unreported_claim to obole_app;

create or replace view unreported_refund as
  select d.association_id, r.fact_id, 'refunded' as kind, r.recorded_at
  from refund_taken t join donation d using (donation_id)
  join donation_refund r using (donation_id)
  where t.taken_cents >= d.amount_cents
    and exists (
      select 1 from donation_refund x where x.donation_id = d.donation_id
        and (x.stage = 'arrived' or exists (
          select 1 from refund_due_settlement s
          where s.refund_due_id = x.fact_id and s.way = 'payout_returned')))
    and not exists (
      select 1 from payout_donation p where p.donation_id = d.donation_id and p.live)
    and not exists (select 1 from payout_report_refund o where o.fact_id = r.fact_id);
comment on view unreported_refund is
  'Refunds that no report has listed, of donations that arrived and were given back whole before '
  'they were paid out.';

create view failed_collection as
  select c.collection_id, c.merchant_id, c.period, c.reference, s.state,
    case when s.state = 'returned' then s.occurred_on end as returned_on,
    t.amount_cents, greatest(t.amount_cents - r.cents, 0)::bigint as left_cents
  from collection c join collection_current_state s using (collection_id)
  cross join lateral (
    select a.n, a.amount_cents, a.submitted_at from collection_attempt a
    where a.collection_id = c.collection_id order by a.n desc limit 1) t
  cross join lateral (
    select coalesce(sum(r.amount_cents), 0) as cents
    from collection_donation l join donation_refund r using (donation_id)
    where l.collection_id = c.collection_id and l.live and r.stage in ('pending', 'arrived')
      and case when t.n = 1 then r.after_collection else r.recorded_at > t.submitted_at end
      -- A statement that was made while this was on its way has taken it off already.
      and not exists (
        select 1 from collection_credit x join collection k using (collection_id)
        where x.fact_id = r.fact_id and x.live and k.prepared_at < s.recorded_at)) r
  where s.state in ('rejected', 'returned');
comment on view failed_collection is
  'Collections that were refused or taken back, with what their last attempt asked for, and what '
  'is left of that beside the refunds since: what is asked for again, apart from statements.';
grant select on failed_collection to obole_app;

create view returned_payment as
  select s.collection_id, s.n, c.merchant_id, c.period, c.reference, s.occurred_on,
    s.recorded_at, t.amount_cents
  from collection_state s join collection c using (collection_id)
  cross join lateral (
    select count(*) as attempt from collection_state p
    where p.collection_id = s.collection_id and p.state = 'submitted' and p.n < s.n) a
  join collection_attempt t on t.collection_id = s.collection_id and t.n = a.attempt
  where s.state = 'returned' and t.amount_cents > 0
    -- One that was undone, because it rested on a mistake, is asked for in the same moment.
    and not exists (
      select 1 from collection_state f where f.collection_id = s.collection_id
        and f.n = s.n + 1 and f.state = 'submitted' and f.recorded_at = s.recorded_at);
comment on view returned_payment is 'Payments of merchants that their banks took back.';

create view statement_return as
  select c.collection_id, r.period, r.reference, r.occurred_on, r.amount_cents
  from collection c join returned_payment r using (merchant_id)
  where r.recorded_at <= c.prepared_at and not exists (
    select 1 from collection o where o.merchant_id = c.merchant_id
      and (o.prepared_at, o.collection_id) < (c.prepared_at, c.collection_id)
      and r.recorded_at <= o.prepared_at);
comment on view statement_return is
  'The payments that were taken back since the statement before, which each statement lists: they '
  'are booked, and asked for apart.';
grant select on returned_payment, statement_return to obole_app;

create table collection_state_mail (
  collection_id uuid not null,
  n             smallint not null,
  sent_at       timestamptz not null,
  primary key (collection_id, n),
  foreign key (collection_id, n) references collection_state (collection_id, n)
);
comment on table collection_state_mail is
  'What merchants were told beside their statements: that a payment was taken back, or is asked '
  'for again. Append-only.';
comment on column collection_state_mail.collection_id is 'The collection.';
comment on column collection_state_mail.n is 'The number of the state that was told.';
comment on column collection_state_mail.sent_at is 'When the message left.';
create trigger collection_state_mail_is_append_only
  before update or delete or truncate on collection_state_mail
  for each statement execute function refuse_change();
-- Nobody is told now of what happened before.
insert into collection_state_mail (collection_id, n, sent_at)
select collection_id, n, recorded_at from collection_state
where state = 'returned' or (state = 'submitted' and n > 2);
grant select, insert on collection_state_mail to obole_app;

create view untold_collection_state as
  select s.collection_id, s.n, s.state, s.occurred_on, t.amount_cents
  from collection_current_state s
  join collection_last_attempt t using (collection_id)
  join collection_state p on p.collection_id = s.collection_id and p.n = s.n - 1
  where t.amount_cents > 0 and p.recorded_at < s.recorded_at
    and (s.state = 'returned' or (s.state = 'submitted' and p.state not in ('prepared', 'settled')))
    and not exists (select 1 from collection_state_mail m
      where m.collection_id = s.collection_id and m.n = s.n);
comment on view untold_collection_state is
  'Collections whose payment was taken back, or that are asked for again by a person, as far as it '
  'still stands and their merchants were not told. What the books alone undid is not told.';
grant select on untold_collection_state to obole_app;
