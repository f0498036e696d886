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
