-- Every state of a collection and a payout has a way out: what is told before the bank shows it,
-- what is given up, what is paid again.

-- A return that a person tells of: the bank's own line comes later, and only it moves cash.
create table told_return (
  fact_id      uuid primary key references collection_attempt (fact_id),
  amount_cents bigint not null check (amount_cents > 0),
  told_on      date not null,
  recorded_at  timestamptz not null
);
comment on table told_return is
  'Payments that were taken back and told otherwise than by a line of the bank; append-only. The '
  'line is matched as collection_return_shown of the same fact.';
comment on column told_return.fact_id is 'The attempt whose money was taken back.';
comment on column told_return.amount_cents is 'What was taken back, in cents.';
comment on column told_return.told_on is 'The day it was taken back, as it was told.';
comment on column told_return.recorded_at is 'When it was written here.';
create trigger told_return_is_append_only before update or delete or truncate on told_return
  for each statement execute function refuse_change();

alter table bank_match drop constraint bank_match_meaning_check,
  add constraint bank_match_meaning_check check (meaning in
    ('collection_settled', 'collection_returned', 'collection_return_shown', 'payout_settled',
     'payout_returned', 'fee', 'top_up', 'next_month', 'reversal'));
do $$
declare
  old text;
begin
  select conname into strict old from pg_constraint
    where conrelid = 'bank_match'::regclass and contype = 'c'
      and pg_get_constraintdef(oid) like '%reversal%fact IS NULL%';
  execute format('alter table bank_match drop constraint %I', old);
end $$;
alter table bank_match add constraint bank_match_is_posted check (
  case meaning when 'reversal' then fact is null
    when 'collection_return_shown' then (fact is null) = from_suspense
    else fact is not null end);

create view unshown_return as
  select r.fact_id, t.collection_id, t.rail, r.amount_cents, r.recorded_at
  from told_return r join collection_attempt t using (fact_id)
  where not exists (select 1 from bank_match m
    where m.fact_id = r.fact_id and m.meaning = 'collection_return_shown' and not exists (
      select 1 from bank_match_undone u where u.match_id = m.match_id));
comment on view unshown_return is
  'Returns that were told and whose line the bank has not shown: their money is still on the '
  'account, and is nobody''s to spend.';

-- A donation that its association has and whose shop will not pay: the operator bears it.
create table borne_donation (
  donation_id   uuid primary key references donation,
  collection_id uuid not null references collection,
  amount_cents  bigint not null check (amount_cents > 0),
  recorded_at   timestamptz not null
);
comment on table borne_donation is
  'Donations that were with their association when their collection was written off: borne by the '
  'operator, they count as arrived. Append-only.';
comment on column borne_donation.donation_id is 'The donation.';
comment on column borne_donation.collection_id is 'The collection that was written off.';
comment on column borne_donation.amount_cents is 'What the operator bears of it, in cents.';
comment on column borne_donation.recorded_at is 'When it was written here.';
create index borne_donation_collection on borne_donation (collection_id);
create trigger borne_donation_is_append_only before update or delete or truncate on borne_donation
  for each statement execute function refuse_change();

-- What is given back of a donation that was written off was never owed: it takes nothing.
create or replace view refund_taken as
  select r.donation_id, sum(r.amount_cents)::bigint as taken_cents
  from donation_refund r
  where r.stage in ('pending', 'arrived') or (r.stage = 'paid_out' and exists (
    select 1 from refund_due_settlement s
    where s.refund_due_id = r.fact_id and s.way = 'payout_returned'))
  group by r.donation_id;

create or replace view donation_position as
  select d.donation_id, d.merchant_id, d.association_id, d.amount_cents,
    d.amount_cents - coalesce(r.taken_cents, 0) as due_cents,
    case when p.donation_id is not null then 'paid_out'
      when c.state = 'settled' or b.donation_id is not null then 'arrived'
      when c.state = 'written_off' then 'written_off'
      else 'pending' end as stage
  from donation d
  left join refund_taken r using (donation_id)
  left join borne_donation b using (donation_id)
  left join (
    select l.donation_id, s.state
    from collection_donation l join collection_current_state s using (collection_id)
    where l.live) c using (donation_id)
  left join (
    select l.donation_id from payout_donation l join payout_current_state s using (payout_id)
    where l.live and s.state in ('submitted', 'settled')) p using (donation_id);

