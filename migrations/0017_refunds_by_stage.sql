-- Refunds are posted by the stage that their donation has reached, in parts, and what an
-- association owes back is kept until it is settled.

alter table donation_refund add column stage text;
-- Until now a refund of a donation asked for was posted as one of a donation that arrived.
alter table donation_refund disable trigger donation_refund_is_append_only;
update donation_refund set stage = case when after_collection then 'arrived' else 'pending' end;
alter table donation_refund enable trigger donation_refund_is_append_only;
alter table donation_refund alter column stage set not null,
  add constraint donation_refund_stage
    check (stage in ('pending', 'arrived', 'paid_out', 'written_off'));
comment on column donation_refund.stage is
  'How far the donation had come, which decides the posting: pending (promised), arrived, '
  'paid_out (with the association: a refund due of it) or written_off (nothing to post).';

create table refund_due (
  refund_due_id  uuid primary key,
  origin         text not null check (origin in ('refund', 'shortfall')),
  association_id uuid not null references association,
  merchant_id    uuid references merchant,
  donation_id    uuid references donation,
  amount_cents   bigint not null check (amount_cents > 0),
  occurred_at    timestamptz not null,
  recorded_at    timestamptz not null,
  check ((origin = 'refund') = (merchant_id is not null and donation_id is not null))
);
comment on table refund_due is
  'What an association owes back: a refund of a donation that it already has, or what it gave '
  'back of money that it no longer held; append-only.';
comment on column refund_due.refund_due_id is
  'For a refund, its fact; for a shortfall, derived from what caused it.';
comment on column refund_due.origin is
  'refund: a person decides, and the merchant''s credit waits; shortfall: taken from what the '
  'association is owed next.';
comment on column refund_due.association_id is 'Who owes it.';
comment on column refund_due.merchant_id is 'For a refund: whose credit waits for it.';
comment on column refund_due.donation_id is 'For a refund: the donation given back.';
comment on column refund_due.amount_cents is 'How much, in cents.';
comment on column refund_due.occurred_at is 'When it happened.';
comment on column refund_due.recorded_at is 'When it was written here.';
create index refund_due_association on refund_due (association_id);
create index refund_due_donation on refund_due (donation_id) where donation_id is not null;
create trigger refund_due_is_append_only before update or delete or truncate on refund_due
  for each statement execute function refuse_change();

create table refund_due_settlement (
  refund_due_id uuid not null references refund_due,
  n             smallint not null check (n > 0),
  way           text not null check (way in
                  ('association', 'operator', 'recovered', 'payout_returned')),
  amount_cents  bigint not null check (amount_cents > 0),
  recorded_at   timestamptz not null,
  primary key (refund_due_id, n)
);
comment on table refund_due_settlement is 'What was settled of a refund due; append-only.';
comment on column refund_due_settlement.refund_due_id is 'The refund due.';
comment on column refund_due_settlement.n is 'Number of the settlement, from 1.';
comment on column refund_due_settlement.way is
  'association: it agreed, out of what it is owed; operator: who bears it; recovered: taken from '
  'what came next; payout_returned: out of the payout that came back.';
comment on column refund_due_settlement.amount_cents is 'How much, in cents.';
comment on column refund_due_settlement.recorded_at is 'When it was written here.';
create trigger refund_due_settlement_is_append_only
  before update or delete or truncate on refund_due_settlement
  for each statement execute function refuse_change();

create function refund_due_settled_once() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  due bigint;
  settled bigint;
begin
  select amount_cents into due from refund_due where refund_due_id = new.refund_due_id
    for no key update;
  select sum(amount_cents) into settled from refund_due_settlement
    where refund_due_id = new.refund_due_id;
  if settled > due then
    raise exception 'a refund due of % cents was settled with % cents', due, settled
      using errcode = 'check_violation', constraint = 'refund_due_settled_once',
        table = 'refund_due_settlement';
  end if;
  return null;
end $$;
comment on function refund_due_settled_once is
  'What is settled of a refund due is in sum never more than it.';
create trigger refund_due_settled_once after insert on refund_due_settlement
  for each row execute function refund_due_settled_once();

create view open_refund_due as
  select r.refund_due_id, r.origin, r.association_id, r.merchant_id, r.donation_id,
    r.amount_cents - coalesce((select sum(s.amount_cents) from refund_due_settlement s
      where s.refund_due_id = r.refund_due_id), 0)::bigint as open_cents, r.recorded_at
  from refund_due r
  where r.amount_cents > coalesce((select sum(s.amount_cents) from refund_due_settlement s
    where s.refund_due_id = r.refund_due_id), 0);
comment on view open_refund_due is 'Refunds due that are not settled, and what is left of each.';

-- What a collection asks for is its donations less the refunds that it credits, but never less
-- than nothing: what is left of the credit carries on to the next.
alter table collection add column carried_cents bigint not null default 0;
alter table collection drop constraint collection_amount_cents_check,
  add constraint collection_amount_cents_check check (amount_cents >= 0);
