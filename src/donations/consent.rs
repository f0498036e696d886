//! Consent that was not told, or that a box gave which was ticked already (C. conso. L121-17): such
//! donations are recorded, and a person rules whether receipts may be issued for them.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::cases::{self, CaseFilter, CaseKind, Decision, NewCase};
use crate::values::{DonationId, MerchantId, Reader};

/// A person's ruling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum ConsentRuling {
    /// Consent was express: receipts may be issued.
    Accept,
    /// It was not: there is no receipt.
    Dismiss,
}

/// What is known of the consent to a donation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
pub struct DonationConsent {
    #[serde(skip)]
    pub merchant_id: MerchantId,
    /// Whether the box was ticked already; none when nobody said.
    #[serde(rename = "preticked")]
    pub consent_preticked: Option<bool>,
    /// The ruling that counts.
    pub ruling: Option<ConsentRuling>,
}

/// What is known of the consent to a donation; none when there is no such donation.
pub async fn consent_of(
    db: &mut PgConnection,
    donation: DonationId,
) -> Result<Option<DonationConsent>, sqlx::Error> {
    sqlx::query_as(
        "select merchant_id, consent_preticked, ruling from consent_of_donation
         where donation_id = $1",
    )
    .bind(donation)
    .fetch_optional(db)
    .await
}

/// Rules on the consent to all donations of a merchant that were recorded until now, as far as it
/// is unclear and nobody ruled on it yet; or, with a donation, on that one alone.
pub async fn rule_on_consent(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    merchant: MerchantId,
    donation: Option<DonationId>,
    ruling: ConsentRuling,
    decision: Decision<'_>,
) -> Result<(), sqlx::Error> {
    // Two people may rule at once: each ruling has a number of its own.
    sqlx::query("select 1 from merchant where merchant_id = $1 for no key update")
        .bind(merchant)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "insert into consent_ruling (merchant_id, n, donation_id, ruling, ruled_by, why, ruled_at)
         select $1, coalesce(max(n), 0) + 1, $2, $3, $4, $5, $6
         from consent_ruling where merchant_id = $1",
    )
    .bind(merchant)
    .bind(donation)
    .bind(ruling)
    .bind(decision.by)
    .bind(decision.why)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// Opens a case for each merchant with donations whose consent is unclear and that nobody ruled on;
/// closes it where all are ruled on one by one. Reads all donations.
pub async fn open_consent_cases(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let unclear: Vec<(MerchantId, String, i64)> = sqlx::query_as(
        "select m.merchant_id, m.slug, count(*)
         from consent_of_donation c join merchant m using (merchant_id)
         where c.consent_preticked is not false and c.ruling is null
         group by m.merchant_id, m.slug order by m.slug",
    )
    .fetch_all(&mut *tx)
    .await?;
    let new = unclear.iter().map(|(merchant, slug, count)| NewCase {
        merchant: Some(*merchant),
        ..NewCase::new(
            CaseKind::ConsentUnclear,
            merchant.0,
            format!(
                "{slug} did not tell that the donor chose, or the box was ticked already: \
                 {count} donations so far"
            ),
        )
    });
    cases::open(tx, now, &new.collect::<Vec<_>>()).await?;
    let filter = CaseFilter::open(CaseKind::ConsentUnclear);
    let open = cases::list(tx, Reader::System, filter).await?;
    let is_unclear = |subject: Uuid| unclear.iter().any(|(m, ..)| m.0 == subject);
    let clear: Vec<Uuid> = open
        .iter()
        .map(|c| c.subject)
        .filter(|subject| !is_unclear(*subject))
        .collect();
    let ruled = Decision {
        decision: "ruled",
        by: "obole",
        why: "each of the donations was ruled on",
    };
    cases::close(tx, now, CaseKind::ConsentUnclear, &clear, ruled).await?;
    Ok(())
}
