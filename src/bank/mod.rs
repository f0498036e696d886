//! The bank's statements meet what was asked for and what was paid (rapprochement).

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::ledger::{self, Fact, PostError};
use crate::values::{BankLine, BankSide, derived_id, paris_midnight};
use crate::{collections, db, payouts};

/// What an import found: lines of the file, understood, not understood, and already known from an earlier import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    pub entries: usize,
    pub matched: usize,
    pub unmatched: usize,
    pub known: usize,
}

/// Imports a statement's lines, each once. What is not understood stands in suspense until a person says what it is.
pub async fn import(tx: &mut PgConnection, now: DateTime<Utc>, lines: &[BankLine]) -> Result<Imported, PostError> {
    // One import at a time: two copies of one file must not both find a line new.
    db::close_settlement_gate(tx).await?;
    let mut imported = Imported { entries: lines.len(), ..Imported::default() };
    for line in lines {
        let id = derived_id(&format!("bank_entry:{}", line.identity));
        let known: bool =
            sqlx::query_scalar("select exists (select from bank_entry where entry_id = $1)").bind(id).fetch_one(&mut *tx).await?;
        if known {
            imported.known += 1;
        } else if reconcile(tx, now, id, line).await? {
            imported.matched += 1;
        } else {
            imported.unmatched += 1;
        }
    }
    Ok(imported)
}

/// Posts a line as what it is; answers whether it was understood.
async fn reconcile(tx: &mut PgConnection, now: DateTime<Utc>, id: Uuid, line: &BankLine) -> Result<bool, PostError> {
    let (on, references) = (line.booked_on, line.references.as_slice());
    let mut outcome = ("unknown", None, None);
    if line.side == BankSide::Credit
        && let collections::Settled::Now(collection) = collections::settle(tx, now, on, references, line.amount).await?
    {
        outcome = ("collection_settled", Some(collection.0), None);
    } else {
        match payouts::settle(tx, now, on, line.side, references, line.amount).await? {
            payouts::Settled::Paid(payout) => outcome = ("payout_settled", None, Some(payout.0)),
            payouts::Settled::Returned(payout) => outcome = ("payout_returned", None, Some(payout.0)),
            payouts::Settled::No => {
                let fact = Fact { id, occurred_at: paris_midnight(on) };
                let transfer = match line.side {
                    BankSide::Credit => ledger::bank_credit_unknown(fact, line.amount),
                    BankSide::Debit => ledger::bank_debit_unknown(fact, line.amount),
                };
                ledger::post(tx, now, &[transfer]).await?;
            }
        }
    }
    sqlx::query(
        "insert into bank_entry (entry_id, iban, side, amount_cents, booked_on, reference, outcome, collection_id, payout_id, statement, recorded_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(id)
    .bind(&line.account)
    .bind(if line.side == BankSide::Credit { "credit" } else { "debit" })
    .bind(line.amount.cents())
    .bind(on)
    .bind(references.first())
    .bind(outcome.0)
    .bind(outcome.1)
    .bind(outcome.2)
    .bind(&line.statement)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(outcome.0 != "unknown")
}
