-- A correction that a donor asked for can be declined; the donor is told why.

alter table mailing drop constraint mailing_kind_check,
  add constraint mailing_kind_check
    check (kind in ('receipts', 'cancellation', 'replacement', 'declined'));
comment on column mailing.kind is
  'What it brings: receipts, that a receipt was cancelled, the one that replaces another, or that '
  'a correction was declined.';
comment on column mailing.about is
  'The receipt that was cancelled or replaced, or stays as it is, in a message that tells so.';
