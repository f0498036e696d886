-- The month, second half: what arrived goes on to the associations, when two people say so.

create table payout (
  payout_id      uuid primary key,
  association_id uuid not null references association,
  count          integer not null check (count > 0),
  amount_cents   bigint not null check (amount_cents > 0),
  reference      text not null unique,
  prepared_on    date not null,
  prepared_at    timestamptz not null
);
comment on table payout is 'Money for one association; append-only, its changes are rows of payout_state.';
comment on column payout.reference is 'EndToEndId of the credit transfer, which the bank statement carries back.';
create trigger payout_is_append_only before update or delete on payout for each statement execute function refuse_change();

create table payout_donation (
  donation_id uuid not null references donation,
  payout_id   uuid not null references payout,
  live        boolean not null default true
);
comment on table payout_donation is 'Donations of a payout. live ends when the payout is returned, which frees the donation.';
create unique index one_live_payout_a_donation on payout_donation (donation_id) where live;
create index payout_donation_payout on payout_donation (payout_id);

create table payout_approval (
  payout_id   uuid not null references payout,
  operator_id uuid not null references operator,
  approved_at timestamptz not null,
  primary key (payout_id, operator_id)
);
comment on table payout_approval is 'Who approved; the primary key makes two rows two people.';
create trigger payout_approval_is_append_only before update or delete on payout_approval for each statement execute function refuse_change();

create table payout_state (
  payout_id   uuid not null references payout,
  state       text not null check (state in ('submitted', 'settled', 'returned')),
  occurred_on date not null,
  recorded_at timestamptz not null,
  primary key (payout_id, state)
);
comment on table payout_state is 'What became of a payout, one row a change.';
create trigger payout_state_is_append_only before update or delete on payout_state for each statement execute function refuse_change();

create table payout_file (
  payout_id  uuid primary key references payout,
  file       text not null,
  written_at timestamptz not null
);
comment on table payout_file is 'Where the credit transfer''s file was written; without a row it is written again, the same.';

alter table bank_entry add column payout_id uuid references payout;

grant select, insert on payout_file, payout, payout_donation, payout_approval, payout_state to obole_app;
grant update (live) on payout_donation to obole_app;
