-- A line of the bank may settle several things, or a part of one; what is not understood of it
-- stands in suspense until a person says what it is, and what they said can be undone.

alter table bank_line
  add column likeness uuid,
  add column nth integer check (nth >= 0),
  add column statement_id uuid,
  add column party text,
  add column party_iban text,
  add column said text not null default '',
  add column return_reason text,
  add column is_reversal boolean not null default false,
  add column is_unclear boolean not null default false,
  add column bank_reference text,
  drop constraint bank_line_outcome_check,
  add constraint bank_line_outcome_check check (outcome in
    ('collection_settled', 'collection_returned', 'payout_settled', 'payout_returned', 'fee',
     'unknown'));
comment on column bank_line.line_id is
  'Derived from what the line says and its number among equals; from the account, the statement '
  'and the bank''s own reference where likeness is null.';
comment on column bank_line.likeness is
  'Derived from what the line says, whichever statement says it; null for lines of an earlier '
  'version, whose ids were made by another rule.';
comment on column bank_line.nth is 'Number among the lines of its likeness, from 0.';
comment on column bank_line.statement_id is
  'The statement that first told it; null where it says no balances.';
comment on column bank_line.party is 'Name of who paid or was paid, as the bank has it.';
comment on column bank_line.party_iban is 'Their IBAN.';
comment on column bank_line.said is 'What payer and bank wrote.';
comment on column bank_line.return_reason is
  'Why money came back, word for word: a code of ISO 20022 or of the bank.';
comment on column bank_line.is_reversal is 'Whether the bank says that it undoes an earlier act.';
comment on column bank_line.is_unclear is
  'Whether the parts of its entry contradict it: nothing on it is taken at its word.';
comment on column bank_line.bank_reference is 'The bank''s own reference of the entry.';
comment on column bank_line.outcome is
  'What it turned out to be when it was imported; bank_match says it of each part, and now.';
create index bank_line_likeness on bank_line (likeness);
create index bank_line_party on bank_line (party_iban) where party_iban is not null;

create table bank_match (
  match_id      uuid primary key,
  line_id       uuid not null references bank_line,
  n             smallint not null check (n > 0),
  meaning       text not null check (meaning in
                  ('collection_settled', 'collection_returned', 'payout_settled',
                   'payout_returned', 'fee', 'top_up', 'next_month', 'reversal')),
  side          text not null check (side in ('credit', 'debit')),
  amount_cents  bigint not null check (amount_cents > 0),
  collection_id uuid references collection,
  payout_id     uuid references payout,
  merchant_id   uuid references merchant,
  other_line_id uuid references bank_line,
  fact_id       uuid not null,
  fact          text,
  from_suspense boolean not null,
  matched_by    text not null check (matched_by <> ''),
  why           text not null,
  matched_at    timestamptz not null,
  unique (line_id, n),
  check ((meaning like 'collection%') = (collection_id is not null)),
  check ((meaning like 'payout%') = (payout_id is not null)),
  check ((meaning = 'next_month') = (merchant_id is not null)),
  check ((meaning = 'reversal') = (other_line_id is not null)),
  check ((meaning = 'reversal') = (fact is null))
);
comment on table bank_match is
  'What a line of the bank is, part by part, and who said so; append-only. What no live match '
  'explains of a line stands in suspense.';
comment on column bank_match.match_id is 'Id.';
comment on column bank_match.line_id is 'The line.';
comment on column bank_match.n is 'Number among the matches of the line, from 1.';
comment on column bank_match.meaning is
  'What the part is; reversal: the line and another one undo each other.';
comment on column bank_match.side is
  'Which way the part moved the account: a fee inside a credit is a debit.';
comment on column bank_match.amount_cents is 'How much of it, in cents.';
comment on column bank_match.collection_id is 'The collection that it settled or took back.';
comment on column bank_match.payout_id is 'The payout that it settled or returned.';
comment on column bank_match.merchant_id is 'Who takes it off the next month.';
comment on column bank_match.other_line_id is 'The line that undoes it, or that it undoes.';
comment on column bank_match.fact_id is 'The fact under which the ledger posted it.';
comment on column bank_match.fact is 'The word of that fact; null where nothing is to post.';
comment on column bank_match.from_suspense is
  'Whether it was posted out of suspense, or at once between cash and what it is.';
comment on column bank_match.matched_by is
  'Who said so: an operator''s e-mail address, or obole where the line itself did.';
