//! Events written to the queue as the committer writes them, many at a time: for tests of what
//! comes after it.

use chrono::Utc;
use obole::values::{EndpointId, EventId};
use serde_json::Value;

use crate::shop::{Service, Shop};

/// The endpoint that a shop sends to.
pub fn endpoint(shop: &Shop) -> EndpointId {
    shop.url.rsplit('/').next().unwrap().parse().unwrap()
}

/// An event as it comes in.
pub struct Told {
    pub key: String,
    pub topic: Option<&'static str>,
    pub body: Vec<u8>,
}

impl Told {
    pub fn new(key: impl Into<String>, event: &Value) -> Self {
        Self {
            key: key.into(),
            topic: None,
            body: event.to_string().into_bytes(),
        }
    }
}

/// Queues events of an endpoint, all at once and in their order. Returns their ids.
pub async fn queue(s: &Service, endpoint: EndpointId, told: &[Told]) -> Vec<EventId> {
    let ids: Vec<EventId> = told.iter().map(|_| EventId::new()).collect();
    let headers = |t: &Told| {
        t.topic.map_or_else(
            || serde_json::json!({}),
            |topic| serde_json::json!({"topic": topic}),
        )
    };
    sqlx::query(
        "with input as (
           select * from unnest($2::uuid[], $3::text[], $4::bytea[], $5::jsonb[])
             x(event_id, key, body, headers)),
         event as (
           insert into inbox_event (endpoint_id, delivery_key, event_id, body_hash, received_at)
           select $1, key, event_id, sha256(body), $6 from input),
         body as (
           insert into inbox_body (event_id, received_at, body, headers)
           select event_id, $6, body, headers from input)
         insert into inbox_queue (event_id, endpoint_id, received_at)
         select event_id, $1, $6 from input",
    )
    .bind(endpoint)
    .bind(ids.iter().map(|e| e.0).collect::<Vec<_>>())
    .bind(told.iter().map(|t| t.key.as_str()).collect::<Vec<_>>())
    .bind(told.iter().map(|t| t.body.as_slice()).collect::<Vec<_>>())
    .bind(told.iter().map(headers).collect::<Vec<_>>())
    .bind(Utc::now())
    .execute(&s.world.db)
    .await
    .unwrap();
    ids
}

/// Does what only the schema's owner can.
pub async fn as_owner(s: &Service, sql: &'static str) {
    sqlx::query(sql).execute(&s.world.owner).await.unwrap();
}
