//! Settling: the merchants' money is on the account, so what was promised can be paid out.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::asked::AskedCollection;
use super::shares::shares;
use super::{CollectionState, state};
use crate::cases::{self, CaseKind, Decision};
use crate::ledger::{self, Arrived, PostError};
use crate::outbox::{self, Announcement, Kind};
use crate::values::{Amount, Period, euros, paris_midnight};

/// A collection that is paid, whole. Several lines of a bank may pay it, one line several.
pub struct Payment {
    pub collection: AskedCollection,
    pub on: NaiveDate,
    /// What came for it; nothing where nothing was asked for.
    pub arrived: Arrived,
}

/// Settles collections that were asked for, each once and with exactly what its last attempt asks.
///
/// The caller holds the settlement lock whole.
pub async fn settle(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    payments: &[Payment],
) -> Result<(), PostError> {
    record(tx, now, payments).await
}

/// Writes the new states, posts the money and what it makes payable, and announces it.
pub(super) async fn record(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    settlements: &[Payment],
) -> Result<(), PostError> {
    if settlements.is_empty() {
        return Ok(());
    }
    let of = || settlements.iter().map(|s| &s.collection);
    let ids: Vec<Uuid> = of().map(|c| c.collection_id.0).collect();
    let days: Vec<NaiveDate> = settlements.iter().map(|s| s.on).collect();
    state::record(tx, now, &ids, &days, CollectionState::Settled).await?;
    let merchants: Vec<Uuid> = of().map(|c| c.merchant_id.0).collect();
    let shares = shares(tx, &ids, &merchants).await?;
    let mut transfers = Vec::new();
    for s in settlements {
        let shares = shares.get(&s.collection.collection_id);
        let associations: Vec<(String, Amount)> = shares
            .into_iter()
            .flatten()
            .map(|share| (share.association.clone(), share.amount))
            .collect();
        transfers.extend(ledger::collection_settled(
            s.collection.fact(s.on),
            s.collection.rail,
            s.arrived,
            &associations,
        ));
    }
    ledger::post(tx, now, &transfers).await?;
    let announcements: Vec<Announcement> = settlements.iter().map(announcement).collect();
    outbox::announce(tx, now, Kind::CollectionSettled, &announcements).await?;
    // One that was unpaid for long waits for nobody any more.
    let paid = Decision {
        decision: "paid",
        by: "obole",
        why: "its money came",
    };
    cases::close(tx, now, CaseKind::CollectionFailed, &ids, paid).await?;
    Ok(())
}

fn announcement(s: &Payment) -> Announcement {
    let c = &s.collection;
    Announcement {
        subject: c.collection_id.0,
        merchant: Some(c.merchant_id),
        association: None,
        occurred_at: paris_midnight(s.on),
        data: json!({
            "collection_id": c.collection_id.to_string(),
            "period": Period::of(c.period).to_string(),
            "count": c.count,
            "amount": euros(s.arrived.now_cents + s.arrived.before_cents),
            "reference": c.reference,
            "settled_on": s.on,
        }),
    }
}
