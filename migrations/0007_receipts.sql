-- Tax receipts: only for money paid out, numbered without gaps, one euro in one receipt ever.

create table receipt_counter (
  association_id uuid not null references association,
  year           integer not null,
  last           integer not null check (last >= 0),
  primary key (association_id, year)
);
comment on table receipt_counter is 'The last number given, per association and year; moved in the transaction that writes the receipts, hence without gaps.';

create table receipt (
  receipt_id     uuid primary key,
  association_id uuid not null references association,
  year           integer not null,
  sequence       integer not null check (sequence > 0),
  number         text not null unique,
  donor_id       uuid not null references donor,
  tax_year       integer not null,
  count          integer not null check (count > 0),
  amount_cents   bigint not null check (amount_cents > 0),
  issued_on      date not null,
  issued_at      timestamptz not null,
  sealed         bytea not null,
  unique (association_id, year, sequence)
);
comment on table receipt is 'A reçu fiscal, issued in the association''s name (CGI 200, Cerfa 11580).';
comment on column receipt.tax_year is 'Year of the gifts: a receipt never mixes two.';
comment on column receipt.sealed is 'What is printed on it, name and address included, sealed; destroyed six years after issue (LPF L102 E).';
create index receipt_by_donor on receipt (donor_id, issued_at);
create trigger receipt_is_append_only before update or delete on receipt for each statement execute function refuse_change();

create table receipt_donation (
  donation_id uuid not null references donation,
  receipt_id  uuid not null references receipt,
  live        boolean not null default true
);
comment on table receipt_donation is 'Gifts of a receipt. live ends when the receipt is cancelled, so that its successor can carry them.';
create unique index one_live_receipt_a_donation on receipt_donation (donation_id) where live;
create index receipt_donation_receipt on receipt_donation (receipt_id);

create table mailing (
  mail_id    uuid primary key,
  kind       text not null check (kind in ('receipts')),
  donor_id   uuid not null references donor,
  created_at timestamptz not null,
  sent_at    timestamptz
);
comment on table mailing is 'A message to send, written before it is sent; its Message-ID comes from mail_id.';
create index mailing_unsent on mailing (created_at) where sent_at is null;

create table mailing_receipt (
  receipt_id uuid primary key references receipt,
  mail_id    uuid not null references mailing
);
comment on table mailing_receipt is 'Receipts go out in one message each, ever.';
create index mailing_receipt_mail on mailing_receipt (mail_id);

grant select, insert on receipt, receipt_donation, mailing_receipt to obole_app;
grant update (live) on receipt_donation to obole_app;
grant select, insert, update on receipt_counter to obole_app;
grant select, insert on mailing to obole_app;
grant update (sent_at) on mailing to obole_app;
