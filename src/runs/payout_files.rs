//! The pain.001 file of each payout that was approved twice.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::app::App;
use crate::cases::{self, CaseFilter, CaseKind, Decision, NewCase};
use crate::gateways::bank::{CreditTransfer, CreditTransferError, write_credit_transfer};
use crate::gateways::files::FileError;
use crate::payouts::{self, PayoutOrder};
use crate::progress::Step;
use crate::values::{Amount, PayoutId, Reader, SetAside};

/// Writes the files that are not recorded as written. A file that is written twice has the same
/// bytes.
///
/// An order that the bank's format cannot carry is set aside with a case, and stops no other.
pub(super) async fn write_payout_files(app: &App, now: DateTime<Utc>) -> anyhow::Result<()> {
    let mut db = app.db.acquire().await?;
    let account = &app.settings.account;
    let orders = payouts::unwritten_orders(&mut db).await?;
    if !orders.is_empty() && !account.given {
        tracing::warn!(
            "OBOLE_IBAN is not set: the file carries an example account, which a bank refuses"
        );
    }
    let written = app.progress.count(Step::WritePayoutFiles, orders.len());
    let mut failed: Option<FileError> = None;
    for order in orders {
        let payout = order.payout_id;
        let file = transfer(order)
            .and_then(|transfer| write_credit_transfer(&app.settings.bank_dir, account, &transfer));
        match file {
            Ok(path) => {
                let path = path.display().to_string();
                payouts::mark_written(&mut db, now, payout, &path).await?;
                close_case(app, now, payout).await?;
            }
            Err(CreditTransferError::Unwritable(reason)) => {
                open_case(app, now, payout, &reason).await?;
            }
            // A folder that cannot be written concerns all: it is told once.
            Err(CreditTransferError::File(error)) => failed = Some(error),
            Err(error @ CreditTransferError::OwnAccount(_)) => return Err(error.into()),
        }
        written.add_one();
    }
    failed.map_or(Ok(()), |error| Err(error.into()))
}

/// The order as a credit transfer.
fn transfer(order: PayoutOrder) -> Result<CreditTransfer, CreditTransferError> {
    let amount = Amount::from_cents(order.amount_cents)
        .map_err(|e| CreditTransferError::Unwritable(e.to_string()))?;
    Ok(CreditTransfer {
        name: order.name,
        iban: order.iban,
        bic: order.bic,
        amount,
        text: format!(
            "Obole {} {} dons {}",
            order.submitted_on.format("%Y-%m"),
            order.count,
            order.reference
        ),
        reference: order.reference,
        on: order.submitted_on,
    })
}

async fn open_case(
    app: &App,
    now: DateTime<Utc>,
    payout: PayoutId,
    reason: &str,
) -> Result<(), sqlx::Error> {
    let what = format!("the order of {payout} is not written: {reason}");
    let case = NewCase::new(CaseKind::PayoutFailed, payout.0, what);
    let mut tx = app.db.begin().await?;
    cases::open(&mut tx, now, &[case]).await?;
    tx.commit().await
}

/// An order that could not be written, and then could, waits for nobody any more.
async fn close_case(app: &App, now: DateTime<Utc>, payout: PayoutId) -> Result<(), sqlx::Error> {
    let written = Decision {
        decision: "written",
        by: "obole",
        why: "the order was written at a later attempt",
    };
    let mut tx = app.db.begin().await?;
    cases::close(&mut tx, now, CaseKind::PayoutFailed, &[payout.0], written).await?;
    tx.commit().await
}

/// The payouts that wait for a person because they failed, with why.
pub async fn failed_payouts(db: &mut PgConnection) -> Result<Vec<SetAside>, sqlx::Error> {
    let filter = CaseFilter {
        kind: Some(CaseKind::PayoutFailed),
        open_only: true,
        ..CaseFilter::default()
    };
    let open = cases::list(db, Reader::System, filter).await?;
    let set_aside =
        |case: cases::Case| SetAside::new(PayoutId(case.subject).to_string(), case.what);
    Ok(open.into_iter().map(set_aside).collect())
}
