//! What reading a stored event needs of its endpoint.

use std::collections::{HashMap, HashSet};

use sqlx::{FromRow, PgConnection, types::Json};

use super::settings::EndpointSettings;
use crate::values::{Dialect, EndpointId, MerchantId};

/// Whose an endpoint is and how its platform phrases events: all that reading a stored event needs.
#[derive(Clone, Debug)]
pub struct EndpointContext {
    pub merchant_id: MerchantId,
    pub dialect: Dialect,
    pub settings: EndpointSettings,
    /// Its events never reach the books.
    pub test: bool,
}

#[derive(FromRow)]
struct ContextRow {
    endpoint_id: EndpointId,
    merchant_id: MerchantId,
    #[sqlx(try_from = "String")]
    dialect: Dialect,
    settings: Json<EndpointSettings>,
    test: bool,
}

/// The contexts of a batch's endpoints. Endpoints that are not a merchant's are not among them.
pub async fn load_contexts(
    db: &mut PgConnection,
    ids: impl Iterator<Item = EndpointId>,
) -> Result<HashMap<EndpointId, EndpointContext>, sqlx::Error> {
    let distinct: HashSet<EndpointId> = ids.collect();
    let rows: Vec<ContextRow> = sqlx::query_as(
        "select endpoint_id, merchant_id, dialect, settings, test from endpoint
         where endpoint_id = any($1) and merchant_id is not null",
    )
    .bind(distinct.iter().map(|id| id.0).collect::<Vec<_>>())
    .fetch_all(db)
    .await?;
    let context = |r: ContextRow| EndpointContext {
        merchant_id: r.merchant_id,
        dialect: r.dialect,
        settings: r.settings.0,
        test: r.test,
    };
    Ok(rows
        .into_iter()
        .map(|r| (r.endpoint_id, context(r)))
        .collect())
}
