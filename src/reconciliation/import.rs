//! Imports the lines of bank statements, each of them once, however often statements repeat it.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::known::Known;
use super::matches::{THE_LINE, carry_out};
use super::meaning::{HoldMeaning, Meaning, NewMatch};
use super::new_line::NewLine;
use super::plan::{Plan, Planner};
use super::suspense::post_unknown;
use crate::cases::{self, CaseKind, NewCase};
use crate::db;
use crate::ledger::PostError;
use crate::values::{BankLine, BankSide, LineId, PayoutId, derived_id};

/// The counts of an import: lines in the file, new lines that were matched, new lines that were
/// not, and lines that an earlier import already stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportSummary {
    pub entries: usize,
    pub matched: usize,
    pub unmatched: usize,
    pub known: usize,
}

/// What an import did.
#[derive(Clone, Debug, Default)]
pub struct Import {
    pub summary: ImportSummary,
    /// The payouts that came back; their receipts are to be questioned.
    pub returned_payouts: Vec<PayoutId>,
}

impl Import {
    /// Adds what was done with more lines of the same file.
    pub fn add(&mut self, more: Self) {
        self.summary.entries += more.summary.entries;
        self.summary.matched += more.summary.matched;
        self.summary.unmatched += more.summary.unmatched;
        self.summary.known += more.summary.known;
        self.returned_payouts.extend(more.returned_payouts);
    }
}

/// How the statement of lines stands to those imported before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// The statement; none for one that says no balances.
    pub statement_id: Option<Uuid>,
    /// It begins where another ended, so that its lines are new whatever they equal.
    pub is_chained: bool,
}

/// Imports lines that no statement holds together, each once.
pub async fn import(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    lines: &[BankLine],
) -> Result<Import, PostError> {
    import_lines(tx, now, lines, Placement::default()).await
}

/// Imports some of a statement's lines, each once. What of them is not understood is posted to
/// suspense, where a person decides.
pub async fn import_lines(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    lines: &[BankLine],
    placement: Placement,
) -> Result<Import, PostError> {
    // One import at a time: two imports of the same file must not both find a line new.
    db::settlement_lock::lock_exclusive(tx).await?;
    let new = new_lines(tx, lines, placement).await?;
    let plan = plan(tx, &new).await?;
    store_lines(tx, now, &new, &plan, placement).await?;
    post_unknown(tx, now, &new, &plan).await?;
    let open = open_cents(&new, &plan);
    let done = carry_out(tx, now, &plan, THE_LINE).await?;
    open_cases(tx, now, &new, &plan, &open).await?;
    let unmatched = new
        .iter()
        .filter(|n| open.get(&n.line_id).copied().unwrap_or(0) == n.line.amount.cents());
    let unmatched = unmatched.count();
    Ok(Import {
        summary: ImportSummary {
            entries: lines.len(),
            matched: new.len() - unmatched,
            unmatched,
            known: lines.len() - new.len(),
        },
        returned_payouts: done.returned_payouts,
    })
}

/// The lines that no earlier import stored; a line that comes twice under one number is returned
/// once.
async fn new_lines<'l>(
    tx: &mut PgConnection,
    lines: &'l [BankLine],
    placement: Placement,
) -> Result<Vec<NewLine<'l>>, sqlx::Error> {
    let likenesses: Vec<Uuid> = lines
        .iter()
        .map(|l| derived_id(&format!("bank_line:{}", l.identity)))
        .collect();
    let before = if placement.is_chained {
        stored_before(tx, &likenesses, placement).await?
    } else {
        HashMap::new()
    };
    let found: Vec<NewLine<'l>> = lines
        .iter()
        .zip(likenesses)
        .map(|(line, likeness)| {
            let own = i32::try_from(line.details.nth).unwrap_or(i32::MAX);
            let nth = own.saturating_add(before.get(&likeness).copied().unwrap_or(0));
            let line_id = match nth {
                0 => likeness,
                _ => derived_id(&format!("bank_line:{}|{nth}", line.identity)),
            };
            NewLine {
                line_id,
                likeness,
                nth,
                line,
            }
        })
        .collect();
    let former = |l: &BankLine| {
        let former = l.details.former_identity.as_ref();
        former.map(|f| derived_id(&format!("bank_line:{f}")))
    };
    let formers: Vec<Uuid> = match placement.is_chained {
        true => Vec::new(),
        false => lines.iter().filter_map(former).collect(),
    };
    let stored: Vec<Uuid> = sqlx::query_scalar(
        "select line_id from bank_line where line_id = any($1)
         union all
         select line_id from bank_line where line_id = any($2) and likeness is null",
    )
    .bind(found.iter().map(|n| n.line_id).collect::<Vec<_>>())
    .bind(&formers)
    .fetch_all(tx)
    .await?;
    let mut seen: HashSet<Uuid> = stored.into_iter().collect();
    let is_known = |n: &NewLine<'_>, seen: &HashSet<Uuid>| {
        let former = former(n.line).filter(|_| !placement.is_chained);
        former.is_some_and(|f| seen.contains(&f))
    };
    let mut new = found;
    new.retain(|n| !is_known(n, &seen) && seen.insert(n.line_id));
    Ok(new)
}

