-- Webhooks in. The narrow row that makes an event unique is kept for ever; the body goes with its
-- month.

create table inbox_event (
  endpoint_id  uuid not null,
  -- Looked up for each event: bytes to us, whatever language the database sorts in.
  delivery_key text collate "C" not null,
  event_id     uuid not null,
  body_hash    bytea not null,
  received_at  timestamptz not null,
  primary key (endpoint_id, delivery_key)
);
comment on table inbox_event is
  'One row per delivery key and endpoint: the first layer of idempotency.';
comment on column inbox_event.endpoint_id is 'Where it arrived.';
comment on column inbox_event.delivery_key is
  'The sender''s name for the delivery: the same on every retry.';
comment on column inbox_event.event_id is 'Id, printed evt_…; ordered by time (UUID version 7).';
comment on column inbox_event.body_hash is
  'SHA-256 of the body: another body under the same key is a conflict.';
comment on column inbox_event.received_at is 'When it arrived.';
-- Ids are ordered by time, so a summary of each range of pages finds one as well as a tree does.
create index inbox_event_by_id on inbox_event using brin (event_id)
  with (pages_per_range = 32, autosummarize = on);
-- A merchant's delivery log, newest first, however many events others have.
create index inbox_event_by_endpoint on inbox_event (endpoint_id, received_at, event_id);

create trigger inbox_event_is_append_only before update or delete or truncate on inbox_event
  for each statement execute function refuse_change();

create table inbox_body (
  event_id    uuid not null,
  received_at timestamptz not null,
  body        bytea not null,
  headers     jsonb not null,
  primary key (event_id, received_at)
) partition by range (received_at);
comment on table inbox_body is 'Bodies exactly as received, partitioned by month of receipt.';
comment on column inbox_body.event_id is 'Whose body it is.';
comment on column inbox_body.received_at is 'When it arrived; names the partition.';
comment on column inbox_body.body is 'The bytes that were signed.';
comment on column inbox_body.headers is
  'The headers that matter to whoever looks at a delivery later.';
create table inbox_body_default partition of inbox_body default;

create table inbox_queue (
  event_id    uuid primary key,
  endpoint_id uuid not null,
  received_at timestamptz not null,
  attempts    integer not null default 0
)
-- It empties as fast as it fills. What left is vacuumed soon, before many dead entries stand at
-- its beginning, and its file is not truncated each time: truncating locks it, and posting and
-- intake would wait.
with (vacuum_truncate = off, autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 10000);
comment on table inbox_queue is
  'Events waiting to be processed; a row leaves in the database transaction that posts it.';
comment on column inbox_queue.event_id is 'The event; older ones have smaller ids.';
comment on column inbox_queue.endpoint_id is 'Where it arrived.';
comment on column inbox_queue.received_at is 'When it arrived.';
comment on column inbox_queue.attempts is 'How often it was set aside and put back.';

create table inbox_problem (
  event_id     uuid primary key,
  endpoint_id  uuid not null,
  delivery_key text not null,
  state        text not null check (state in ('dead', 'conflict', 'parked')),
  reason       text not null,
  donation_id  uuid,
  attempts     integer not null default 1,
  received_at  timestamptz not null,
  check ((state = 'parked') = (donation_id is not null))
);
comment on table inbox_problem is
  'Events that could not be posted: dead letters, conflicts, and refunds that wait for their '
  'order.';
comment on column inbox_problem.event_id is 'The event.';
comment on column inbox_problem.endpoint_id is 'Where it arrived.';
comment on column inbox_problem.delivery_key is
  'Its delivery key; for a conflict, the key of the event that came first.';
comment on column inbox_problem.state is
  'dead (a person must act), conflict (two contents under one name) or parked (waits for its '
  'order).';
comment on column inbox_problem.reason is 'Why, and what to do, in plain words.';
comment on column inbox_problem.donation_id is 'For a parked refund: the donation it waits for.';
comment on column inbox_problem.attempts is 'How often it was tried.';
comment on column inbox_problem.received_at is 'When it arrived.';
create index inbox_problem_parked on inbox_problem (donation_id) where state = 'parked';

create table inbox_fetch (
  event_id    uuid primary key,
  endpoint_id uuid not null references endpoint,
  received_at timestamptz not null,
  attempts    integer not null default 0,
  next_at     timestamptz not null
);
comment on table inbox_fetch is
  'Events that are only an order''s number, until the order is fetched from its platform; what '
  'is fetched enters the inbox as an event of its own.';
comment on column inbox_fetch.event_id is 'The event.';
comment on column inbox_fetch.endpoint_id is
  'Where it arrived; its settings name the platform''s address.';
