-- What was written to shops and associations; each message goes once, under an id derived from what it tells.

create table collection_mail (
  collection_id uuid primary key references collection,
  sent_at       timestamptz not null
);
comment on table collection_mail is 'Statements that left for their shops.';

create table payout_mail (
  payout_id uuid primary key references payout,
  sent_at   timestamptz not null
);
comment on table payout_mail is 'Payout reports that left for their associations.';

grant select, insert on collection_mail, payout_mail to obole_app;
