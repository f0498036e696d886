-- Give-backs: what somebody paid and nobody asked for, or the credit of a merchant that left, goes
-- back by a payout of its own. No donation, report or receipt hangs on it.

alter table payout alter column association_id drop not null,
  add column line_id uuid references bank_line,
  add column merchant_id uuid references merchant,
  add column name text check (name <> ''),
  add column iban text check (iban <> ''),
  add column bic text check (bic <> ''),
  drop constraint payout_count_check,
  add constraint payout_count_check check (count >= 0),
  add constraint payout_pays_one check (num_nonnulls(association_id, line_id, merchant_id) = 1),
  add constraint payout_gives_back check (
    case when association_id is null
      then count = 0 and deducted_cents = 0 and name is not null and iban is not null
      else count > 0 and num_nonnulls(name, iban, bic) = 0 end);
comment on table payout is
  'Money for one association, or given back to who paid it; append-only, its changes are rows of '
  'payout_state.';
comment on column payout.association_id is 'The association that is paid; null for a give-back.';
comment on column payout.line_id is 'The credit of the bank that is given back, or a part of it.';
comment on column payout.merchant_id is 'The merchant whose credit is given back.';
comment on column payout.count is 'How many donations it pays; 0 for a give-back.';
comment on column payout.name is
  'Holder of the account that a give-back goes to; null for an association, which has its own.';
comment on column payout.iban is 'The account that a give-back goes to.';
comment on column payout.bic is 'BIC of its bank, where it is known.';
create index payout_line on payout (line_id) where line_id is not null;
create index payout_merchant on payout (merchant_id) where merchant_id is not null;

create view payout_account as
  select p.payout_id, coalesce(p.name, a.name) as name, coalesce(p.iban, a.iban) as iban,
    case when p.association_id is null then p.bic else a.bic end as bic,
    coalesce(a.changes, 0) as changes
  from payout p left join association_account a using (association_id);
comment on view payout_account is
  'The account that each payout goes to as things stand, and how often it was changed.';

alter table payout_approval alter column bic drop not null;
comment on column payout_approval.bic is
  'BIC of that account''s bank; null where a give-back names none.';

create or replace view payout_valid_approval as
  select v.payout_id, v.round, v.operator_id, v.approved_at
  from payout_approval v join payout p using (payout_id)
  join payout_account a using (payout_id)
  where v.round = (select max(l.round) from payout_approval l where l.payout_id = v.payout_id)
    and (v.name, v.iban, v.amount_cents, v.changes) = (a.name, a.iban, p.amount_cents, a.changes)
    and v.bic is not distinct from a.bic;

create view line_given_back as
  select p.line_id,
    coalesce(sum(p.amount_cents) filter (where s.state in ('submitted', 'settled')), 0)::bigint
      as left_cents,
    coalesce(sum(p.amount_cents) filter (where s.state = 'prepared'), 0)::bigint
      as prepared_cents
  from payout p cross join lateral (
    select t.state from payout_state t where t.payout_id = p.payout_id
    order by t.n desc limit 1) s
  where p.line_id is not null group by p.line_id;
comment on view line_given_back is
  'What of the bank''s lines was given back, and what is prepared to be.';

create or replace view bank_line_position as
  select l.line_id, l.side, l.booked_on, l.amount_cents,
    (l.amount_cents - coalesce(m.cents, 0) - coalesce(g.left_cents, 0))::bigint as open_cents,
    (l.amount_cents - coalesce(m.cents, 0) - coalesce(g.left_cents, 0)
      - coalesce(g.prepared_cents, 0))::bigint as free_cents
  from bank_line l
  cross join lateral (
    select sum(case when m.side = l.side then m.amount_cents else -m.amount_cents end) as cents
    from bank_match m where m.line_id = l.line_id and not exists (
      select 1 from bank_match_undone u where u.match_id = m.match_id)) m
  left join line_given_back g on g.line_id = l.line_id;
comment on view bank_line_position is
  'Each line of the bank, what of it neither a live match nor a give-back explains, which stands '
  'in suspense, and what of that no give-back waits for.';

grant select on payout_account, line_given_back to obole_app;
