-- What is parked for an order that never comes must end, and what it says of people with it.

create function inbox_end_parked(before timestamptz) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  ended uuid[];
begin
  with over as (
    update inbox_problem p set state = 'dead', donation_id = null,
      reason = 'its order never came: nothing of it is recorded, and its body is no longer kept; '
        'ask the merchant if it was to be recorded'
    where p.state = 'parked' and p.received_at < before
      and not exists (select 1 from donation d where d.donation_id = p.donation_id)
    returning event_id, received_at),
  gone as (
    delete from inbox_body b using over o
    where b.event_id = o.event_id and b.received_at = o.received_at returning b.event_id)
  select array_agg(event_id) into ended from over;
  return coalesce(cardinality(ended), 0);
end $$;
comment on function inbox_end_parked is
  'Ends what was parked before an instant for an order that is not recorded: it is shown as a dead '
  'letter, and its body goes; returns how many.';
revoke execute on function inbox_end_parked from public;
grant execute on function inbox_end_parked to obole_app;
