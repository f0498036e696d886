//! The delivery log: what came in, newest first, and what became of it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgConnection};

use super::state::{EventState, SettledEvent, find_posted};
use super::tried::{self, WouldCount};
use crate::values::{EndpointId, EventId, MerchantId, Reader, Scope};

/// Events on one page of the log.
const PAGE: usize = 200;
/// The longest event type shown, in characters.
const MAX_TYPE_CHARS: usize = 60;

/// One line of the log.
#[derive(Clone, Debug, Serialize)]
pub struct EventSummary {
    pub event_id: String,
    pub endpoint_id: String,
    pub merchant: String,
    pub delivery_key: String,
    /// The event's type, where its body names one.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub state: EventState,
    /// Why it is not posted, in plain words.
    pub reason: Option<String>,
    pub attempts: i32,
    pub received_at: DateTime<Utc>,
    /// What an event of a test endpoint would have recorded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub would_count: Vec<WouldCount>,
}

/// Which events to list.
#[derive(Clone, Copy, Debug)]
pub struct EventFilter {
    /// Only events in this state; all without one.
    pub state: Option<EventState>,
    /// Only events older than this one: the last of the page before.
    pub after: Option<EventId>,
}

/// An event as the log's queries return it.
#[derive(FromRow)]
pub(super) struct EventRow {
    pub event_id: EventId,
    pub endpoint_id: EndpointId,
    pub merchant: String,
    pub delivery_key: String,
    /// None for an event that is posted or lost, which the row alone does not show.
    pub state: Option<EventState>,
    pub reason: Option<String>,
    pub attempts: i32,
    pub received_at: DateTime<Utc>,
    pub topic: Option<String>,
    /// None when it is no longer kept.
    pub body: Option<Vec<u8>>,
    #[sqlx(skip)]
    pub would_count: Vec<WouldCount>,
}

impl EventRow {
    /// The line of the log, once the state is resolved.
    pub fn summary(self) -> EventSummary {
        EventSummary {
            event_id: self.event_id.to_string(),
            endpoint_id: self.endpoint_id.to_string(),
            merchant: self.merchant,
            delivery_key: self.delivery_key,
            kind: self.body.as_deref().and_then(event_type),
            state: self.state.unwrap_or(EventState::Lost),
            reason: self.reason,
            attempts: self.attempts,
            received_at: self.received_at,
            would_count: self.would_count,
        }
    }

    /// The event as far as reading it needs; none when its body is no longer kept.
    fn settled(&self) -> Option<SettledEvent<'_>> {
        Some(SettledEvent {
            event_id: self.event_id,
            endpoint_id: self.endpoint_id,
            topic: self.topic.as_deref(),
            body: self.body.as_deref()?,
        })
    }
}

/// Finds the states that the rows do not show, and what the events of test endpoints would have
/// counted. An event whose body is no longer kept counts as posted: the bodies of events that wait
/// are kept.
pub(super) async fn resolve_states(
    db: &mut PgConnection,
    rows: &mut [EventRow],
) -> Result<(), sqlx::Error> {
    let unresolved: Vec<SettledEvent<'_>> = rows
        .iter()
        .filter(|r| r.state.is_none())
        .filter_map(EventRow::settled)
        .collect();
    let posted = find_posted(db, &unresolved).await?;
    for row in rows.iter_mut().filter(|r| r.state.is_none()) {
        row.state = Some(if row.body.is_none() || posted.contains(&row.event_id) {
            EventState::Posted
        } else {
            EventState::Lost
        });
    }
    let tried: Vec<SettledEvent<'_>> = rows
        .iter()
        .filter(|r| r.state == Some(EventState::Test))
        .filter_map(EventRow::settled)
        .collect();
    let mut would_count = tried::of_events(db, &tried).await?;
    for row in rows.iter_mut() {
        row.would_count = would_count.remove(&row.event_id).unwrap_or_default();
    }
    Ok(())
}

/// The newest events that the reader may see, at most 200.
pub async fn list(
    db: &mut PgConnection,
    reader: Reader,
    filter: EventFilter,
) -> Result<Vec<EventSummary>, sqlx::Error> {
    let merchants = reader.merchants();
    if filter.state == Some(EventState::Lost) {
        let rows = load_lost(db, merchants, filter.after).await?;
        return Ok(rows.into_iter().map(EventRow::summary).collect());
    }
    let mut listed = Vec::new();
    let mut after = filter.after;
    loop {
        let page = EventFilter { after, ..filter };
        let mut rows = load_page(db, merchants, page).await?;
        let is_last = rows.len() < PAGE;
        after = rows.last().map(|r| r.event_id);
        resolve_states(db, &mut rows).await?;
        // A page of posted events may have held lost ones; then it is filled from the next.
        rows.retain(|r| filter.state.is_none() || r.state == filter.state);
        listed.extend(rows.into_iter().map(EventRow::summary));
        if is_last || listed.len() >= PAGE {
            listed.truncate(PAGE);
            return Ok(listed);
        }
    }
}

