-- How each endpoint's platform phrases the gift.

alter table endpoint add column settings jsonb not null default '{}' check (jsonb_typeof(settings) = 'object');
comment on column endpoint.settings is 'Where the platform puts the gift and, for the generic dialect, the signature; absent fields have their defaults.';
comment on column endpoint.dialect is 'How its webhooks are signed and phrased: standard, svix, stripe, shopify, woocommerce, bigcommerce or generic.';

alter table endpoint add column api_token_sealed bytea;
comment on column endpoint.api_token_sealed is 'Token for the platform''s own API, sealed, where events are only numbers to fetch.';

-- Events that are only an order's number wait here until the order has been fetched from its platform.
create table inbox_fetch (
  event_id    uuid primary key,
  endpoint_id uuid not null references endpoint,
  received_at timestamptz not null,
  attempts    integer not null default 0,
  next_at     timestamptz not null
);
comment on table inbox_fetch is 'Thin events whose orders are to be fetched; what is fetched enters the inbox as an event of its own.';
create index inbox_fetch_next on inbox_fetch (next_at);
grant select, insert, update, delete on inbox_fetch to obole_app;
