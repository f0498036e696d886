-- The month, first half: each merchant's donations are asked for once, and the bank tells what
-- came.

create table collection (
  collection_id uuid primary key,
  merchant_id   uuid not null references merchant,
  period        date not null check (extract(day from period) = 1),
  count         integer not null check (count > 0),
  amount_cents  bigint not null check (amount_cents > 0),
  reference     text not null unique,
  prepared_on   date not null,
  prepared_at   timestamptz not null
);
comment on table collection is
  'One statement for a merchant and a month; append-only, its changes are rows of '
  'collection_state.';
comment on column collection.collection_id is 'Id, printed col_….';
comment on column collection.merchant_id is 'Who is asked.';
comment on column collection.period is 'First day of the month.';
comment on column collection.count is 'How many donations it asks for.';
comment on column collection.amount_cents is 'Its donations less the refunds it credits, in cents.';
comment on column collection.reference is
  'What the bank statement will carry: an RF creditor reference (ISO 11649), kept by every '
  'attempt by transfer.';
comment on column collection.prepared_on is 'The business day it was prepared on.';
comment on column collection.prepared_at is 'When it was written here.';
create index collection_by_merchant on collection (merchant_id, period);
create trigger collection_is_append_only before update or delete or truncate on collection
  for each statement execute function refuse_change();

create table collection_donation (
  donation_id   uuid not null,
  collection_id uuid not null,
  live          boolean not null default true
);
comment on table collection_donation is 'Donations of a collection.';
comment on column collection_donation.donation_id is 'A donation that it asks for.';
comment on column collection_donation.collection_id is 'The collection.';
comment on column collection_donation.live is
  'Ends when the collection is taken back or written off, which frees the donation.';
create trigger collection_donation_stays before delete or truncate on collection_donation
  for each statement execute function refuse_change();
create trigger collection_donation_only_ends before update on collection_donation
  for each row when (new.live or (old.donation_id, old.collection_id)
    is distinct from (new.donation_id, new.collection_id)) execute function refuse_change();
create unique index one_live_collection_a_donation on collection_donation (donation_id) where live;
create index collection_donation_collection on collection_donation (collection_id);

create table collection_credit (
  fact_id       uuid not null references donation_refund (fact_id),
  collection_id uuid not null references collection,
  live          boolean not null default true
);
comment on table collection_credit is
  'Refunds of donations asked for before, taken off a later collection.';
comment on column collection_credit.fact_id is 'The refund.';
comment on column collection_credit.collection_id is 'The collection it is taken off.';
comment on column collection_credit.live is
  'Ends when the collection is taken back or written off, which frees the credit.';
create trigger collection_credit_stays before delete or truncate on collection_credit
  for each statement execute function refuse_change();
create trigger collection_credit_only_ends before update on collection_credit
  for each row when (new.live or (old.fact_id, old.collection_id)
    is distinct from (new.fact_id, new.collection_id)) execute function refuse_change();
create unique index one_live_credit_a_refund on collection_credit (fact_id) where live;
create index collection_credit_collection on collection_credit (collection_id);

create table collection_attempt (
  collection_id uuid not null references collection,
  n             smallint not null check (n > 0),
  rail          text not null check (rail in ('transfer', 'direct-debit', 'stripe')),
  amount_cents  bigint not null check (amount_cents > 0),
  due_on        date not null,
  end_to_end_id text not null,
  submitted_at  timestamptz not null,
  primary key (collection_id, n)
);
comment on table collection_attempt is 'One try to have a collection paid; append-only.';
comment on column collection_attempt.collection_id is 'The collection.';
comment on column collection_attempt.n is 'Number of the attempt, from 1.';
comment on column collection_attempt.rail is 'How it is paid this time.';
comment on column collection_attempt.amount_cents is 'What is asked for this time, in cents.';
comment on column collection_attempt.due_on is 'The day the money is asked for.';
comment on column collection_attempt.end_to_end_id is
  'What comes back with the money: the collection''s reference for a transfer, an EndToEndId or '
  'idempotency key of its own otherwise.';
comment on column collection_attempt.submitted_at is 'When it left.';
create index collection_attempt_end_to_end_id on collection_attempt (end_to_end_id);
create unique index one_attempt_an_end_to_end_id on collection_attempt (end_to_end_id)
  where rail <> 'transfer';
create trigger collection_attempt_is_append_only
  before update or delete or truncate on collection_attempt
  for each statement execute function refuse_change();

create table collection_state (
  collection_id uuid not null references collection,
  n             smallint not null check (n > 0),
  state         text not null check (state in
                  ('prepared', 'taken_back', 'submitted', 'settled', 'rejected', 'returned',
                   'written_off')),
  occurred_on   date not null,
  recorded_at   timestamptz not null,
  primary key (collection_id, n)
);
comment on table collection_state is
  'What became of a collection, one numbered row a change, so that a state may come twice; '
  'append-only. The last one counts.';
comment on column collection_state.collection_id is 'The collection.';
comment on column collection_state.n is 'Number of the change, from 1 without a gap.';
comment on column collection_state.state is 'The state it went to.';
comment on column collection_state.occurred_on is 'The day it happened.';
comment on column collection_state.recorded_at is 'When it was written here.';
create trigger collection_state_is_append_only
  before update or delete or truncate on collection_state
  for each statement execute function refuse_change();

create function collection_state_follows() returns trigger
language plpgsql set search_path = public, pg_temp as $$
declare
  previous text;
begin
  select state into previous from collection_state
    where collection_id = new.collection_id and n = new.n - 1;
  if not (case
       when new.n = 1 then new.state = 'prepared'
       when previous = 'prepared' then new.state in ('submitted', 'taken_back')
       when previous = 'submitted' then new.state in ('settled', 'rejected')
       when previous = 'settled' then new.state = 'returned'
       when previous in ('rejected', 'returned') then new.state in ('submitted', 'written_off')
       else false end) then
    raise exception 'a collection cannot go from % to %', coalesce(previous, 'nothing'), new.state
      using errcode = 'check_violation', constraint = 'collection_state_follows',
        table = 'collection_state';
  end if;
  return null;
end $$;
comment on function collection_state_follows is
  'Each state of a collection follows the one before, without a gap.';
create trigger collection_state_follows after insert on collection_state
  for each row execute function collection_state_follows();

create view collection_current_state as
  select distinct on (collection_id) collection_id, n, state, occurred_on, recorded_at
  from collection_state order by collection_id, n desc;
comment on view collection_current_state is 'The last state of each collection.';

create table collection_mail (
  collection_id uuid primary key references collection,
  sent_at       timestamptz not null
);
comment on table collection_mail is 'Statements that left for their merchants, each once.';
comment on column collection_mail.collection_id is 'The collection whose statement it is.';
comment on column collection_mail.sent_at is 'When it left.';

grant select, insert on collection, collection_donation, collection_credit, collection_attempt,
  collection_state, collection_mail to obole_app;
grant select on collection_current_state to obole_app;
