//! Claiming an anonymous donation: the link in the order's e-mail gives it a donor, once.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
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

/// Why a donation could not be claimed.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    #[error("this donation is not anonymous, was refunded, or was claimed already")]
    NotClaimable,
    #[error("the database refused")]
    Database(#[from] sqlx::Error),
}

/// Gives an anonymous, unrefunded donation its donor, once.
pub async fn claim(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    donation: DonationId,
    donor: DonorId,
) -> Result<(), ClaimError> {
    let claimed = sqlx::query(
        "insert into donation_claim (donation_id, donor_id, claimed_at)
         select donation_id, $2, $3 from donation d where donation_id = $1 and donor_id is null
           and not exists (select 1 from donation_refund r where r.donation_id = d.donation_id)
         on conflict do nothing",
    )
    .bind(donation)
    .bind(donor)
    .bind(now)
    .execute(db)
    .await?;
    if claimed.rows_affected() == 1 {
        Ok(())
    } else {
        Err(ClaimError::NotClaimable)
    }
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
