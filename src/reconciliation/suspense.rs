//! Posts to suspense what is not explained of new lines: the money moved at the bank, so the books
//! show it, until a person decides what it is.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::new_line::NewLine;
use super::plan::Plan;
use crate::ledger::{self, Fact, MoneyAt, PostError};
use crate::rails::CashAccount;
use crate::values::{Amount, paris_midnight};

/// Posts of each line what no match posts between cash and what it is.
pub(super) async fn post_unknown(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    lines: &[NewLine<'_>],
    plan: &Plan,
) -> Result<(), PostError> {
    let mut posted: HashMap<Uuid, i64> = HashMap::new();
    for m in plan.matches.iter().filter(|m| m.at == MoneyAt::Cash) {
        *posted.entry(m.line_id).or_default() += m.side.signed(m.cents);
    }
    let mut transfers = Vec::new();
    for l in lines {
        let moved = l.line.side.signed(l.line.amount.cents());
        let rest = moved - posted.get(&l.line_id).copied().unwrap_or(0);
        let fact = Fact {
            id: l.line_id,
            occurred_at: paris_midnight(l.line.booked_on),
        };
        if let Ok(amount) = Amount::from_cents(rest) {
            transfers.push(ledger::bank_credit_unknown(fact, CashAccount::Bank, amount));
        } else if let Ok(amount) = Amount::from_cents(-rest) {
            transfers.push(ledger::bank_debit_unknown(fact, CashAccount::Bank, amount));
        }
    }
    // A line may come before any shop or association opened an account.
    ledger::open_and_post(tx, now, &transfers).await
}
