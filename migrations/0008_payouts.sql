-- The month, second half: what arrived goes on to the associations, when two people of the team
-- approve.

create table payout (
  payout_id      uuid primary key,
  association_id uuid not null references association,
  count          integer not null check (count > 0),
  amount_cents   bigint not null check (amount_cents > 0),
  reference      text not null unique,
  prepared_on    date not null,
  prepared_at    timestamptz not null
);
comment on table payout is
  'Money for one association; append-only, its changes are rows of payout_state.';
comment on column payout.payout_id is 'Id, printed pay_….';
comment on column payout.association_id is 'Who is paid.';
comment on column payout.count is 'How many donations it pays.';
comment on column payout.amount_cents is 'Their sum in cents.';
comment on column payout.reference is
  'EndToEndId of the credit transfer, which the bank statement carries back.';
comment on column payout.prepared_on is 'The business day it was prepared on.';
comment on column payout.prepared_at is 'When it was written here.';
create index payout_by_association on payout (association_id, prepared_on);
create trigger payout_is_append_only before update or delete or truncate on payout
  for each statement execute function refuse_change();

create table payout_donation (
  donation_id uuid not null,
  payout_id   uuid not null,
  live        boolean not null default true
);
comment on table payout_donation is 'Donations of a payout.';
comment on column payout_donation.donation_id is 'A donation that it pays.';
comment on column payout_donation.payout_id is 'The payout.';
comment on column payout_donation.live is
  'Ends when the payout is returned, which frees the donation.';
create trigger payout_donation_stays before delete or truncate on payout_donation
  for each statement execute function refuse_change();
create trigger payout_donation_only_ends before update on payout_donation
  for each row when (new.live or (old.donation_id, old.payout_id)
    is distinct from (new.donation_id, new.payout_id)) execute function refuse_change();
create unique index one_live_payout_a_donation on payout_donation (donation_id) where live;
create index payout_donation_payout on payout_donation (payout_id);

create table payout_approval (
  payout_id   uuid not null references payout,
  operator_id uuid not null references operator,
  approved_at timestamptz not null,
  primary key (payout_id, operator_id)
);
comment on table payout_approval is
  'Who approved; the primary key makes two rows two people. Append-only.';
comment on column payout_approval.payout_id is 'The payout.';
comment on column payout_approval.operator_id is 'The person of the team.';
comment on column payout_approval.approved_at is 'When they approved.';
create trigger payout_approval_is_append_only before update or delete or truncate on payout_approval
  for each statement execute function refuse_change();

create table payout_state (
  payout_id   uuid not null references payout,
  n           smallint not null check (n > 0),
  state       text not null check (state in
                ('prepared', 'taken_back', 'submitted', 'settled', 'refused', 'returned')),
  occurred_on date not null,
  recorded_at timestamptz not null,
  primary key (payout_id, n)
);
comment on table payout_state is
  'What became of a payout, one numbered row a change, so that a state may come twice; '
  'append-only. The last one counts.';
comment on column payout_state.payout_id is 'The payout.';
comment on column payout_state.n is 'Number of the change, from 1 without a gap.';
comment on column payout_state.state is 'The state it went to.';
comment on column payout_state.occurred_on is 'The day it happened.';
comment on column payout_state.recorded_at is 'When it was written here.';
create trigger payout_state_is_append_only before update or delete or truncate on payout_state
  for each statement execute function refuse_change();

create function payout_state_follows() returns trigger
language plpgsql set search_path = public, pg_temp as $$
declare
  previous text;
begin
  select state into previous from payout_state
    where payout_id = new.payout_id and n = new.n - 1;
  if not (case
       when new.n = 1 then new.state = 'prepared'
       when previous = 'prepared' then new.state in ('submitted', 'taken_back')
       when previous = 'submitted' then new.state in ('settled', 'refused')
       when previous = 'settled' then new.state = 'returned'
       when previous in ('refused', 'returned') then new.state = 'submitted'
       else false end) then
    raise exception 'a payout cannot go from % to %', coalesce(previous, 'nothing'), new.state
      using errcode = 'check_violation', constraint = 'payout_state_follows',
        table = 'payout_state';
  end if;
  if new.state = 'submitted'
     and (select count(*) from payout_approval where payout_id = new.payout_id) < 2 then
    raise exception 'a payout leaves when two people have approved it'
      using errcode = 'check_violation', constraint = 'payout_needs_two_approvals',
        table = 'payout_state';
  end if;
  return null;
end $$;
comment on function payout_state_follows is
  'Each state of a payout follows the one before, without a gap, and two people approve before '
  'it is submitted.';
create trigger payout_state_follows after insert on payout_state
  for each row execute function payout_state_follows();

create view payout_current_state as
  select distinct on (payout_id) payout_id, n, state, occurred_on, recorded_at
  from payout_state order by payout_id, n desc;
comment on view payout_current_state is 'The last state of each payout.';

create table payout_file (
  payout_id  uuid primary key references payout,
  file       text not null,
  written_at timestamptz not null
);
comment on table payout_file is
  'Where a credit transfer''s file was written; without a row it is written again, the same.';
comment on column payout_file.payout_id is 'The payout.';
comment on column payout_file.file is 'Path of the file.';
comment on column payout_file.written_at is 'When it was written.';

create table payout_mail (
  payout_id uuid primary key references payout,
  sent_at   timestamptz not null
);
comment on table payout_mail is 'Payout reports that left for their associations, each once.';
comment on column payout_mail.payout_id is 'The payout reported.';
comment on column payout_mail.sent_at is 'When the report left.';

grant select, insert on payout, payout_donation, payout_approval, payout_state, payout_file,
  payout_mail to obole_app;
grant update (live) on payout_donation to obole_app;
grant select on payout_current_state to obole_app;
