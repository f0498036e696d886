//! The extractor of the pages behind a mail's link that names a donor.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::parties::donor_link::DonorLink;
use crate::values::DonorId;
use crate::web::{Problem, Web};

/// The donor that the link names. The page is not there unless the link is one of ours, made for
/// this page: its token is for the first part of the path, which is the page's own.
pub struct LinkedDonor(pub DonorId);

impl FromRequestParts<Web> for LinkedDonor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let link = DonorLink::read(web.app.key.expose(), parts.uri.path());
        link.map(|(_, donor)| Self(donor)).ok_or(Problem::NotFound)
    }
}
