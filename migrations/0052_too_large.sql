-- Bodies that are larger than an endpoint takes: nobody has signed them, so there is no event.

create table endpoint_too_large (
  endpoint_id uuid primary key references endpoint,
  count       bigint not null check (count > 0),
  last_at     timestamptz not null
);
comment on table endpoint_too_large is
  'How many bodies an endpoint refused because they were too large; not all are counted while the '
  'service stops or the database is away.';
comment on column endpoint_too_large.endpoint_id is 'The endpoint.';
comment on column endpoint_too_large.count is 'How many.';
comment on column endpoint_too_large.last_at is 'When the last one came, to a minute.';
grant select, insert, update on endpoint_too_large to obole_app;
