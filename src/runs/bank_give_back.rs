//! A person has money given back that nobody asked for: a payout of its own is prepared, which two
//! people approve.

use anyhow::{Context as _, ensure};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;

use super::payout_files::ensure_writable;
use crate::app::App;
use crate::audit::{self, Act, Actor};
use crate::cases::Decision;
use crate::payouts::{self, GivenBack, NewGiveBack, Payout};
use crate::values::Reader;

/// Prepares a give-back, written down. Returns its payout.
///
/// # Errors
/// Fails, and changes nothing, where there is not so much to give back, the account is not known or
/// is our own, or the bank's format cannot carry the order.
pub async fn give_back(
    app: &App,
    now: DateTime<Utc>,
    on: NaiveDate,
    new: &NewGiveBack<'_>,
    (actor, why): (&Actor, &str),
) -> anyhow::Result<Vec<Payout>> {
    let mut tx = app.db.begin().await?;
    let decision = Decision {
        decision: "give-back",
        by: &actor.who,
        why,
    };
    let id = payouts::give_back(&mut tx, now, on, new, decision).await?;
    let prepared = payouts::list(&mut tx, Reader::System, Some(id)).await?;
    let payout = prepared.first().context("the payout is not there")?;
    ensure!(
        payout.iban != app.settings.account.iban.as_str(),
        "this is our own account: what came is given back to who sent it"
    );
    if let Some(order) = payouts::order_to_be(&mut tx, on, id).await? {
        ensure_writable(app, order).context("nothing is given back")?;
    }
    let (act, subject) = match new.of {
        GivenBack::Line(line) => ("bank.give-back", line.to_string()),
        GivenBack::Credit(slug) => ("merchant.give-back", slug.to_owned()),
    };
    let written = Act {
        act,
        subject: &subject,
        before: None,
        after: Some(json!({"payout_id": id.to_string(), "amount": payout.amount})),
        why: Some(why),
    };
    audit::record(&mut tx, now, actor, &written).await?;
    tx.commit().await?;
    Ok(prepared)
}
