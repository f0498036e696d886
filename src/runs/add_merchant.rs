//! Adding a merchant: its terms, an endpoint for its webhooks and an API key, all or nothing.
//!
//! The merchant belongs to `parties` and the endpoint to `inbox`; neither room calls the other, so
//! this one calls both.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::inbox::endpoint::{self, EndpointSettings, NewEndpoint};
use crate::parties::AddError;
use crate::parties::merchant::{self, MerchantTerms};
use crate::values::{Dialect, DialectError, EndpointId, MerchantId};

/// What is asked when a merchant is added.
#[derive(Clone, Debug)]
pub struct NewMerchant {
    pub name: String,
    pub email: String,
    pub slug: Option<String>,
    pub dialect: String,
    /// Settings of the endpoint, `name=value`.
    pub settings: Vec<String>,
    /// The secret that the platform gave; without it one is made.
    pub secret: Option<String>,
    pub api_token: Option<String>,
    pub rule: String,
    pub default_cause: Option<String>,
    pub collect: String,
    pub test: bool,
}

impl NewMerchant {
    /// A merchant with the usual terms: our own dialect, one euro an order, collected by transfer.
    #[must_use]
    pub fn named(name: &str, email: &str) -> Self {
        Self {
            name: name.to_owned(),
            email: email.to_owned(),
            slug: None,
            dialect: Dialect::Standard.word().to_owned(),
            settings: Vec::new(),
            secret: None,
            api_token: None,
            rule: "fixed:1.00".to_owned(),
            default_cause: None,
            collect: "transfer".to_owned(),
            test: false,
        }
    }
}

/// What the merchant's developer needs; the secrets are shown this once.
#[derive(Clone, Debug)]
pub struct MerchantCredentials {
    pub merchant_id: MerchantId,
    pub endpoint_id: EndpointId,
    pub secret: String,
    pub api_key: String,
}

/// Adds a merchant with an endpoint and an API key. With `test` and the slug of a known merchant,
/// adds a test endpoint and a key to it. Everything that was asked is checked before anything is
/// written.
///
/// # Errors
/// `AddError::Invalid` names the field that is wrong; `AddError::Taken` when the slug is another
/// merchant's.
pub async fn add_merchant(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    key: &[u8; 32],
    new: &NewMerchant,
) -> Result<MerchantCredentials, AddError> {
    let terms = MerchantTerms::check(
        &new.name,
        &new.email,
        new.slug.as_deref(),
        &new.rule,
        new.default_cause.as_deref(),
        &new.collect,
    )?;
    let endpoint = NewEndpoint {
        dialect: new
            .dialect
            .parse()
            .map_err(|e: DialectError| AddError::field("dialect", e.to_string()))?,
        settings: EndpointSettings::default().changed(&new.settings)?,
        test: new.test,
        secret: new.secret.clone(),
        api_token: new.api_token.clone(),
    };
    let merchant_id = match merchant::find(tx, terms.slug()).await? {
        Some(id) if new.test => id,
        // One that was only tried so far.
        Some(id) if !endpoint::is_live(tx, id).await? => id,
        Some(_) => return Err(AddError::Taken(terms.slug().to_owned())),
        None => merchant::add(tx, now, &terms).await?,
    };
    let (endpoint_id, secret) = endpoint::add(tx, now, key, merchant_id, &endpoint).await?;
    let api_key = merchant::add_api_key(tx, now, merchant_id, "first").await?;
    Ok(MerchantCredentials {
        merchant_id,
        endpoint_id,
        secret,
        api_key,
    })
}
