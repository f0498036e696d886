-- What people decide about events that were set aside.

create table event_ruling (
  event_id     uuid not null,
  n            smallint not null check (n > 0),
  ruling       text not null check (ruling in ('accept', 'correct', 'dismiss')),
  amount_cents bigint check (amount_cents > 0),
  ruled_by     text not null check (ruled_by <> ''),
  why          text not null,
  ruled_at     timestamptz not null,
  primary key (event_id, n),
  check ((ruling = 'correct') = (amount_cents is not null))
);
comment on table event_ruling is
  'What a person ruled about an event that was set aside; the last one counts when the event is '
  'processed again. Append-only.';
comment on column event_ruling.event_id is 'The event.';
comment on column event_ruling.n is 'Number of the ruling about it, from 1.';
comment on column event_ruling.ruling is
  'accept: it counts, as a further donation where its order has one; correct: it counts with '
  'another amount; dismiss: it does not count.';
comment on column event_ruling.amount_cents is 'For a correction, the amount in cents.';
comment on column event_ruling.ruled_by is 'The operator''s e-mail address.';
comment on column event_ruling.why is 'Why, in their words.';
comment on column event_ruling.ruled_at is 'When.';
create trigger event_ruling_is_append_only before update or delete or truncate on event_ruling
  for each statement execute function refuse_change();
grant select, insert on event_ruling to obole_app;

alter table inbox_outcome drop constraint inbox_outcome_outcome_check,
  add constraint inbox_outcome_outcome_check check (outcome in
    ('repeated', 'already-refunded', 'nothing-refunded', 'fetched', 'ignored', 'dismissed'));
comment on column inbox_outcome.outcome is
  'repeated: its order was counted before; already-refunded; nothing-refunded: an order given '
  'back, its donation kept; fetched: its order came in as another event; ignored: it says '
  'nothing of a donation; dismissed: a person ruled that it does not count.';
