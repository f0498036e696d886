//! Posts unmatched lines to suspense: the money moved at the bank, so the books show it, until a
//! person decides what it is.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::matching::{NewLine, Outcome};
use crate::ledger::{self, Fact, PostError};
use crate::rails::CashAccount;
use crate::values::{BankSide, paris_midnight};

/// Posts the lines that matched nothing.
pub(super) async fn post_unknown(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    lines: &[NewLine<'_>],
) -> Result<(), PostError> {
    let transfers: Vec<_> = lines
        .iter()
        .filter(|l| l.outcome == Outcome::Unknown)
        .map(|l| {
            let fact = Fact {
                id: l.line_id,
                occurred_at: paris_midnight(l.line.booked_on),
            };
            match l.line.side {
                BankSide::Credit => {
                    ledger::bank_credit_unknown(fact, CashAccount::Bank, l.line.amount)
                }
                BankSide::Debit => {
                    ledger::bank_debit_unknown(fact, CashAccount::Bank, l.line.amount)
                }
            }
        })
        .collect();
    // A line may come before any shop or association opened an account.
    ledger::open_and_post(tx, now, &transfers).await
}
