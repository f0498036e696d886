-- What the bank says that the account holds, so that its own balance is held against the ledger's.

create table bank_statement (
  statement_id  uuid primary key,
  iban          text not null,
  statement     text not null,
  opening_cents bigint not null,
  closing_cents bigint not null,
  moved_cents   bigint not null,
  recorded_at   timestamptz not null
);
comment on table bank_statement is
  'Statements that say what the account held before and after them, each once; append-only.';
comment on column bank_statement.statement_id is
  'Derived from the account, the name, the balances and what moved between.';
comment on column bank_statement.iban is 'The account.';
comment on column bank_statement.statement is 'The statement''s own name, as its lines have it.';
comment on column bank_statement.opening_cents is 'What the account held before, in cents.';
comment on column bank_statement.closing_cents is 'What it held after, in cents.';
comment on column bank_statement.moved_cents is 'What its booked lines come to, in cents.';
comment on column bank_statement.recorded_at is 'When it was imported.';
create trigger bank_statement_is_append_only before update or delete or truncate on bank_statement
  for each statement execute function refuse_change();

grant select, insert on bank_statement to obole_app;
