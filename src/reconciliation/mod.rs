//! The bank's statements meet what was asked for and what was paid (rapprochement).

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::ledger::{self, Fact, PostError};
use crate::payouts::SettleOutcome;
use crate::values::{BankLine, BankSide, CollectionId, PayoutId, derived_id, paris_midnight};
use crate::{collections, db, payouts};

/// What an import found: lines of the file, understood, not understood, and already known from an earlier import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportSummary {
    pub entries: usize,
    pub matched: usize,
    pub unmatched: usize,
    pub known: usize,
}

/// What a line turned out to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    CollectionSettled(CollectionId),
    PayoutSettled(PayoutId),
    PayoutReturned(PayoutId),
    Unknown,
}

impl Outcome {
    const fn word(self) -> &'static str {
        match self {
            Self::CollectionSettled(_) => "collection_settled",
            Self::PayoutSettled(_) => "payout_settled",
            Self::PayoutReturned(_) => "payout_returned",
            Self::Unknown => "unknown",
        }
    }

    const fn collection(self) -> Option<Uuid> {
        if let Self::CollectionSettled(id) = self {
            Some(id.0)
        } else {
            None
        }
    }

    const fn payout(self) -> Option<Uuid> {
        if let Self::PayoutSettled(id) | Self::PayoutReturned(id) = self {
            Some(id.0)
        } else {
            None
        }
    }
}

/// A line that no statement told before, under the id that its identity gives it.
struct Entry<'l> {
    entry_id: Uuid,
    line: &'l BankLine,
    outcome: Outcome,
}

/// Imports a statement's lines, each once. What is not understood stands in suspense until a person says what it is.
pub async fn import(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    lines: &[BankLine],
) -> Result<ImportSummary, PostError> {
    // One import at a time: two copies of one file must not both find a line new.
    db::settlement_lock::lock_exclusive(tx).await?;
    let mut entries = unknown(tx, lines).await?;
    reconcile(tx, now, &mut entries).await?;
    keep(tx, now, &entries).await?;
    let unmatched = entries
        .iter()
        .filter(|e| e.outcome == Outcome::Unknown)
        .count();
    Ok(ImportSummary {
        entries: lines.len(),
        matched: entries.len() - unmatched,
        unmatched,
        known: lines.len() - entries.len(),
    })
}

/// The lines that were not imported before, each once.
async fn unknown<'l>(
    tx: &mut PgConnection,
    lines: &'l [BankLine],
) -> Result<Vec<Entry<'l>>, sqlx::Error> {
    let ids: Vec<Uuid> = lines
        .iter()
        .map(|l| derived_id(&format!("bank_entry:{}", l.identity)))
        .collect();
    let known: Vec<Uuid> =
        sqlx::query_scalar("select entry_id from bank_entry where entry_id = any($1)")
            .bind(&ids)
            .fetch_all(tx)
            .await?;
    let mut known: HashSet<Uuid> = known.into_iter().collect();
    let told = ids
        .into_iter()
        .zip(lines)
        .filter(|(id, _)| known.insert(*id));
    Ok(told
        .map(|(entry_id, line)| Entry {
            entry_id,
            line,
            outcome: Outcome::Unknown,
        })
        .collect())
}

/// Finds out what the lines are, and posts them as that: a shop's money that came, else a payout's answer, else what a person must look at.
async fn reconcile(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    entries: &mut [Entry<'_>],
) -> Result<(), PostError> {
    let credits: Vec<_> = entries
        .iter_mut()
        .filter(|e| e.line.side == BankSide::Credit)
        .collect();
    let settled = collections::settle(tx, now, &lines_of(&credits)).await?;
    for (entry, collection) in credits.into_iter().zip(settled) {
        entry.outcome = collection.map_or(Outcome::Unknown, Outcome::CollectionSettled);
    }
    let open: Vec<_> = entries
        .iter_mut()
        .filter(|e| e.outcome == Outcome::Unknown)
        .collect();
    let settled = payouts::settle(tx, now, &lines_of(&open)).await?;
    for (entry, payout) in open.into_iter().zip(settled) {
        entry.outcome = match payout {
            SettleOutcome::Paid(id) => Outcome::PayoutSettled(id),
            SettleOutcome::Returned(id) => Outcome::PayoutReturned(id),
            SettleOutcome::No => Outcome::Unknown,
        };
    }
    let suspended = entries
        .iter()
        .filter(|e| e.outcome == Outcome::Unknown)
        .map(|e| {
            let fact = Fact {
                id: e.entry_id,
                occurred_at: paris_midnight(e.line.booked_on),
            };
            match e.line.side {
                BankSide::Credit => ledger::bank_credit_unknown(fact, e.line.amount),
                BankSide::Debit => ledger::bank_debit_unknown(fact, e.line.amount),
            }
        });
    ledger::post(tx, now, &suspended.collect::<Vec<_>>()).await
}

fn lines_of<'l>(entries: &[&mut Entry<'l>]) -> Vec<&'l BankLine> {
    entries.iter().map(|e| e.line).collect()
}

/// Keeps the lines with what they turned out to be.
async fn keep(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    entries: &[Entry<'_>],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into bank_entry (entry_id, iban, side, amount_cents, booked_on, reference, outcome, collection_id, payout_id, statement, recorded_at)
         select *, $11 from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::date[], $6::text[], $7::text[], $8::uuid[], $9::uuid[], $10::text[])",
    )
    .bind(entries.iter().map(|e| e.entry_id).collect::<Vec<_>>())
    .bind(entries.iter().map(|e| e.line.account.as_str()).collect::<Vec<_>>())
    .bind(entries.iter().map(|e| if e.line.side == BankSide::Credit { "credit" } else { "debit" }).collect::<Vec<_>>())
    .bind(entries.iter().map(|e| e.line.amount.cents()).collect::<Vec<_>>())
    .bind(entries.iter().map(|e| e.line.booked_on).collect::<Vec<_>>())
    .bind(entries.iter().map(|e| e.line.references.first().map(String::as_str)).collect::<Vec<_>>())
    .bind(entries.iter().map(|e| e.outcome.word()).collect::<Vec<_>>())
    .bind(entries.iter().map(|e| e.outcome.collection()).collect::<Vec<_>>())
    .bind(entries.iter().map(|e| e.outcome.payout()).collect::<Vec<_>>())
    .bind(entries.iter().map(|e| e.line.statement.as_str()).collect::<Vec<_>>())
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}
