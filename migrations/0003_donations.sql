-- One euro given at one order.

create table donation (
  donation_id       uuid primary key,
  merchant_id       uuid not null references merchant,
  order_id          text not null,
  event_id          uuid not null,
  content_hash      bytea not null,
  amount_cents      bigint not null check (amount_cents > 0),
  order_total_cents bigint not null check (order_total_cents >= 0),
  cause_id          uuid not null references cause,
  association_id    uuid not null references association,
  donor_id          uuid references donor,
  funded_by         text not null check (funded_by in ('donor', 'merchant')),
  consent_shown_at  timestamptz,
  consent_text_version text,
  consent_preticked boolean,
  flags             text[] not null default '{}',
  occurred_at       timestamptz not null,
  recorded_at       timestamptz not null
);
comment on table donation is 'A donation as the shop charged it; append-only. donation_id is derived from merchant and order, hence unique for them.';
comment on column donation.content_hash is 'SHA-256 of what the event said of the order, to tell a repetition from a conflict.';
comment on column donation.flags is 'What a person should look at: consent-missing, consent-preticked, amount-off-rule, merchant-suspended, association-suspended.';
create index donation_by_merchant on donation (merchant_id, occurred_at);
create index donation_by_donor on donation (donor_id, occurred_at) where donor_id is not null;
create trigger donation_is_append_only before update or delete on donation for each statement execute function refuse_change();

create table donation_refund (
  donation_id uuid primary key references donation,
  refund_id   text not null,
  event_id    uuid not null,
  after_collection boolean not null,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null
);
comment on column donation_refund.after_collection is 'The euro was already asked of the shop: it is taken off the shop''s next collection.';
comment on table donation_refund is 'The shop gave the euro back to its customer: at most once for a donation.';
create trigger donation_refund_is_append_only before update or delete on donation_refund for each statement execute function refuse_change();

create table donation_claim (
  donation_id uuid primary key references donation,
  donor_id    uuid not null references donor,
  claimed_at  timestamptz not null
);
comment on table donation_claim is 'An anonymous gift claimed by its giver through the one-time link of the order; its donor from then on.';
create index donation_claim_donor on donation_claim (donor_id);
create trigger donation_claim_is_append_only before update or delete on donation_claim for each statement execute function refuse_change();

create table settlement_gate (
  gate text primary key
);
comment on table settlement_gate is 'Refunds hold its row for share, the runs that prepare collections and payouts for update: neither misses the other.';
insert into settlement_gate values ('settlement');

grant select, insert on donation, donation_refund, donation_claim to obole_app;
grant select, update on settlement_gate to obole_app;
