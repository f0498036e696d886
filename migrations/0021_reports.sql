-- The two papers that a treasurer books from tell all that moved between one and the next: the
-- merchant's statement and the association's payout report.

create view association_prepared as
  select p.association_id, sum(p.amount_cents)::bigint as cents
  from payout p join payout_current_state s using (payout_id)
  where s.state = 'prepared' group by p.association_id;
comment on view association_prepared is
  'What prepared payouts are to take of what each association is owed.';

-- The statement. A donation that was given back whole before it was asked for is asked of nobody,
-- but the merchant took it and gave it back: its statement says both.
create table collection_given_back (
  donation_id   uuid primary key,
  collection_id uuid not null references collection
);
comment on table collection_given_back is
  'Donations that a statement lists though nothing is asked for them, because they were given back '
  'whole before; append-only.';
comment on column collection_given_back.donation_id is 'The donation, with all its refunds.';
comment on column collection_given_back.collection_id is 'The collection whose statement lists it.';
create index collection_given_back_collection on collection_given_back (collection_id);
create trigger collection_given_back_is_append_only
  before update or delete or truncate on collection_given_back
  for each statement execute function refuse_change();

-- Those of earlier times go to the statement that would have listed them; what has none yet goes to
-- the next.
insert into collection_given_back (donation_id, collection_id)
select d.donation_id, c.collection_id
from (select donation_id, sum(amount_cents) as cents, max(recorded_at) as at
      from donation_refund group by donation_id) r
join donation d using (donation_id)
cross join lateral (
  select o.collection_id from collection o
  where o.merchant_id = d.merchant_id and o.prepared_at > r.at and d.occurred_at <
    (o.period + interval '1 month')::timestamp at time zone 'Europe/Paris'
  order by o.prepared_at, o.collection_id limit 1) c
where r.cents >= d.amount_cents
  and not exists (select 1 from collection_donation l where l.donation_id = d.donation_id);

alter table collection add column credit_left_cents bigint not null default 0
  check (credit_left_cents >= 0);
comment on column collection.credit_left_cents is
  'Credit that the merchant had left after it, which the next takes off, in cents.';
-- Credit is left only where nothing was asked for; what an earlier one left is then within what it
-- carried.
alter table collection disable trigger collection_is_append_only;
with spans as (
  select collection_id, merchant_id, amount_cents, carried_cents, prepared_at,
    count(*) filter (where amount_cents > 0)
      over (partition by merchant_id order by prepared_at, collection_id) as span
  from collection),
sums as (
  select collection_id, amount_cents,
    sum(case when amount_cents = 0 then carried_cents else 0 end)
      over (partition by merchant_id, span order by prepared_at, collection_id) as cents
  from spans)
update collection c set credit_left_cents = s.cents from sums s
where s.collection_id = c.collection_id and s.amount_cents = 0 and s.cents > 0;
alter table collection enable trigger collection_is_append_only;
comment on column collection.carried_cents is
  'What it asks for beside its donations less the refunds that it credits: credit that is left '
  '(positive), credit that an earlier one left (negative), and what was taken off elsewhere.';

create view collection_carry as
  select c.collection_id, c.merchant_id, c.prepared_on, x.kind, x.cents
  from collection c
  left join lateral (
    select o.credit_left_cents from collection o
    where o.merchant_id = c.merchant_id
      and (o.prepared_at, o.collection_id) < (c.prepared_at, c.collection_id)
    order by o.prepared_at desc, o.collection_id desc limit 1) b on true
  cross join lateral (
    select c.carried_cents - c.credit_left_cents + coalesce(b.credit_left_cents, 0) as cents) a
  cross join lateral (values
    ('credit_before', -coalesce(b.credit_left_cents, 0)),
    ('taken_elsewhere', greatest(a.cents, 0)),
    ('other_credit', least(a.cents, 0)),
    ('credit_left', c.credit_left_cents)) x(kind, cents)
  where x.cents <> 0;
comment on view collection_carry is
  'What a statement asks for beside its donations and refunds: the credit that the statement '
  'before left (negative), refunds that a payment which did not stay is asked for less already '
  '(positive), any other credit (negative), and the credit left for the next (positive).';

-- The payout report.
alter table payout_mail add column n smallint;
update payout_mail m set n = coalesce((
  select max(s.n) from payout_state s where s.payout_id = m.payout_id and s.state = 'settled'), 0);
alter table payout_mail alter column n set not null, drop constraint payout_mail_pkey,
  add primary key (payout_id, n);
comment on table payout_mail is
  'What was told to associations: that a payout settled, or that it came back, each once.';
comment on column payout_mail.payout_id is 'The payout.';
comment on column payout_mail.n is 'The number of the state that was told.';
comment on column payout_mail.sent_at is 'When the message left.';

