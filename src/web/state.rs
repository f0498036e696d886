//! What handlers share, and what an address asks.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::Query;
use axum::http::Uri;

use crate::app::App;
use crate::demo::Demo;
use crate::inbox::{EndpointCache, Intake};

/// What handlers share; cloned for each request, hence one pointer.
#[derive(Clone)]
pub struct Web(Arc<WebState>);

/// What stands behind the pointer.
pub struct WebState {
    pub app: App,
    pub intake: Intake,
    pub endpoints: EndpointCache,
    /// The demonstration's world, when this process serves it.
    pub demo: Option<Arc<Demo>>,
}

impl Web {
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

/// The parameters of an address's query; of a name given twice the last counts.
pub(super) fn query_params(uri: &Uri) -> HashMap<String, String> {
    Query::try_from_uri(uri).map(|q| q.0).unwrap_or_default()
}
