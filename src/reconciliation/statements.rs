//! Where statements stand among each other, by what the bank says that the account holds before and
//! after them: they chain, overlap, or leave a gap, which a person explains.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::import::Placement;
use crate::cases::{self, CaseKind, Decision, NewCase};
use crate::db;
use crate::values::{BankStatement, derived_id, euros};

/// A statement with what its lines come to, and their days; none where it has none.
#[derive(Clone, Debug)]
pub struct StatementSummary {
    pub statement: BankStatement,
    pub moved_cents: i64,
    /// What its credits alone come to.
    pub credit_cents: i64,
    pub days: Option<(NaiveDate, NaiveDate)>,
}

impl StatementSummary {
    /// The least and the most that the account can have held between its first and its last line,
    /// in whatever order they came.
    const fn range(&self, opening: i64) -> (i64, i64) {
        let debits = self.credit_cents - self.moved_cents;
        (opening - debits, opening + self.credit_cents)
    }
}

#[derive(Clone, Debug, FromRow)]
struct Stored {
    statement_id: Uuid,
    opening_cents: i64,
    closing_cents: i64,
    moved_cents: i64,
    first_on: Option<NaiveDate>,
    last_on: Option<NaiveDate>,
}

impl Stored {
    const fn is_sound(&self) -> bool {
        self.closing_cents - self.opening_cents == self.moved_cents
    }

    /// Whether it shares a day with these.
    fn meets(&self, (first, last): (NaiveDate, NaiveDate)) -> bool {
        self.first_on.is_some_and(|o| o <= last) && self.last_on.is_some_and(|o| o >= first)
    }
}

/// A statement among those imported before.
#[derive(Clone, Debug)]
pub struct PlacedStatement {
    pub placement: Placement,
    /// What is missing before it or after it, in words.
    gap: Option<String>,
    is_known: bool,
}

/// Finds where a statement stands among those of its account.
pub async fn place_statement(
    tx: &mut PgConnection,
    s: &StatementSummary,
) -> Result<PlacedStatement, sqlx::Error> {
    // Of two imports of one statement at the same moment, the second must see the first.
    db::settlement_lock::lock_exclusive(tx).await?;
    let account = &s.statement.account;
    let mut stored: Vec<Stored> = sqlx::query_as(
        "select statement_id, opening_cents, closing_cents, moved_cents, first_on, last_on
         from bank_statement where iban = $1 order by last_on nulls first, n",
    )
    .bind(account)
    .fetch_all(&mut *tx)
    .await?;
    let id = s
        .statement
        .balances
        .map(|balances| statement_id(s, balances));
    let is_known = stored.iter().any(|o| Some(o.statement_id) == id);
    let counted: bool =
        sqlx::query_scalar("select exists (select 1 from bank_line where statement_id = $1)")
            .bind(id)
            .fetch_one(&mut *tx)
            .await?;
    if !counted {
        // Its lines were taken for others: with what came since, they may be known for its own.
        stored.retain(|o| Some(o.statement_id) != id);
    }
    let is_chained = chains(&stored, s, id) || stands_apart(tx, &stored, s).await?;
    let gap = match s.statement.balances {
        Some(balances) if !is_known => gap(tx, &stored, s, balances).await?,
        _ => None,
    };
    Ok(PlacedStatement {
        placement: Placement {
            statement_id: id,
            is_chained,
        },
        gap,
        is_known,
    })
}

