-- What waits for a person, and who decided what.

create table case_file (
  case_id        uuid primary key,
  kind           text not null check (kind ~ '^[a-z]+(-[a-z]+)*$'),
  subject        uuid not null,
  n              smallint not null check (n > 0),
  what           text not null check (what <> ''),
  merchant_id    uuid,
  association_id uuid,
  donation_id    uuid,
  opened_at      timestamptz not null,
  unique (kind, subject, n)
);
comment on table case_file is
  'A case: something that a person must decide, written in the database transaction that found '
  'it; append-only. It is open until case_decision has a row for it.';
comment on column case_file.case_id is 'Id, printed case_….';
comment on column case_file.kind is 'What kind of case it is (src/cases/kind.rs).';
comment on column case_file.subject is
  'Id of what is to be decided: a refund''s fact, a receipt, an event, a payout….';
comment on column case_file.n is
  'Number of the case among those of its kind and subject: it may come again once it is decided.';
comment on column case_file.what is 'What happened, in plain words without personal data.';
comment on column case_file.merchant_id is 'The merchant that it concerns, if any.';
comment on column case_file.association_id is 'The association that it concerns, if any.';
comment on column case_file.donation_id is 'The donation that it concerns, if it is one.';
comment on column case_file.opened_at is 'Since when it waits.';
create trigger case_file_is_append_only before update or delete or truncate on case_file
  for each statement execute function refuse_change();

create table case_decision (
  case_id    uuid primary key references case_file,
  decision   text not null check (decision <> ''),
  decided_by text not null check (decided_by <> ''),
  why        text not null,
  decided_at timestamptz not null
);
comment on table case_decision is 'What ended a case, once; append-only.';
comment on column case_decision.case_id is 'The case.';
comment on column case_decision.decision is 'What was decided, or the fact that settled it.';
comment on column case_decision.decided_by is
  'Who decided: an operator''s e-mail address, or obole where a fact settled it.';
comment on column case_decision.why is 'Why, in the words of who decided.';
comment on column case_decision.decided_at is 'When.';
create trigger case_decision_is_append_only before update or delete or truncate on case_decision
  for each statement execute function refuse_change();

create view open_case as
  select f.case_id, f.kind, f.subject, f.n, f.what, f.merchant_id, f.association_id,
    f.donation_id, f.opened_at
  from case_file f
  where not exists (select 1 from case_decision d where d.case_id = f.case_id);
comment on view open_case is 'The cases that wait for a person.';

create table audit_entry (
  audit_id uuid primary key,
  at       timestamptz not null,
  actor    text not null check (actor <> ''),
  source   text not null check (source <> ''),
  act      text not null check (act <> ''),
  subject  text not null check (subject <> ''),
  before   jsonb,
  after    jsonb,
  why      text
);
comment on table audit_entry is
  'The audit log: every act of a person, written in the database transaction of the act; '
  'append-only.';
comment on column audit_entry.audit_id is 'Id, printed act_…; ordered by time.';
comment on column audit_entry.at is 'When.';
comment on column audit_entry.actor is 'Who: an e-mail address of the team, or obole itself.';
comment on column audit_entry.source is
  'From where: the command line with the system''s user, or an address.';
comment on column audit_entry.act is 'What was done, such as receipt.cancel.';
comment on column audit_entry.subject is 'On what, as it is printed: a number, an id.';
comment on column audit_entry.before is 'How it was before, without personal data.';
comment on column audit_entry.after is 'How it was after, without personal data.';
comment on column audit_entry.why is 'Why, in the words of who acted.';
create index audit_entry_subject on audit_entry (subject, audit_id);
create trigger audit_entry_is_append_only before update or delete or truncate on audit_entry
  for each statement execute function refuse_change();

grant select, insert on case_file, case_decision, audit_entry to obole_app;
grant select on open_case to obole_app;
