-- What the intake keeps apart: test endpoints from the books, one person's telling from another's.

-- Numbers of Corsica and overseas have letters after the W (W2A…, W9P…, W9R…).
alter table association drop constraint association_rna_check;
alter table association add constraint association_rna_check check (rna ~ '^W[0-9A-Z]{9}$');
comment on column association.rna is 'RNA number, W and nine digits or capital letters.';

-- What came in at a test endpoint must stay out of the books, and what came in at another must
-- reach them. Events do not say which they were, so an endpoint stays what it was made.
create function refuse_endpoint_change() returns trigger language plpgsql as $$
begin
  raise exception 'an endpoint stays a test endpoint or a live one: add another'
    using errcode = 'restrict_violation';
end $$;
comment on function refuse_endpoint_change is
  'Trigger of endpoint: events of a test endpoint never come to count.';
create trigger endpoint_stays_test_or_live before update of test on endpoint
  for each row when (old.test is distinct from new.test)
  execute function refuse_endpoint_change();

-- Donors from before this migration count as told of by events. Their complete identities stay all
-- the same, because no event replaces a complete one.
alter table donor add column told_by text not null default 'event'
  check (told_by in ('event', 'donor'));
comment on column donor.told_by is
  'Who said what is known of them: an event, or the donor on their own page, over which no event '
  'writes.';

comment on column inbox_problem.state is
  'dead (a person must act), conflict (two contents under one name, or an order that came again '
  'after its donation was given back) or parked (waits for its order, for a run to end, or for the '
  'refund before it).';
comment on column inbox_problem.donation_id is 'For what is parked: the donation it is about.';
comment on column inbox_problem.attempts is
  'How often it was tried; what is parked until a run ends was not.';
