//! Approving: two different operators, then the money leaves; never more than is there, decided under lock.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};

use crate::db;
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
    left: bool,
}

/// Counts an operator's approval; with the second, the payout is posted as submitted. Answers whether it now leaves.
pub async fn approve(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    payout: PayoutId,
    operator: OperatorId,
) -> Result<bool, ApproveError> {
    // The gate also keeps two approvals of one payout from each seeing itself as the first.
    db::settlement_lock::lock_exclusive(tx).await?;
    let row: Option<Row> = sqlx::query_as(
        "select a.slug as association, amount_cents, exists (select from payout_state s where s.payout_id = p.payout_id) as left
         from payout p join association a using (association_id) where payout_id = $1",
    )
    .bind(payout)
    .fetch_optional(&mut *tx)
    .await?;
    let row = row.ok_or(ApproveError::Unknown)?;
    if row.left {
        return Err(ApproveError::AlreadyLeft);
    }
    let counted =
        sqlx::query("insert into payout_approval values ($1, $2, $3) on conflict do nothing")
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
    let payable = Account::AssociationPayable(row.association.clone());
    let held: i64 = ledger::lock_balances(tx, &[payable, Account::SafeguardedCash])
        .await?
        .into_iter()
        .min()
        .unwrap_or(0);
    if held < row.amount_cents {
        return Err(ApproveError::NotThere {
            held: euros(held),
            wanted: euros(row.amount_cents),
        });
    }
    sqlx::query("insert into payout_state values ($1, 'submitted', $2, $3)")
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
        &[ledger::payout_submitted(fact, &row.association, amount)],
    )
    .await?;
    Ok(true)
}

/// A payout that left the books and whose file is not known to be written.
#[derive(Clone, Debug, FromRow)]
pub struct PayoutOrder {
    pub payout_id: PayoutId,
    pub name: String,
    pub iban: String,
    pub bic: String,
    pub amount_cents: i64,
    pub reference: String,
    pub count: i32,
    pub submitted_on: NaiveDate,
}

/// Submitted payouts without a file: just approved, or cut short between the books and the disk.
pub async fn unwritten_orders(db: &mut PgConnection) -> Result<Vec<PayoutOrder>, sqlx::Error> {
    sqlx::query_as(
        "select payout_id, a.name, a.iban, a.bic, amount_cents, reference, count, s.occurred_on as submitted_on
         from payout p join association a using (association_id) join payout_state s using (payout_id)
         where s.state = 'submitted' and not exists (select from payout_file f where f.payout_id = p.payout_id) order by payout_id",
    )
    .fetch_all(db)
    .await
}

/// Notes where a payout's file was written.
pub async fn record_file(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    payout: PayoutId,
    file: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query("insert into payout_file values ($1, $2, $3) on conflict do nothing")
        .bind(payout)
        .bind(file)
        .bind(now)
        .execute(db)
        .await?;
    Ok(())
}
