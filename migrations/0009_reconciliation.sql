-- The bank's statements, line by line.

create table bank_line (
  line_id       uuid primary key,
  iban          text not null,
  side          text not null check (side in ('credit', 'debit')),
  amount_cents  bigint not null check (amount_cents > 0),
  booked_on     date not null,
  reference     text,
  outcome       text not null check (outcome in
                  ('collection_settled', 'payout_settled', 'payout_returned', 'unknown')),
  collection_id uuid references collection,
  payout_id     uuid references payout,
  statement     text not null,
  recorded_at   timestamptz not null,
  check ((outcome = 'collection_settled') = (collection_id is not null)),
  check ((outcome in ('payout_settled', 'payout_returned')) = (payout_id is not null))
);
comment on table bank_line is 'Lines of the bank''s statements, each once; append-only.';
comment on column bank_line.line_id is
  'Derived from the account, the statement and the bank''s own reference.';
comment on column bank_line.iban is 'The account of the statement.';
comment on column bank_line.side is 'Whether the money came (credit) or left (debit).';
comment on column bank_line.amount_cents is 'How much, in cents.';
comment on column bank_line.booked_on is 'The day the bank booked it.';
comment on column bank_line.reference is 'The first reference that the line carries.';
comment on column bank_line.outcome is 'What it turned out to be; unknown stands in suspense.';
comment on column bank_line.collection_id is 'The collection it settled.';
comment on column bank_line.payout_id is 'The payout it settled or returned.';
comment on column bank_line.statement is 'The statement that it stood on.';
comment on column bank_line.recorded_at is 'When it was imported.';
create trigger bank_line_is_append_only before update or delete or truncate on bank_line
  for each statement execute function refuse_change();

grant select, insert on bank_line to obole_app;
