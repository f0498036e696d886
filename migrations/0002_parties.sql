-- The people and bodies around one euro.

create table association (
  association_id     uuid primary key,
  slug               text not null unique,
  name               text not null,
  kind               text not null,
  object             text not null,
  siren              text check (siren ~ '^[0-9]{9}$'),
  rna                text check (rna ~ '^W[0-9]{9}$'),
  email              text not null,
  address            jsonb not null,
  iban               text not null,
  bic                text not null,
  rate_percent       smallint not null check (rate_percent in (66, 75)),
  articles           text[] not null check (cardinality(articles) > 0),
  financial_year_end text not null check (financial_year_end ~ '^[0-9]{2}-[0-9]{2}$'),
  signatory_name     text not null,
  signatory_capacity text not null,
  receipt_mandate_signed_on date not null,
  receipt_mandate_reference text not null,
  state              text not null default 'live' check (state in ('live', 'suspended')),
  created_at         timestamptz not null,
  check (siren is not null or rna is not null)
);
comment on table association is 'A beneficiary. The not-null columns are its gate: without identity, IBAN, mandate and signatory it cannot be written.';
comment on column association.rate_percent is 'Rate of the tax reduction (CGI 200); it belongs to the association, not to the cause.';
comment on column association.receipt_mandate_signed_on is 'Day the association mandated Obole to issue receipts in its name.';

create table cause (
  cause_id       uuid primary key,
  slug           text not null unique,
  theme          text not null check (theme in ('exclusion', 'environment', 'childhood', 'medical-research')),
  association_id uuid not null references association,
  title          text not null,
  state          text not null default 'live' check (state in ('live', 'suspended')),
  created_at     timestamptz not null
);
comment on table cause is 'What a donor says yes to; it names exactly one association, as a receipt must.';

create table merchant (
  merchant_id      uuid primary key,
  slug             text not null unique,
  name             text not null,
  email            text not null,
  rule             text not null check (rule in ('fixed', 'round-up')),
  rule_cents       bigint not null check (rule_cents > 0),
  default_cause_id uuid references cause,
  collect_method   text not null check (collect_method in ('transfer', 'direct-debit', 'stripe')),
  state            text not null default 'live' check (state in ('live', 'suspended')),
  created_at       timestamptz not null
);
comment on table merchant is 'An e-shop.';
comment on column merchant.rule_cents is 'The fixed amount, or the step that a round-up reaches (100: the next whole euro).';

create table endpoint (
  endpoint_id uuid primary key,
  merchant_id uuid not null references merchant,
  dialect     text not null,
  test        boolean not null default false,
  created_at  timestamptz not null
);
comment on table endpoint is 'Where a merchant''s webhooks arrive; its id picks merchant, dialect and secrets.';
comment on column endpoint.test is 'Events of a test endpoint are kept and shown, and never reach the ledger.';

create table endpoint_secret (
  secret_id    uuid primary key,
  endpoint_id  uuid not null references endpoint,
  sealed       bytea not null,
  created_at   timestamptz not null,
  valid_until  timestamptz
);
comment on table endpoint_secret is 'Signing secrets, sealed with XChaCha20-Poly1305; several may be active during a rotation.';
create index endpoint_secret_endpoint on endpoint_secret (endpoint_id);

create table api_key (
  key_hash    bytea primary key,
  merchant_id uuid not null references merchant,
  created_at  timestamptz not null,
  revoked_at  timestamptz
);
comment on table api_key is 'API keys by their SHA-256; the key itself is shown once.';

create table donor (
  donor_id   uuid primary key,
  email      text unique,
  first_name text,
  last_name  text,
  address    jsonb,
  locale     text not null default 'fr' check (locale in ('fr', 'en')),
  receipts   text not null default 'monthly' check (receipts in ('monthly', 'annual', 'none')),
  created_at timestamptz not null
);
comment on table donor is 'A donor''s erasable profile. Donations name only donor_id.';
comment on column donor.receipts is 'How often receipts are wanted; changing it never counts a gift twice.';

create table donor_choice (
  donor_id uuid not null references donor,
  cause_id uuid not null references cause,
  weight   integer not null check (weight between 1 and 100),
  given    bigint not null default 0 check (given >= 0),
  primary key (donor_id, cause_id)
);
comment on table donor_choice is 'Causes chosen on the dashboard. given counts the gifts allocated since the choice was made.';

create table operator (
  operator_id uuid primary key,
  email       text not null unique,
  created_at  timestamptz not null
);
comment on table operator is 'A person of the team; payouts need two.';

create table sign_in_link (
  token_hash  bytea primary key,
  email       text not null,
  created_at  timestamptz not null,
  expires_at  timestamptz not null,
  consumed_at timestamptz
);
comment on table sign_in_link is 'Single-use links sent by mail, fifteen minutes, hashed.';

create table session (
  token_hash bytea primary key,
  email      text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null
);
comment on table session is 'Signed-in browsers, by the hash of their cookie.';

grant select, insert, update on association, cause, merchant, endpoint, endpoint_secret, api_key, donor, donor_choice, operator, sign_in_link, session to obole_app;
grant delete on donor_choice, session, sign_in_link to obole_app;
