-- Everything Obole says about money is derived from `transfer`, so it only grows: a mistake is corrected
-- by a reversing row, never by an update (invariants 1 to 4 of the README).

-- The application connects as the schema's owner and at once becomes this role, which may do only what is granted here.
do $$
begin
  if not exists (select from pg_roles where rolname = 'obole_app') then
    create role obole_app nologin;
  end if;
exception when duplicate_object or unique_violation then null; -- another database of the cluster made it meanwhile
end $$;
do $$ begin execute format('grant obole_app to %I', current_user); end $$;
grant usage on schema public to obole_app;

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: a fact is corrected by another fact', tg_table_name using errcode = 'restrict_violation';
end $$;

create table account (
  account_id  uuid primary key,
  kind        text not null check (kind in ('merchant_receivable', 'association_pending', 'association_payable',
                'collection_in_transit', 'safeguarded_cash', 'payout_in_transit', 'suspense', 'operating_cash', 'provider_fees')),
  owner       text not null,
  code        text not null check (code ~ '^[0-9]{6}$'),
  normal_side text not null check (normal_side in ('debit', 'credit', 'clearing')),
  unique (kind, owner)
);
comment on table account is 'An account of the double-entry ledger.';
comment on column account.account_id is 'Derived from kind and owner, so that a posting needs no look-up.';
comment on column account.owner is 'Slug of the merchant or association, name of the rail or bank account, or empty.';
comment on column account.code is 'Account of the French chart of accounts (PCG), a setting with a default.';
comment on column account.normal_side is 'Where its balance normally stands; clearing accounts return to zero.';

create table transfer (
  fact_id           uuid not null,
  fact              text not null,
  leg               smallint not null check (leg >= 0),
  debit_account_id  uuid not null references account,
  credit_account_id uuid not null references account,
  amount_cents      bigint not null check (amount_cents > 0),
  occurred_at       timestamptz not null,
  recorded_at       timestamptz not null,
  reverses_fact_id  uuid,
  primary key (fact_id, fact, leg),
  check (debit_account_id <> credit_account_id)
);
comment on table transfer is 'One debit account, one credit account, one amount: a row cannot be unbalanced.';
comment on column transfer.fact is 'What happened (posting table of the ledger), with fact_id the thing it happened to.';
comment on column transfer.leg is 'Order of the transfer inside its fact.';
comment on column transfer.occurred_at is 'When it happened in the world.';
comment on column transfer.recorded_at is 'When it was written here.';
comment on column transfer.reverses_fact_id is 'The fact that this one corrects.';
create trigger transfer_is_append_only before update or delete on transfer for each statement execute function refuse_change();
create trigger transfer_is_never_emptied before truncate on transfer for each statement execute function refuse_change();

create table account_balance (
  account_id    uuid primary key references account,
  debits_cents  bigint not null default 0 check (debits_cents >= 0),
  credits_cents bigint not null default 0 check (credits_cents >= 0)
) with (fillfactor = 50);
comment on table account_balance is 'Sums of transfer, only ever increased, in the transaction of the posting; rebuilt by one statement.';

grant select, insert on account, transfer to obole_app;
grant select, insert, update on account_balance to obole_app;
