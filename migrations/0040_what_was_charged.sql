-- What shops really charged and gave back: donations that were not charged as they should be, and
-- refunds that do not say what they gave back, hold their receipts until a person has decided.

create or replace view donation_in_question as
  select distinct donation_id from open_case
  where kind in ('refund-beyond-donation', 'refund-differs', 'order-differs', 'refund-unproven',
      'donation-not-as-charged')
    and donation_id is not null
  union
  select l.donation_id
  from bank_notice n join payout_donation l using (payout_id)
  join payout_current_state s using (payout_id)
  where n.kind = 'return' and l.live and s.state = 'settled';
comment on column donation.flags is
  'What a person should look at: consent-missing, consent-preticked, amount-off-rule, '
  'merchant-suspended, association-suspended, donation-taxed, donation-discounted, '
  'above-order-total.';
comment on column donation.content_hash is
  'SHA-256 of what the event said of the order, to tell a repetition from a conflict; after it, '
  'where the platform tells enough, four bytes each of the hashes of the store''s address, the '
  'order''s key, its day of payment and its payer, to tell it from another of the same number.';
grant update (api_token_sealed) on endpoint to obole_app;
