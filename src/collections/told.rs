//! Returns that were told before the bank's statement shows them: the line that shows one is known
//! by its reference and amount, so that nothing is counted twice.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::asked::{self, AskedCollection, attempt_fact};
use super::settle::{self, Payment};
use super::state::{CollectionState, MoveError};
use super::submit::attempt_again;
use crate::cases::{self, CaseKind, Decision};
use crate::ledger::{self, Arrived, Fact, MoneyAt, PostError, Transfer};
use crate::rails::Rail;
use crate::values::{Amount, CollectionId, paris_midnight};

/// A return that was told and whose line has not come.
#[derive(Clone, Copy, Debug, FromRow)]
pub struct ToldReturn {
    pub collection_id: CollectionId,
    /// Names it in the ledger.
    pub fact_id: Uuid,
    pub rail: Rail,
    pub amount_cents: i64,
}

/// A line that shows a return which was told.
#[derive(Clone, Copy, Debug)]
pub struct ShownReturn {
    pub told: ToldReturn,
    pub on: NaiveDate,
    /// Where the books have the debit.
    pub from: MoneyAt,
}

/// Writes that a return was told.
pub(super) async fn record(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    c: &AskedCollection,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into told_return (fact_id, amount_cents, told_on, recorded_at)
         values ($1, $2, $3, $4)",
    )
    .bind(c.fact_id)
    .bind(c.amount_cents)
    .bind(on)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// The returns of these collections that were told and that no line has shown, oldest first.
pub async fn unshown_returns(
    tx: &mut PgConnection,
    collections: &[Uuid],
) -> Result<Vec<ToldReturn>, sqlx::Error> {
    sqlx::query_as(
        "select collection_id, fact_id, rail, amount_cents from unshown_return
         where collection_id = any($1) order by recorded_at, fact_id",
    )
    .bind(collections)
    .fetch_all(tx)
    .await
}

/// A return that was told did not happen: the money is on the account as before, and settles the
/// collection again. Where that was asked for again since and paid, the money is the merchant's
/// credit.
///
/// The caller holds the settlement lock whole.
pub async fn withdraw_return(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    id: CollectionId,
    decision: Decision<'_>,
) -> Result<(), MoveError> {
    let c = asked::load(tx, id).await?;
    let told = unshown_returns(tx, &[id.0]).await?;
    let told = told.into_iter().next_back().ok_or(MoveError::NotTold)?;
    let is_as_it_was = c.state == CollectionState::Returned && told.fact_id == c.fact_id;
    let is_asked_again =
        c.state == CollectionState::Submitted && c.amount_cents == told.amount_cents;
    let settles = match (is_as_it_was, is_asked_again) {
        (true, _) => Some(attempt_fact(id, c.attempt + 1)),
        (_, true) => Some(c.fact_id),
        _ => None,
    };
    sqlx::query(
        "insert into told_return_withdrawn (fact_id, settled_fact_id, withdrawn_on, recorded_at)
         values ($1, $2, $3, $4)",
    )
    .bind(told.fact_id)
    .bind(settles)
    .bind(on)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    if settles.is_none() {
        // What was asked for again came otherwise, or is for less: the merchant paid too much.
        let amount = Amount::from_cents(told.amount_cents).map_err(|_| PostError::Overflow)?;
        let fact = Fact {
            id: told.fact_id,
            occurred_at: paris_midnight(on),
        };
        let at = told.rail.cash_account();
        let transfer = ledger::collection_return_withdrawn(fact, at, &c.merchant, amount);
        ledger::open_and_post(tx, now, &[transfer]).await?;
        return Ok(());
    }
    if is_as_it_was {
        attempt_again(tx, now, on, id, told.amount_cents).await?;
    }
    let payment = Payment {
        collection: asked::load(tx, id).await?,
        on,
        arrived: Arrived {
            now_cents: 0,
            before_cents: told.amount_cents,
        },
    };
    settle::record(tx, now, &[payment]).await?;
    cases::close(tx, now, CaseKind::CollectionFailed, &[id.0], decision).await?;
    Ok(())
}

/// Posts the debits that show returns: what was told of is gone from the account. A debit that
/// stands in suspense already is what the return left there.
pub async fn show_returns(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    shown: &[ShownReturn],
) -> Result<(), PostError> {
    let now_gone = shown.iter().filter(|s| s.from == MoneyAt::Cash);
    let transfers: Vec<Transfer> = now_gone.map(transfer).collect::<Result<_, _>>()?;
    ledger::open_and_post(tx, now, &transfers).await
}

fn transfer(shown: &ShownReturn) -> Result<Transfer, PostError> {
    let told = &shown.told;
    let amount = Amount::from_cents(told.amount_cents).map_err(|_| PostError::Overflow)?;
    let fact = Fact {
        id: told.fact_id,
        occurred_at: paris_midnight(shown.on),
    };
    let at = told.rail.cash_account();
    Ok(ledger::collection_return_shown(fact, at, amount))
}