comment on column bank_match.why is 'Why, in the words of who said so.';
comment on column bank_match.matched_at is 'When.';
create index bank_match_fact on bank_match (fact_id);
create index bank_match_collection on bank_match (collection_id) where collection_id is not null;
create index bank_match_payout on bank_match (payout_id) where payout_id is not null;
create index bank_match_merchant on bank_match (merchant_id) where merchant_id is not null;

create table bank_match_undone (
  match_id  uuid primary key references bank_match,
  fact_id   uuid not null,
  fact      text,
  undone_by text not null check (undone_by <> ''),
  why       text not null,
  undone_at timestamptz not null
);
comment on table bank_match_undone is
  'Matches that somebody undid: their money stands in suspense again; append-only.';
comment on column bank_match_undone.match_id is 'The match.';
comment on column bank_match_undone.fact_id is 'The fact under which the ledger posted the mirror.';
comment on column bank_match_undone.fact is
  'The word of that fact; null where nothing was to post.';
comment on column bank_match_undone.undone_by is 'Who undid it: an operator''s e-mail address.';
comment on column bank_match_undone.why is 'Why, in their words.';
comment on column bank_match_undone.undone_at is 'When.';

create table bank_hold (
  line_id       uuid not null references bank_line,
  n             smallint not null check (n > 0),
  meaning       text not null check (meaning in
                  ('part', 'rest', 'second', 'recall', 'return', 'debit', 'other')),
  collection_id uuid references collection,
  payout_id     uuid references payout,
  held_by       text not null check (held_by <> ''),
  held_at       timestamptz not null,
  primary key (line_id, n),
  check (collection_id is null or payout_id is null)
);
comment on table bank_hold is
  'What a line in suspense is held for until the rest of it comes or a person decides; the last '
  'row of a line counts; append-only.';
comment on column bank_hold.line_id is 'The line.';
comment on column bank_hold.n is 'Number among the rows of the line, from 1.';
comment on column bank_hold.meaning is
  'part: less than the collection asks; rest: more; second: paid already; recall: taken back '
  'before it came; return: a payout back before it left; debit: a payout that left though it was '
  'refused; other: named, and nothing fits.';
comment on column bank_hold.collection_id is 'The collection that the line names.';
comment on column bank_hold.payout_id is 'The payout that the line names.';
comment on column bank_hold.held_by is 'Who said so: an operator''s e-mail address, or obole.';
comment on column bank_hold.held_at is 'When.';
create index bank_hold_collection on bank_hold (collection_id) where collection_id is not null;
create index bank_hold_payout on bank_hold (payout_id) where payout_id is not null;

create table bank_notice (
  notice_id   uuid primary key,
  kind        text not null check (kind in ('refusal', 'return', 'status')),
  payout_id   uuid not null references payout,
  status      text not null,
  reason      text,
  told_by     text not null check (told_by in ('camt.054', 'pain.002')),
  recorded_at timestamptz not null
);
comment on table bank_notice is
  'What the bank told of a payout beside its statements, each once; append-only.';
comment on column bank_notice.notice_id is
  'Derived from the payout and the kind: however many documents tell of one return, it is one. '
  'From the status as well where it is neither a refusal nor a return.';
comment on column bank_notice.kind is
  'refusal: the order is not executed; return: the money comes back; status: anything else, such '
  'as how the name fits its account (RCVC, RVNM, RVMC, RVNA).';
comment on column bank_notice.payout_id is 'The payout.';
comment on column bank_notice.status is 'The bank''s word for it.';
comment on column bank_notice.reason is 'Its reason, word for word.';
comment on column bank_notice.told_by is 'Which kind of document told it first.';
comment on column bank_notice.recorded_at is 'When it was imported.';
create index bank_notice_payout on bank_notice (payout_id);

create table bank_explanation (
  entry_id       uuid not null,
  nth            smallint not null check (nth >= 0),
  iban           text not null,
  bank_reference text not null,
  side           text not null check (side in ('credit', 'debit')),
  amount_cents   bigint not null check (amount_cents > 0),
  part_side      text not null check (part_side in ('credit', 'debit')),
  part_cents     bigint not null check (part_cents > 0),
  names          text[] not null,
  recorded_at    timestamptz not null,
  primary key (entry_id, nth)
);
comment on table bank_explanation is
  'What a notification says is inside an entry that a statement tells in one sum; append-only.';
