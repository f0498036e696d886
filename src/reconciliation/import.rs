//! Imports the lines of a bank statement, each of them once, however often statements repeat it.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::matching::{NewLine, Outcome, match_lines};
use super::suspense::post_unknown;
use crate::cases::{self, CaseKind, NewCase};
use crate::db;
use crate::ledger::PostError;
use crate::values::{BankLine, BankSide, PayoutId, derived_id};

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
#[derive(Clone, Debug)]
pub struct Import {
    pub summary: ImportSummary,
    /// The payouts that came back; their receipts are to be questioned.
    pub returned_payouts: Vec<PayoutId>,
}

/// Imports a statement's lines, each once. Lines that match nothing are posted to suspense, where a
/// person decides.
pub async fn import(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    lines: &[BankLine],
) -> Result<Import, PostError> {
    // One import at a time: two imports of the same file must not both find a line new.
    db::settlement_lock::lock_exclusive(tx).await?;
    let mut new = new_lines(tx, lines).await?;
    match_lines(tx, now, &mut new).await?;
    post_unknown(tx, now, &new).await?;
    store_lines(tx, now, &new).await?;
    let unknown = || new.iter().filter(|l| l.outcome == Outcome::Unknown);
    cases::open(tx, now, &unknown().map(unmatched_case).collect::<Vec<_>>()).await?;
    let unmatched = unknown().count();
    let returned = new.iter().filter_map(|l| match l.outcome {
        Outcome::PayoutReturned(id) => Some(id),
        _ => None,
    });
    Ok(Import {
        summary: ImportSummary {
            entries: lines.len(),
            matched: new.len() - unmatched,
            unmatched,
            known: lines.len() - new.len(),
        },
        returned_payouts: returned.collect(),
    })
}

/// The lines that no earlier import stored; a line that the file repeats is returned once.
async fn new_lines<'l>(
    tx: &mut PgConnection,
    lines: &'l [BankLine],
) -> Result<Vec<NewLine<'l>>, sqlx::Error> {
    let ids: Vec<Uuid> = lines
        .iter()
        .map(|l| derived_id(&format!("bank_line:{}", l.identity)))
        .collect();
    let stored: Vec<Uuid> =
        sqlx::query_scalar("select line_id from bank_line where line_id = any($1)")
            .bind(&ids)
            .fetch_all(tx)
            .await?;
    let mut seen: HashSet<Uuid> = stored.into_iter().collect();
    Ok(ids
        .into_iter()
        .zip(lines)
        .filter(|(id, _)| seen.insert(*id))
        .map(|(line_id, line)| NewLine {
            line_id,
            line,
            outcome: Outcome::Unknown,
        })
        .collect())
}

/// A line that nothing here explains: a person must say what it is.
fn unmatched_case(new: &NewLine<'_>) -> NewCase {
    let (line, side) = (new.line, side_word(new.line.side));
    NewCase::new(
        CaseKind::BankLineUnmatched,
        new.line_id,
        format!(
            "a {side} of {} euros on {} is unexplained",
            line.amount, line.booked_on
        ),
    )
}

/// Stores the new lines with their outcomes.
async fn store_lines(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    lines: &[NewLine<'_>],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into bank_line (line_id, iban, side, amount_cents, booked_on, reference, outcome,
           collection_id, payout_id, statement, recorded_at)
         select n.*, $11
         from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::date[], $6::text[],
           $7::text[], $8::uuid[], $9::uuid[], $10::text[]) n",
    )
    .bind(column(lines, |l| l.line_id))
    .bind(column(lines, |l| l.line.account.as_str()))
    .bind(column(lines, |l| side_word(l.line.side)))
    .bind(column(lines, |l| l.line.amount.cents()))
    .bind(column(lines, |l| l.line.booked_on))
    .bind(column(lines, |l| {
        l.line.references.first().map(String::as_str)
    }))
    .bind(column(lines, |l| l.outcome.word()))
    .bind(column(lines, |l| l.outcome.collection()))
    .bind(column(lines, |l| l.outcome.payout()))
    .bind(column(lines, |l| l.line.statement.as_str()))
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// One column of the stored lines.
fn column<'a, 'l, T>(lines: &'a [NewLine<'l>], value: impl Fn(&'a NewLine<'l>) -> T) -> Vec<T> {
    lines.iter().map(value).collect()
}

/// The side as the column `side` holds it.
const fn side_word(side: BankSide) -> &'static str {
    match side {
        BankSide::Credit => "credit",
        BankSide::Debit => "debit",
    }
}
