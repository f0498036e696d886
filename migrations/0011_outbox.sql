-- Events out: what merchants and associations asked to be told, written with the fact itself and
-- delivered after.

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
comment on table subscription is
  'An address that a merchant or an association wants events sent to.';
comment on column subscription.subscription_id is 'Id, printed sub_….';
comment on column subscription.merchant_id is 'The merchant that subscribed.';
comment on column subscription.association_id is 'The association that subscribed.';
comment on column subscription.url is 'Where events go.';
comment on column subscription.sealed is 'The secret that signs them, sealed.';
comment on column subscription.created_at is 'When it was made.';
comment on column subscription.failing_since is
  'First failure since the last success; after five days nothing more is sent.';
comment on column subscription.disabled_at is 'When it was given up.';
create index subscription_merchant on subscription (merchant_id) where merchant_id is not null;
create index subscription_association on subscription (association_id)
  where association_id is not null;

create table outbox (
  message_id      uuid primary key,
  subscription_id uuid not null references subscription,
  kind            text not null check (kind in
                    ('donation.recorded', 'collection.settled', 'payout.settled',
                     'receipt.issued')),
  subject         uuid not null,
  payload         jsonb not null,
  occurred_at     timestamptz not null,
  attempts        integer not null default 0,
  next_at         timestamptz not null,
  delivered_at    timestamptz,
  last_response   text,
  unique (subscription_id, kind, subject)
);
comment on table outbox is
  'One message to one address; written in the database transaction of what it tells, sent '
  'after.';
comment on column outbox.message_id is 'Id, printed msg_…; the webhook-id of every attempt.';
comment on column outbox.subscription_id is 'Where it goes.';
comment on column outbox.kind is 'The event''s type.';
comment on column outbox.subject is
  'What it is about; with kind and subscription it makes the message once.';
comment on column outbox.payload is 'The event''s body.';
comment on column outbox.occurred_at is 'When it happened.';
comment on column outbox.attempts is 'How often it was tried.';
comment on column outbox.next_at is 'When it is tried next.';
comment on column outbox.delivered_at is 'When it arrived.';
comment on column outbox.last_response is
  'The status or the failure of the last attempt, in words.';
create index outbox_due on outbox (next_at) where delivered_at is null;

grant select, insert on subscription, outbox to obole_app;
grant update (failing_since, disabled_at) on subscription to obole_app;
grant update (attempts, next_at, delivered_at, last_response) on outbox to obole_app;
