//! The approval of a payout by an operator; the second approval writes the file for the bank.

use anyhow::{Context as _, bail};
use chrono::{DateTime, NaiveDate, Utc};

use super::payout_files::{ensure_writable, write_payout_files};
use crate::app::App;
use crate::parties::operator;
use crate::payouts::{self, Approval, Payout};
use crate::values::{Email, PayoutId, Reader};

/// Records an operator's approval and, with the second one, writes the payout's file. Returns the
/// payout.
pub async fn approve_payout(
    app: &App,
    now: DateTime<Utc>,
    on: NaiveDate,
    id: PayoutId,
    email: &Email,
) -> anyhow::Result<Vec<Payout>> {
    let mut tx = app.db.begin().await?;
    let operator = operator::find(&mut tx, email)
        .await?
        .context("no operator has this address; see `obole operator add`")?;
    if let Some(order) = payouts::order_to_be(&mut tx, on, id).await? {
        ensure_writable(app, order).context(
            "not approved; `obole association account` corrects the account of an association, \
             and a give-back is taken back and prepared anew",
        )?;
    }
    let approval = payouts::approve(&mut tx, now, on, id, operator).await?;
    if matches!(approval, Approval::Leaves | Approval::Waits(_)) {
        app.settings
            .account
            .ensure_given("the payout would leave from it")?;
    }
    tx.commit().await?;
    match approval {
        Approval::Leaves => write_payout_files(app, now).await?,
        Approval::First => {}
        Approval::FirstAgain => bail!(
            "approved as it is now: the account, its holder or the amount changed since it was \
             approved before, so that approval is void, and another operator must approve after you"
        ),
        Approval::Waits(why) => {
            bail!("approved, but the payout waits: {why}; then run `obole payouts run`")
        }
    }
    Ok(payouts::list(&mut *app.db.acquire().await?, Reader::System, Some(id)).await?)
}