/// One page of events. For the state `posted`, lost events are among them.
async fn load_page(
    db: &mut PgConnection,
    merchants: Scope<MerchantId>,
    filter: EventFilter,
) -> Result<Vec<EventRow>, sqlx::Error> {
    sqlx::query_as(
        // Events with a problem are few and found in their own table; the others are read from each
        // endpoint's newest on.
        "with visible as (
           select endpoint_id, test, m.slug as merchant
           from endpoint join merchant m using (merchant_id) where $2 or merchant_id = $3),
         after as (
           select received_at, event_id from inbox_event where event_id = $4
           union all select received_at, event_id from inbox_problem where event_id = $4 limit 1),
         log as (
           select v.endpoint_id, v.merchant, i.* from visible v cross join lateral (
             select i.event_id, i.delivery_key, i.received_at, s.state, i.reason, i.attempts
             from inbox_state i
             cross join lateral (select case when v.test then 'test' else coalesce(
               i.waiting_state, case when i.outcome is not null then 'posted' end) end as state
             ) s
             where i.endpoint_id = v.endpoint_id
               and ($1::text is null or ($1 not in ('dead', 'conflict', 'parked')
                 and (s.state = $1 or (s.state is null and $1 = 'posted'))))
               and ($4::uuid is null
                 or (i.received_at, i.event_id) < (select received_at, event_id from after))
             order by i.received_at desc, i.event_id desc limit $5) i
           union all
           select v.endpoint_id, v.merchant, p.event_id, p.delivery_key, p.received_at,
             case when v.test then 'test' else p.state end,
             p.reason, p.attempts
           from inbox_problem p join visible v using (endpoint_id)
           -- A conflict is not in inbox_event; the other problems are, and were listed above.
           left join lateral (
             select i.event_id from inbox_event i
             where i.endpoint_id = p.endpoint_id and i.delivery_key = p.delivery_key
               and i.event_id = p.event_id limit 1) above on true
           where (p.state = $1 and not v.test
               or ($1 is null or $1 = 'test' and v.test) and above.event_id is null)
             and ($4::uuid is null
               or (p.received_at, p.event_id) < (select received_at, event_id from after)))
         select log.*, b.topic, b.body
         from (select * from log order by received_at desc, event_id desc limit $5) log
         left join lateral (
           select headers->>'topic' as topic, body from inbox_body b
           where b.event_id = log.event_id and b.received_at = log.received_at limit 1) b on true
         order by received_at desc, event_id desc",
    )
    .bind(filter.state.map(EventState::word))
    .bind(merchants.sees_all())
    .bind(merchants.only())
    .bind(filter.after)
    .bind(i64::try_from(PAGE).unwrap_or(i64::MAX))
    .fetch_all(db)
    .await
}

/// The newest lost events. This reads all events and donations of the merchants: it is asked when
/// something is wrong.
async fn load_lost(
    db: &mut PgConnection,
    merchants: Scope<MerchantId>,
    after: Option<EventId>,
) -> Result<Vec<EventRow>, sqlx::Error> {
    sqlx::query_as(
        "with visible as (
           select endpoint_id, m.slug as merchant
           from endpoint join merchant m using (merchant_id)
           where not test and ($1 or merchant_id = $2)),
         after as (select received_at, event_id from inbox_event where event_id = $3),
         lost as (
           select event_id from inbox_event join visible using (endpoint_id)
           except select event_id from inbox_queue
           except select event_id from inbox_problem
           except select event_id from inbox_fetch
           except select event_id from inbox_outcome
           except select event_id from donation where $1 or merchant_id = $2
           except select event_id from donation_refund),
         log as (
           select event_id, endpoint_id, merchant, delivery_key, received_at
           from inbox_event i join visible using (endpoint_id) join lost using (event_id)
           where $3::uuid is null
             or (i.received_at, i.event_id) < (select received_at, event_id from after)
           order by i.received_at desc, i.event_id desc limit $4)
         select log.*, 'lost' as state, null::text as reason, 1 as attempts,
           b.headers->>'topic' as topic, b.body
         -- An event whose body is no longer kept is past its retention: it counts as posted.
         from log join inbox_body b using (event_id, received_at)
         order by received_at desc, event_id desc",
    )
    .bind(merchants.sees_all())
    .bind(merchants.only())
    .bind(after)
    .bind(i64::try_from(PAGE).unwrap_or(i64::MAX))
    .fetch_all(db)
    .await
}

fn event_type(body: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    let kind = value.get("type")?.as_str()?;
    Some(kind.chars().take(MAX_TYPE_CHARS).collect())
}
