-- One donation given at one order, and what becomes of it at its merchant's.

create function donation_hash(merchant uuid, order_id text, ordinal smallint) returns bytea
language sql immutable parallel safe return
  -- The first donation of an order is named by the order alone.
  sha256(uuid_send(merchant) || convert_to(order_id, 'UTF8')
    || case when ordinal > 0 then '\x00'::bytea || int2send(ordinal) else ''::bytea end);
comment on function donation_hash is 'SHA-256 of what names a donation.';

create function donation_id_of(merchant uuid, order_id text, ordinal smallint default 0)
returns uuid language sql immutable parallel safe return encode(
  -- The random end of the merchant's id.
  substr(uuid_send(merchant), 15, 2)
  -- The digits that end the order's own number, as 32 bits; a part of the hash where there are
  -- none.
  || case when order_id ~ '[0-9]$'
       then substr(
         int8send((substring(order_id from '[0-9]+$')::numeric % 4294967296)::bigint), 5, 4)
       else substr(donation_hash(merchant, order_id, ordinal), 3, 4) end
  -- The hash of all, with the version and the variant of RFC 9562 (8: our own).
  || set_byte(set_byte(substr(donation_hash(merchant, order_id, ordinal), 7, 10),
       0, (get_byte(donation_hash(merchant, order_id, ordinal), 6) & 15) | 128),
       2, (get_byte(donation_hash(merchant, order_id, ordinal), 8) & 63) | 128), 'hex')::uuid;
comment on function donation_id_of is
  'The id of a donation of an order. The application derives the same; a check compares. It '
  'begins with the merchant and the order''s number, so that donations that come together lie '
  'together in every index.';

create table donation (
  donation_id          uuid primary key,
  merchant_id          uuid not null,
  order_id             text not null,
  ordinal              smallint not null default 0 check (ordinal >= 0),
  event_id             uuid not null,
  content_hash         bytea not null,
  amount_cents         bigint not null check (amount_cents > 0),
  order_total_cents    bigint not null check (order_total_cents >= 0),
  cause_id             uuid not null,
  association_id       uuid not null,
  donor_id             uuid,
  funded_by            text not null check (funded_by in ('donor', 'merchant')),
  consent_shown_at     timestamptz,
  consent_text_version text,
  consent_preticked    boolean,
  flags                text[] not null default '{}',
  occurred_at          timestamptz not null,
  recorded_at          timestamptz not null
);
comment on table donation is 'A donation as the merchant charged it; append-only.';
comment on column donation.donation_id is
  'Derived from merchant, order and ordinal (donation_id_of), hence unique for them; printed '
  'don_….';
comment on column donation.merchant_id is 'Who charged it.';
comment on column donation.order_id is 'The merchant''s own name for the order.';
comment on column donation.ordinal is 'Number of the donation among those of its order, from 0.';
comment on column donation.event_id is 'The event that told of it.';
comment on column donation.content_hash is
  'SHA-256 of what the event said of the order, to tell a repetition from a conflict.';
comment on column donation.amount_cents is 'What was charged for it, in cents.';
comment on column donation.order_total_cents is 'The order without the donation, in cents.';
comment on column donation.cause_id is 'The cause it goes to.';
comment on column donation.association_id is 'That cause''s association at the time.';
comment on column donation.donor_id is
  'Who gave it; null for an anonymous one, which may be claimed.';
comment on column donation.funded_by is
  'Who paid it: one that the merchant paid earns the donor no receipt.';
comment on column donation.consent_shown_at is 'When the donor was shown the choice.';
comment on column donation.consent_text_version is 'Which wording they were shown.';
comment on column donation.consent_preticked is
  'Whether the box was ticked beforehand (C. conso. L121-17); null when the event does not say.';
comment on column donation.flags is
  'What a person should look at: consent-missing, consent-preticked, amount-off-rule, '
  'merchant-suspended, association-suspended.';
comment on column donation.occurred_at is
  'When the order was placed, at the latest when its event was received.';
