//! `POST /webhooks/{endpoint_id}`: verify over the raw bytes, read, make durable, answer.

use std::time::Duration;

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::time::timeout;

use super::problem::ProblemDocument;
use super::{Problem, Web, metrics};
use crate::donations::claim_token;
use crate::inbox::signature::{self, Rejected};
use crate::inbox::{
    Delivery, Disposition, Event, Headers, ReceiveError, Received, delivery_key, parse,
    topic_header,
};
use crate::parties::endpoint::Endpoint;
use crate::values::{Dialect, DonationId, EndpointId, EventId, FieldError};

/// The largest body taken, in bytes.
const LARGEST: usize = 256 * 1024;
/// The longest that a body may take to come.
const SLOWEST: Duration = Duration::from_secs(10);

/// A shop's webhook, signed as its endpoint's dialect says; this describes the dialect `standard` (Standard Webhooks 1.0.0).
#[utoipa::path(post, path = "/webhooks/{endpoint_id}", tag = "webhooks",
    params(("endpoint_id" = String, Path, description = "Picks the merchant, the dialect and the secrets"),
        ("webhook-id" = String, Header), ("webhook-timestamp" = String, Header), ("webhook-signature" = String, Header)),
    request_body(content = serde_json::Value, description = "contracts/events.schema.json"),
    responses((status = 200, body = serde_json::Value, description = "Durable: accepted, duplicate, ignored, kept or pong"),
        (status = 401, body = ProblemDocument, content_type = "application/problem+json"), (status = 404, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json"), (status = 408, body = ProblemDocument, content_type = "application/problem+json"), (status = 413, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 415, body = ProblemDocument, content_type = "application/problem+json"), (status = 422, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, body = ProblemDocument, content_type = "application/problem+json")))]
pub async fn receive(
    state: State<Web>,
    path: Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Answer>, Problem> {
    let answer = answer(state, path, headers, body).await;
    metrics::count(match &answer {
        Ok(answer) => answer.status,
        Err(problem) => problem.slug(),
    });
    answer.map(Json)
}

/// What became of a delivery.
#[derive(Default, Serialize)]
pub struct Answer {
    /// accepted, duplicate, ignored, kept or pong.
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    donation_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claim_url: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    test: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<FieldError>>,
}

impl Answer {
    fn of(status: &'static str) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }
}

async fn answer(
    State(web): State<Web>,
    Path(endpoint_id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer, Problem> {
    let now = Utc::now();
    let endpoint_id: EndpointId = endpoint_id.parse().map_err(|_| Problem::NoSuchEndpoint)?;
    let mut endpoint = web
        .endpoints
        .find(now, endpoint_id)
        .await?
        .ok_or(Problem::NoSuchEndpoint)?;
    let dialect = endpoint.dialect;
    if dialect == Dialect::Woocommerce && is_form(&headers) {
        return woocommerce_ping(body).await;
    }
    if !is_json(&headers) {
        return Err(Problem::NotJson);
    }
    let body = timeout(SLOWEST, to_bytes(body, LARGEST))
        .await
        .map_err(|_| Problem::TooSlow)?
        .map_err(|_| Problem::TooLarge)?;
    if let Err(refusal) = verify(&endpoint, &headers, &body, now) {
        // The secret may be newer than what is remembered.
        let newer = if matches!(refusal, Rejected::NoMatch(_)) {
            web.endpoints.newer(now, endpoint_id).await?
        } else {
            None
        };
        endpoint = newer.ok_or_else(|| Problem::NotSigned(refusal.to_string()))?;
        verify(&endpoint, &headers, &body, now)
            .map_err(|refusal| Problem::NotSigned(refusal.to_string()))?;
    }
    let header = |name: &str| one(&headers, name);
    let delivery_key = delivery_key(dialect, &endpoint.settings, header, &body)
        .map_err(|refusal| Problem::NotSigned(refusal.to_string()))?;
    let topic = topic_header(dialect).and_then(header);

    let event = parse(dialect, &endpoint.settings, topic, &body);
    match &event {
        Ok(Event::Ping) => return Ok(Answer::of("pong")),
        // Nothing of ours: what a shop tells of orders without a gift is not ours to keep.
        Ok(Event::Nothing(reason)) => {
            return Ok(Answer {
                reason: Some(*reason),
                ..Answer::of("ignored")
            });
        }
        _ => {}
    }
    let mut errors = event
        .as_ref()
        .map_or_else(|unread| unread.0.clone(), |_| Vec::new());
    if let Ok(Event::Checkout(c)) = &event
        && let Some(slug) = &c.cause
        && !web.endpoints.cause_exists(now, slug).await?
    {
        let message = format!("no cause is called {slug:?}; GET /api/v1/causes lists them");
        errors.push(FieldError::new("data.donation.cause", message));
    }
    let fate = match (errors.is_empty(), endpoint.test) {
        (false, _) => Disposition::Dead(crate::values::listed(&errors)),
        (true, true) => Disposition::Keep,
        (true, false) => Disposition::Queue,
    };
    let told = |name: &str| header(name).map(str::to_owned);
    let kept = Headers {
        webhook_timestamp: told("webhook-timestamp"),
        user_agent: told("user-agent"),
        topic: topic.map(str::to_owned),
    };
    // What is answered of a gift is noted down first: the event itself goes on to the poster.
    let donation_id = event
        .as_ref()
        .ok()
        .and_then(Event::order_id)
        .map(|order| DonationId::of_order(endpoint.merchant_id, order));
    let anonymous = matches!(&event, Ok(Event::Checkout(c)) if c.donor.is_none());
    let event = if fate == Disposition::Queue {
        event.ok()
    } else {
        None
    };
    let delivery = Delivery {
        endpoint_id,
        delivery_key,
        body,
        headers: kept,
        received_at: now,
        fate,
        event,
    };
    let received = web.intake.receive(delivery).await.map_err(|e| match e {
        ReceiveError::Busy => Problem::Unavailable("Too many events are waiting.".into()),
        ReceiveError::Away => Problem::Unavailable("The database is away.".into()),
    })?;
    let (status, event_id) = match received {
        Received::Conflict(event_id) if dialect.is_platform() => {
            return Ok(kept_aside(event_id, "conflict", Vec::new()));
        }
        Received::Conflict(event_id) => return Err(Problem::Conflict(event_id.to_string())),
        Received::Accepted(event_id) | Received::Duplicate(event_id) if !errors.is_empty() => {
            if dialect.is_platform() {
                return Ok(kept_aside(event_id, "not understood", errors));
            }
            return Err(Problem::NotUnderstood {
                errors,
                event_id: event_id.to_string(),
            });
        }
        Received::Accepted(event_id) => ("accepted", event_id),
        Received::Duplicate(event_id) => ("duplicate", event_id),
    };
    let claim = donation_id
        .filter(|_| anonymous && !endpoint.test)
        .map(|id| claim_token(web.app.key.expose(), id));
    Ok(Answer {
        event_id: Some(event_id.to_string()),
        donation_id: donation_id.map(|id| id.to_string()),
        claim_url: claim.map(|token| format!("{}/claim/{token}", web.app.settings.public_url)),
        test: endpoint.test,
        ..Answer::of(status)
    })
}

/// A platform disables hooks that answer with errors: what is authentic and stands aside is a success to it.
fn kept_aside(event_id: EventId, reason: &'static str, errors: Vec<FieldError>) -> Answer {
    Answer {
        event_id: Some(event_id.to_string()),
        reason: Some(reason),
        errors: Some(errors),
        ..Answer::of("kept")
    }
}

/// When a hook is made, WooCommerce posts the unsigned form `webhook_id=N` and wants a 200.
async fn woocommerce_ping(body: Body) -> Result<Answer, Problem> {
    let body = to_bytes(body, 64).await.map_err(|_| Problem::NotJson)?;
    let number = body.strip_prefix(b"webhook_id=").ok_or(Problem::NotJson)?;
    if number.is_empty() || !number.iter().all(u8::is_ascii_digit) {
        return Err(Problem::NotJson);
    }
    Ok(Answer::of("pong"))
}

fn verify(
    endpoint: &Endpoint,
    headers: &HeaderMap,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<(), Rejected> {
    let active = endpoint
        .secrets
        .iter()
        .filter(|s| s.valid_until.is_none_or(|until| now < until));
    let secrets = active.map(|s| s.bytes.expose().as_slice());
    signature::verify(
        endpoint.dialect,
        &endpoint.settings,
        |name| one(headers, name),
        body,
        secrets,
        now.timestamp(),
    )
}

/// A header that is there exactly once.
fn one<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?;
    if all.next().is_some() {
        None
    } else {
        first.to_str().ok()
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = one(headers, header::CONTENT_TYPE.as_str()).unwrap_or("");
    let kind = kind
        .split(';')
        .next()
        .unwrap_or("")
        .trim()
        .to_ascii_lowercase();
    let plain = headers
        .get(header::CONTENT_ENCODING)
        .is_none_or(|e| e == "identity");
    plain
        && (kind == "application/json"
            || (kind.starts_with("application/") && kind.ends_with("+json")))
}

fn is_form(headers: &HeaderMap) -> bool {
    one(headers, header::CONTENT_TYPE.as_str())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
}
