//! The state that handlers share, and the parameters of a query.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::Query;
use axum::http::Uri;

use super::large_bodies::LargeBodies;
use crate::app::App;
use crate::demo::Demo;
use crate::inbox::{EndpointCache, Intake};

/// The state that handlers share. Axum clones it for each request, so it is a single pointer.
#[derive(Clone)]
pub struct Web(Arc<WebState>);

/// The shared state itself.
pub struct WebState {
    pub app: App,
    pub intake: Intake,
    pub endpoints: EndpointCache,
    pub large_bodies: LargeBodies,
    /// The demonstration, when this process serves it.
    pub demo: Option<Arc<Demo>>,
}

impl Web {
    /// Puts the state behind its pointer.
    #[must_use]
    pub fn new(state: WebState) -> Self {
        Self(Arc::new(state))
    }
}

impl std::ops::Deref for Web {
    type Target = WebState;
    fn deref(&self) -> &WebState {
        &self.0
    }
}

/// The parameters of an address's query. When a name is given twice, its last value counts.
pub(super) fn query_params(uri: &Uri) -> HashMap<String, String> {
    Query::try_from_uri(uri).map(|q| q.0).unwrap_or_default()
}
