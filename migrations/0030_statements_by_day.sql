-- What a statement says of the account is held against the lines of its own days, whatever is
-- missing before it.

create index bank_line_day on bank_line (iban, booked_on);
create index bank_line_statement on bank_line (statement_id) where statement_id is not null;

alter table bank_statement add column contradicts boolean not null default false;
comment on column bank_statement.contradicts is
  'Whether its lines did not come to what its balances say, which a case told when it came.';
alter table bank_statement disable trigger bank_statement_is_append_only;
update bank_statement set contradicts = true where closing_cents - opening_cents <> moved_cents;
alter table bank_statement enable trigger bank_statement_is_append_only;
alter table bank_statement alter column contradicts drop default;

create view bank_statement_path as
  with recursive sound as (
    select distinct iban, opening_cents, closing_cents, first_on, last_on
    from bank_statement
    where closing_cents - opening_cents = moved_cents and first_on is not null),
  path as (
    select iban, first_on, last_on, opening_cents, closing_cents,
      array[opening_cents, closing_cents] as nodes, array[s::text] as links
    from sound s
    where not exists (
      select 1 from sound p where p.iban = s.iban and p.closing_cents = s.opening_cents
        and p.first_on <= s.first_on and p.last_on >= s.first_on and p <> s)
    union all
    select p.iban, least(p.first_on, s.first_on), s.last_on, p.opening_cents, s.closing_cents,
      p.nodes || s.closing_cents, p.links || s::text
    from path p join sound s on s.iban = p.iban and s.opening_cents = p.closing_cents
      and s.first_on <= p.last_on and s.last_on >= p.last_on
    where s::text <> all(p.links) and cardinality(p.links) < 100)
  select p.iban, p.first_on, p.last_on, p.opening_cents, p.closing_cents, p.nodes
  from path p
  where not exists (
    select 1 from sound s where s.iban = p.iban and s.opening_cents = p.closing_cents
      and s.first_on <= p.last_on and s.last_on >= p.last_on and s::text <> all(p.links));
comment on view bank_statement_path is
  'Statements that share days and follow each other by their balances, taken together: from the '
  'first day to the last, what the account held before and after, and between.';
grant select on bank_statement_path to obole_app;

create function bank_lines_come_to(account text, from_day date, to_day date) returns bigint
language sql stable set search_path = public, pg_temp as $$
  select coalesce(sum(case side when 'credit' then amount_cents else -amount_cents end), 0)::bigint
  from bank_line where iban = account and booked_on between from_day and to_day
$$;
comment on function bank_lines_come_to is
  'What the lines of an account come to from one day to another, both included.';
grant execute on function bank_lines_come_to to obole_app;
