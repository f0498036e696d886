//! Settling: the merchants' money is on the account, so what was promised can be paid out.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::asked::{self, AskedCollection};
use super::shares::shares;
use super::{CollectionState, state};
use crate::ledger::{self, PostError};
use crate::outbox::{self, Announcement, Kind};
use crate::rails::transfer;
use crate::values::{Amount, BankLine, CollectionId, Period, euros, paris_midnight};

/// A collection that settles.
pub(super) struct Settlement {
    pub collection: AskedCollection,
    pub on: NaiveDate,
    /// What came; none where nothing was asked for.
    pub amount: Option<Amount>,
}

/// Settles each submitted collection that a reference of a credit names, if the amount is exactly
/// what was asked for. Returns what each credit settled, in order.
///
/// The caller holds the settlement lock whole.
pub async fn settle(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    credits: &[&BankLine],
) -> Result<Vec<Option<CollectionId>>, PostError> {
    let mut submitted = named_by(tx, credits, CollectionState::Submitted).await?;
    let mut settlements: Vec<Settlement> = Vec::new();
    let mut outcomes = Vec::with_capacity(credits.len());
    for credit in credits {
        let collection = take_named(&mut submitted, credit);
        outcomes.push(collection.as_ref().map(|c| c.collection_id));
        settlements.extend(collection.map(|collection| Settlement {
            collection,
            on: credit.booked_on,
            amount: Some(credit.amount),
        }));
    }
    record(tx, now, &settlements).await?;
    Ok(outcomes)
}

/// The collections in a state that the references of these lines name, by reference.
pub(super) async fn named_by(
    tx: &mut PgConnection,
    lines: &[&BankLine],
    state: CollectionState,
) -> Result<HashMap<String, AskedCollection>, sqlx::Error> {
    let references: Vec<&str> = lines
        .iter()
        .flat_map(|l| &l.references)
        .map(String::as_str)
        .collect();
    let found = asked::with_references(tx, &references).await?;
    let in_state = found.into_iter().filter(|c| c.state == state);
    Ok(in_state.map(|c| (c.reference.clone(), c)).collect())
}

/// Takes the collection that a line names with exactly its amount.
pub(super) fn take_named(
    named: &mut HashMap<String, AskedCollection>,
    line: &BankLine,
) -> Option<AskedCollection> {
    let amount_of = |reference: &str| {
        named
            .get(reference)
            .and_then(|c| Amount::from_cents(c.amount_cents).ok())
    };
    let reference = transfer::named_reference(line, amount_of)?;
    named.remove(reference)
}

/// Writes the new states, posts the money and what it makes payable, and announces it.
pub(super) async fn record(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    settlements: &[Settlement],
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
            s.amount,
            &associations,
        ));
    }
    ledger::post(tx, now, &transfers).await?;
    let announcements: Vec<Announcement> = settlements.iter().map(announcement).collect();
    outbox::announce(tx, now, Kind::CollectionSettled, &announcements).await?;
    Ok(())
}

fn announcement(s: &Settlement) -> Announcement {
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
            "amount": euros(s.amount.map_or(0, Amount::cents)),
            "reference": c.reference,
            "settled_on": s.on,
        }),
    }
}
