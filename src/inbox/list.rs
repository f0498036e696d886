//! The delivery log: what came, what became of it, and a second try for what could not be posted.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::values::{EventId, MerchantId};

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

impl std::str::FromStr for State {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        [
            Self::Queued,
            Self::Posted,
            Self::Dead,
            Self::Conflict,
            Self::Parked,
        ]
        .into_iter()
        .find(|s| s.word() == text)
        .ok_or(())
    }
}

/// One line of the log. The state `test` is an event of a test endpoint: kept, never in the books.
#[derive(Clone, Debug, Serialize)]
pub struct EventSummary {
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

/// Which events to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventFilter {
    /// Only this merchant's; all for the team.
    pub merchant: Option<MerchantId>,
    pub state: Option<State>,
    /// Only events older than this one.
    pub after: Option<EventId>,
}

/// The newest events first, at most 200.
pub async fn list(
    db: &mut PgConnection,
    wanted: EventFilter,
) -> Result<Vec<EventSummary>, sqlx::Error> {
    let rows: Vec<Row> = sqlx::query_as(
        // What could not be posted is few, and found in its own table; the rest is read from each endpoint's newest on.
        "with wanted as (select endpoint_id, test, m.slug as merchant from endpoint join merchant m using (merchant_id) where $2::uuid is null or merchant_id = $2),
         after as (
           select received_at, event_id from inbox_event where event_id = $3
           union all select received_at, event_id from inbox_problem where event_id = $3 limit 1),
         log as (
           select w.endpoint_id, w.merchant, i.* from wanted w cross join lateral (
             select i.event_id, i.delivery_key, i.received_at, s.state, p.reason, coalesce(p.attempts, q.attempts, f.attempts, 1) as attempts
             from inbox_event i
             left join lateral (select * from inbox_problem p where p.event_id = i.event_id limit 1) p on true
             left join lateral (select * from inbox_queue q where q.event_id = i.event_id limit 1) q on true
             left join lateral (select * from inbox_fetch f where f.event_id = i.event_id limit 1) f on true
             cross join lateral (select coalesce(p.state, case when q.event_id is not null then 'queued' when f.event_id is not null then 'fetching'
               when w.test then 'test' else 'posted' end) as state) s
             where i.endpoint_id = w.endpoint_id and ($1::text is null or ($1 not in ('dead', 'conflict', 'parked') and s.state = $1))
               and ($3::uuid is null or (i.received_at, i.event_id) < (select received_at, event_id from after))
             order by i.received_at desc, i.event_id desc limit 200) i
           union all
           select w.endpoint_id, w.merchant, p.event_id, p.delivery_key, p.received_at, p.state, p.reason, p.attempts
           from inbox_problem p join wanted w using (endpoint_id)
           where (p.state = $1 or $1 is null and not exists (
               select from inbox_event i where i.endpoint_id = p.endpoint_id and i.delivery_key = p.delivery_key and i.event_id = p.event_id))
             and ($3::uuid is null or (p.received_at, p.event_id) < (select received_at, event_id from after)))
         select log.*, b.body from (select * from log order by received_at desc, event_id desc limit 200) log
         left join lateral (select body from inbox_body b where b.event_id = log.event_id and b.received_at = log.received_at limit 1) b on true
         order by received_at desc, event_id desc",
    )
    .bind(wanted.state.map(State::word))
    .bind(wanted.merchant)
    .bind(wanted.after)
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(EventSummary::from).collect())
}

impl From<Row> for EventSummary {
    fn from(r: Row) -> Self {
        Self {
            event_id: r.event_id.to_string(),
            endpoint_id: r.endpoint_id.to_string(),
            merchant: r.merchant,
            delivery_key: r.delivery_key,
            kind: r.body.as_deref().and_then(kind),
            state: r.state,
            reason: r.reason,
            attempts: r.attempts,
            received_at: r.received_at,
        }
    }
}

/// An event with its body, personal data masked; for a conflict, also the body that came first under its key.
#[derive(Clone, Debug, Serialize)]
pub struct Detail {
    #[serde(flatten)]
    pub event: EventSummary,
    pub body: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub came_first: Option<Value>,
}

