-- Everything Obole says about money is derived from `transfer`, so it only grows: a mistake is
-- corrected by a reversing row, never by an update (invariants 1 to 4 of the README).

create table chart_of_accounts (
  code        text not null check (code ~ '^[0-9]{6}$'),
  kind        text not null,
  owner       text,
  normal_side text not null check (normal_side in ('debit', 'credit', 'clearing')),
  label       text not null,
  primary key (code, kind),
  unique nulls not distinct (kind, owner)
);
comment on table chart_of_accounts is
  'What kinds of account there are, and where each stands in the French chart of accounts (PCG; '
  'sums held for third parties by ANC 2018-06, PCG 621-11).';
comment on column chart_of_accounts.code is 'Account number of the chart.';
comment on column chart_of_accounts.kind is 'The ledger''s own name for what the account holds.';
comment on column chart_of_accounts.owner is
  'The rail or cash account that this number is for; null where every merchant or association '
  'has an account of this kind.';
comment on column chart_of_accounts.normal_side is
  'Where a balance normally stands; clearing accounts return to zero.';
comment on column chart_of_accounts.label is 'What the account holds, in French, for accountants.';

insert into chart_of_accounts (code, kind, owner, normal_side, label) values
  ('467100', 'merchant_receivable', null, 'debit', 'Boutiques : dons encaissés à verser'),
  ('467150', 'merchant_credit', null, 'credit', 'Boutiques : remboursements non couverts'),
  ('467200', 'association_pending', null, 'credit', 'Associations : dons promis'),
  ('467300', 'association_payable', null, 'credit', 'Associations : dons arrivés à reverser'),
  ('467400', 'refund_due', null, 'debit', 'Associations : remboursements à recevoir'),
  ('467500', 'operator_current', 'bank', 'credit', 'Opérateur : avance sur le compte dédié'),
  ('467510', 'operator_current', 'stripe', 'credit', 'Opérateur : avance sur le compte Stripe'),
  ('467110', 'collection_in_transit', 'transfer', 'clearing', 'Virements demandés aux boutiques'),
  ('511200', 'collection_in_transit', 'direct-debit', 'clearing', 'Prélèvements remis à la banque'),
  ('511700', 'collection_in_transit', 'stripe', 'clearing', 'Encaissements Stripe en cours'),
  ('467310', 'payout_in_transit', 'transfer', 'clearing', 'Virements aux associations en cours'),
  ('467320', 'payout_in_transit', 'stripe', 'clearing', 'Transferts Stripe en cours'),
  ('512100', 'safeguarded_cash', 'bank', 'debit', 'Banque : compte de cantonnement'),
  ('517100', 'safeguarded_cash', 'stripe', 'debit', 'Stripe : solde'),
  ('580000', 'internal_transfer', 'stripe', 'clearing', 'Virements internes de Stripe à la banque'),
  ('471000', 'suspense', 'bank', 'clearing', 'Mouvements bancaires à identifier'),
  ('471700', 'suspense', 'stripe', 'clearing', 'Mouvements Stripe à identifier'),
  ('627000', 'provider_fees', 'bank', 'debit', 'Frais bancaires'),
  ('627700', 'provider_fees', 'stripe', 'debit', 'Frais Stripe'),
  ('654000', 'operator_losses', 'bank', 'debit', 'Pertes supportées par l''opérateur'),
  ('654700', 'operator_losses', 'stripe', 'debit', 'Pertes supportées par l''opérateur sur Stripe');

create table account (
  account_id uuid primary key,
  kind       text not null,
  owner      text not null check (owner <> ''),
  code       text not null,
  foreign key (code, kind) references chart_of_accounts (code, kind),
  unique (kind, owner)
);
comment on table account is 'An account of the double-entry ledger.';
comment on column account.account_id is
  'Derived from kind and owner, so that a posting needs no look-up.';
comment on column account.kind is 'What the account holds, a kind of the chart.';
comment on column account.owner is
  'Slug of the merchant or association, or name of the rail or cash account.';
comment on column account.code is 'Account number of the chart.';

create table transfer (
  fact_id           uuid not null,
  fact              text not null,
  leg               smallint not null check (leg >= 0),
  debit_account_id  uuid not null,
  credit_account_id uuid not null,
  amount_cents      bigint not null check (amount_cents > 0),
  occurred_at       timestamptz not null,
  recorded_at       timestamptz not null,
  reverses_fact_id  uuid,
  primary key (fact_id, fact, leg),
  check (debit_account_id <> credit_account_id)
);
-- No foreign keys here, nor on `donation`, `inbox_event` and the links of a month: each would be a
-- look-up for every donation. What a row names is read in the same database transaction and cannot
-- be deleted by the application's role; a posting must move one balance row an account, or nothing
-- is posted; the checks look for rows that name what is not there.
comment on table transfer is
  'One debit account, one credit account, one amount: a row cannot be unbalanced.';
comment on column transfer.fact_id is 'The thing that the fact happened to.';
comment on column transfer.fact is
  'What happened, a row of the posting table in src/ledger/rules.rs.';
comment on column transfer.leg is 'Order of the transfer inside its fact.';
comment on column transfer.debit_account_id is 'The account debited.';
comment on column transfer.credit_account_id is 'The account credited.';
comment on column transfer.amount_cents is
  'The amount in cents, strictly positive: direction is a side, never a sign.';
comment on column transfer.occurred_at is 'When it happened in the world.';
comment on column transfer.recorded_at is 'When it was written here.';
comment on column transfer.reverses_fact_id is 'The fact that this one corrects.';
create trigger transfer_is_append_only before update or delete or truncate on transfer
  for each statement execute function refuse_change();
create trigger transfer_is_never_emptied before truncate on transfer
  for each statement execute function refuse_change();

create table account_balance (
  account_id    uuid primary key references account,
  debits_cents  bigint not null default 0 check (debits_cents >= 0),
  credits_cents bigint not null default 0 check (credits_cents >= 0)
) with (fillfactor = 50);
comment on table account_balance is
  'Sums of transfer, only ever increased, in the database transaction of the posting; one '
  'statement rebuilds them.';
comment on column account_balance.account_id is 'The account.';
comment on column account_balance.debits_cents is 'Sum of what it was debited, in cents.';
comment on column account_balance.credits_cents is 'Sum of what it was credited, in cents.';

create table settlement_lock (
  partition smallint primary key
);
comment on table settlement_lock is
  'Rows that are only locked. Refunds hold all for share; runs that prepare, settle, approve or '
  'issue hold all for update, and each part of a run those of its partitions: neither misses '
  'the other.';
comment on column settlement_lock.partition is 'A number that partition_of returns.';
insert into settlement_lock (partition) values (0), (1), (2), (3);

create function partition_of(id uuid) returns integer language sql immutable parallel safe
  return get_byte(uuid_send(id), 15) % 4;
comment on function partition_of is
  'Which partition of the settlement lock a merchant or an association belongs to: the end of '
  'its id is random.';

grant execute on function partition_of to obole_app;
grant select on chart_of_accounts to obole_app;
grant select, insert on account, transfer to obole_app;
-- Locking a table or a row needs the right to update it.
grant select, insert, update on account_balance to obole_app;
grant select, update on settlement_lock to obole_app;
