//! What a person does about one collection: each act is one database transaction with its entry in
//! the audit log.

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use sqlx::PgConnection;

use crate::app::App;
use crate::audit::{self, Act, Actor};
use crate::cases::Decision;
use crate::collections::{self, Collection, CollectionFilter, MoveError};
use crate::db::settlement_lock;
use crate::mailing::tell_of_payments;
use crate::payouts;
use crate::rails::Rail;
use crate::values::{CollectionId, Reader};

/// What is done about a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CollectionAct {
    /// It was refused before any money moved.
    Reject,
    /// Its money was taken back, and the statement that shows it comes later.
    Return,
    /// What was told of its return did not happen.
    WithdrawReturn,
    /// It is asked for again, by the same way or another.
    Retry(Option<Rail>),
    /// It is given up.
    WriteOff,
}

impl CollectionAct {
    /// As the audit log names it.
    const fn word(self) -> &'static str {
        match self {
            Self::Reject => "collection.reject",
            Self::Return => "collection.return",
            Self::WithdrawReturn => "collection.return-withdrawn",
            Self::Retry(_) => "collection.retry",
            Self::WriteOff => "collection.write-off",
        }
    }
}

/// Acts on a collection, named by its id or its reference. Returns it as it stands then.
///
/// # Errors
/// Fails, and changes nothing, where it is unknown or its state does not allow the act; says what
/// can be done instead.
pub async fn act_on_collection(
    app: &App,
    now: DateTime<Utc>,
    on: NaiveDate,
    name: &str,
    act: CollectionAct,
    (actor, why): (&Actor, &str),
) -> anyhow::Result<Collection> {
    let mut tx = app.db.begin().await?;
    settlement_lock::lock_exclusive(&mut tx).await?;
    let id = collections::named(&mut tx, name).await?;
    let before = load(&mut tx, id).await?;
    perform(&mut tx, now, on, id, act, (actor, why)).await?;
    let after = load(&mut tx, id).await?;
    let written = Act {
        act: act.word(),
        subject: &id.to_string(),
        before: Some(json!({"state": before.state})),
        after: Some(json!({"state": after.state})),
        why: Some(why),
    };
    audit::record(&mut tx, now, actor, &written).await?;
    tx.commit().await?;
    tell(app, now).await;
    Ok(after)
}

/// Tells merchants what was done about their payments. It is done whether or not a message leaves:
/// the next run tells those who were not told.
pub(super) async fn tell(app: &App, now: DateTime<Utc>) {
    if let Err(error) = tell_of_payments(app, now).await {
        tracing::warn!("merchants are told by the next run: {error:#}");
    }
}

async fn perform(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    id: CollectionId,
    act: CollectionAct,
    (actor, why): (&Actor, &str),
) -> Result<(), MoveError> {
    let decided = |decision| Decision {
        decision,
        by: &actor.who,
        why,
    };
    match act {
        CollectionAct::Reject => collections::reject(tx, now, on, id).await,
        CollectionAct::Return => {
            collections::return_told(tx, now, on, id).await?;
            Ok(payouts::take_back_of_collections(tx, now, &[id]).await?)
        }
        CollectionAct::WithdrawReturn => {
            let decided = decided("return-withdrawn");
            collections::withdraw_return(tx, now, on, id, decided).await
        }
        CollectionAct::Retry(rail) => {
            let word = rail.map_or("ask-again", |_| "other-rail");
            collections::ask_again(tx, now, on, id, rail, decided(word)).await
        }
        CollectionAct::WriteOff => {
            let left = payouts::cover(tx).await?.left_cents();
            collections::write_off(tx, now, on, id, left, decided("write-off")).await
        }
    }
}

async fn load(tx: &mut PgConnection, id: CollectionId) -> anyhow::Result<Collection> {
    let all = collections::list(tx, Reader::System, CollectionFilter::All).await?;
    let found = all.into_iter().find(|c| c.collection_id == id);
    found.context("the collection is not there any more")
}
