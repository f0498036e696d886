-- The month, first half: each shop's euros are asked for once, and the bank tells what came.

create table collection (
  collection_id uuid primary key,
  merchant_id   uuid not null references merchant,
  period        date not null check (extract(day from period) = 1),
  method        text not null check (method in ('transfer', 'direct-debit', 'stripe')),
  count         integer not null check (count > 0),
  amount_cents  bigint not null check (amount_cents > 0),
  reference     text not null unique,
  prepared_on   date not null,
  prepared_at   timestamptz not null
);
comment on table collection is 'One statement and one pull for a shop and a month; append-only, its changes are rows of collection_state.';
comment on column collection.amount_cents is 'Donations of the collection less the refunds it credits.';
comment on column collection.reference is 'What the bank statement will carry: an RF creditor reference (ISO 11649) for transfers.';
create index collection_by_merchant on collection (merchant_id, period);
create trigger collection_is_append_only before update or delete on collection for each statement execute function refuse_change();

create table collection_donation (
  donation_id   uuid not null references donation,
  collection_id uuid not null references collection,
  live          boolean not null default true
);
comment on table collection_donation is 'Donations of a collection. live ends when the collection is rejected or returned, which frees the donation.';
create unique index one_live_collection_a_donation on collection_donation (donation_id) where live;
create index collection_donation_collection on collection_donation (collection_id);

create table collection_credit (
  donation_id   uuid not null references donation_refund,
  collection_id uuid not null references collection,
  live          boolean not null default true
);
comment on table collection_credit is 'Euros refunded after their collection, taken off a later one.';
create unique index one_live_credit_a_refund on collection_credit (donation_id) where live;
create index collection_credit_collection on collection_credit (collection_id);

create table collection_state (
  collection_id uuid not null references collection,
  state         text not null check (state in ('submitted', 'settled', 'rejected', 'returned')),
  occurred_on   date not null,
  recorded_at   timestamptz not null,
  primary key (collection_id, state)
);
comment on table collection_state is 'What became of a collection, one row a change.';
create trigger collection_state_is_append_only before update or delete on collection_state for each statement execute function refuse_change();

create table bank_entry (
  entry_id      uuid primary key,
  iban          text not null,
  side          text not null check (side in ('credit', 'debit')),
  amount_cents  bigint not null check (amount_cents > 0),
  booked_on     date not null,
  reference     text,
  outcome       text not null check (outcome in ('collection_settled', 'payout_settled', 'payout_returned', 'unknown')),
  collection_id uuid references collection,
  statement     text not null,
  recorded_at   timestamptz not null
);
comment on table bank_entry is 'Lines of the bank''s statements, each once: entry_id is derived from the account, the statement and the bank''s own reference.';
create trigger bank_entry_is_append_only before update or delete on bank_entry for each statement execute function refuse_change();

grant select, insert on collection, collection_donation, collection_credit, collection_state, bank_entry to obole_app;
grant update (live) on collection_donation, collection_credit to obole_app;
