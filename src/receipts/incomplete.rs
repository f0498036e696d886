//! Donors whose receipts wait for their identity: who is asked to complete it, once.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::eligibility::DonorFacts;
use crate::parties::donor::{self, Donor};
use crate::values::{DonorId, MailId, PostalAddress, Reader};

/// What a donor's receipts lack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IdentityGaps {
    pub name: bool,
    pub address: bool,
    /// What is there has letters that the receipt cannot print.
    pub unprintable: bool,
}

impl IdentityGaps {
    /// What a donor's receipts lack, from what is known of the donor.
    #[must_use]
    pub fn of(donor: &Donor) -> Self {
        let (first, last) = (donor.first_name.as_deref(), donor.last_name.as_deref());
        let address = donor.address.as_deref();
        let is_blank = |text: Option<&str>| text.is_none_or(|t| t.trim().is_empty());
        let name = is_blank(first) || is_blank(last);
        let no_address = !address.is_some_and(PostalAddress::is_complete);
        let facts = DonorFacts {
            receipt_frequency: donor.receipt_frequency,
            first_name: first,
            last_name: last,
            address,
        };
        // Each half is looked at beside a half that can be printed.
        let plain = plain_address();
        let of_name = DonorFacts {
            address: Some(&plain),
            ..facts
        };
        let of_address = DonorFacts {
            first_name: Some("A"),
            last_name: Some("A"),
            ..facts
        };
        Self {
            name,
            address: no_address,
            unprintable: (!name && !of_name.is_printable())
                || (!no_address && !of_address.is_printable()),
        }
    }

    /// Whether nothing lacks.
    #[must_use]
    pub const fn is_none(self) -> bool {
        !self.name && !self.address && !self.unprintable
    }
}

fn plain_address() -> PostalAddress {
    let text = || "A".to_owned();
    PostalAddress {
        line1: text(),
        line2: None,
        postal_code: text(),
        city: text(),
        country: "FR".to_owned(),
    }
}

/// Writes a message to send for each of the donors who is not asked already. Donors who were asked
/// and have completed what lacked may be asked again.
pub async fn prepare_requests(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    incomplete: &BTreeSet<DonorId>,
) -> Result<(), sqlx::Error> {
    close_completed(tx, now).await?;
    sqlx::query(
        "insert into identity_request (mail_id, donor_id, created_at)
         select mail_id, donor_id, $3 from unnest($1::uuid[], $2::uuid[]) n(mail_id, donor_id)
         on conflict do nothing",
    )
    .bind(
        incomplete
            .iter()
            .map(|_| MailId::new().0)
            .collect::<Vec<_>>(),
    )
    .bind(incomplete.iter().map(|d| d.0).collect::<Vec<_>>())
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// Closes the requests to donors whose receipts lack nothing any more.
async fn close_completed(tx: &mut PgConnection, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let asked: Vec<DonorId> =
        sqlx::query_scalar("select donor_id from identity_request where completed_at is null")
            .fetch_all(&mut *tx)
            .await?;
    let donors = donor::of_ids(tx, Reader::System, asked.into_iter()).await?;
    let completed: Vec<_> = donors
        .values()
        .filter(|d| IdentityGaps::of(d).is_none())
        .map(|d| d.donor_id.0)
        .collect();
    sqlx::query(
        "update identity_request set completed_at = $2
         where donor_id = any($1) and completed_at is null",
    )
    .bind(completed)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// The requests that are not known to be sent and still to be answered.
pub async fn open_requests(db: &mut PgConnection) -> Result<Vec<(MailId, DonorId)>, sqlx::Error> {
    sqlx::query_as(
        "select mail_id, donor_id from identity_request
         where sent_at is null and completed_at is null order by created_at, mail_id",
    )
    .fetch_all(db)
    .await
}

/// Notes that a request was sent.
pub async fn mark_requested(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    mail: MailId,
) -> Result<(), sqlx::Error> {
    sqlx::query("update identity_request set sent_at = $2 where mail_id = $1")
        .bind(mail)
        .bind(now)
        .execute(db)
        .await?;
    Ok(())
}
