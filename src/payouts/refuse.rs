//! Refusing: the bank did not execute an order, so the association is owed its money again.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

use super::state::{self, MoveError, PayoutState, RAIL, Standing};
use super::unmake::{UnmadePayout, unmake};
use crate::ledger::{self, Fact, PostError};
use crate::values::{Amount, PayoutId, paris_midnight};

/// The bank refused a submitted payout before it debited it.
///
/// The caller holds the settlement lock whole.
pub async fn refuse(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    id: PayoutId,
) -> Result<(), MoveError> {
    let payout = Standing::load(tx, id).await?;
    payout.state.ensure(PayoutState::Refused)?;
    state::record(tx, now, on, id, PayoutState::Refused).await?;
    let amount = Amount::from_cents(payout.amount_cents).map_err(|_| PostError::Overflow)?;
    let fact = Fact {
        id: id.0,
        occurred_at: paris_midnight(on),
    };
    let transfer = ledger::payout_refused(fact, RAIL, payout.payee.paid_from(), amount);
    ledger::post(tx, now, &[transfer]).await?;
    let refused = UnmadePayout {
        payout_id: id,
        on,
        what: "was refused by the bank".into(),
    };
    Ok(unmake(tx, now, &[refused]).await?)
}
