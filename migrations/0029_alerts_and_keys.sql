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

create table api_key_revocation (
  key_hash   bytea primary key references api_key,
  revoked_at timestamptz not null
);
comment on table api_key_revocation is
  'Keys that open nothing any more: nothing of a key is ever changed. Append-only.';
comment on column api_key_revocation.key_hash is 'The key.';
comment on column api_key_revocation.revoked_at is 'Since when.';
create trigger api_key_revocation_is_append_only
  before update or delete or truncate on api_key_revocation
  for each statement execute function refuse_change();
insert into api_key_revocation (key_hash, revoked_at)
  select key_hash, revoked_at from api_key where revoked_at is not null;
alter table api_key drop column revoked_at;
grant select, insert on api_key_revocation to obole_app;
