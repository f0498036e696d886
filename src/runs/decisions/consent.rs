//! Consent that is unclear: a person rules on all of a merchant, or on one donation.

use anyhow::{Context as _, ensure};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use sqlx::PgConnection;

use super::decision::CaseDecision;
use crate::app::App;
use crate::audit::{self, Act, Actor};
use crate::cases::{Case, Decision};
use crate::db::settlement_lock;
use crate::donations::{self, ConsentRuling, DonationConsent};
use crate::receipts;
use crate::values::{DonationId, MerchantId};

/// Rules on the donations of a case's merchant, until now.
pub(super) async fn decide(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    case: &Case,
    d: CaseDecision<'_>,
) -> anyhow::Result<String> {
    let (ruling, done) = match d.decision {
        "accept" => (
            ConsentRuling::Accept,
            "receipts may be issued for what is recorded until now",
        ),
        _ => (
            ConsentRuling::Dismiss,
            "no receipts are issued for what is recorded until now",
        ),
    };
    let merchant = MerchantId(case.subject);
    donations::rule_on_consent(tx, now, merchant, None, ruling, d.recorded()).await?;
    Ok(done.into())
}

/// What was ruled on a donation.
#[derive(Clone, Debug, Serialize)]
pub struct RuledDonation {
    #[serde(serialize_with = "crate::values::as_text")]
    pub donation_id: DonationId,
    #[serde(flatten)]
    pub consent: DonationConsent,
}

/// Rules on the consent to one donation, whatever was ruled before. A receipt that carries it is in
/// question once it is dismissed.
pub async fn rule_on_donation(
    app: &App,
    now: DateTime<Utc>,
    donation_id: DonationId,
    ruling: ConsentRuling,
    actor: &Actor,
    why: &str,
) -> anyhow::Result<RuledDonation> {
    let mut tx = app.db.begin().await?;
    // No receipt is issued meanwhile.
    settlement_lock::lock_exclusive(&mut tx).await?;
    let before = donations::consent_of(&mut tx, donation_id)
        .await?
        .with_context(|| format!("there is no donation {donation_id}"))?;
    ensure!(
        ruling == ConsentRuling::Dismiss
            || before.consent_preticked != Some(false)
            || before.ruling.is_some(),
        "the consent to this donation is clear: there is nothing to accept"
    );
    let decision = Decision {
        decision: "ruled",
        by: &actor.who,
        why,
    };
    let (merchant, of) = (before.merchant_id, Some(donation_id));
    donations::rule_on_consent(&mut tx, now, merchant, of, ruling, decision).await?;
    if ruling == ConsentRuling::Dismiss {
        receipts::question_consent(&mut tx, now, donation_id).await?;
    }
    let after = DonationConsent {
        ruling: Some(ruling),
        ..before
    };
    let act = Act {
        act: "donation.consent",
        subject: &donation_id.to_string(),
        before: Some(json!(before)),
        after: Some(json!(after)),
        why: Some(why),
    };
    audit::record(&mut tx, now, actor, &act).await?;
    tx.commit().await?;
    Ok(RuledDonation {
        donation_id,
        consent: after,
    })
}