comment on column inbox_fetch.received_at is 'When it arrived.';
comment on column inbox_fetch.attempts is 'How often it was tried.';
comment on column inbox_fetch.next_at is 'When it is tried next.';
create index inbox_fetch_next on inbox_fetch (next_at);

create table inbox_outcome (
  event_id uuid primary key,
  outcome  text not null check (outcome in
             ('repeated', 'already-refunded', 'nothing-refunded', 'fetched', 'ignored'))
);
comment on table inbox_outcome is
  'What became of an event that left no donation and no refund of its own. Of the others, the '
  'donation or refund names the event.';
comment on column inbox_outcome.event_id is 'The event.';
comment on column inbox_outcome.outcome is
  'repeated: its order was counted before; already-refunded; nothing-refunded: an order given '
  'back, its donation kept; fetched: its order came in as another event; ignored: it says '
  'nothing of a donation.';

create trigger inbox_outcome_is_append_only
  before update or delete or truncate on inbox_outcome
  for each statement execute function refuse_change();

create view inbox_state as
  select i.event_id, i.endpoint_id, i.delivery_key, i.received_at, p.reason, o.outcome,
    coalesce(p.state, case when q.event_id is not null then 'queued'
      when f.event_id is not null then 'fetching' end) as waiting_state,
    coalesce(p.attempts, q.attempts, f.attempts, 1) as attempts
  from inbox_event i
  left join lateral (select p.event_id, p.state, p.reason, p.attempts from inbox_problem p
    where p.event_id = i.event_id limit 1) p on true
  left join lateral (select q.event_id, q.attempts from inbox_queue q
    where q.event_id = i.event_id limit 1) q on true
  left join lateral (select f.event_id, f.attempts from inbox_fetch f
    where f.event_id = i.event_id limit 1) f on true
  left join lateral (select o.outcome from inbox_outcome o
    where o.event_id = i.event_id limit 1) o on true;
comment on view inbox_state is
  'Every event with what it waits for (null when for nothing), its outcome where one is stored, '
  'and its attempts.';

-- The application may not create tables; it may ask for the partitions of a month and the next.
-- One at a time: each locks several tables, and two would wait for each other.
create function inbox_prepare_partitions(day date) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  first date;
  month text;
begin
  lock table inbox_body in share update exclusive mode;
  for first in select (date_trunc('month', day) + make_interval(months => n))::date
               from generate_series(0, 1) n loop
    month := to_char(first, 'YYYY_MM');
    if to_regclass('inbox_body_' || month) is null
       and not exists (
         select 1 from inbox_body_default
         where received_at >= (first::text || ' 00:00+00')::timestamptz
           and received_at
             < (first + interval '1 month')::date::text::timestamptz + interval '1 day') then
      execute format(
        'create table inbox_body_%s partition of inbox_body for values from (%L) to (%L)', month,
        first::text || ' 00:00+00', (first + interval '1 month')::date::text || ' 00:00+00');
    end if;
  end loop;
end $$;
comment on function inbox_prepare_partitions is
  'Makes the partitions of inbox_body for the month of a day and the next.';

-- Bodies carry personal data: a month that is over long enough goes at once, by dropping its
-- partition. What still waits for a person or to be processed moves to the default partition
-- first.
create function inbox_drop_partitions(before date) returns integer
language plpgsql security definer
set search_path = public, pg_temp set lock_timeout = '2s' as $$
declare
  month text;
  dropped integer := 0;
begin
  if before > (now() - interval '28 days')::date then
    raise exception 'the bodies of the last four weeks are kept'
      using errcode = 'restrict_violation';
  end if;
  lock table inbox_body in share update exclusive mode;
  for month in select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
               where i.inhparent = 'inbox_body'::regclass
                 and c.relname ~ '^inbox_body_[0-9]{4}_[0-9]{2}$'
                 and to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month' <= before
               order by c.relname loop
    execute format('alter table inbox_body detach partition %I', month);
    execute format('insert into inbox_body (event_id, received_at, body, headers)
      select event_id, received_at, body, headers from %I b
      where exists (select 1 from inbox_queue w where w.event_id = b.event_id)
         or exists (select 1 from inbox_fetch w where w.event_id = b.event_id)
         or exists (select 1 from inbox_problem w where w.event_id = b.event_id)', month);
    execute format('drop table %I', month);
    dropped := dropped + 1;
  end loop;
  return dropped;
end $$;
comment on function inbox_drop_partitions is
  'Drops the bodies of the months that were over before a day, but for those of events that '
  'still wait; returns how many months went.';

grant execute on function inbox_prepare_partitions, inbox_drop_partitions to obole_app;
grant select, insert on inbox_event, inbox_body, inbox_outcome to obole_app;
grant select, insert, update, delete on inbox_queue, inbox_problem, inbox_fetch to obole_app;
grant select on inbox_state to obole_app;
