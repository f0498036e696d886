-- Webhooks in. The narrow row that makes an event unique is kept for ever; the body goes with its month.

create table inbox_event (
  endpoint_id  uuid not null references endpoint,
  delivery_key text not null,
  event_id     uuid not null,
  body_hash    bytea not null,
  received_at  timestamptz not null,
  primary key (endpoint_id, delivery_key)
);
comment on table inbox_event is 'One row per delivery key and endpoint: the first layer of idempotency.';
create index inbox_event_id on inbox_event (event_id);

create table inbox_body (
  event_id    uuid not null,
  received_at timestamptz not null,
  body        bytea not null,
  headers     jsonb not null,
  primary key (event_id, received_at)
) partition by range (received_at);
comment on table inbox_body is 'Bodies exactly as received, partitioned by month of receipt.';
create table inbox_body_default partition of inbox_body default;

create table inbox_queue (
  event_id    uuid primary key,
  endpoint_id uuid not null,
  received_at timestamptz not null,
  attempts    integer not null default 0
);
comment on table inbox_queue is 'Events waiting to be posted; a row leaves in the transaction that posts it.';

create table inbox_problem (
  event_id     uuid primary key,
  endpoint_id  uuid not null,
  delivery_key text not null,
  state        text not null check (state in ('dead', 'conflict', 'parked')),
  reason       text not null,
  order_key    text,
  attempts     integer not null default 1,
  received_at  timestamptz not null
);
comment on table inbox_problem is 'Events that could not be posted, with a reason in plain words.';
comment on column inbox_problem.order_key is 'For parked refunds: the donation they wait for.';
create index inbox_problem_parked on inbox_problem (order_key) where state = 'parked';

grant select, insert on inbox_event, inbox_body to obole_app;
grant select, insert, update, delete on inbox_queue, inbox_problem to obole_app;

-- The application may not create tables; it may ask for the partitions of a month and the next.
create function inbox_prepare_partitions(day date) returns void language plpgsql security definer set search_path = public as $$
declare
  first date;
begin
  for first in select (date_trunc('month', day) + make_interval(months => n))::date from generate_series(0, 1) n loop
    if to_regclass('inbox_body_' || to_char(first, 'YYYY_MM')) is null
       and not exists (select from inbox_body_default where received_at >= (first::text || ' 00:00+00')::timestamptz
                         and received_at < (first + interval '1 month')::date::text::timestamptz + interval '1 day') then
      execute format('create table inbox_body_%s partition of inbox_body for values from (%L) to (%L)', to_char(first, 'YYYY_MM'),
        first::text || ' 00:00+00', (first + interval '1 month')::date::text || ' 00:00+00');
    end if;
  end loop;
end $$;
