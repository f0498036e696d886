-- A merchant's own count of a day says its refunds as well: one that it deleted surfaces next day.

alter table manifest
  add column refund_count integer check (refund_count >= 0),
  add column refund_cents bigint check (refund_cents >= 0),
  add constraint manifest_refunds_are_whole check
    ((refund_count is null) = (refund_cents is null));
comment on column manifest.refund_count is
  'How many refunds of donations were made that day; none where the merchant does not say.';
comment on column manifest.refund_cents is 'Their sum in cents.';
