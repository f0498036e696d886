-- A payout of which the bank tells that it comes back is still settled in the books until the
-- statement has the money: its receipts wait meanwhile.

create or replace view donation_in_question as
  select distinct donation_id from open_case
  where kind in ('refund-beyond-donation', 'refund-differs', 'order-differs')
    and donation_id is not null
  union
  select l.donation_id
  from bank_notice n join payout_donation l using (payout_id)
  join payout_current_state s using (payout_id)
  where n.kind = 'return' and l.live and s.state = 'settled';
comment on view donation_in_question is
  'Donations of which a person must say what was given, and by whom, or whose payout is told to '
  'come back: no receipt is issued for them meanwhile, and one that was issued is in question.';
