-- What was told in error, or came after all: a return that did not happen, money that was given up.

create table told_return_withdrawn (
  fact_id         uuid primary key references told_return (fact_id),
  settled_fact_id uuid,
  withdrawn_on    date not null,
  recorded_at     timestamptz not null
);
comment on table told_return_withdrawn is
  'Returns that were told and did not happen: their money, which never left the account, settles '
  'the collection again; where that was paid again since, it is the merchant''s credit. '
  'Append-only.';
comment on column told_return_withdrawn.fact_id is 'The attempt whose money stayed.';
comment on column told_return_withdrawn.settled_fact_id is
  'The attempt that it settles; null where it is the merchant''s credit.';
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
  select r.donation_id, sum(case when r.stage = 'paid_out' then s.cents else r.amount_cents end)
    ::bigint as taken_cents
  from donation_refund r
  left join lateral (
    select sum(x.amount_cents) as cents from refund_due_settlement x
    where r.stage = 'paid_out' and x.refund_due_id = r.fact_id and x.way = 'payout_returned') s
    on true
  where r.stage in ('pending', 'arrived', 'written_off') or s.cents is not null
  group by r.donation_id;

-- A return that was withdrawn did not happen: no statement lists it.
create or replace view returned_payment as
  select s.collection_id, s.n, c.merchant_id, c.period, c.reference, s.occurred_on,
    s.recorded_at, t.amount_cents
  from collection_state s join collection c using (collection_id)
  cross join lateral (
    select count(*) as attempt from collection_state p
    where p.collection_id = s.collection_id and p.state = 'submitted' and p.n < s.n) a
  join collection_attempt t on t.collection_id = s.collection_id and t.n = a.attempt
  where s.state = 'returned' and t.amount_cents > 0
    -- One that was undone, because it rested on a mistake, is asked for in the same moment.
    and not exists (
      select 1 from collection_state f where f.collection_id = s.collection_id
        and f.n = s.n + 1 and f.state = 'submitted' and f.recorded_at = s.recorded_at)
    and not exists (select 1 from told_return_withdrawn w where w.fact_id = t.fact_id);

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