-- A payout that came back or was refused holds its donations until a person pays it again.
alter table payout add column again_of uuid unique references payout;
comment on column payout.again_of is 'The payout that came back or was refused, and is paid again.';
alter table payout_state drop constraint payout_state_state_check,
  add constraint payout_state_state_check check (state in
    ('prepared', 'taken_back', 'submitted', 'settled', 'refused', 'returned', 'paid_again'));
comment on column payout_donation.live is
  'Ends when the payout is taken back, refused or returned. One that was refused or returned holds '
  'the donation until it is paid again; the others free it.';

-- An approval is for what it saw: the account, its holder's name and the amount.
alter table payout_approval add column round smallint not null default 1 check (round > 0),
  add column name text, add column iban text, add column bic text, add column amount_cents bigint,
  add column changes integer not null default 0 check (changes >= 0);
alter table payout_approval disable trigger payout_approval_is_append_only;
update payout_approval v set name = a.name, iban = a.iban, bic = a.bic,
  amount_cents = p.amount_cents
  from payout p join association a using (association_id) where p.payout_id = v.payout_id;
alter table payout_approval enable trigger payout_approval_is_append_only;
alter table payout_approval alter column round drop default, alter column changes drop default,
  alter column name set not null, alter column iban set not null, alter column bic set not null,
  alter column amount_cents set not null, drop constraint payout_approval_pkey,
  add primary key (payout_id, round, operator_id);
comment on table payout_approval is
  'Who approved what; the primary key makes two rows of a round two people. A round ends when what '
  'was approved changes: its approvals are void. Append-only.';
comment on column payout_approval.round is 'Number of the round, from 1; the last one counts.';
comment on column payout_approval.name is 'Holder of the account that was approved.';
comment on column payout_approval.iban is 'The account that was approved.';
comment on column payout_approval.bic is 'BIC of that account''s bank.';
comment on column payout_approval.amount_cents is 'The amount that was approved, in cents.';
comment on column payout_approval.changes is
  'How often the association''s account was changed by then: one that was changed and changed back '
  'is approved again.';

-- An association's account changes when one operator asks and another confirms.
create table account_change (
  account_change_id uuid primary key,
  association_id    uuid not null references association,
  name              text,
  iban              text not null,
  bic               text not null,
  previous_name     text,
  previous_iban     text not null,
  previous_bic      text not null,
  asked_by          text not null check (asked_by <> ''),
  asked_on          date not null,
  asked_at          timestamptz not null
);
comment on table account_change is
  'Requests to pay an association to another account, with the account before: its history. '
  'Append-only.';
comment on column account_change.account_change_id is 'The request.';
comment on column account_change.association_id is 'Whose account.';
comment on column account_change.name is
  'Holder of the new account as its bank has it; null where that is the legal name.';
comment on column account_change.iban is 'The new account.';
comment on column account_change.bic is 'BIC of its bank.';
comment on column account_change.previous_name is 'Holder of the account before, as above.';
comment on column account_change.previous_iban is 'The account before.';
comment on column account_change.previous_bic is 'BIC of its bank.';
comment on column account_change.asked_by is 'E-mail address of the operator who asked.';
comment on column account_change.asked_on is 'The business day it was asked on.';
comment on column account_change.asked_at is 'When it was written here.';
create index account_change_association on account_change (association_id);
create trigger account_change_is_append_only before update or delete or truncate on account_change
  for each statement execute function refuse_change();

create table account_change_decision (
  account_change_id uuid primary key references account_change,
  decision          text not null check (decision in ('confirmed', 'refused')),
  decided_by        text not null check (decided_by <> ''),
  why               text not null,
  decided_on        date not null,
  decided_at        timestamptz not null
);
comment on table account_change_decision is
  'What became of a request, once: another operator confirms it, or somebody refuses. Append-only.';