comment on column donation.recorded_at is 'When it was written here.';
create index donation_by_merchant on donation (merchant_id, occurred_at);
-- Found by donor alone: without the time in its key the index is half as large, because keys
-- repeat.
create index donation_by_donor on donation (donor_id) where donor_id is not null;
create trigger donation_is_append_only before update or delete or truncate on donation
  for each statement execute function refuse_change();

create table donation_refund (
  donation_id      uuid not null references donation,
  refund_id        text not null,
  fact_id          uuid not null unique,
  amount_cents     bigint not null check (amount_cents > 0),
  event_id         uuid not null,
  after_collection boolean not null,
  occurred_at      timestamptz not null,
  recorded_at      timestamptz not null,
  primary key (donation_id, refund_id)
);
comment on table donation_refund is
  'What the merchant gave back to its customer of a donation; append-only.';
comment on column donation_refund.donation_id is 'The donation given back, whole or in part.';
comment on column donation_refund.refund_id is 'The merchant''s own name for the refund.';
comment on column donation_refund.fact_id is
  'Names the refund in the ledger; derived from donation and refund.';
comment on column donation_refund.amount_cents is 'How much was given back, in cents.';
comment on column donation_refund.event_id is 'The event that told of it.';
comment on column donation_refund.after_collection is
  'The donation was already asked of the merchant: the refund is taken off its next collection.';
comment on column donation_refund.occurred_at is 'When it was given back.';
comment on column donation_refund.recorded_at is 'When it was written here.';
create index donation_refund_event on donation_refund (event_id);
create trigger donation_refund_is_append_only before update or delete or truncate on donation_refund
  for each statement execute function refuse_change();

-- The donation's row is locked, so that two refunds of one donation are added up one after the
-- other.
create function refund_within_donation() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  given bigint;
  refunded bigint;
begin
  select amount_cents into given from donation where donation_id = new.donation_id
    for no key update;
  select sum(amount_cents) into refunded from donation_refund where donation_id = new.donation_id;
  if refunded > given then
    raise exception 'a donation of % cents was refunded % cents', given, refunded
      using errcode = 'check_violation', constraint = 'donation_refund_within_donation',
        table = 'donation_refund';
  end if;
  return null;
end $$;
comment on function refund_within_donation is
  'Refunds of a donation are in sum never more than the donation.';
create trigger donation_refund_within_donation after insert on donation_refund
  for each row execute function refund_within_donation();

create table donation_claim (
  donation_id uuid primary key references donation,
  donor_id    uuid not null references donor,
  claimed_at  timestamptz not null
);
comment on table donation_claim is
  'An anonymous donation claimed by its giver through the one-time link of the order; '
  'append-only.';
comment on column donation_claim.donation_id is 'The donation.';
comment on column donation_claim.donor_id is 'Its donor from then on.';
comment on column donation_claim.claimed_at is 'When it was claimed.';
create index donation_claim_donor on donation_claim (donor_id);
create trigger donation_claim_is_append_only before update or delete or truncate on donation_claim
  for each statement execute function refuse_change();

create table manifest (
  merchant_id uuid not null references merchant,
  day         date not null,
  count       integer not null check (count >= 0),
  sum_cents   bigint not null check (sum_cents >= 0),
  orders      jsonb,
  received_at timestamptz not null,
  primary key (merchant_id, day)
);
comment on table manifest is
  'A merchant''s own count of a Paris day; the last one sent counts. Differences are computed '
  'when asked for, so a late webhook mends them.';
comment on column manifest.merchant_id is 'Whose count it is.';
comment on column manifest.day is 'The Paris day counted.';
comment on column manifest.count is 'How many donations were charged that day.';
comment on column manifest.sum_cents is 'Their sum in cents.';
comment on column manifest.orders is
  'The day''s orders with a donation, each with its amount in cents, if the merchant names '
  'them.';
comment on column manifest.received_at is 'When it was sent.';

grant execute on function donation_hash, donation_id_of to obole_app;
grant select, insert on donation, donation_refund, donation_claim to obole_app;
grant select, insert, update on manifest to obole_app;
