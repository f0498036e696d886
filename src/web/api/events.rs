//! `/api/v1/events`: the deliveries that the merchant's endpoints received, and a way to process
//! one again.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::inbox::{self, EventFilter, EventState, EventSummary, Redrive};
use crate::values::{EventId, FieldError};
use crate::web::access::KeyHolder;
use crate::web::problem::ProblemDocument;
use crate::web::{Problem, Web, query_params};

/// One delivery.
#[derive(Serialize, ToSchema)]
pub struct Event {
    #[schema(examples("evt_01a20da28a5a745bb70b12126959d0d4"))]
    event_id: String,
    endpoint_id: String,
    delivery_key: String,
    /// The event's type, where its body names one.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// queued, posted, dead, conflict, parked, fetching, test or lost.
    state: String,
    /// Why it is not posted.
    reason: Option<String>,
    attempts: i32,
    received_at: DateTime<Utc>,
}

impl From<EventSummary> for Event {
    fn from(e: EventSummary) -> Self {
        Self {
            event_id: e.event_id,
            endpoint_id: e.endpoint_id,
            delivery_key: e.delivery_key,
            kind: e.kind,
            state: e.state.to_string(),
            reason: e.reason,
            attempts: e.attempts,
            received_at: e.received_at,
        }
    }
}

/// One delivery with its body, personal data masked.
#[derive(Serialize, ToSchema)]
pub struct EventDetail {
    #[serde(flatten)]
    event: Event,
    body: Value,
    /// For a conflict: the body that came first under the same key.
    #[serde(skip_serializing_if = "Option::is_none")]
    came_first: Option<Value>,
}

/// The states that the list can be limited to.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "it only describes a query parameter")]
pub enum WantedState {
    Queued,
    Posted,
    Dead,
    Conflict,
    Parked,
    Fetching,
    Test,
    Lost,
}

/// The deliveries that were put back in the queue.
#[derive(Serialize, ToSchema)]
pub struct RedriveResult {
    redriven: Vec<String>,
}

/// The newest deliveries first, at most 200.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "events", security(("api_key" = [])),
    params(
        ("state" = Option<WantedState>, Query),
        ("after" = Option<String>, Query, pattern = "^evt_[0-9a-f]{32}$",
            description = "Only deliveries older than this `event_id`, the last of the page before")
    ),
    responses(
        (status = 200, body = Vec<Event>),
        (status = 401, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json")
    )
)]
pub async fn list(
    State(web): State<Web>,
    holder: KeyHolder,
    uri: Uri,
) -> Result<Json<Vec<Event>>, Problem> {
    let query = query_params(&uri);
    let invalid =
        |field: &str, message: &str| Problem::Invalid(vec![FieldError::new(field, message)]);
    let state = query
        .get("state")
        .map(|s| {
            s.parse::<EventState>()
                .map_err(|error| invalid("state", &error.to_string()))
        })
        .transpose()?;
    let after = query
        .get("after")
        .map(|a| {
            a.parse()
                .map_err(|_| invalid("after", "an event_id such as evt_01a2…"))
        })
        .transpose()?;
    let filter = EventFilter { state, after };
    let mut db = web.app.db.acquire().await?;
    let listed = inbox::list(&mut db, holder.reader(), filter).await?;
    Ok(Json(listed.into_iter().map(Event::from).collect()))
}

/// One delivery with its body, personal data masked; for a conflict, also the body that came first.
#[utoipa::path(
    get, path = "/api/v1/events/{id}", tag = "events", security(("api_key" = [])),
    params(
        ("id" = String, Path, description = "An `event_id`")
    ),
    responses(
        (status = 200, body = EventDetail),
        (status = 401, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json")
    )
)]
pub async fn show(
    State(web): State<Web>,
    holder: KeyHolder,
    Path(id): Path<String>,
) -> Result<Json<EventDetail>, Problem> {
    let id: EventId = id.parse().map_err(|_| Problem::NotFound)?;
    let found = inbox::show(&mut *web.app.db.acquire().await?, holder.reader(), id)
        .await?
        .ok_or(Problem::NotFound)?;
    Ok(Json(EventDetail {
        event: found.event.into(),
        body: found.body,
        came_first: found.came_first,
    }))
}

/// Puts a dead, parked or conflicting delivery back in the queue; one in another state is left as
/// it is.
#[utoipa::path(
    post, path = "/api/v1/events/{id}/redrive", tag = "events", security(("api_key" = [])),
    params(
        ("id" = String, Path, description = "An `event_id`")
    ),
    responses(
        (status = 200, body = RedriveResult),
        (status = 401, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json")
    )
)]
pub async fn redrive(
    State(web): State<Web>,
    holder: KeyHolder,
    Path(id): Path<String>,
) -> Result<Json<RedriveResult>, Problem> {
    let id: EventId = id.parse().map_err(|_| Problem::NotFound)?;
    let mut db = web.app.db.acquire().await?;
    inbox::show(&mut db, holder.reader(), id)
        .await?
        .ok_or(Problem::NotFound)?;
    let back = inbox::redrive(&mut db, holder.reader(), &Redrive::These(vec![id])).await?;
    Ok(Json(RedriveResult {
        redriven: back.iter().map(ToString::to_string).collect(),
    }))
}
