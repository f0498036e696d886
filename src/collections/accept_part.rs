//! Accepting a part: what a merchant paid of a collection settles whole donations, the oldest
//! first; the others are free, and the next collection asks for them.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::asked::{self, AskedCollection};
use super::fail::post_rejection;
use super::settle::{self, Payment};
use super::state::{self, CollectionState};
use super::submit::attempt_again;
use crate::ledger::{Arrived, PostError};
use crate::values::CollectionId;

/// Why a part was not accepted; nothing of it then is written.
#[derive(Debug, thiserror::Error)]
pub enum AcceptPartError {
    #[error("the collection is not waiting for its money")]
    NotSubmitted,
    #[error("no whole donation fits into the part")]
    NothingFits,
    #[error(transparent)]
    Post(#[from] PostError),
    #[error("the database refused")]
    Database(#[from] sqlx::Error),
}

/// What was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcceptedPart {
    /// Names the settlement in the ledger.
    pub fact_id: Uuid,
    /// What the donations come to, in cents: at most the part.
    pub amount_cents: i64,
}

/// Settles a submitted collection with a part of what it asks, which stands in suspense.
///
/// The caller holds the settlement lock whole.
pub async fn accept_part(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    id: CollectionId,
    part_cents: i64,
) -> Result<AcceptedPart, AcceptPartError> {
    let c = asked::find(tx, id).await?;
    let c = c.filter(|c| c.state == CollectionState::Submitted);
    let c = c.ok_or(AcceptPartError::NotSubmitted)?;
    let (accepted, freed) = divide(tx, &c, part_cents).await?;
    if accepted <= 0 {
        return Err(AcceptPartError::NothingFits);
    }
    state::record(tx, now, &[id.0], &[on], CollectionState::Rejected).await?;
    post_rejection(tx, now, on, &c).await?;
    sqlx::query(
        "update collection_donation set live = false
         where collection_id = $1 and donation_id = any($2) and live",
    )
    .bind(id)
    .bind(&freed)
    .execute(&mut *tx)
    .await?;
    attempt_again(tx, now, on, id, accepted).await?;
    let collection = asked::find(tx, id).await?;
    let collection = collection.ok_or(AcceptPartError::NotSubmitted)?;
    let fact_id = collection.fact_id;
    let payment = Payment {
        collection,
        on,
        arrived: Arrived {
            now_cents: 0,
            before_cents: accepted,
        },
    };
    settle::record(tx, now, &[payment]).await?;
    Ok(AcceptedPart {
        fact_id,
        amount_cents: accepted,
    })
}

/// What of a part whole donations take, in cents, and those for which it does not reach. The credit
/// that the collection takes off pays for the oldest as well.
async fn divide(
    tx: &mut PgConnection,
    c: &AskedCollection,
    part_cents: i64,
) -> Result<(i64, Vec<Uuid>), sqlx::Error> {
    let donations: Vec<(Uuid, i64)> = sqlx::query_as(
        "select d.donation_id, (d.amount_cents - coalesce(r.taken_cents, 0))::bigint
         from collection_donation l join donation d using (donation_id)
         left join refund_taken r using (donation_id)
         where l.collection_id = $1 and l.live and not exists (
           select 1 from borne_donation b where b.donation_id = l.donation_id)
         order by d.occurred_at, d.donation_id",
    )
    .bind(c.collection_id)
    .fetch_all(tx)
    .await?;
    let whole: i64 = donations.iter().map(|(_, due)| due).sum();
    // Negative where refunds since it was asked for make it less than it asks.
    let credit = whole - c.amount_cents;
    let (mut taken, mut freed) = (0, Vec::new());
    for (donation, due) in donations {
        if taken + due <= part_cents + credit {
            taken += due;
        } else {
            freed.push(donation);
        }
    }
    Ok((taken - credit, freed))
}
