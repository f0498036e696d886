-- Links are written by the million in a month's run, from rows read in the same database transaction that the application's
-- role cannot delete: a look-up each would only repeat the reading. The checks look for links that name what is not there.

alter table collection_donation drop constraint collection_donation_donation_id_fkey, drop constraint collection_donation_collection_id_fkey;
alter table payout_donation drop constraint payout_donation_donation_id_fkey, drop constraint payout_donation_payout_id_fkey;
alter table receipt_donation drop constraint receipt_donation_donation_id_fkey, drop constraint receipt_donation_receipt_id_fkey;

-- The endpoint of an event is the one whose secret signed it, and endpoints stay: a look-up and a lock on its row for each
-- event would be a third of what taking one costs the database.
alter table inbox_event drop constraint inbox_event_endpoint_id_fkey;

-- Keys that are looked up for each event are bytes to us, whatever language the database sorts in.
alter table inbox_event alter column delivery_key type text collate "C";
alter table donor alter column email type text collate "C";

-- A shop's delivery log, newest first, however many events others have.
create index inbox_event_by_endpoint on inbox_event (endpoint_id, received_at, event_id);

-- Bodies carry personal data: a month that is over long enough goes at once, by dropping its partition. What still waits for
-- a person or for the poster moves to the default partition first. The application may not drop tables; it may ask for this.
create function inbox_drop_partitions(before date) returns integer language plpgsql security definer set search_path = public set lock_timeout = '2s' as $$
declare
  month text;
  dropped integer := 0;
begin
  lock table inbox_body in share update exclusive mode;
  for month in select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
               where i.inhparent = 'inbox_body'::regclass and c.relname ~ '^inbox_body_[0-9]{4}_[0-9]{2}$'
                 and to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month' <= before order by c.relname loop
    execute format('alter table inbox_body detach partition %I', month);
    execute format('insert into inbox_body select * from %I b where exists (select from inbox_queue w where w.event_id = b.event_id)
      or exists (select from inbox_fetch w where w.event_id = b.event_id) or exists (select from inbox_problem w where w.event_id = b.event_id)', month);
    execute format('drop table %I', month);
    dropped := dropped + 1;
  end loop;
  return dropped;
end $$;

-- As in 0004, but months are made and dropped by one at a time: each locks several tables, and two would wait for each other.
create or replace function inbox_prepare_partitions(day date) returns void language plpgsql security definer set search_path = public as $$
declare
  first date;
begin
  lock table inbox_body in share update exclusive mode;
  for first in select (date_trunc('month', day) + make_interval(months => n))::date from generate_series(0, 1) n loop
    if to_regclass('inbox_body_' || to_char(first, 'YYYY_MM')) is null
       and not exists (select from inbox_body_default where received_at >= (first::text || ' 00:00+00')::timestamptz
                         and received_at < (first + interval '1 month')::date::text::timestamptz + interval '1 day') then
      execute format('create table inbox_body_%s partition of inbox_body for values from (%L) to (%L)', to_char(first, 'YYYY_MM'),
        first::text || ' 00:00+00', (first + interval '1 month')::date::text || ' 00:00+00');
    end if;
  end loop;
end $$;

-- A donor's gifts are found by their donor alone: without the time in its key the index is half as large, and keys repeat.
drop index donation_by_donor;
create index donation_by_donor on donation (donor_id) where donor_id is not null;

-- A run works on both cores: in four parts, each a database transaction of its own with a door of its own in the gate.
delete from settlement_gate;
insert into settlement_gate values ('0'), ('1'), ('2'), ('3');
comment on table settlement_gate is 'Its rows are doors, one for each part of a run. Refunds hold all for share; runs that prepare, settle, approve or issue hold all for update, their parts one each: neither misses the other.';

create function part_of(id uuid) returns integer language sql immutable parallel safe return get_byte(uuid_send(id), 15) % 4;
comment on function part_of is 'Which of the four parts of a run a shop or an association belongs to: the end of its id is random.';

-- The queue empties as fast as it fills. What left is swept away soon, before many dead entries stand at its beginning, and its
-- file is not cut shorter each time: cutting locks it, and who posts and who is answered would wait.
alter table inbox_queue set (vacuum_truncate = off, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
