-- What shops say they took, day by day, to find webhooks that never came.

create table manifest (
  merchant_id uuid not null references merchant,
  day         date not null,
  count       integer not null check (count >= 0),
  sum_cents   bigint not null check (sum_cents >= 0),
  orders      jsonb,
  received_at timestamptz not null,
  primary key (merchant_id, day)
);
comment on table manifest is 'A shop''s own count of a Paris day; the last one told counts. Differences are looked up when asked, so a late webhook mends them.';
comment on column manifest.orders is 'The day''s orders with a gift, each with its amount in cents, if the shop tells them: then the missing ones have names.';
grant select, insert, update on manifest to obole_app;
create index donation_by_order on donation (merchant_id, order_id);
