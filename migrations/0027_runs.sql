-- Every run of the month's work as a row; who takes part and under which address may change; donors
-- are asked to choose again when an association is suspended; and what people rule about consent.

create table run (
  run_id      uuid primary key,
  kind        text not null check (kind ~ '^[a-z]+(-[a-z]+)*$'),
  n           integer not null check (n > 0),
  arguments   jsonb not null,
  business_on date not null,
  started_by  text not null check (started_by <> ''),
  source      text not null check (source <> ''),
  began_at    timestamptz not null,
  unique (kind, n)
);
comment on table run is
  'A run of collections, bank imports, payouts or receipts, written before it does anything; '
  'append-only. Without a row of run_end it is under way, or it was cut short.';
comment on column run.run_id is 'Id, printed run_….';
comment on column run.kind is 'What kind of run it is (src/run_log/kind.rs).';
comment on column run.n is 'Number of the run among those of its kind, from 1 without a gap.';
comment on column run.arguments is
  'What was asked, such as the month; a later run of the same arguments completes it.';
comment on column run.business_on is 'The day that it counts as.';
comment on column run.started_by is
  'Who started it: an operator''s e-mail address, a user of the system, or obole itself.';
comment on column run.source is 'From where: the command line, an address, or obole itself.';
comment on column run.began_at is 'When it began.';
create trigger run_is_append_only before update or delete or truncate on run
  for each statement execute function refuse_change();

create table run_end (
  run_id   uuid primary key references run,
  ended_at timestamptz not null,
  result   jsonb,
  error    text check (error <> ''),
  check ((result is null) <> (error is null))
);
comment on table run_end is 'How a run ended, once; append-only.';
comment on column run_end.run_id is 'The run.';
comment on column run_end.ended_at is 'When it ended.';
comment on column run_end.result is 'Its sums and counts, when it came to its end.';
comment on column run_end.error is 'Why it stopped, when it did not.';
create trigger run_end_is_append_only before update or delete or truncate on run_end
  for each statement execute function refuse_change();
grant select, insert on run, run_end to obole_app;

-- The audit log holds who suspended whom and why, and what was so before.
grant update (state) on merchant, association, cause to obole_app;
-- Where mail was refused, a person corrects the address.
grant update (email) on merchant, association to obole_app;

create function payout_is_of_live_association() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  if exists (select 1 from payout p join association a using (association_id)
      where p.payout_id = new.payout_id and a.state = 'suspended') then
    raise exception 'a suspended association is paid nothing: lift the suspension first'
      using errcode = 'check_violation', constraint = 'payout_is_of_live_association',
        table = 'payout_state';
  end if;
  return null;
end $$;
comment on function payout_is_of_live_association is
  'Nothing is prepared for a suspended association, and nothing leaves for it.';
create trigger payout_is_of_live_association after insert on payout_state
  for each row when (new.state in ('prepared', 'submitted'))
  execute function payout_is_of_live_association();

create table choice_request (
  mail_id        uuid primary key,
  donor_id       uuid not null references donor,
  association_id uuid not null references association,
  created_at     timestamptz not null,
  sent_at        timestamptz,
  ended_at       timestamptz
);
comment on table choice_request is
  'A message that asks a donor of a suspended association to choose again, written before it is '
  'sent; one a suspension.';
comment on column choice_request.mail_id is 'Id; its Message-ID is made from it.';
comment on column choice_request.donor_id is 'Who is asked.';
comment on column choice_request.association_id is 'The association that was suspended.';
comment on column choice_request.created_at is 'When it was written down.';
comment on column choice_request.sent_at is 'When it left.';
comment on column choice_request.ended_at is
  'When the suspension was lifted: nobody is asked any more.';
create unique index one_open_choice_request on choice_request (association_id, donor_id)
  where ended_at is null;
create trigger choice_request_stays before delete or truncate on choice_request
  for each statement execute function refuse_change();
grant select, insert on choice_request to obole_app;
grant update (sent_at, ended_at) on choice_request to obole_app;
