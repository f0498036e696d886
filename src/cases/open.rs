//! Opening a case, in the database transaction of what happened.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::CaseKind;
use crate::values::{AssociationId, CaseId, DonationId, MerchantId};

/// A case about to be opened.
#[derive(Clone, Debug)]
pub struct NewCase {
    pub kind: CaseKind,
    /// Id of what is to be decided; the kind says of what.
    pub subject: Uuid,
    /// What happened, in plain words without personal data.
    pub what: String,
    pub merchant: Option<MerchantId>,
    pub association: Option<AssociationId>,
    pub donation: Option<DonationId>,
}

impl NewCase {
    /// A case that names nobody else.
    #[must_use]
    pub fn new(kind: CaseKind, subject: Uuid, what: impl Into<String>) -> Self {
        Self {
            kind,
            subject,
            what: what.into(),
            merchant: None,
            association: None,
            donation: None,
        }
    }
}

/// Opens cases; one that is open for its kind and subject already stays as it is.
pub async fn open(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    new: &[NewCase],
) -> Result<(), sqlx::Error> {
    insert(tx, now, new, false).await
}

/// Opens cases of which none was opened before for their kind and subject: what is decided is not
/// asked again when it is told again.
pub async fn open_once(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    new: &[NewCase],
) -> Result<(), sqlx::Error> {
    insert(tx, now, new, true).await
}

async fn insert(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    new: &[NewCase],
    once: bool,
) -> Result<(), sqlx::Error> {
    if new.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into case_file (case_id, kind, subject, n, what, merchant_id, association_id,
           donation_id, opened_at)
         select x.case_id, x.kind, x.subject,
           (select coalesce(max(f.n), 0) + 1 from case_file f
            where f.kind = x.kind and f.subject = x.subject),
           x.what, x.merchant_id, x.association_id, x.donation_id, $8
         from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::uuid[], $6::uuid[],
             $7::uuid[])
           x(case_id, kind, subject, what, merchant_id, association_id, donation_id)
         where not exists (
           select 1 from open_case o where o.kind = x.kind and o.subject = x.subject)
           and not ($9 and exists (
             select 1 from case_file f where f.kind = x.kind and f.subject = x.subject))
         on conflict do nothing",
    )
    .bind(new.iter().map(|_| CaseId::new().0).collect::<Vec<_>>())
    .bind(new.iter().map(|c| c.kind.word()).collect::<Vec<_>>())
    .bind(new.iter().map(|c| c.subject).collect::<Vec<_>>())
    .bind(new.iter().map(|c| storable(&c.what)).collect::<Vec<_>>())
    .bind(
        new.iter()
            .map(|c| c.merchant.map(|m| m.0))
            .collect::<Vec<_>>(),
    )
    .bind(
        new.iter()
            .map(|c| c.association.map(|a| a.0))
            .collect::<Vec<_>>(),
    )
    .bind(
        new.iter()
            .map(|c| c.donation.map(|d| d.0))
            .collect::<Vec<_>>(),
    )
    .bind(now)
    .bind(once)
    .execute(tx)
    .await?;
    Ok(())
}

/// The words as PostgreSQL stores them: they may quote what somebody wrote, and a text column
/// refuses NUL.
fn storable(what: &str) -> String {
    what.replace('\0', "\u{fffd}")
}
