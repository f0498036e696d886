//! What a person does about one payout: each act is one database transaction with its entry in the
//! audit log.

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use sqlx::PgConnection;

use crate::app::App;
use crate::audit::{self, Act, Actor};
use crate::cases::Decision;
use crate::db::settlement_lock;
use crate::payouts::{self, Payout};
use crate::values::{PayoutId, Reader};

/// What is done about a payout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayoutAct {
    /// It is given up before it left.
    TakeBack,
    /// The bank refused the order.
    Refuse,
    /// What was refused or came back is paid again.
    PayAgain,
}

impl PayoutAct {
    /// As the audit log names it.
    const fn word(self) -> &'static str {
        match self {
            Self::TakeBack => "payout.take-back",
            Self::Refuse => "payout.refuse",
            Self::PayAgain => "payout.pay-again",
        }
    }
}

/// Acts on a payout. Returns it as it stands then, and the one that pays it again.
///
/// # Errors
/// Fails, and changes nothing, where it is unknown or its state does not allow the act; says what
/// can be done instead.
pub async fn act_on_payout(
    app: &App,
    now: DateTime<Utc>,
    on: NaiveDate,
    id: PayoutId,
    act: PayoutAct,
    (actor, why): (&Actor, &str),
) -> anyhow::Result<Vec<Payout>> {
    let mut tx = app.db.begin().await?;
    settlement_lock::lock_exclusive(&mut tx).await?;
    let before = load(&mut tx, id).await?;
    let mut again = None;
    match act {
        PayoutAct::TakeBack => payouts::take_back_one(&mut tx, now, id).await?,
        PayoutAct::Refuse => payouts::refuse(&mut tx, now, on, id).await?,
        PayoutAct::PayAgain => {
            let decided = Decision {
                decision: "pay-again",
                by: &actor.who,
                why,
            };
            again = payouts::pay_again(&mut tx, now, on, id, decided).await?;
        }
    }
    let mut after = vec![load(&mut tx, id).await?];
    let state = after.iter().map(|p| p.state).next();
    if let Some(again) = again {
        after.push(load(&mut tx, again).await?);
    }
    let written = Act {
        act: act.word(),
        subject: &id.to_string(),
        before: Some(json!({"state": before.state})),
        after: Some(json!({"state": state, "paid_again_by": again.map(|p| p.to_string())})),
        why: Some(why),
    };
    audit::record(&mut tx, now, actor, &written).await?;
    tx.commit().await?;
    Ok(after)
}

async fn load(tx: &mut PgConnection, id: PayoutId) -> anyhow::Result<Payout> {
    let found = payouts::list(tx, Reader::System, Some(id)).await?.pop();
    found.context("there is no such payout; see `obole payouts run`")
}