/// How many lines of each likeness other statements told before.
async fn stored_before(
    tx: &mut PgConnection,
    likenesses: &[Uuid],
    placement: Placement,
) -> Result<HashMap<Uuid, i32>, sqlx::Error> {
    let stored: Vec<(Uuid, i32)> = sqlx::query_as(
        "select likeness, max(nth) + 1 from bank_line
         where likeness = any($1) and statement_id is distinct from $2 group by likeness",
    )
    .bind(likenesses)
    .bind(placement.statement_id)
    .fetch_all(tx)
    .await?;
    Ok(stored.into_iter().collect())
}

/// What new lines are: credits pay collections and debits take them back, then all others are
/// payouts that left or came back.
async fn plan(tx: &mut PgConnection, new: &[NewLine<'_>]) -> Result<Plan, sqlx::Error> {
    let clear = || new.iter().filter(|n| !n.line.details.is_unclear);
    let references = clear().flat_map(|n| &n.line.references).map(String::as_str);
    let references: HashSet<&str> = references.collect();
    let references: Vec<&str> = references.into_iter().collect();
    let mut planner = Planner::new(Known::by_reference(tx, &references).await?);
    let mut named = HashSet::new();
    for side in [BankSide::Credit, BankSide::Debit] {
        for n in clear().filter(|n| n.line.side == side && !n.line.details.is_fee) {
            let references = &n.line.references;
            let names = match side {
                BankSide::Credit => planner.pay(&n.piece(), references),
                BankSide::Debit => planner.recall(&n.piece(), references),
            };
            if names {
                named.insert(n.line_id);
            }
        }
    }
    for n in clear().filter(|n| !named.contains(&n.line_id)) {
        if n.line.details.is_fee {
            let fee = NewMatch::new(&n.piece(), Meaning::Fee, n.line.amount.cents());
            planner.plan.matches.push(fee);
        } else {
            let why = n.line.details.return_reason.as_deref().unwrap_or_default();
            planner.pay_out(&n.piece(), &n.line.references, why);
        }
    }
    Ok(planner.plan)
}

/// What of each new line nothing explains, in cents.
fn open_cents(new: &[NewLine<'_>], plan: &Plan) -> HashMap<Uuid, i64> {
    let mut open: HashMap<Uuid, (BankSide, i64)> = new
        .iter()
        .map(|n| (n.line_id, (n.line.side, n.line.amount.cents())))
        .collect();
    for m in &plan.matches {
        if let Some((side, cents)) = open.get_mut(&m.line_id) {
            *cents -= if m.side == *side { m.cents } else { -m.cents };
        }
    }
    open.into_iter()
        .map(|(id, (_, cents))| (id, cents))
        .collect()
}

/// A case for each line of which something is not explained.
async fn open_cases(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    new: &[NewLine<'_>],
    plan: &Plan,
    open: &HashMap<Uuid, i64>,
) -> Result<(), sqlx::Error> {
    let holds: HashMap<Uuid, HoldMeaning> =
        plan.holds.iter().map(|h| (h.line_id, h.meaning)).collect();
    let unexplained = new
        .iter()
        .filter(|n| open.get(&n.line_id).copied().unwrap_or(0) > 0);
    let cases: Vec<NewCase> = unexplained
        .map(|n| {
            let (line, side) = (n.line, n.line.side.word());
            let what = match holds.get(&n.line_id) {
                Some(hold) => hold.in_words(),
                None if line.details.is_unclear => "is divided into parts that contradict it",
                None => "is unexplained",
            };
            let (id, amount, on) = (LineId(n.line_id), line.amount, line.booked_on);
            let what = format!("{id}: a {side} of {amount} euros on {on} {what}");
            NewCase::new(CaseKind::BankLineUnmatched, n.line_id, what)
        })
        .collect();
    cases::open(tx, now, &cases).await
}

/// Stores the new lines, each with what it turned out to be.
async fn store_lines(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    lines: &[NewLine<'_>],
    plan: &Plan,
    placement: Placement,
) -> Result<(), sqlx::Error> {
    let mut principal: HashMap<Uuid, &NewMatch> = HashMap::new();
    for m in plan
        .matches
        .iter()
        .filter(|m| m.meaning != Meaning::Reversal)
    {
        principal.entry(m.line_id).or_insert(m);
    }
    let of = |l: &NewLine<'_>| principal.get(&l.line_id).copied();
    let outcome = |l: &NewLine<'_>| of(l).map_or("unknown", |m| m.meaning.outcome());
    sqlx::query(
        "insert into bank_line (line_id, iban, side, amount_cents, booked_on, reference, outcome,
           collection_id, payout_id, statement, likeness, nth, party, party_iban, said,
           return_reason, is_reversal, is_unclear, bank_reference, statement_id, recorded_at)
         select n.line_id, n.iban, n.side, n.amount_cents, n.booked_on, n.reference, n.outcome,
           n.collection_id, n.payout_id, n.statement, n.likeness, n.nth, n.party, n.party_iban,
           n.said, n.return_reason, n.is_reversal, n.is_unclear, n.bank_reference, $20, $21
         from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::date[], $6::text[],
             $7::text[], $8::uuid[], $9::uuid[], $10::text[], $11::uuid[], $12::integer[],
             $13::text[], $14::text[], $15::text[], $16::text[], $17::boolean[], $18::boolean[],
             $19::text[])
           n(line_id, iban, side, amount_cents, booked_on, reference, outcome, collection_id,
             payout_id, statement, likeness, nth, party, party_iban, said, return_reason,
             is_reversal, is_unclear, bank_reference)",
    )
    .bind(column(lines, |l| l.line_id))
    .bind(column(lines, |l| l.line.account.as_str()))
    .bind(column(lines, |l| l.line.side.word()))
    .bind(column(lines, |l| l.line.amount.cents()))
    .bind(column(lines, |l| l.line.booked_on))
    .bind(column(lines, |l| {
        l.line.references.first().map(String::as_str)
    }))
    .bind(column(lines, outcome))
    .bind(column(lines, |l| of(l).and_then(|m| m.collection_id)))
    .bind(column(lines, |l| of(l).and_then(|m| m.payout_id)))
    .bind(column(lines, |l| l.line.statement.as_str()))
    .bind(column(lines, |l| l.likeness))
    .bind(column(lines, |l| l.nth))
    .bind(column(lines, |l| l.line.details.party.as_deref()))
    .bind(column(lines, |l| l.line.details.party_iban.as_deref()))
    .bind(column(lines, |l| l.line.details.text.as_str()))
    .bind(column(lines, |l| l.line.details.return_reason.as_deref()))
    .bind(column(lines, |l| l.line.details.is_reversal))
    .bind(column(lines, |l| l.line.details.is_unclear))
    .bind(column(lines, |l| l.line.details.bank_reference.as_deref()))
    .bind(placement.statement_id)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// One column of the stored lines.
fn column<'a, 'l, T>(lines: &'a [NewLine<'l>], value: impl Fn(&'a NewLine<'l>) -> T) -> Vec<T> {
    lines.iter().map(value).collect()
}
