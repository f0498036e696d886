-- Events out: what merchants and associations asked to be told, written with the fact itself and delivered after.

create table subscription (
  subscription_id uuid primary key,
  merchant_id     uuid references merchant,
  association_id  uuid references association,
  url             text not null,
  sealed          bytea not null,
  created_at      timestamptz not null,
  failing_since   timestamptz,
  disabled_at     timestamptz,
  check (num_nonnulls(merchant_id, association_id) = 1)
);
comment on table subscription is 'An address that a merchant or an association wants told; its secret is sealed.';
comment on column subscription.failing_since is 'First failure since the last success; after five days nothing more is sent.';
create index subscription_merchant on subscription (merchant_id) where merchant_id is not null;
create index subscription_association on subscription (association_id) where association_id is not null;

create table outbox (
  message_id      uuid primary key,
  subscription_id uuid not null references subscription,
  kind            text not null check (kind in ('donation.recorded', 'collection.settled', 'payout.settled', 'receipt.issued')),
  subject         uuid not null,
  payload         jsonb not null,
  occurred_at     timestamptz not null,
  attempts        integer not null default 0,
  next_at         timestamptz not null,
  delivered_at    timestamptz,
  last_answer     text,
  unique (subscription_id, kind, subject)
);
comment on table outbox is 'One message to one address; written in the database transaction of what it tells, sent after.';
comment on column outbox.last_answer is 'The status or the failure of the last attempt, in words.';
create index outbox_due on outbox (next_at) where delivered_at is null;

grant select, insert, update on subscription, outbox to obole_app;
