-- A payout's file is claimed before it is written, so that a run that was cut short is finished
-- with the same bytes, and nothing is written over.

create table payout_file_claim (
  payout_id  uuid primary key references payout,
  file       text not null check (file <> ''),
  digest     bytea not null check (length(digest) = 32),
  claimed_at timestamptz not null
);
comment on table payout_file_claim is
  'Where a credit transfer''s file is written and what is in it, before it is there; append-only. '
  'payout_file says that it is.';
comment on column payout_file_claim.payout_id is 'The payout.';
comment on column payout_file_claim.file is 'Path of the file.';
comment on column payout_file_claim.digest is 'SHA-256 of its bytes.';
comment on column payout_file_claim.claimed_at is 'When it was claimed.';
create trigger payout_file_claim_is_append_only
  before update or delete or truncate on payout_file_claim
  for each statement execute function refuse_change();
comment on table payout_file is
  'Where a credit transfer''s file was written. It is not written again unless somebody asks: who '
  'uploads it may have moved it away.';

grant select, insert on payout_file_claim to obole_app;
