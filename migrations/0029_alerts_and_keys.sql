-- Who was told of a case, and which key of a merchant's is which.

create table case_alert (
  case_id    uuid primary key references case_file,
  alerted_at timestamptz not null
);
comment on table case_alert is
  'The cases that the team was told of by mail (OBOLE_ALERT_MAIL), each once; append-only.';
comment on column case_alert.case_id is 'The case.';
comment on column case_alert.alerted_at is 'When.';
create trigger case_alert_is_append_only before update or delete or truncate on case_alert
  for each statement execute function refuse_change();
grant select, insert on case_alert to obole_app;

alter table api_key add column name text not null default 'first' check (name <> '');
comment on column api_key.name is 'What the team calls it, so that it can be told from others.';
-- A key ends by being revoked; nothing else of it changes.
grant update (revoked_at) on api_key to obole_app;
create function api_key_is_revoked_once() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  if old.revoked_at is not null and new.revoked_at is distinct from old.revoked_at then
    raise exception 'a key that is revoked stays so'
      using errcode = 'restrict_violation', constraint = 'api_key_is_revoked_once',
        table = 'api_key';
  end if;
  return new;
end $$;
comment on function api_key_is_revoked_once is 'A key that is revoked stays so.';
create trigger api_key_is_revoked_once before update on api_key
  for each row execute function api_key_is_revoked_once();
