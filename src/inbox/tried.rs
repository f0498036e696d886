//! What an event of a test endpoint would have counted.

use std::collections::HashMap;

use serde::Serialize;
use sqlx::PgConnection;

use super::dialects::{Sender, parse};
use super::endpoint;
use super::event::{Checkout, Event};
use super::state::SettledEvent;
use crate::values::EventId;

/// A donation that would have been recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WouldCount {
    pub order_id: String,
    /// In euros; none where the merchant's rule would have said it.
    pub amount: Option<String>,
    pub cause: Option<String>,
}

/// The donations that an event would have counted.
#[must_use]
pub fn would_count(event: &Event) -> Vec<WouldCount> {
    let donation = |c: &Checkout| WouldCount {
        order_id: c.order_id.clone(),
        amount: c.amount.map(|a| a.to_string()),
        cause: c.cause.clone(),
    };
    event.checkouts().map(donation).collect()
}

/// As `would_count`, of events that came in at test endpoints.
pub(super) async fn of_events(
    db: &mut PgConnection,
    events: &[SettledEvent<'_>],
) -> Result<HashMap<EventId, Vec<WouldCount>>, sqlx::Error> {
    if events.is_empty() {
        return Ok(HashMap::new());
    }
    let contexts = endpoint::load_contexts(db, events.iter().map(|e| e.endpoint_id)).await?;
    let counted = events.iter().filter_map(|event| {
        let context = contexts.get(&event.endpoint_id)?;
        let sender = Sender {
            dialect: context.dialect,
            settings: &context.settings,
            test: true,
            topic: event.topic,
            source: None,
        };
        let understood = parse(&sender, event.body).ok()?;
        Some((event.event_id, would_count(&understood)))
    });
    Ok(counted.collect())
}
