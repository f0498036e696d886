//! `Authorization: Bearer <api_key>`: which merchant sends a request to the API.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use crate::parties::merchant;
use crate::values::{MerchantId, MerchantRole, Reader};
use crate::web::{Problem, Web};

/// The merchant whose key came with the request.
pub struct KeyHolder(pub MerchantId);

impl KeyHolder {
    /// Who a request to the API is run for.
    pub const fn reader(&self) -> Reader {
        Reader::Merchant(self.0, MerchantRole::Developer)
    }
}

impl FromRequestParts<Web> for KeyHolder {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let given = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|h| h.to_str().ok())
            .ok_or(Problem::NoKey)?;
        let key = given
            .strip_prefix("Bearer ")
            .map(str::trim)
            .filter(|k| !k.is_empty())
            .ok_or(Problem::NoKey)?;
        let found = merchant::of_api_key(&mut *web.app.db.acquire().await?, key).await?;
        found.map(Self).ok_or(Problem::NoKey)
    }
}
