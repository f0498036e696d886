-- Tax receipts: only for money paid out, numbered without gaps, one donation in one receipt ever.

create table receipt_counter (
  association_id uuid not null references association,
  year           integer not null,
  last           integer not null check (last >= 0),
  primary key (association_id, year)
);
comment on table receipt_counter is
  'The last number given, per association and year; moved in the database transaction that '
  'writes the receipts, hence without gaps.';
comment on column receipt_counter.association_id is 'Whose series it is.';
comment on column receipt_counter.year is 'The year of issue.';
comment on column receipt_counter.last is 'The last number given.';

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
  unique (association_id, year, sequence)
);
comment on table receipt is
  'A reçu fiscal, issued in the association''s name (CGI 200, Cerfa 11580); append-only.';
comment on column receipt.receipt_id is 'Id, printed rec_….';
comment on column receipt.association_id is 'In whose name it is issued.';
comment on column receipt.year is 'The year of issue, part of its number.';
comment on column receipt.sequence is 'Its place in the association''s series of the year.';
comment on column receipt.number is 'Its number, as printed.';
comment on column receipt.donor_id is 'Whom it is for.';
comment on column receipt.tax_year is 'Year of the donations: a receipt never mixes two.';
comment on column receipt.count is 'How many donations it is for.';
comment on column receipt.amount_cents is 'Their sum in cents.';
comment on column receipt.issued_on is 'The day of issue, as printed.';
comment on column receipt.issued_at is 'When it was written here.';
create index receipt_by_donor on receipt (donor_id, issued_at);
create trigger receipt_is_append_only before update or delete or truncate on receipt
  for each statement execute function refuse_change();

create table receipt_content (
  receipt_id uuid primary key references receipt,
  sealed     bytea not null
);
comment on table receipt_content is
  'What is printed on a receipt, name and address included, apart from the receipt so that it '
  'can be destroyed while the register stays.';
comment on column receipt_content.receipt_id is 'The receipt.';
comment on column receipt_content.sealed is 'Its content, sealed with XChaCha20-Poly1305.';
create trigger receipt_content_never_changes before update or truncate on receipt_content
  for each statement execute function refuse_change();

-- The application may delete no content; it may ask for the end of what is over.
create function destroy_receipt_content(before date) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  destroyed bigint;
begin
  if before > ((now() at time zone 'Europe/Paris') - interval '6 years')::date then
    raise exception 'the contents of receipts are kept for six years'
      using errcode = 'restrict_violation';
  end if;
  delete from receipt_content c using receipt r
    where r.receipt_id = c.receipt_id and r.issued_on < before;
  get diagnostics destroyed = row_count;
  return destroyed;
end $$;
comment on function destroy_receipt_content is
  'Destroys the content of receipts issued before a day; returns of how many. Kept six years '
  '(LPF L102 E).';
grant execute on function destroy_receipt_content to obole_app;

create table receipt_donation (
  donation_id uuid not null,
  receipt_id  uuid not null,
  live        boolean not null default true
);
comment on table receipt_donation is 'Donations of a receipt.';
comment on column receipt_donation.donation_id is 'A donation that it is for.';
comment on column receipt_donation.receipt_id is 'The receipt.';
comment on column receipt_donation.live is
  'Ends when the receipt is cancelled, so that its successor can carry the donation.';
create trigger receipt_donation_stays before delete or truncate on receipt_donation
  for each statement execute function refuse_change();
create trigger receipt_donation_only_ends before update on receipt_donation
  for each row when (new.live or (old.donation_id, old.receipt_id)
    is distinct from (new.donation_id, new.receipt_id)) execute function refuse_change();
create unique index one_live_receipt_a_donation on receipt_donation (donation_id) where live;
create index receipt_donation_receipt on receipt_donation (receipt_id);

create table mailing (
  mail_id    uuid primary key,
  kind       text not null check (kind in ('receipts')),
  donor_id   uuid not null references donor,
  created_at timestamptz not null,
  sent_at    timestamptz
);
comment on table mailing is 'A message to send, written before it is sent.';
comment on column mailing.mail_id is 'Id; its Message-ID is made from it.';
comment on column mailing.kind is 'What it brings.';
comment on column mailing.donor_id is 'Whom it goes to.';
comment on column mailing.created_at is 'When it was written down.';
comment on column mailing.sent_at is 'When it left.';
create index mailing_unsent on mailing (created_at) where sent_at is null;

create table mailing_receipt (
  receipt_id uuid primary key references receipt,
  mail_id    uuid not null references mailing
);
comment on table mailing_receipt is 'Receipts go out in one message each, ever.';
comment on column mailing_receipt.receipt_id is 'The receipt.';
comment on column mailing_receipt.mail_id is 'The message that brings it.';
create index mailing_receipt_mail on mailing_receipt (mail_id);

grant select, insert on receipt, receipt_content, receipt_donation, mailing, mailing_receipt
  to obole_app;
grant select, insert, update (last) on receipt_counter to obole_app;
grant update (sent_at) on mailing to obole_app;
