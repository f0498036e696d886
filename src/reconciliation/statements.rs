//! Where statements stand among each other, by what the bank says that the account holds before and
//! after them: they chain, overlap, or leave a gap, which a person explains.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::import::Placement;
use crate::cases::{self, CaseKind, NewCase};
use crate::db;
use crate::values::{BankStatement, derived_id, euros};

/// A statement with what its lines come to, and their days; none where it has none.
#[derive(Clone, Debug)]
pub struct StatementSummary {
    pub statement: BankStatement,
    pub moved_cents: i64,
    pub days: Option<(NaiveDate, NaiveDate)>,
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

/// A statement among those imported before.
#[derive(Clone, Debug)]
pub struct PlacedStatement {
    pub placement: Placement,
    /// What the account held at the end of the one before; none for the first.
    closed_before: Option<i64>,
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
    let stored: Vec<Stored> = sqlx::query_as(
        "select statement_id, opening_cents, closing_cents, moved_cents, first_on, last_on
         from bank_statement where iban = $1 order by last_on nulls first, n",
    )
    .bind(account)
    .fetch_all(tx)
    .await?;
    let id = s
        .statement
        .balances
        .map(|balances| statement_id(s, balances));
    Ok(PlacedStatement {
        placement: Placement {
            statement_id: id,
            is_chained: chains(&stored, s, id),
        },
        closed_before: stored.last().map(|last| last.closing_cents),
        is_known: stored.iter().any(|o| Some(o.statement_id) == id),
    })
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
        let sound = stored
            .iter()
            .filter(|o| o.closing_cents - o.opening_cents == o.moved_cents);
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
        .filter(|o| o.first_on <= Some(last) && o.last_on.is_some_and(|o_last| o_last >= first))
        .all(|o| linked.contains(&o.statement_id))
}

/// The statements that lead, each to the next by its balances, to an opening balance, and those
/// that lead on from a closing one.
fn linked(sound: &[&Stored], opening: i64, closing: i64) -> HashSet<Uuid> {
    let mut linked = HashSet::new();
    let mut end = opening;
    while let Some(o) = sound
        .iter()
        .find(|o| o.closing_cents == end && !linked.contains(&o.statement_id))
    {
        linked.insert(o.statement_id);
        end = o.opening_cents;
    }
    let mut begin = closing;
    while let Some(o) = sound
        .iter()
        .find(|o| o.opening_cents == begin && !linked.contains(&o.statement_id))
    {
        linked.insert(o.statement_id);
        begin = o.closing_cents;
    }
    linked
}

/// Keeps a statement of which something was new, and opens a case where its balances do not follow
/// from what is known.
pub async fn record_statement(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    s: &StatementSummary,
    placed: &PlacedStatement,
    is_new: bool,
) -> Result<(), sqlx::Error> {
    let (Some((opening, closing)), Some(id)) =
        (s.statement.balances, placed.placement.statement_id)
    else {
        return Ok(());
    };
    if placed.is_known || (!is_new && s.days.is_some()) {
        return Ok(());
    }
    sqlx::query(
        "insert into bank_statement (statement_id, iban, statement, opening_cents, closing_cents,
           moved_cents, first_on, last_on, recorded_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing",
    )
    .bind(id)
    .bind(&s.statement.account)
    .bind(&s.statement.name)
    .bind(opening)
    .bind(closing)
    .bind(s.moved_cents)
    .bind(s.days.map(|d| d.0))
    .bind(s.days.map(|d| d.1))
    .bind(now)
    .execute(&mut *tx)
    .await?;
    let mut what = Vec::new();
    if let Some(before) = placed
        .closed_before
        .filter(|_| !placed.placement.is_chained)
    {
        let gap = (before != opening).then(|| {
            format!(
                "it opens with {} euros, and the one before closed with {}",
                euros(opening),
                euros(before)
            )
        });
        what.extend(gap);
    }
    if closing - opening != s.moved_cents {
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
