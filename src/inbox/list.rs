//! The delivery log: what came, what became of it, and a second try for what could not be posted.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::values::EventId;

/// Where an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Queued,
    Posted,
    Dead,
    Conflict,
    Parked,
}

impl State {
    /// The contract's word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Posted => "posted",
            Self::Dead => "dead",
            Self::Conflict => "conflict",
            Self::Parked => "parked",
        }
    }
}

/// One line of the log. The state `test` is an event of a test endpoint: kept, never in the books.
#[derive(Clone, Debug, Serialize)]
pub struct Listed {
    pub event_id: String,
    pub endpoint_id: String,
    pub merchant: String,
    pub delivery_key: String,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub state: String,
    pub reason: Option<String>,
    pub attempts: i32,
    pub received_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct Row {
    event_id: EventId,
    endpoint_id: crate::values::EndpointId,
    merchant: String,
    delivery_key: String,
    state: String,
    reason: Option<String>,
    attempts: i32,
    received_at: DateTime<Utc>,
    body: Option<Vec<u8>>,
}

/// The newest events first, at most 200; in one state if asked.
pub async fn list(db: &mut PgConnection, state: Option<State>) -> Result<Vec<Listed>, sqlx::Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "with log as (
           select i.event_id, i.endpoint_id, i.delivery_key, i.received_at,
             coalesce(p.state, case when q.event_id is not null then 'queued' when e.test then 'test' else 'posted' end) as state,
             p.reason, coalesce(p.attempts, q.attempts, 1) as attempts
           from inbox_event i join endpoint e using (endpoint_id)
           left join inbox_problem p using (event_id) left join inbox_queue q using (event_id)
           union all
           select event_id, endpoint_id, delivery_key, received_at, state, reason, attempts from inbox_problem p
           where not exists (select from inbox_event i where i.event_id = p.event_id))
         select log.*, m.slug as merchant, body from log join endpoint using (endpoint_id) join merchant m using (merchant_id)
         left join inbox_body using (event_id, received_at)
         where $1::text is null or log.state = $1 order by received_at desc, event_id desc limit 200",
    )
    .bind(state.map(State::word))
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| Listed {
            event_id: r.event_id.to_string(),
            endpoint_id: r.endpoint_id.to_string(),
            merchant: r.merchant,
            delivery_key: r.delivery_key,
            kind: r.body.as_deref().and_then(kind),
            state: r.state,
            reason: r.reason,
            attempts: r.attempts,
            received_at: r.received_at,
        })
        .collect())
}

fn kind(body: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    Some(value.get("type")?.as_str()?.chars().take(60).collect())
}

/// Which events get a second try.
#[derive(Clone, Debug)]
pub enum Redrive {
    These(Vec<EventId>),
    AllDead,
}

/// Puts dead, parked or conflicting events back in the queue; answers their ids.
pub async fn redrive(db: &mut PgConnection, which: &Redrive) -> Result<Vec<EventId>, sqlx::Error> {
    let ids: Option<Vec<Uuid>> = match which {
        Redrive::These(ids) => Some(ids.iter().map(|e| e.0).collect()),
        Redrive::AllDead => None,
    };
    sqlx::query_scalar(
        "with back as (
           delete from inbox_problem where ($1::uuid[] is null and state = 'dead') or event_id = any($1)
           returning event_id, endpoint_id, received_at, attempts)
         insert into inbox_queue select event_id, endpoint_id, received_at, attempts from back returning event_id",
    )
    .bind(ids)
    .fetch_all(db)
    .await
}

/// Whether an event has waited for the poster for more than a minute.
pub async fn is_behind(db: &mut PgConnection, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select from inbox_queue where received_at < $1)")
        .bind(now - chrono::TimeDelta::minutes(1))
        .fetch_one(db)
        .await
}
