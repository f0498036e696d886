//! Questioning: what happened to a donation after its receipt was issued opens a case for the
//! receipt, which a person cancels or replaces.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::cases::{self, CaseKind, NewCase};
use crate::values::{AssociationId, DonationId, PayoutId};

#[derive(FromRow)]
struct Questioned {
    receipt_id: Uuid,
    number: String,
    association_id: AssociationId,
}

/// Opens a case for each receipt of these donations, of which something was given back.
pub async fn question_refunded(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    donations: &[DonationId],
) -> Result<(), sqlx::Error> {
    question(tx, now, donations, "a donation of it was given back").await
}

/// Opens a case for the receipt of a donation to which its donor did not consent, if it has one.
pub async fn question_consent(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    donation: DonationId,
) -> Result<(), sqlx::Error> {
    let why = "the donor of a donation of it did not choose to give";
    question(tx, now, &[donation], why).await
}

async fn question(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    donations: &[DonationId],
    why: &str,
) -> Result<(), sqlx::Error> {
    if donations.is_empty() {
        return Ok(());
    }
    let receipts: Vec<Questioned> = sqlx::query_as(
        "select distinct r.receipt_id, r.number, r.association_id
         from receipt_donation l join receipt r using (receipt_id)
         where l.donation_id = any($1) and l.live order by r.receipt_id",
    )
    .bind(donations.iter().map(|d| d.0).collect::<Vec<_>>())
    .fetch_all(&mut *tx)
    .await?;
    open(tx, now, &receipts, why).await
}

/// Opens a case for each receipt of the donations of these payouts, which came back.
pub async fn question_unpaid(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    payouts: &[PayoutId],
) -> Result<(), sqlx::Error> {
    if payouts.is_empty() {
        return Ok(());
    }
    let receipts: Vec<Questioned> = sqlx::query_as(
        "select distinct r.receipt_id, r.number, r.association_id
         from payout_donation p join receipt_donation l using (donation_id)
           join receipt r using (receipt_id)
         where p.payout_id = any($1) and l.live order by r.receipt_id",
    )
    .bind(payouts.iter().map(|p| p.0).collect::<Vec<_>>())
    .fetch_all(&mut *tx)
    .await?;
    open(
        tx,
        now,
        &receipts,
        "the payout of a donation of it came back",
    )
    .await
}

async fn open(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    receipts: &[Questioned],
    why: &str,
) -> Result<(), sqlx::Error> {
    let new: Vec<NewCase> = receipts
        .iter()
        .map(|r| NewCase {
            association: Some(r.association_id),
            ..NewCase::new(
                CaseKind::ReceiptInQuestion,
                r.receipt_id,
                format!("receipt {}: {why}", r.number),
            )
        })
        .collect();
    cases::open(tx, now, &new).await
}
