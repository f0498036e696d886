//! Claiming an anonymous donation: the link in the order's e-mail gives it a donor, once and for a
//! time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::parties::seal;
use crate::values::{DonationId, DonorId};

const PURPOSE: &str = "claim";

/// The token of a donation's claim link; only the key's holder can make it.
#[must_use]
pub fn claim_token(key: &[u8; 32], donation: DonationId) -> String {
    format!(
        "{}{}",
        URL_SAFE_NO_PAD.encode(donation.0.as_bytes()),
        seal::derived_token(key, PURPOSE, donation.0.as_bytes())
    )
}

/// The donation that a claim link names, if the link is ours.
#[must_use]
pub fn of_claim_token(key: &[u8; 32], token: &str) -> Option<DonationId> {
    let (id, mac) = token.split_at_checked(22)?;
    let bytes: [u8; 16] = URL_SAFE_NO_PAD.decode(id).ok()?.try_into().ok()?;
    seal::is_derived_token(key, PURPOSE, &bytes, mac).then(|| DonationId(Uuid::from_bytes(bytes)))
}

/// What a claim link can still do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimLink {
    /// It gives the donation its donor.
    Open,
    /// The donation is in somebody's name: the link did its work, or is not needed.
    Used,
    /// Its days are over.
    Expired,
    /// The donation was given back.
    GivenBack,
    /// The donation is not recorded yet.
    Early,
}

/// What the link of a donation can still do, so many days after its record at the latest.
///
/// Whoever has the link of an open one may claim it; of the others, only this may be told.
pub async fn claim_link(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    donation: DonationId,
    days: u32,
) -> Result<ClaimLink, sqlx::Error> {
    let found: Option<(bool, bool, bool)> = sqlx::query_as(
        "select donor_id is not null
             or exists (select 1 from donation_claim c where c.donation_id = d.donation_id),
           exists (select 1 from donation_refund r where r.donation_id = d.donation_id),
           recorded_at < $2
         from donation d where donation_id = $1",
    )
    .bind(donation)
    .bind(oldest(now, days))
    .fetch_optional(db)
    .await?;
    Ok(match found {
        None => ClaimLink::Early,
        Some((true, _, _)) => ClaimLink::Used,
        Some((_, _, true)) => ClaimLink::Expired,
        Some((_, true, _)) => ClaimLink::GivenBack,
        Some((false, false, false)) => ClaimLink::Open,
    })
}

/// A donation recorded before this can no longer be claimed.
fn oldest(now: DateTime<Utc>, days: u32) -> DateTime<Utc> {
    now - TimeDelta::days(days.into())
}

/// Gives an anonymous, unrefunded donation its donor, once. Returns whether it did: somebody else
/// may have been first, or the link ended meanwhile.
pub async fn claim(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    donation: DonationId,
    donor: DonorId,
    days: u32,
) -> Result<bool, sqlx::Error> {
    let claimed = sqlx::query(
        "insert into donation_claim (donation_id, donor_id, claimed_at)
         select donation_id, $2, $3 from donation d where donation_id = $1 and donor_id is null
           and recorded_at >= $4
           and not exists (select 1 from donation_refund r where r.donation_id = d.donation_id)
         on conflict do nothing",
    )
    .bind(donation)
    .bind(donor)
    .bind(now)
    .bind(oldest(now, days))
    .execute(db)
    .await?;
    Ok(claimed.rows_affected() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_link_names_its_donation_and_cannot_be_made_up() {
        let id = DonationId(Uuid::from_u128(5));
        let token = claim_token(&[1; 32], id);
        assert_eq!(of_claim_token(&[1; 32], &token), Some(id));
        assert_eq!(of_claim_token(&[2; 32], &token), None);
        assert_eq!(of_claim_token(&[1; 32], &token[1..]), None);
        assert_eq!(of_claim_token(&[1; 32], "é"), None);
    }
}
