-- The people and bodies around one donation.

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
comment on table association is
  'A beneficiary. The not-null columns are its gate: without identity, IBAN, mandate and '
  'signatory it cannot be written.';
comment on column association.association_id is 'Id, printed asso_….';
comment on column association.slug is 'Short name for addresses and accounts.';
comment on column association.name is 'Legal name, as receipts print it.';
comment on column association.kind is 'Legal kind, such as general-interest (CGI 200-1).';
comment on column association.object is 'What it does, as receipts print it (Cerfa 11580).';
comment on column association.siren is 'SIREN number, nine digits with a check digit.';
comment on column association.rna is 'RNA number, W and nine digits.';
comment on column association.email is 'Where its payout reports go.';
comment on column association.address is 'Postal address, as receipts print it.';
comment on column association.iban is 'Account that payouts go to.';
comment on column association.bic is 'BIC of that account''s bank.';
comment on column association.rate_percent is
  'Rate of the tax reduction (CGI 200); it belongs to the association, not to the cause.';
comment on column association.articles is 'Articles of the CGI that receipts name.';
comment on column association.financial_year_end is 'Last day of its financial year, MM-DD.';
comment on column association.signatory_name is 'Who signs its receipts.';
comment on column association.signatory_capacity is 'In what capacity they sign.';
comment on column association.receipt_mandate_signed_on is
  'Day the association mandated Obole to issue receipts in its name.';
comment on column association.receipt_mandate_reference is
  'Reference of that mandate, as receipts print it.';
comment on column association.state is
  'live, or suspended: then its donations are recorded and flagged, and nothing new is offered.';
comment on column association.created_at is 'When it was added.';

create table cause (
  cause_id       uuid primary key,
  slug           text not null unique,
  theme          text not null check (theme in
                   ('exclusion', 'environment', 'childhood', 'medical-research')),
  association_id uuid not null references association,
  title          text not null,
  state          text not null default 'live' check (state in ('live', 'suspended')),
  created_at     timestamptz not null
);
comment on table cause is
  'What a donor says yes to; it names exactly one association, as a receipt must.';
comment on column cause.cause_id is 'Id, printed cau_….';
comment on column cause.slug is 'Short name that events and addresses use.';
comment on column cause.theme is 'One of the four themes.';
comment on column cause.association_id is 'The association that gets its donations.';
comment on column cause.title is 'What it is called on pages.';
comment on column cause.state is 'live, or suspended: no longer offered.';
comment on column cause.created_at is 'When it was added.';

create table merchant (
  merchant_id      uuid primary key,
  slug             text not null unique,
  name             text not null,
  email            text not null,
  rule             text not null check (rule in ('fixed', 'round-up')),
  rule_cents       bigint not null check (rule_cents > 0),
  default_cause_id uuid references cause,
  rail             text not null check (rail in ('transfer', 'direct-debit', 'stripe')),
  state            text not null default 'live' check (state in ('live', 'suspended')),
  created_at       timestamptz not null
);
comment on table merchant is 'An e-shop.';
comment on column merchant.merchant_id is 'Id, printed mer_….';
comment on column merchant.slug is 'Short name for accounts and files.';
comment on column merchant.name is 'Name, as donors and associations read it.';
comment on column merchant.email is 'Where its statements go.';
comment on column merchant.rule is
  'How it sets the donation: a fixed amount, or rounding the order up.';
comment on column merchant.rule_cents is
  'The fixed amount, or the step that a round-up reaches (100: the next whole euro).';
comment on column merchant.default_cause_id is
  'Cause of an order that names none and whose donor chose none.';
comment on column merchant.rail is 'How its collections are paid.';
comment on column merchant.state is
  'live, or suspended: its donations are still recorded, and flagged.';
comment on column merchant.created_at is 'When it was added.';

create table api_key (
  key_hash    bytea primary key,
  merchant_id uuid not null references merchant,
  created_at  timestamptz not null,
  revoked_at  timestamptz
);
comment on table api_key is
  'Keys of the merchant API, known only by their hash; the key itself is shown once.';
comment on column api_key.key_hash is 'SHA-256 of the key.';
comment on column api_key.merchant_id is 'Whose key it is.';
comment on column api_key.created_at is 'When it was made.';
comment on column api_key.revoked_at is 'When it was revoked.';

create table donor (
  donor_id          uuid primary key,
  -- Looked up for each event: bytes to us, whatever language the database sorts in.
  email             text collate "C" unique,
  first_name        text,
  last_name         text,
  address           jsonb,
  locale            text not null default 'fr' check (locale in ('fr', 'en')),
  receipt_frequency text not null default 'monthly'
                      check (receipt_frequency in ('monthly', 'annual', 'none')),
  created_at        timestamptz not null
);
comment on table donor is 'A donor''s erasable profile. Donations name only donor_id.';
comment on column donor.donor_id is 'Id, printed dnr_….';
comment on column donor.email is 'E-mail address in lower case; null once erased.';
comment on column donor.first_name is 'First name, as receipts print it.';
comment on column donor.last_name is 'Last name, as receipts print it.';
comment on column donor.address is 'Postal address, as receipts print it.';
comment on column donor.locale is 'Language of pages and mails.';
comment on column donor.receipt_frequency is
  'How often receipts are wanted; changing it never counts a donation twice.';
comment on column donor.created_at is 'When the first event named them.';

create table donor_choice (
  donor_id uuid not null references donor,
  cause_id uuid not null references cause,
  weight   integer not null check (weight between 1 and 100),
  given    bigint not null default 0 check (given >= 0),
  primary key (donor_id, cause_id)
);
comment on table donor_choice is 'Causes chosen on the donor''s page, each with its share.';
comment on column donor_choice.donor_id is 'Who chose.';
comment on column donor_choice.cause_id is 'A cause chosen.';
comment on column donor_choice.weight is 'Its share among the donor''s causes.';
comment on column donor_choice.given is 'Donations allocated to it since the choice was made.';

create table operator (
  operator_id uuid primary key,
  email       text not null unique,
  created_at  timestamptz not null
);
comment on table operator is 'A person of the team; payouts need two.';
comment on column operator.operator_id is 'Id, printed op_….';
comment on column operator.email is 'E-mail address in lower case.';
comment on column operator.created_at is 'When they were added.';

create table sign_in_link (
  token_hash  bytea primary key,
  email       text not null,
  created_at  timestamptz not null,
  expires_at  timestamptz not null,
  consumed_at timestamptz
);
comment on table sign_in_link is 'Single-use links sent by mail, good for fifteen minutes.';
comment on column sign_in_link.token_hash is 'SHA-256 of the link''s token.';
comment on column sign_in_link.email is 'Who it was sent to.';
comment on column sign_in_link.created_at is 'When it was made; limits how many an address gets.';
comment on column sign_in_link.expires_at is 'When it ends.';
comment on column sign_in_link.consumed_at is 'When it was used: once.';

create table session (
  token_hash bytea primary key,
  email      text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null
);
comment on table session is 'Signed-in browsers.';
comment on column session.token_hash is 'SHA-256 of the cookie''s token.';
comment on column session.email is 'Who is signed in.';
comment on column session.created_at is 'When they signed in.';
comment on column session.expires_at is 'When the session ends.';

grant select, insert on association, cause, merchant, api_key, donor, donor_choice, operator,
  sign_in_link, session to obole_app;
grant update on donor, donor_choice to obole_app;
grant update (consumed_at) on sign_in_link to obole_app;
grant delete on donor_choice, session, sign_in_link to obole_app;