/// Whether no line of a statement can be one that others of its days told: the account never held
/// so much, or so little, while they were told. Then its lines are new, whatever they equal.
async fn stands_apart(
    tx: &mut PgConnection,
    stored: &[Stored],
    s: &StatementSummary,
) -> Result<bool, sqlx::Error> {
    let (Some((opening, closing)), Some(days)) = (s.statement.balances, s.days) else {
        return Ok(false);
    };
    let met: Vec<&Stored> = stored.iter().filter(|o| o.meets(days)).collect();
    if closing - opening != s.moved_cents || met.is_empty() || !met.iter().all(|o| o.is_sound()) {
        return Ok(false);
    }
    // What an export without balances told may be anything.
    let told_without: bool = sqlx::query_scalar(
        "select exists (select 1 from bank_line
           where iban = $1 and booked_on between $2 and $3 and statement_id is null)",
    )
    .bind(&s.statement.account)
    .bind(days.0)
    .bind(days.1)
    .fetch_one(&mut *tx)
    .await?;
    if told_without {
        return Ok(false);
    }
    let (least, most) = s.range(opening);
    for o in met {
        let (credits, debits): (i64, i64) = sqlx::query_as(
            "select coalesce(sum(amount_cents) filter (where side = 'credit'), 0)::bigint,
               coalesce(sum(amount_cents) filter (where side = 'debit'), 0)::bigint
             from bank_line where iban = $1 and booked_on between $2 and $3",
        )
        .bind(&s.statement.account)
        .bind(o.first_on)
        .bind(o.last_on)
        .fetch_one(&mut *tx)
        .await?;
        if most > o.opening_cents - debits && least < o.opening_cents + credits {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What is missing before a statement or after it, in words; none where it begins at a balance that
/// the others know of.
async fn gap(
    tx: &mut PgConnection,
    stored: &[Stored],
    s: &StatementSummary,
    (opening, closing): (i64, i64),
) -> Result<Option<String>, sqlx::Error> {
    let first = s.days.map(|d| d.0);
    let ends_before = |o: &&Stored| first.is_none() || o.last_on <= first;
    let Some(latest) = stored.last() else {
        return Ok(None);
    };
    let mut before = stored.iter().filter(ends_before);
    if before.any(|o| o.closing_cents == opening) {
        return Ok(None);
    }
    // An export of other bounds begins inside what others tell.
    let inside: bool = sqlx::query_scalar(
        "select exists (select 1 from bank_statement o
           where o.iban = $1 and o.first_on <= $2 and o.last_on >= $2
             and o.opening_cents + bank_lines_come_to(o.iban, o.first_on, $2 - 1) = $3)",
    )
    .bind(&s.statement.account)
    .bind(first)
    .bind(opening)
    .fetch_one(&mut *tx)
    .await?;
    let last = s.days.map(|d| d.1);
    let is_earliest = last.is_some() && stored.iter().all(|o| o.first_on >= last);
    let leads_on = is_earliest && stored.iter().any(|o| o.opening_cents == closing);
    if inside || leads_on {
        return Ok(None);
    }
    let latest = stored.iter().rfind(ends_before).unwrap_or(latest);
    Ok(Some(format!(
        "it opens with {} euros, and the one before closed with {}",
        euros(opening),
        euros(latest.closing_cents)
    )))
}

fn statement_id(s: &StatementSummary, (opening, closing): (i64, i64)) -> Uuid {
    let (account, name, moved) = (&s.statement.account, &s.statement.name, s.moved_cents);
    derived_id(&format!(
        "statement:{account}:{name}:{opening}:{closing}:{moved}"
    ))
}

/// Whether a statement begins where another of its account ended, or ends where one begins, and
/// overlaps none: then its lines are new, whatever they equal.
///
/// Balances may be equal by chance or by habit, so days must agree as well, no stored statement of
/// the same days may begin or end where this one does, and each that shares a day with it must be a
/// link of the same chain: an export of other bounds repeats lines, whatever its balances.
fn chains(stored: &[Stored], s: &StatementSummary, id: Option<Uuid>) -> bool {
    let (Some((opening, closing)), Some((first, last))) = (s.statement.balances, s.days) else {
        return false;
    };
    if closing - opening != s.moved_cents || stored.iter().any(|o| Some(o.statement_id) == id) {
        return false;
    }
    let sound = || {
        let sound = stored.iter().filter(|o| o.is_sound());
        sound.filter_map(|o| Some((o, o.first_on?, o.last_on?)))
    };
    let follows = sound().any(|(o, _, o_last)| o.closing_cents == opening && o_last <= first)
        && !sound().any(|(o, _, o_last)| o.opening_cents == opening && o_last >= first);
    let precedes = sound().any(|(o, o_first, _)| o.opening_cents == closing && o_first >= last)
        && !sound().any(|(o, o_first, _)| o.closing_cents == closing && o_first <= last);
    if !(follows || precedes) {
        return false;
    }
    let sound: Vec<&Stored> = sound().map(|(o, ..)| o).collect();
    let linked = linked(&sound, opening, closing);
    stored
        .iter()
        .filter(|o| o.meets((first, last)))
        .all(|o| linked.contains(&o.statement_id))
}

/// The statements that lead, each to the next by its balances, to an opening balance, and those
/// that lead on from a closing one.
fn linked(sound: &[&Stored], opening: i64, closing: i64) -> HashSet<Uuid> {
    let back = |o: &Stored| (o.closing_cents, o.opening_cents);
    let on = |o: &Stored| (o.opening_cents, o.closing_cents);
    let mut linked = HashSet::new();
    for (from, ends) in [(opening, &back as &dyn Fn(&Stored) -> _), (closing, &on)] {
        let mut reached = vec![from];
        while let Some(balance) = reached.pop() {
            for o in sound.iter().filter(|o| ends(o).0 == balance) {
                if linked.insert(o.statement_id) {
                    reached.push(ends(o).1);
                }
            }
        }
    }
    linked
}

/// Keeps a statement, and opens a case where its balances do not follow from what is known. It may
/// be what was missing of others, whose cases it closes.
pub async fn record_statement(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    s: &StatementSummary,
    placed: &PlacedStatement,
) -> Result<(), sqlx::Error> {
    let (Some((opening, closing)), Some(id)) =
        (s.statement.balances, placed.placement.statement_id)
    else {
        return Ok(());
    };
    if placed.is_known {
        return Ok(());
    }
    let contradicts = closing - opening != s.moved_cents;
    sqlx::query(
        "insert into bank_statement (statement_id, iban, statement, opening_cents, closing_cents,
           moved_cents, contradicts, first_on, last_on, recorded_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing",
    )
    .bind(id)
    .bind(&s.statement.account)
    .bind(&s.statement.name)
    .bind(opening)
    .bind(closing)
    .bind(s.moved_cents)
    .bind(contradicts)
    .bind(s.days.map(|d| d.0))
    .bind(s.days.map(|d| d.1))
    .bind(now)
    .execute(&mut *tx)
    .await?;
    close_filled(tx, now, s, closing).await?;
    let mut what = Vec::from_iter(placed.gap.clone());
    if contradicts {
        what.push(format!(
            "its lines come to {} euros, and its balances differ by {}",
            euros(s.moved_cents),
            euros(closing - opening)
        ));
    }
    if what.is_empty() {
        return Ok(());
    }
    let name: String = s.statement.name.chars().take(60).collect();
    let what = format!("statement {name}: {}", what.join("; "));
    cases::open(tx, now, &[NewCase::new(CaseKind::StatementGap, id, what)]).await
}

/// Closes the cases of statements before which only this one was missing.
async fn close_filled(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    s: &StatementSummary,
    closing: i64,
) -> Result<(), sqlx::Error> {
    let filled: Vec<Uuid> = sqlx::query_scalar(
        "select o.statement_id from bank_statement o
           join open_case c on c.kind = $3 and c.subject = o.statement_id
         where o.iban = $1 and o.opening_cents = $2 and o.first_on >= $4
           and o.closing_cents - o.opening_cents = o.moved_cents",
    )
    .bind(&s.statement.account)
    .bind(closing)
    .bind(CaseKind::StatementGap.word())
    .bind(s.days.map(|d| d.1))
    .fetch_all(&mut *tx)
    .await?;
    let decision = Decision {
        decision: "filled",
        by: "obole",
        why: "the statement that was missing before it came",
    };
    cases::close(tx, now, CaseKind::StatementGap, &filled, decision).await?;
    Ok(())
}

/// Opens a case for an entry that is not read, once.
pub async fn question_entry(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    statement: &BankStatement,
    entry: usize,
    reason: &str,
) -> Result<(), sqlx::Error> {
    let (account, name) = (&statement.account, &statement.name);
    let id = derived_id(&format!("unread:{account}:{name}:{entry}"));
    let known: bool = sqlx::query_scalar(
        "select exists (select 1 from case_file where kind = $1 and subject = $2)",
    )
    .bind(CaseKind::EntryUnread.word())
    .bind(id)
    .fetch_one(&mut *tx)
    .await?;
    if known {
        return Ok(());
    }
    let name: String = name.chars().take(60).collect();
    let what = format!("entry {entry} of statement {name} is not read: {reason}");
    cases::open(tx, now, &[NewCase::new(CaseKind::EntryUnread, id, what)]).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::StatementKind;

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 12, n).unwrap()
    }

    fn summary(name: &str, balances: (i64, i64), days: (u32, u32)) -> StatementSummary {
        StatementSummary {
            statement: BankStatement {
                kind: StatementKind::Booked,
                account: "A".into(),
                name: name.into(),
                balances: Some(balances),
            },
            moved_cents: balances.1 - balances.0,
            credit_cents: (balances.1 - balances.0).max(0),
            days: Some((day(days.0), day(days.1))),
        }
    }

    fn stored(s: &StatementSummary) -> Stored {
        let balances = s.statement.balances.unwrap();
        Stored {
            statement_id: statement_id(s, balances),
            opening_cents: balances.0,
            closing_cents: balances.1,
            moved_cents: s.moved_cents,
            first_on: s.days.map(|d| d.0),
            last_on: s.days.map(|d| d.1),
        }
    }

    fn chain(before: &[StatementSummary], s: &StatementSummary) -> bool {
        let stored: Vec<Stored> = before.iter().map(stored).collect();
        let id = s.statement.balances.map(|b| statement_id(s, b));
        chains(&stored, s, id)
    }

    #[test]
    fn statements_chain_by_their_balances_in_either_order() {
        let (one, two) = (
            summary("1", (0, 88), (2, 2)),
            summary("2", (88, 176), (2, 2)),
        );
        assert!(!chain(&[], &one), "the first follows nothing");
        assert!(chain(std::slice::from_ref(&one), &two));
        assert!(
            chain(std::slice::from_ref(&two), &one),
            "imported the other way round"
        );
        assert!(!chain(&[one.clone(), two.clone()], &two), "the same again");
        assert!(!chain(&[one.clone(), two], &one));
    }

    #[test]
    fn an_export_of_the_same_days_does_not_chain_though_its_balances_fit() {
        let (one, two) = (summary("1", (0, 22), (1, 1)), summary("2", (22, 0), (2, 2)));
        let both = [one, two];
        assert!(!chain(&both, &summary("3", (0, 0), (1, 2))));
        assert!(!chain(&both, &summary("3", (22, 0), (2, 2))));
        assert!(chain(&both, &summary("3", (0, 5), (2, 3))), "the next days");
        let same_day = [summary("1", (0, 22), (1, 1)), summary("2", (22, 0), (1, 1))];
        assert!(!chain(&same_day, &summary("3", (0, 0), (1, 1))));
    }

    #[test]
    fn an_export_that_fills_a_gap_and_repeats_a_neighbour_does_not_chain() {
        let (one, three) = (
            summary("335", (0, 100), (1, 1)),
            summary("337", (300, 1300), (3, 3)),
        );
        let both = [one.clone(), three.clone()];
        assert!(!chain(&both, &summary("export", (100, 1300), (2, 3))));
        assert!(
            chain(&both, &summary("336", (100, 300), (2, 2))),
            "the gap alone"
        );
        let (noon, next) = (
            summary("noon", (0, 1000), (2, 2)),
            summary("337", (1200, 1300), (3, 3)),
        );
        assert!(!chain(&[noon, next], &summary("336", (0, 1200), (2, 2))));
        // A statement that was not read whole, sent again.
        let mut unread = summary("336", (100, 1400), (2, 2));
        unread.moved_cents = 1000;
        assert!(!chain(&[one, unread], &summary("336", (100, 1400), (2, 2))));
        let thrice = [(0, 5), (5, 10)].map(|b| summary("a", b, (1, 1)));
        assert!(
            chain(&thrice, &summary("c", (10, 15), (1, 1))),
            "a day in three"
        );
    }

    #[test]
    fn balances_that_do_not_add_up_prove_nothing() {
        let one = summary("1", (0, 88), (2, 2));
        let mut two = summary("2", (88, 176), (2, 2));
        two.moved_cents = 5;
        assert!(!chain(&[one], &two));
    }
}
