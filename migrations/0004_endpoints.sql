-- Where webhooks arrive, and the secrets that sign them.

create table endpoint (
  endpoint_id      uuid primary key,
  merchant_id      uuid references merchant,
  provider         text check (provider in ('stripe')),
  dialect          text not null,
  settings         jsonb not null default '{}' check (jsonb_typeof(settings) = 'object'),
  test             boolean not null default false,
  api_token_sealed bytea,
  created_at       timestamptz not null,
  check (num_nonnulls(merchant_id, provider) = 1)
);
comment on table endpoint is
  'Where webhooks arrive; its id picks merchant or provider, dialect and secrets, never the '
  'payload.';
comment on column endpoint.endpoint_id is 'Id, printed ep_…; it is part of the address.';
comment on column endpoint.merchant_id is
  'The merchant whose orders arrive here; null for a provider''s events.';
comment on column endpoint.provider is
  'The payment provider whose events arrive here; null for a merchant''s.';
comment on column endpoint.dialect is
  'How its webhooks are signed and phrased: standard, svix, stripe, shopify, woocommerce, '
  'bigcommerce or generic.';
comment on column endpoint.settings is
  'Where the platform puts the donation and, for the generic dialect, the signature; absent '
  'fields have their defaults.';
comment on column endpoint.test is
  'Events of a test endpoint are kept and shown, and never reach the ledger.';
comment on column endpoint.api_token_sealed is
  'Token for the platform''s own API, sealed, where events are only numbers to fetch.';
comment on column endpoint.created_at is 'When it was made.';
create index endpoint_merchant on endpoint (merchant_id) where merchant_id is not null;

create table endpoint_secret (
  secret_id   uuid primary key,
  endpoint_id uuid not null references endpoint,
  sealed      bytea not null,
  created_at  timestamptz not null,
  valid_until timestamptz
);
comment on table endpoint_secret is 'Signing secrets; several may be active during a rotation.';
comment on column endpoint_secret.secret_id is 'Id; part of what the secret is sealed for.';
comment on column endpoint_secret.endpoint_id is 'The endpoint whose webhooks it signs.';
comment on column endpoint_secret.sealed is 'The secret''s bytes, sealed with XChaCha20-Poly1305.';
comment on column endpoint_secret.created_at is 'When it was made or given.';
comment on column endpoint_secret.valid_until is
  'Until when it is taken; null for the current one.';
create index endpoint_secret_endpoint on endpoint_secret (endpoint_id);

grant select, insert on endpoint, endpoint_secret to obole_app;
grant update (settings) on endpoint to obole_app;
grant update (valid_until) on endpoint_secret to obole_app;
