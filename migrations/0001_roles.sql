-- Who may do what. The application connects as the schema's owner and at once becomes `obole_app`,
-- which may do only what each file of this folder grants: insert facts and change none.

do $$
begin
  if not exists (select 1 from pg_roles where rolname = 'obole_app') then
    create role obole_app nologin;
  end if;
exception when duplicate_object or unique_violation then
  -- Another database of the same cluster made the role at the same moment.
  null;
end $$;
-- An administrator may have made the role and granted it already; then there is nothing to grant.
do $$
begin
  set local role obole_app;
  set local role none;
exception when insufficient_privilege then
  execute format('grant obole_app to %I', current_user);
end $$;
grant usage on schema public to obole_app;
-- A process reads which migrations are applied before it says that it is ready.
grant select on _sqlx_migrations to obole_app;

-- A function runs with its owner's rights only for whom a file of this folder grants it.
alter default privileges revoke execute on functions from public;

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: a fact is corrected by another fact', tg_table_name
    using errcode = 'restrict_violation';
end $$;
comment on function refuse_change is
  'Trigger of the append-only tables: a second safeguard besides the grants.';

create table key_sentinel (
  key_id     smallint primary key,
  sealed     bytea not null,
  created_at timestamptz not null
);
comment on table key_sentinel is
  'A known text sealed with OBOLE_SECRET_KEY at the first start: a process whose key does not '
  'open it refuses to run.';
comment on column key_sentinel.key_id is
  'The key''s number, which is the first byte of everything sealed with it.';
comment on column key_sentinel.sealed is 'The known text, sealed with XChaCha20-Poly1305.';
comment on column key_sentinel.created_at is 'When the key was first used with this database.';
grant select, insert on key_sentinel to obole_app;
