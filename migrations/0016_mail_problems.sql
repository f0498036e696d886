-- Mails that were refused, each for itself, and donors who are asked for what their receipts lack.

create table mail_refusal (
  mail_id    uuid not null,
  n          smallint not null check (n > 0),
  permanent  boolean not null,
  reason     text not null check (reason <> ''),
  refused_at timestamptz not null,
  primary key (mail_id, n)
);
comment on table mail_refusal is
  'A message that could not be sent while others could, once an attempt until a case is open for '
  'it; append-only.';
comment on column mail_refusal.mail_id is 'The message.';
comment on column mail_refusal.n is 'Number of the refusal among those of its message.';
comment on column mail_refusal.permanent is 'Whether another attempt would end the same way.';
comment on column mail_refusal.reason is 'Why, in words without the recipient''s address.';
comment on column mail_refusal.refused_at is 'When.';
create trigger mail_refusal_is_append_only before update or delete or truncate on mail_refusal
  for each statement execute function refuse_change();

create table identity_request (
  mail_id      uuid primary key,
  donor_id     uuid not null references donor,
  created_at   timestamptz not null,
  sent_at      timestamptz,
  completed_at timestamptz
);
comment on table identity_request is
  'A message that asks a donor for what their receipts lack, written before it is sent; one until '
  'they have completed it.';
comment on column identity_request.mail_id is 'Id; its Message-ID is made from it.';
comment on column identity_request.donor_id is 'Who is asked.';
comment on column identity_request.created_at is 'When it was written down.';
comment on column identity_request.sent_at is 'When it left.';
comment on column identity_request.completed_at is
  'When a run found that nothing lacks any more, so that the donor may be asked again later.';
create unique index one_open_identity_request_a_donor on identity_request (donor_id)
  where completed_at is null;
create trigger identity_request_stays before delete or truncate on identity_request
  for each statement execute function refuse_change();

grant select, insert on mail_refusal, identity_request to obole_app;
grant update (sent_at, completed_at) on identity_request to obole_app;
