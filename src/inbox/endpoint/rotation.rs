//! Rotating an endpoint's secret: for a day the old one and the new one are both taken.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use sqlx::types::Json;

use super::secrets::add_secret;
use super::settings::EndpointSettings;
use super::store::{find_of_merchant, no_such_merchant};
use crate::parties::AddError;
use crate::values::Dialect;

/// How long the old secret is still taken after a rotation.
const OVERLAP: TimeDelta = TimeDelta::hours(24);

/// Gives a merchant's endpoint a new secret, made here or given by the platform. The old ones are
/// taken for one more day. Returns the new secret and when the old ones end.
pub async fn rotate_secret(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    key: &[u8; 32],
    merchant: &str,
    given: Option<String>,
) -> Result<(String, DateTime<Utc>), AddError> {
    let endpoint = find_of_merchant(tx, merchant)
        .await?
        .ok_or_else(|| no_such_merchant(merchant))?;
    // The lock keeps two rotations apart: together, each would leave the other's secret without an
    // end.
    let (dialect, Json(settings)): (String, Json<EndpointSettings>) =
        sqlx::query_as("select dialect, settings from endpoint where endpoint_id = $1 for update")
            .bind(endpoint)
            .fetch_one(&mut *tx)
            .await?;
    let dialect: Dialect = dialect
        .parse()
        .map_err(|_| AddError::NotYet("the endpoint's dialect is not known to this version"))?;
    let until = now + OVERLAP;
    sqlx::query(
        "update endpoint_secret set valid_until = $2
         where endpoint_id = $1 and (valid_until is null or valid_until > $2)",
    )
    .bind(endpoint)
    .bind(until)
    .execute(&mut *tx)
    .await?;
    let secret = add_secret(
        tx,
        now,
        key,
        endpoint,
        (dialect, settings.secret_encoding),
        given,
    )
    .await?;
    Ok((secret, until))
}
