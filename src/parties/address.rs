//! Correcting an e-mail address that messages do not reach.

use sqlx::PgConnection;

use crate::values::{AssociationId, DonorId, Email, MerchantId};

/// Why an address was not corrected; nothing of it then is.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    #[error("another donor has this address, and two donors are never made one: choose another")]
    AnotherDonors,
    #[error("there is nobody to correct the address of")]
    Unknown,
    #[error("it is the address already")]
    Same,
    #[error("the database refused")]
    Database(#[source] sqlx::Error),
}

impl From<sqlx::Error> for AddressError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(e) if e.is_unique_violation() => Self::AnotherDonors,
            _ => Self::Database(error),
        }
    }
}

/// Corrects a donor's address. Whoever was signed in by the earlier one is signed out, and its
/// links end: it was not theirs.
pub async fn of_donor(
    tx: &mut PgConnection,
    id: DonorId,
    email: &Email,
) -> Result<(), AddressError> {
    let before: Option<Option<String>> =
        sqlx::query_scalar("select email from donor where donor_id = $1 for update")
            .bind(id)
            .fetch_optional(&mut *tx)
            .await?;
    // A donor who was erased has none, and gets none.
    let before = before.flatten().ok_or(AddressError::Unknown)?;
    if before == email.as_str() {
        return Err(AddressError::Same);
    }
    sqlx::query("update donor set email = $2 where donor_id = $1")
        .bind(id)
        .bind(email.as_str())
        .execute(&mut *tx)
        .await?;
    for end in [
        "delete from session where email = $1",
        "delete from sign_in_link where email = $1",
    ] {
        sqlx::query(end).bind(&before).execute(&mut *tx).await?;
    }
    Ok(())
}

/// Corrects the address that a merchant's statements go to.
pub async fn of_merchant(
    tx: &mut PgConnection,
    id: MerchantId,
    email: &Email,
) -> Result<(), AddressError> {
    let changed =
        sqlx::query("update merchant set email = $2 where merchant_id = $1 and email <> $2")
            .bind(id)
            .bind(email.as_str())
            .execute(tx)
            .await?;
    changed_one(changed.rows_affected())
}

/// Corrects the address that an association's reports go to.
pub async fn of_association(
    tx: &mut PgConnection,
    id: AssociationId,
    email: &Email,
) -> Result<(), AddressError> {
    let changed =
        sqlx::query("update association set email = $2 where association_id = $1 and email <> $2")
            .bind(id)
            .bind(email.as_str())
            .execute(tx)
            .await?;
    changed_one(changed.rows_affected())
}

const fn changed_one(rows: u64) -> Result<(), AddressError> {
    match rows {
        0 => Err(AddressError::Same),
        _ => Ok(()),
    }
}
