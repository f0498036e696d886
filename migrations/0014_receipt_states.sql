-- What becomes of a receipt after its issue: cancelled, or replaced by another; and whether it can
-- be relied on, which is derived from facts.

alter table receipt_donation add column amount_cents bigint check (amount_cents > 0);
comment on column receipt_donation.amount_cents is
  'What the receipt says for the donation, in cents: what remained of it then. It never changes.';
-- Until now a refund took a donation out of the receipts whole, so what was issued says the whole
-- donation. Links only end; this once the owner completes them.
alter table receipt_donation disable trigger receipt_donation_only_ends;
update receipt_donation l set amount_cents = d.amount_cents
  from donation d where d.donation_id = l.donation_id;
alter table receipt_donation enable trigger receipt_donation_only_ends;
alter table receipt_donation alter column amount_cents set not null;
comment on column receipt_donation.live is
  'Ends when the receipt is cancelled or replaced, so that another can carry the donation.';
drop trigger receipt_donation_only_ends on receipt_donation;
create trigger receipt_donation_only_ends before update on receipt_donation
  for each row when (new.live or (old.donation_id, old.receipt_id, old.amount_cents)
    is distinct from (new.donation_id, new.receipt_id, new.amount_cents))
  execute function refuse_change();
comment on column receipt.tax_year is
  'The year whose tax it reduces: a receipt never mixes two. Which day decides is a setting.';
comment on column receipt.amount_cents is
  'What remained of its donations when it was issued, in cents.';

create table receipt_state (
  receipt_id   uuid not null references receipt,
  n            smallint not null check (n > 0),
  state        text not null check (state in ('cancelled', 'replaced')),
  successor_id uuid unique references receipt,
  decided_by   text not null check (decided_by <> ''),
  why          text not null check (why <> ''),
  occurred_on  date not null,
  recorded_at  timestamptz not null,
  primary key (receipt_id, n),
  constraint receipt_state_has_successor check ((state = 'replaced') = (successor_id is not null))
);
comment on table receipt_state is
  'What became of a receipt after its issue, one numbered row a change; append-only. A receipt '
  'without a row is as it was issued, and keeps its number whatever becomes of it.';
comment on column receipt_state.receipt_id is 'The receipt.';
comment on column receipt_state.n is 'Number of the change, from 1 without a gap.';
comment on column receipt_state.state is 'The state it went to.';
comment on column receipt_state.successor_id is 'The receipt that replaces it, if one does.';
comment on column receipt_state.decided_by is 'Who decided it: an e-mail address of the team.';
comment on column receipt_state.why is 'Why, in the words of who decided.';
comment on column receipt_state.occurred_on is 'The day it happened.';
comment on column receipt_state.recorded_at is 'When it was written here.';
create trigger receipt_state_is_append_only before update or delete or truncate on receipt_state
  for each statement execute function refuse_change();

create function receipt_state_follows() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  -- Only an issued receipt is cancelled or replaced; nothing follows either.
  if new.n <> 1 then
    raise exception 'a receipt that was cancelled or replaced cannot go to %', new.state
      using errcode = 'check_violation', constraint = 'receipt_state_follows',
        table = 'receipt_state';
  end if;
  if exists (select 1 from receipt_donation l where l.receipt_id = new.receipt_id and l.live) then
    raise exception 'the donations of a receipt are freed before it goes to %', new.state
      using errcode = 'check_violation', constraint = 'receipt_state_frees_donations',
        table = 'receipt_state';
  end if;
  if new.state = 'replaced' and not exists (
       select 1 from receipt r join receipt s on s.receipt_id = new.successor_id
       where r.receipt_id = new.receipt_id and s.receipt_id <> r.receipt_id
         and s.association_id = r.association_id and s.donor_id = r.donor_id
         and s.issued_on >= r.issued_on) then
    raise exception 'a receipt is replaced by a later one of its association and donor'
      using errcode = 'check_violation', constraint = 'receipt_state_has_successor',
        table = 'receipt_state';
  end if;
  return null;
end $$;
comment on function receipt_state_follows is
  'A receipt is cancelled or replaced once, and nothing follows; its donations are free then.';
create trigger receipt_state_follows after insert on receipt_state
  for each row execute function receipt_state_follows();

create function receipt_donation_ends_with_receipt() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  if not exists (select 1 from receipt_state s where s.receipt_id = new.receipt_id) then
    raise exception 'a donation leaves a receipt only when that is cancelled or replaced'
      using errcode = 'check_violation', constraint = 'receipt_donation_ends_with_receipt',
        table = 'receipt_donation';
  end if;
  return null;