create view association_position as
  select n.association_id, v.arrived_cents, v.refunded_cents, v.claimed_cents,
    v.arrived_cents - v.refunded_cents - v.claimed_cents - v.sent_cents - v.owed_cents
      as withdrawn_cents,
    v.sent_cents, v.owed_cents
  from association n
  left join (
    select a.owner, b.debits_cents, b.credits_cents
    from account a join account_balance b using (account_id)
    where a.kind = 'association_payable') b on b.owner = n.slug
  left join (
    select p.association_id,
      sum(p.amount_cents) filter (where s.state = 'submitted') as submitted_cents,
      sum(p.amount_cents) filter (where s.state in ('refused', 'returned')) as back_cents
    from payout p join payout_state s using (payout_id)
    group by p.association_id) p using (association_id)
  left join (
    select d.association_id, sum(r.amount_cents) as cents
    from donation_refund r join donation d using (donation_id)
    where r.stage = 'arrived' group by d.association_id) r using (association_id)
  left join (
    select r.association_id,
      sum(s.amount_cents) filter (where s.way = 'association') as claimed_cents,
      sum(s.amount_cents) filter (where s.way = 'payout_returned') as unmade_cents
    from refund_due_settlement s join refund_due r using (refund_due_id)
    group by r.association_id) t using (association_id)
  left join (
    select association_id, sum(open_cents) as cents from open_refund_due
    where origin = 'shortfall' group by association_id) f using (association_id)
  cross join lateral (
    select
      (coalesce(b.credits_cents, 0) - coalesce(p.back_cents, 0))::bigint as arrived_cents,
      (coalesce(r.cents, 0) + coalesce(t.unmade_cents, 0))::bigint as refunded_cents,
      coalesce(t.claimed_cents, 0)::bigint as claimed_cents,
      (coalesce(p.submitted_cents, 0) - coalesce(p.back_cents, 0))::bigint as sent_cents,
      (coalesce(b.credits_cents, 0) - coalesce(b.debits_cents, 0) - coalesce(f.cents, 0))::bigint
        as owed_cents) v;
comment on view association_position is
  'What moved each association''s money since the beginning, as its treasurer sees it: arrived '
  'from merchants, given back by them before it left, claimed back after it left and agreed to, '
  'withdrawn by a merchant''s bank, sent; and what it is owed, less what it owes back.';

create table payout_report (
  payout_id       uuid not null,
  n               smallint not null,
  association_id  uuid not null references association,
  number          integer not null check (number > 0),
  arrived_cents   bigint not null,
  refunded_cents  bigint not null,
  claimed_cents   bigint not null,
  withdrawn_cents bigint not null,
  paid_cents      bigint not null,
  returned_cents  bigint not null,
  recorded_at     timestamptz not null,
  primary key (payout_id, n),
  unique (association_id, number),
  foreign key (payout_id, n) references payout_state (payout_id, n)
);
comment on table payout_report is
  'What an association is told with a payout that settled or came back: sums since the beginning, '
  'so that a report is what moved since the one before, and closes where the next opens; '
  'append-only.';
comment on column payout_report.payout_id is 'The payout.';
comment on column payout_report.n is 'The number of the state that is told.';
comment on column payout_report.association_id is 'Who is told.';
comment on column payout_report.number is 'Number of the report among the association''s, from 1.';
comment on column payout_report.arrived_cents is 'What arrived from merchants, in cents.';
comment on column payout_report.refunded_cents is
  'What merchants gave back of it before it left, in cents.';
comment on column payout_report.claimed_cents is
  'What merchants gave back after it left and the association agreed to give back, in cents.';
comment on column payout_report.withdrawn_cents is
  'What merchants'' banks took back before it left, in cents.';
comment on column payout_report.paid_cents is 'Payouts told as paid, in cents.';
comment on column payout_report.returned_cents is
  'Payouts told as paid and as come back, in cents.';
comment on column payout_report.recorded_at is 'When it was written here.';
create trigger payout_report_is_append_only before update or delete or truncate on payout_report
  for each statement execute function refuse_change();

create table payout_report_refund (
  fact_id   uuid primary key,
  payout_id uuid not null,
  n         smallint not null,
  foreign key (payout_id, n) references payout_report (payout_id, n)
);
comment on table payout_report_refund is
  'Refunds that a report lists though their donations are not of its payout: of donations that the '
  'association had and agreed to give back, and of those that arrived and were given back whole '
  'before they were paid out; append-only.';
comment on column payout_report_refund.fact_id is 'The refund.';
comment on column payout_report_refund.payout_id is 'The payout whose report lists it.';
comment on column payout_report_refund.n is 'The number of its state that is told.';
create index payout_report_refund_report on payout_report_refund (payout_id, n);
create trigger payout_report_refund_is_append_only
  before update or delete or truncate on payout_report_refund
  for each statement execute function refuse_change();

create view unreported_refund as
  select d.association_id, r.fact_id, 'claimed' as kind, s.recorded_at
  from refund_due_settlement s join donation_refund r on r.fact_id = s.refund_due_id
  join donation d using (donation_id)
  where s.way = 'association' and not exists (
    select 1 from payout_report_refund o where o.fact_id = r.fact_id)
  union all
  select d.association_id, r.fact_id, 'refunded', r.recorded_at
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
  'Refunds that no report has listed: claimed of what the association had and agreed to, or '
  'refunded of donations that arrived and were given back whole before they were paid out.';

-- What was told before reports had an account is where the first one opens.
insert into payout_report (payout_id, n, association_id, number, arrived_cents, refunded_cents,
  claimed_cents, withdrawn_cents, paid_cents, returned_cents, recorded_at)
select l.payout_id, l.n, l.association_id, 1, v.arrived_cents, v.refunded_cents, v.claimed_cents,
  v.withdrawn_cents, l.paid_cents, 0, l.sent_at
from (
  select distinct on (p.association_id) p.association_id, p.payout_id, m.n, m.sent_at,
    (sum(p.amount_cents) over (partition by p.association_id))::bigint as paid_cents
  from payout_mail m join payout p using (payout_id)
  join payout_state s on s.payout_id = m.payout_id and s.n = m.n
  order by p.association_id, m.sent_at desc, p.payout_id desc) l
join association_position v using (association_id);
insert into payout_report_refund (fact_id, payout_id, n)
select u.fact_id, r.payout_id, r.n
from unreported_refund u join payout_report r using (association_id);

grant select, insert on collection_given_back, payout_report, payout_report_refund to obole_app;
grant select on association_prepared, collection_carry, association_position, unreported_refund
  to obole_app;