/// One event of a merchant, or of any for the team.
pub async fn show(
    db: &mut PgConnection,
    id: EventId,
    merchant: Option<MerchantId>,
) -> Result<Option<Detail>, sqlx::Error> {
    let row: Option<Row> = sqlx::query_as(
        "select x.event_id, x.endpoint_id, x.delivery_key, x.received_at, m.slug as merchant, body, x.reason, coalesce(x.attempts, q.attempts, f.attempts, 1) as attempts,
           coalesce(x.state, case when q.event_id is not null then 'queued' when f.event_id is not null then 'fetching'
             when e.test then 'test' else 'posted' end) as state
         from (select coalesce(i.event_id, p.event_id) as event_id, coalesce(i.endpoint_id, p.endpoint_id) as endpoint_id,
                 coalesce(i.delivery_key, p.delivery_key) as delivery_key, coalesce(i.received_at, p.received_at) as received_at,
                 p.state, p.reason, p.attempts
               from (select * from inbox_event where event_id = $1) i full join (select * from inbox_problem where event_id = $1) p using (event_id)) x
         join endpoint e using (endpoint_id) join merchant m using (merchant_id)
         left join inbox_queue q using (event_id) left join inbox_fetch f using (event_id)
         left join inbox_body b on b.event_id = x.event_id and b.received_at = x.received_at
         where $2::uuid is null or m.merchant_id = $2",
    )
    .bind(id)
    .bind(merchant)
    .fetch_optional(&mut *db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let first: Option<Vec<u8>> = if row.state == "conflict" {
        sqlx::query_scalar(
            "select body from inbox_event join inbox_body using (event_id, received_at) where endpoint_id = $1 and delivery_key = $2 and event_id <> $3",
        )
        .bind(row.endpoint_id)
        .bind(&row.delivery_key)
        .bind(id)
        .fetch_optional(db)
        .await?
    } else {
        None
    };
    let body = row.body.as_deref().map_or(Value::Null, masked);
    Ok(Some(Detail {
        body,
        came_first: first.as_deref().map(masked),
        event: row.into(),
    }))
}

/// Names under which bodies of all dialects carry what is personal.
const PERSONAL: [&str; 22] = [
    "donor",
    "customer",
    "customer_details",
    "billing",
    "shipping",
    "billing_address",
    "shipping_address",
    "email",
    "customer_email",
    "contact_email",
    "phone",
    "first_name",
    "last_name",
    "address",
    "line1",
    "line2",
    "address1",
    "address2",
    "client_details",
    "browser_ip",
    "note",
    "customer_note",
];

/// A body for people to look at: every text under a personal name reads `***`.
fn masked(body: &[u8]) -> Value {
    fn mask(value: &mut Value, personal: bool) {
        match value {
            Value::Object(fields) => fields
                .iter_mut()
                .for_each(|(name, v)| mask(v, personal || PERSONAL.contains(&name.as_str()))),
            Value::Array(values) => values.iter_mut().for_each(|v| mask(v, personal)),
            Value::String(_) | Value::Number(_) if personal => *value = "***".into(),
            _ => {}
        }
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(mut value) => {
            mask(&mut value, false);
            value
        }
        Err(_) => format!("{} bytes that are not JSON", body.len()).into(),
    }
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
    /// One event, if it is this merchant's.
    Of(EventId, MerchantId),
}

/// Puts dead, parked or conflicting events back in the queue; answers their ids.
pub async fn redrive(db: &mut PgConnection, which: &Redrive) -> Result<Vec<EventId>, sqlx::Error> {
    let (ids, merchant): (Option<Vec<Uuid>>, Option<MerchantId>) = match which {
        Redrive::These(ids) => (Some(ids.iter().map(|e| e.0).collect()), None),
        Redrive::AllDead => (None, None),
        Redrive::Of(id, merchant) => (Some(vec![id.0]), Some(*merchant)),
    };
    sqlx::query_scalar(requeue!(
        "(($1::uuid[] is null and state = 'dead') or event_id = any($1))
         and ($2::uuid is null or endpoint_id in (select endpoint_id from endpoint where merchant_id = $2))"
    ))
    .bind(ids)
    .bind(merchant)
    .fetch_all(db)
    .await
}

/// How many events are not posted, by state.
pub async fn depths(db: &mut PgConnection) -> Result<Vec<(String, i64)>, sqlx::Error> {
    sqlx::query_as(
        "select 'queued', count(*) from inbox_queue union all select 'fetching', count(*) from inbox_fetch
         union all select s, (select count(*) from inbox_problem where state = s) from unnest(array['dead', 'conflict', 'parked']) s",
    )
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