end $$;
comment on function receipt_donation_ends_with_receipt is
  'No donation leaves a receipt that still stands, or a second one could carry it as well.';
create constraint trigger receipt_donation_ends_with_receipt after update on receipt_donation
  deferrable initially deferred
  for each row execute function receipt_donation_ends_with_receipt();

create view receipt_candidate as
  select d.donation_id, d.association_id, d.order_id, m.name as merchant, d.occurred_at,
    d.amount_cents - coalesce(refunded.cents, 0) as remaining_cents, d.funded_by,
    d.consent_preticked, collected.occurred_on as collected_on,
    paid_out.occurred_on as paid_out_on,
    d.donation_id in (select o.donation_id from open_case o
      where o.kind = 'refund-beyond-donation' and o.donation_id is not null)
      as refund_in_question,
    donor.donor_id, donor.receipt_frequency, donor.first_name, donor.last_name, donor.address
  from donation d join merchant m using (merchant_id)
  left join donation_claim k using (donation_id)
  left join donor on donor.donor_id = coalesce(d.donor_id, k.donor_id)
  left join (select r.donation_id, sum(r.amount_cents)::bigint as cents
    from donation_refund r group by r.donation_id) refunded
    on refunded.donation_id = d.donation_id
  left join collection_donation c on c.donation_id = d.donation_id and c.live
  left join (select distinct on (s.collection_id) s.collection_id, s.occurred_on
    from collection_state s where s.state = 'settled'
    order by s.collection_id, s.n desc) collected on collected.collection_id = c.collection_id
  left join payout_donation p on p.donation_id = d.donation_id and p.live
  left join payout_current_state paid_out
    on paid_out.payout_id = p.payout_id and paid_out.state = 'settled';
comment on view receipt_candidate is
  'A donation with all that decides on its receipt and is printed there: what remains of it after '
  'every refund, the days on which its money moved, and its donor as they are known now.';

create view receipt_register as
  select r.receipt_id, r.number, r.association_id, r.donor_id, r.tax_year, r.count, r.amount_cents,
    r.issued_on, r.issued_at,
    case
      when s.state is not null then s.state
      when exists (select 1 from open_case o
          where o.kind = 'receipt-in-question' and o.subject = r.receipt_id)
        or exists (select 1 from receipt_donation l join donation d using (donation_id)
          where l.receipt_id = r.receipt_id
            and (d.amount_cents - coalesce((select sum(f.amount_cents) from donation_refund f
                 where f.donation_id = l.donation_id), 0) < l.amount_cents
              or exists (select 1 from open_case o
                where o.kind = 'refund-beyond-donation' and o.donation_id = l.donation_id)
              or 'settled' is distinct from (select t.state
                from payout_donation p join payout_state t using (payout_id)
                where p.donation_id = l.donation_id and p.live
                order by t.n desc limit 1)))
        then 'in-question'
      else 'valid'
    end as standing,
    (select n.number from receipt n where n.receipt_id = s.successor_id) as successor
  from receipt r left join receipt_state s on s.receipt_id = r.receipt_id and s.n = 1;
comment on view receipt_register is
  'Each receipt and whether it can be relied on: valid, in-question, cancelled or replaced (by '
  'which). In question is one that says more than remains of its donations, whose money is not '
  'with the association any more, or about which a case is open. Derived from facts each time.';

alter table mailing drop constraint mailing_kind_check;
alter table mailing add constraint mailing_kind_check
  check (kind in ('receipts', 'cancellation', 'replacement'));
alter table mailing add column about uuid references receipt;
alter table mailing add constraint mailing_is_about_a_receipt
  check ((kind = 'receipts') = (about is null));
comment on column mailing.about is
  'The receipt that was cancelled or replaced, in a message that tells so.';
comment on table mailing_receipt is
  'Receipts go out in one message each, ever; one that cannot be relied on leaves a message that '
  'was not sent yet.';

create function mailing_receipt_leaves_unsent() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  if exists (select 1 from mailing m where m.mail_id = old.mail_id and m.sent_at is not null) then
    raise exception 'a message that was sent keeps its receipts'
      using errcode = 'restrict_violation', constraint = 'mailing_receipt_leaves_unsent',
        table = 'mailing_receipt';
  end if;
  return old;
end $$;
comment on function mailing_receipt_leaves_unsent is
  'What a message that was sent brought is a fact.';
create trigger mailing_receipt_leaves_unsent before delete on mailing_receipt
  for each row execute function mailing_receipt_leaves_unsent();

grant select, insert on receipt_state to obole_app;
grant update (live) on receipt_donation to obole_app;
grant delete on mailing_receipt to obole_app;
grant select on receipt_candidate, receipt_register to obole_app;