comment on column bank_explanation.entry_id is 'Derived from what the notification says of it.';
comment on column bank_explanation.nth is 'Number of the part in the entry, from 0.';
comment on column bank_explanation.iban is 'The account.';
comment on column bank_explanation.bank_reference is
  'The bank''s own reference, which statement and notification share.';
comment on column bank_explanation.side is 'Which way the entry moved the account.';
comment on column bank_explanation.amount_cents is 'The entry''s amount in cents.';
comment on column bank_explanation.part_side is 'Which way the part did.';
comment on column bank_explanation.part_cents is 'The part''s amount in cents.';
comment on column bank_explanation.names is 'The references of ours that the part carries.';
comment on column bank_explanation.recorded_at is 'When it was imported.';
create index bank_explanation_entry on bank_explanation (bank_reference);

-- The lines that an earlier version understood, each by the attempt that its posting names.
insert into bank_match (match_id, line_id, n, meaning, side, amount_cents, collection_id, payout_id,
  fact_id, fact, from_suspense, matched_by, why, matched_at)
select gen_random_uuid(), l.line_id, 1, l.outcome, l.side, l.amount_cents, l.collection_id,
  l.payout_id, coalesce(t.fact_id, l.payout_id, l.collection_id), l.outcome, false, 'obole',
  'reference and amount', l.recorded_at
from (
  select b.*, row_number() over (
    partition by outcome, collection_id order by recorded_at, booked_on, line_id) as k
  from bank_line b where outcome <> 'unknown') l
left join (
  select c.collection_id, t.fact_id, t.fact, row_number() over (
    partition by t.fact, c.collection_id order by t.recorded_at, c.n) as k
  from transfer t join collection_attempt c using (fact_id)
  where t.leg = 0 and t.fact in ('collection_settled', 'collection_returned')
    and exists (select 1 from account a where a.kind = 'safeguarded_cash'
      and a.account_id in (t.debit_account_id, t.credit_account_id))) t
  on t.collection_id = l.collection_id and t.fact = l.outcome and t.k = l.k;

create trigger bank_match_is_append_only before update or delete or truncate on bank_match
  for each statement execute function refuse_change();
create trigger bank_match_undone_is_append_only
  before update or delete or truncate on bank_match_undone
  for each statement execute function refuse_change();
create trigger bank_hold_is_append_only before update or delete or truncate on bank_hold
  for each statement execute function refuse_change();
create trigger bank_explanation_is_append_only
  before update or delete or truncate on bank_explanation
  for each statement execute function refuse_change();
create trigger bank_notice_is_append_only before update or delete or truncate on bank_notice
  for each statement execute function refuse_change();

create view bank_line_position as
  select l.line_id, l.side, l.booked_on, l.amount_cents,
    l.amount_cents - coalesce((
      select sum(case when m.side = l.side then m.amount_cents else -m.amount_cents end)
      from bank_match m where m.line_id = l.line_id and not exists (
        select 1 from bank_match_undone u where u.match_id = m.match_id)), 0)::bigint
      as open_cents
  from bank_line l;
comment on view bank_line_position is
  'Each line of the bank and what of it no live match explains: that stands in suspense.';

create view bank_hold_current as
  select distinct on (line_id) line_id, meaning, collection_id, payout_id, held_by, held_at
  from bank_hold order by line_id, n desc;
comment on view bank_hold_current is 'What each line in suspense is held for.';

alter table bank_statement
  add column n bigint generated always as identity,
  add column first_on date,
  add column last_on date;
comment on column bank_statement.n is 'Number in the order in which statements were imported.';
comment on column bank_statement.first_on is 'Day of its first line; null where it has none.';
comment on column bank_statement.last_on is 'Day of its last line.';
alter table bank_statement disable trigger bank_statement_is_append_only;
update bank_statement s set first_on = l.first_on, last_on = l.last_on
from (select iban, statement, min(booked_on) as first_on, max(booked_on) as last_on
      from bank_line group by iban, statement) l
where l.iban = s.iban and l.statement = s.statement;
alter table bank_statement enable trigger bank_statement_is_append_only;
create index bank_statement_account on bank_statement (iban, n);

create index bank_line_bank_reference on bank_line (bank_reference)
  where bank_reference is not null;

grant select, insert on bank_match, bank_match_undone, bank_hold, bank_notice, bank_explanation
  to obole_app;
grant select on bank_line_position, bank_hold_current to obole_app;
-- Donations of a collection of which a part was accepted are free for the next.
grant update (live) on collection_donation to obole_app;
