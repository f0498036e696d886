-- What a claim that was settled in parts takes of its donation, and which payments were taken back,
-- beside what was given up or told in error.

-- A payout that comes back settles what was left of a claim, which is all that it takes.
create or replace view refund_taken as
  select r.donation_id, sum(case when r.stage = 'paid_out' then s.cents else r.amount_cents end)
    ::bigint as taken_cents
  from donation_refund r
  left join lateral (
    select sum(x.amount_cents) as cents from refund_due_settlement x
    where r.stage = 'paid_out' and x.refund_due_id = r.fact_id and x.way = 'payout_returned') s
    on true
  where r.stage in ('pending', 'arrived', 'written_off') or s.cents is not null
  group by r.donation_id;

create or replace view returned_payment as
  select s.collection_id, s.n, c.merchant_id, c.period, c.reference, s.occurred_on,
    s.recorded_at, t.amount_cents
  from collection_state s join collection c using (collection_id)
  cross join lateral (
    select count(*) as attempt from collection_state p
    where p.collection_id = s.collection_id and p.state = 'submitted' and p.n < s.n) a
  join collection_attempt t on t.collection_id = s.collection_id and t.n = a.attempt
  where s.state = 'returned' and t.amount_cents > 0
    -- One that was undone, because it rested on a mistake, is asked for in the same moment.
    and not exists (
      select 1 from collection_state f where f.collection_id = s.collection_id
        and f.n = s.n + 1 and f.state = 'submitted' and f.recorded_at = s.recorded_at)
    -- One that was told and did not happen is none.
    and not exists (select 1 from told_return_withdrawn w where w.fact_id = t.fact_id);
