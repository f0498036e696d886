//! Collections that failed: they are asked for again, or given up.

use anyhow::{Context as _, ensure};
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

use super::decision::CaseDecision;
use crate::cases::Case;
use crate::parties::PartyState;
use crate::parties::suspension::{Suspendable, set_state};
use crate::rails::Rail;
use crate::values::CollectionId;
use crate::{collections, payouts};

/// Decides about a collection that was refused or taken back.
///
/// The caller holds the settlement lock whole.
pub(super) async fn decide(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    case: &Case,
    d: CaseDecision<'_>,
) -> anyhow::Result<String> {
    let id = CollectionId(case.subject);
    // One that was never paid is not waited for any more.
    if d.decision != "suspend-merchant" {
        collections::stop_waiting(tx, now, on, id).await?;
    }
    match d.decision {
        "ask-again" => {
            collections::ask_again(tx, now, on, id, None, d.recorded()).await?;
            Ok(format!("collection {id} is asked for again"))
        }
        "other-rail" => {
            ensure!(
                collections::rail_of(tx, id).await? != Rail::Transfer,
                "collections are paid only by transfer so far: decide ask-again"
            );
            collections::ask_again(tx, now, on, id, Some(Rail::Transfer), d.recorded()).await?;
            Ok(format!("collection {id} is asked for again, by transfer"))
        }
        "write-off" => {
            let left = payouts::cover(tx).await?.left_cents();
            collections::write_off(tx, now, on, id, left, d.recorded()).await?;
            Ok(format!("collection {id} is written off"))
        }
        _ => {
            let slug = case.merchant.as_deref();
            let slug = slug.context("the merchant of this case is not there")?;
            set_state(tx, Suspendable::Merchant, slug, PartyState::Suspended).await?;
            Ok(format!(
                "{slug} is suspended; collection {id} can still be asked for again or written off"
            ))
        }
    }
}
