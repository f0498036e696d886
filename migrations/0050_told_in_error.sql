-- What was told in error, or came after all: a return that did not happen, money that was given up.

create table told_return_withdrawn (
  fact_id      uuid primary key references told_return (fact_id),
  withdrawn_on date not null,
  recorded_at  timestamptz not null
);
comment on table told_return_withdrawn is
  'Returns that were told and did not happen: their money, which never left the account, settles '
  'the collection again by a new attempt. Append-only.';
comment on column told_return_withdrawn.fact_id is 'The attempt whose money stayed.';
comment on column told_return_withdrawn.withdrawn_on is 'The day on which that was said.';
comment on column told_return_withdrawn.recorded_at is 'When it was written here.';
create trigger told_return_withdrawn_is_append_only
  before update or delete or truncate on told_return_withdrawn
  for each statement execute function refuse_change();
grant select, insert on told_return_withdrawn to obole_app;

create or replace view unshown_return as
  select r.fact_id, t.collection_id, t.rail, r.amount_cents, r.recorded_at
  from told_return r join collection_attempt t using (fact_id)
  where not exists (select 1 from told_return_withdrawn w where w.fact_id = r.fact_id)
    and not exists (select 1 from bank_match m
      where m.fact_id = r.fact_id and m.meaning = 'collection_return_shown' and not exists (
        select 1 from bank_match_undone u where u.match_id = m.match_id));

-- What is given back of a donation that was written off is posted nowhere; should its money come
-- after all, it is asked for less that.
create or replace view refund_taken as
  select r.donation_id, sum(r.amount_cents)::bigint as taken_cents
  from donation_refund r
  where r.stage in ('pending', 'arrived', 'written_off') or (r.stage = 'paid_out' and exists (
    select 1 from refund_due_settlement s
    where s.refund_due_id = r.fact_id and s.way = 'payout_returned'))
  group by r.donation_id;

create or replace function collection_state_follows() returns trigger
language plpgsql set search_path = public, pg_temp as $$
declare
  previous text;
begin
  select state into previous from collection_state
    where collection_id = new.collection_id and n = new.n - 1;
  if not (case
       when new.n = 1 then new.state = 'prepared'
       when previous = 'prepared' then new.state in ('submitted', 'taken_back')
       when previous = 'submitted' then new.state in ('settled', 'rejected')
       when previous = 'settled' then new.state = 'returned'
       when previous in ('rejected', 'returned') then new.state in ('submitted', 'written_off')
       when previous = 'written_off' then new.state = 'submitted'
       else false end) then
    raise exception 'a collection cannot go from % to %', coalesce(previous, 'nothing'), new.state
      using errcode = 'check_violation', constraint = 'collection_state_follows',
        table = 'collection_state';
  end if;
  return null;
end $$;