comment on column collection.amount_cents is
  'What is asked for, in cents: its donations less the refunds that it credits, plus what is '
  'carried; nothing where the credit is larger.';
comment on column collection.carried_cents is
  'Credit that carries on to the next collection (positive), or that an earlier one left '
  '(negative).';
comment on column collection_donation.live is
  'Ends when the collection is taken back, which frees the donation.';
comment on column collection_credit.live is
  'Ends when the collection is taken back, which frees the credit.';

-- Each attempt has facts of its own in the ledger; one that asks for nothing settles at once.
alter table collection_attempt add column fact_id uuid;
alter table collection_attempt disable trigger collection_attempt_is_append_only;
update collection_attempt set fact_id = collection_id;
alter table collection_attempt enable trigger collection_attempt_is_append_only;
alter table collection_attempt alter column fact_id set not null,
  add constraint collection_attempt_fact unique (fact_id),
  drop constraint collection_attempt_amount_cents_check,
  add constraint collection_attempt_amount_cents_check check (amount_cents >= 0);
comment on column collection_attempt.fact_id is
  'Names what happens to the attempt in the ledger: the collection''s id for the first.';
comment on column collection_attempt.amount_cents is
  'What is asked for this time, in cents; nothing where the merchant''s credit is larger.';

-- A payout is its donations less what is taken off for refunds that the association agreed to or
-- owes.
alter table payout add column deducted_cents bigint not null default 0
  check (deducted_cents >= 0);
comment on column payout.amount_cents is 'Its donations less what is deducted, in cents.';
comment on column payout.deducted_cents is
  'What the association gave back of donations that were paid before, in cents.';

grant select, insert on refund_due, refund_due_settlement to obole_app;
grant select on open_refund_due to obole_app;

create view refund_taken as
  select r.donation_id, sum(r.amount_cents)::bigint as taken_cents
  from donation_refund r
  where r.stage <> 'paid_out' or exists (
    select 1 from refund_due_settlement s
    where s.refund_due_id = r.fact_id and s.way = 'payout_returned')
  group by r.donation_id;
comment on view refund_taken is
  'What refunds took from what a donation''s association is promised or owed. A refund of a '
  'donation that it has takes nothing: it is due of it.';

create view donation_position as
  select d.donation_id, d.merchant_id, d.association_id, d.amount_cents,
    d.amount_cents - coalesce(r.taken_cents, 0) as due_cents,
    case when p.donation_id is not null then 'paid_out'
      when c.state = 'settled' then 'arrived'
      when c.state = 'written_off' then 'written_off'
      else 'pending' end as stage
  from donation d
  left join refund_taken r using (donation_id)
  left join (
    select l.donation_id, s.state
    from collection_donation l join collection_current_state s using (collection_id)
    where l.live) c using (donation_id)
  left join (
    select l.donation_id from payout_donation l join payout_current_state s using (payout_id)
    where l.live and s.state in ('submitted', 'settled')) p using (donation_id);
comment on view donation_position is
  'Every donation with the stage that it has reached and what its association is promised or '
  'owed of it, from the facts alone: what the accounts must say.';

create view collection_last_attempt as
  select distinct on (collection_id) collection_id, n, rail, amount_cents, end_to_end_id, fact_id
  from collection_attempt order by collection_id, n desc;
comment on view collection_last_attempt is 'The last attempt of each collection.';

create view merchant_position as
  select m.merchant_id, m.slug,
    coalesce((select b.debits_cents - b.credits_cents
      from account a join account_balance b using (account_id)
      where a.kind = 'merchant_receivable' and a.owner = m.slug), 0)::bigint
      as receivable_cents,
    coalesce((select sum(t.amount_cents) from collection c
      join collection_current_state s using (collection_id)
      join collection_last_attempt t using (collection_id)
      where c.merchant_id = m.merchant_id and s.state = 'submitted'), 0)::bigint
      as in_transit_cents,
    coalesce((select sum(d.due_cents) from donation_position d
      where d.merchant_id = m.merchant_id and d.stage = 'pending'), 0)::bigint
      as unarrived_cents
  from merchant m;
comment on view merchant_position is
  'What each merchant owes by its account and is asked for, beside what of its donations did not '
  'arrive: less is a credit that it may use, more is owed for donations already paid out.';

grant select on refund_taken, donation_position, collection_last_attempt, merchant_position
  to obole_app;

-- A debit may take back what a collection had brought.
alter table bank_line drop constraint bank_line_outcome_check,
  drop constraint bank_line_check,
  add constraint bank_line_outcome_check check (outcome in
    ('collection_settled', 'collection_returned', 'payout_settled', 'payout_returned', 'unknown')),
  add constraint bank_line_names_collection check (
    (outcome in ('collection_settled', 'collection_returned')) = (collection_id is not null));
comment on column bank_line.collection_id is 'The collection that it settled or took back.';
