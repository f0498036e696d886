//! `POST /webhooks/{endpoint_id}`: verify over the raw bytes, read, make durable, answer.

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Problem, Web};
use crate::donations::claim_token;
use crate::inbox::signature::{self, Headers, Refusal};
use crate::inbox::{Delivery, Event, Fate, ReceiveError, Received, parse};
use crate::parties::endpoint::Endpoint;
use crate::values::{DonationId, EndpointId, FieldError};

/// The largest body taken, in bytes.
const LARGEST: usize = 256 * 1024;

pub async fn receive(
    State(web): State<Web>,
    Path(endpoint_id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let now = Utc::now();
    let endpoint_id: EndpointId = endpoint_id.parse().map_err(|_| Problem::NoSuchEndpoint)?;
    let mut endpoint = web.endpoints.find(now, endpoint_id).await?.ok_or(Problem::NoSuchEndpoint)?;
    if !is_json(&headers) {
        return Err(Problem::NotJson);
    }
    let body = to_bytes(body, LARGEST).await.map_err(|_| Problem::TooLarge)?;
    let delivery_key = match verify(&endpoint, &headers, &body, now) {
        // The secret may be newer than what is remembered.
        Err(Refusal::NoMatch) => {
            endpoint = web.endpoints.read(now, endpoint_id).await?.ok_or(Problem::NoSuchEndpoint)?;
            verify(&endpoint, &headers, &body, now)
        }
        verdict => verdict,
    }
    .map_err(|refusal| Problem::NotSigned(refusal.to_string()))?
    .to_owned();

    let event = parse(&body);
    if matches!(event, Ok(Event::Ping)) {
        return Ok(Json(json!({"status": "pong"})));
    }
    let mut errors = event.as_ref().map_or_else(|unread| unread.0.clone(), |_| Vec::new());
    if let Ok(Event::Checkout(c)) = &event
        && let Some(slug) = &c.cause
        && !web.endpoints.cause_exists(now, slug).await?
    {
        let message = format!("no cause is called {slug:?}; GET /api/v1/causes lists them");
        errors.push(FieldError::new("data.donation.cause", message));
    }
    let fate = match (errors.is_empty(), endpoint.test) {
        (false, _) => Fate::Dead(crate::values::listed(&errors)),
        (true, true) => Fate::Keep,
        (true, false) => Fate::Queue,
    };
    let kept = json!({"webhook-timestamp": one(&headers, "webhook-timestamp"), "user-agent": one(&headers, "user-agent")});
    let delivery = Delivery { endpoint_id, delivery_key, body, headers: kept, received_at: now, fate };
    let received = web.intake.receive(delivery).await.map_err(|e| match e {
        ReceiveError::Busy => Problem::Unavailable("Too many events are waiting.".into()),
        ReceiveError::Away => Problem::Unavailable("The database is away.".into()),
    })?;
    let (status, event_id) = match received {
        Received::Conflict(event_id) => return Err(Problem::Conflict(event_id.to_string())),
        Received::Accepted(event_id) | Received::Duplicate(event_id) if !errors.is_empty() => {
            return Err(Problem::NotUnderstood { errors, event_id: event_id.to_string() });
        }
        Received::Accepted(event_id) => ("accepted", event_id),
        Received::Duplicate(event_id) => ("duplicate", event_id),
    };
    let mut answer = json!({"status": status, "event_id": event_id.to_string()});
    if let Ok(event) = &event
        && let Some(order_id) = event.order_id()
    {
        let donation_id = DonationId::of_order(endpoint.merchant_id, order_id);
        answer["donation_id"] = donation_id.to_string().into();
        if !endpoint.test && matches!(event, Event::Checkout(c) if c.donor.is_none()) {
            let token = claim_token(web.app.key.expose(), donation_id);
            answer["claim_url"] = format!("{}/claim/{token}", web.app.settings.public_url).into();
        }
    }
    if endpoint.test {
        answer["test"] = true.into();
    }
    Ok(Json(answer))
}

fn verify<'h>(endpoint: &Endpoint, headers: &'h HeaderMap, body: &[u8], now: DateTime<Utc>) -> Result<&'h str, Refusal> {
    let given = Headers {
        id: one(headers, "webhook-id"),
        timestamp: one(headers, "webhook-timestamp"),
        signature: one(headers, "webhook-signature"),
    };
    let active = endpoint.secrets.iter().filter(|s| s.valid_until.is_none_or(|until| now < until));
    signature::verify(given, body, active.map(|s| s.bytes.expose().as_slice()), now.timestamp())
}

/// A header that is there exactly once.
fn one<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?;
    if all.next().is_some() { None } else { first.to_str().ok() }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = one(headers, header::CONTENT_TYPE.as_str()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let plain = headers.get(header::CONTENT_ENCODING).is_none_or(|e| e == "identity");
    plain && (kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json")))
}
