//! Approving: two different operators, then the money leaves; never more than is there, decided
//! under lock.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};

use super::state::{PayoutState, RAIL};
use crate::db::settlement_lock;
use crate::ledger::{self, Account, Fact, PostError};
use crate::values::{Amount, OperatorId, PayoutId, euros, paris_midnight};

/// Why an approval does not count.
#[derive(Debug, thiserror::Error)]
pub enum ApproveError {
    #[error("there is no such payout; see `obole payouts run`")]
    Unknown,
    #[error("you have already approved this payout: another operator is needed")]
    SamePerson,
    #[error("this payout has already left")]
    AlreadyLeft,
    #[error("the account holds {held} euros for it, and {wanted} are wanted: nothing leaves")]
    NotThere { held: String, wanted: String },
    #[error(transparent)]
    Post(#[from] PostError),
    #[error("the database refused")]
    Database(#[from] sqlx::Error),
}

#[derive(FromRow)]
struct Row {
    association: String,
    amount_cents: i64,
    state: PayoutState,
}

/// Counts an operator's approval; with the second, the payout is posted as submitted. Returns
/// whether it now leaves.
pub async fn approve(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    payout: PayoutId,
    operator: OperatorId,
) -> Result<bool, ApproveError> {
    // The lock also keeps two approvals of one payout from each seeing itself as the first.
    settlement_lock::lock_exclusive(tx).await?;
    let row: Option<Row> = sqlx::query_as(
        "select a.slug as association, amount_cents, s.state
         from payout p join association a using (association_id)
         cross join lateral (select state from payout_state s
           where s.payout_id = p.payout_id order by s.n desc limit 1) s
         where payout_id = $1",
    )
    .bind(payout)
    .fetch_optional(&mut *tx)
    .await?;
    let row = row.ok_or(ApproveError::Unknown)?;
    if row.state != PayoutState::Prepared {
        return Err(ApproveError::AlreadyLeft);
    }
    let counted = sqlx::query(
        "insert into payout_approval (payout_id, operator_id, approved_at) values ($1, $2, $3)
         on conflict do nothing",
    )
    .bind(payout)
    .bind(operator)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    if counted.rows_affected() == 0 {
        return Err(ApproveError::SamePerson);
    }
    let approvals: i64 =
        sqlx::query_scalar("select count(*) from payout_approval where payout_id = $1")
            .bind(payout)
            .fetch_one(&mut *tx)
            .await?;
    if approvals < 2 {
        return Ok(false);
    }
    submit(tx, now, on, payout, &row).await?;
    Ok(true)
}

/// Posts a payout as submitted, if the accounts hold what it needs.
async fn submit(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    payout: PayoutId,
    row: &Row,
) -> Result<(), ApproveError> {
    let payable = Account::AssociationPayable(row.association.clone());
    let cash = Account::SafeguardedCash(RAIL.cash_account());
    let held = ledger::lock_balances(tx, &[payable, cash]).await?;
    let held = held.into_iter().min().unwrap_or(0);
    if held < row.amount_cents {
        return Err(ApproveError::NotThere {
            held: euros(held),
            wanted: euros(row.amount_cents),
        });
    }
    sqlx::query(
        "insert into payout_state (payout_id, n, state, occurred_on, recorded_at)
         select $1, max(n) + 1, 'submitted', $2, $3 from payout_state where payout_id = $1",
    )
    .bind(payout)
    .bind(on)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    let amount = Amount::from_cents(row.amount_cents).map_err(|_| PostError::Overflow)?;
    let fact = Fact {
        id: payout.0,
        occurred_at: paris_midnight(on),
    };
    ledger::post(
        tx,
        now,
        &[ledger::payout_submitted(
            fact,
            RAIL,
            &row.association,
            amount,
        )],
    )
    .await?;
    Ok(())
}