comment on column account_change_decision.account_change_id is 'The request.';
comment on column account_change_decision.decision is 'confirmed, or refused.';
comment on column account_change_decision.decided_by is 'E-mail address of who decided.';
comment on column account_change_decision.why is 'Why, in their words.';
comment on column account_change_decision.decided_on is
  'The business day it was decided on: payouts wait three days from a confirmation.';
comment on column account_change_decision.decided_at is 'When it was written here.';
create trigger account_change_decision_is_append_only
  before update or delete or truncate on account_change_decision
  for each statement execute function refuse_change();

create function account_change_needs_two() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  if new.decision = 'confirmed' and exists (select 1 from account_change c
      where c.account_change_id = new.account_change_id and c.asked_by = new.decided_by) then
    raise exception 'who asks for another account does not confirm it'
      using errcode = 'check_violation', constraint = 'account_change_needs_two',
        table = 'account_change_decision';
  end if;
  return null;
end $$;
comment on function account_change_needs_two is
  'Another account is asked for by one person and confirmed by another.';
create trigger account_change_needs_two after insert on account_change_decision
  for each row execute function account_change_needs_two();

create table account_change_mail (
  mail_id           uuid primary key,
  account_change_id uuid not null references account_change,
  sent_at           timestamptz not null
);
comment on table account_change_mail is
  'Messages about changes of accounts that left, each once: to the association and to the team.';
comment on column account_change_mail.mail_id is
  'Derived from the request, what is told of it, and whom.';
comment on column account_change_mail.account_change_id is 'The request.';
comment on column account_change_mail.sent_at is 'When it left.';

create view association_account as
  select a.association_id, coalesce(c.name, a.name) as name, coalesce(c.iban, a.iban) as iban,
    coalesce(c.bic, a.bic) as bic, c.name as account_name, coalesce(n.changes, 0) as changes
  from association a
  left join lateral (
    select x.name, x.iban, x.bic from account_change x join account_change_decision d
      using (account_change_id)
    where x.association_id = a.association_id and d.decision = 'confirmed'
    order by d.decided_at desc, x.account_change_id desc limit 1) c on true
  left join lateral (
    select count(*)::integer as changes from account_change x join account_change_decision d
      using (account_change_id)
    where x.association_id = a.association_id and d.decision = 'confirmed') n on true;
comment on view association_account is
  'The account that each association is paid to now, which is the last that was confirmed, and how '
  'often it was changed. The account that it was added with stays in association.';

create view payout_valid_approval as
  select v.payout_id, v.round, v.operator_id, v.approved_at
  from payout_approval v join payout p using (payout_id)
  join association_account a using (association_id)
  where v.round = (select max(l.round) from payout_approval l where l.payout_id = v.payout_id)
    and (v.name, v.iban, v.bic, v.amount_cents, v.changes)
      = (a.name, a.iban, a.bic, p.amount_cents, a.changes);
comment on view payout_valid_approval is
  'The approvals that count: of the last round, for the account and the amount as they are now.';

create or replace function payout_state_follows() returns trigger
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
       when previous in ('refused', 'returned') then new.state = 'paid_again'
       else false end) then
    raise exception 'a payout cannot go from % to %', coalesce(previous, 'nothing'), new.state
      using errcode = 'check_violation', constraint = 'payout_state_follows',
        table = 'payout_state';
  end if;
  if new.state = 'submitted'
     and (select count(*) from payout_valid_approval where payout_id = new.payout_id) < 2 then
    raise exception 'a payout leaves when two people have approved it'
      using errcode = 'check_violation', constraint = 'payout_needs_two_approvals',
        table = 'payout_state';
  end if;
  return null;
end $$;

grant select, insert on told_return, borne_donation, account_change, account_change_decision,
  account_change_mail to obole_app;
grant select on unshown_return, association_account, payout_valid_approval to obole_app;
