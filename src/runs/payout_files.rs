//! The pain.001 file of each payout that was approved twice.

use chrono::{DateTime, Utc};

use crate::app::App;
use crate::gateways::bank::{CreditTransfer, write_credit_transfer};
use crate::payouts;
use crate::progress::Step;
use crate::values::Amount;

/// Writes the files that are not recorded as written. A file that is written twice has the same
/// bytes.
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
    for order in orders {
        let transfer = CreditTransfer {
            name: order.name,
            iban: order.iban,
            bic: order.bic,
            amount: Amount::from_cents(order.amount_cents)?,
            text: format!(
                "Obole {} {} dons {}",
                order.submitted_on.format("%Y-%m"),
                order.count,
                order.reference
            ),
            reference: order.reference,
            on: order.submitted_on,
        };
        let path = write_credit_transfer(&app.settings.bank_dir, account, &transfer)?;
        payouts::mark_written(&mut db, now, order.payout_id, &path.display().to_string()).await?;
        written.add_one();
    }
    Ok(())
}
