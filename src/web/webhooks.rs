//! `POST /webhooks/{endpoint_id}`: verifies a delivery over its raw bytes, understands it, and
//! responds once it is durable.
//!
//! Each step is a function below, in this order: `verified`, `understand`, `respond`. Every webhook
//! takes this path, so it makes no copy of the body and asks the database only through the caches.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::body::read_body;
use super::problem::ProblemDocument;
use super::{Problem, Web, metrics};
use crate::donations::claim_token;
use crate::inbox::endpoint::Endpoint;
use crate::inbox::signature::{self, SignatureError};
use crate::inbox::{
    Delivery, Disposition, Event, Headers, ReceiveError, ReceiveOutcome, Sender, WouldCount,
    delivery_key, is_known, parse, source_header, topic_header, would_count,
};
use crate::values::{Dialect, DonationId, EndpointId, EventId, FieldError, listed};

/// A shop's webhook, signed as its endpoint's dialect says; this describes the dialect `standard`
/// (Standard Webhooks 1.0.0).
#[utoipa::path(
    post, path = "/webhooks/{endpoint_id}", tag = "webhooks",
    params(
        ("endpoint_id" = String, Path,
            description = "Picks the merchant, the dialect and the secrets"),
        ("webhook-id" = String, Header),
        ("webhook-timestamp" = String, Header),
        ("webhook-signature" = String, Header)
    ),
    request_body(content = serde_json::Value, description = "contracts/events.schema.json"),
    responses(
        (status = 200, body = serde_json::Value,
            description = "Durable: accepted, duplicate, ignored, kept or pong"),
        (status = 401, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 408, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 413, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 415, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, body = ProblemDocument, content_type = "application/problem+json")
    )
)]
pub async fn receive(
    state: State<Web>,
    path: Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Outcome>, Problem> {
    let outcome = process(&state.0, &path.0, &headers, body).await;
    metrics::count(match &outcome {
        Ok(outcome) => outcome.status,
        Err(problem) => problem.slug(),
    });
    outcome.map(Json)
}

/// What became of an authentic delivery, as the response says it.
#[derive(Default, Serialize)]
pub struct Outcome {
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<FieldError>,
    /// On a test endpoint: what would have been recorded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    would_count: Vec<WouldCount>,
}

impl Outcome {
    fn of(status: &'static str) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    fn ignored(reason: &'static str) -> Self {
        Self {
            reason: Some(reason),
            ..Self::of("ignored")
        }
    }

    /// Platforms disable webhooks that get errors, so an authentic delivery that is kept aside is a
    /// success for them.
    fn kept_aside(event_id: EventId, reason: &'static str, errors: Vec<FieldError>) -> Self {
        Self {
            event_id: Some(event_id.to_string()),
            reason: Some(reason),
            errors: Some(errors),
            ..Self::of("kept")
        }
    }
}

async fn process(
    web: &Web,
    endpoint_id: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Outcome, Problem> {
    let now = Utc::now();
    let endpoint_id: EndpointId = endpoint_id.parse().map_err(|_| Problem::NoSuchEndpoint)?;
    let endpoint = web
        .endpoints
        .find(now, endpoint_id)
        .await?
        .ok_or(Problem::NoSuchEndpoint)?;
    if endpoint.dialect == Dialect::Woocommerce && is_form(headers) {
        return woocommerce_ping(body).await;
    }
    // Wix sends its token as plain text.
    if !is_json(headers) && endpoint.dialect != Dialect::Wix {
        return Err(Problem::NotJson);
    }
    let read = read_body(web, now, &endpoint, body).await?;
    let endpoint = verified(web, now, endpoint_id, endpoint, headers, &read.bytes).await?;
    let header = |name: &str| only_header(headers, name);
    let delivery_key = delivery_key(endpoint.dialect, &endpoint.settings, header, &read.bytes)
        .map_err(|rejected| Problem::NotSigned(rejected.to_string()))?;
    let sender = sender(&endpoint, headers);
    let understood = match understand(web, now, &endpoint, &sender, &read.bytes).await? {
        Understood::Pong => return Ok(Outcome::of("pong")),
        // What a merchant sends about orders without a donation is not ours to keep.
        Understood::Ignored(reason) => {
            return Ok(Outcome::ignored(reason));
        }
        Understood::Kept(understood) => understood,
    };
    let KeptEvent {
        event,
        errors,
        told,
        disposition,
        donation,
    } = understood;
    let delivery = Delivery {
        endpoint_id,
        delivery_key,
        body: read.bytes.clone(),
        headers: kept_headers(&sender, headers),
        received_at: now,
        disposition,
        event,
    };
    let received = web.intake.receive(delivery).await.map_err(|e| match e {
        ReceiveError::Busy => Problem::Unavailable("Too many events are waiting.".into()),
        ReceiveError::Away => Problem::Unavailable("The database is away.".into()),
    })?;
    let outcome = respond(web, &endpoint, received, errors, donation)?;
    Ok(match told {
        None => outcome,
        Some(told) => Outcome {
            warnings: told.warnings,
            would_count: told.would_count,
            ..outcome
        },
    })
}

/// The headers to store.
fn kept_headers(sender: &Sender<'_>, headers: &HeaderMap) -> Headers {
    let owned_header = |name: &str| only_header(headers, name).map(str::to_owned);
    Headers {
        webhook_timestamp: owned_header("webhook-timestamp"),
        user_agent: owned_header("user-agent"),
        topic: sender.topic.map(str::to_owned),
        source: sender.source.map(str::to_owned),
    }
}

/// What a body is read with.
fn sender<'a>(endpoint: &'a Endpoint, headers: &'a HeaderMap) -> Sender<'a> {
    let said = |name: Option<&str>| only_header(headers, name?);
    Sender {
        dialect: endpoint.dialect,
        settings: &endpoint.settings,
        test: endpoint.test,
        topic: said(topic_header(endpoint.dialect)),
        source: said(source_header(endpoint.dialect)),
    }
}

/// The endpoint under whose secrets the signature holds. A secret that was added a moment ago may
/// be missing from the cached endpoint, so one that does not match is tried again with the endpoint
/// read anew.
async fn verified(
    web: &Web,
    now: DateTime<Utc>,
    endpoint_id: EndpointId,
    endpoint: Arc<Endpoint>,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Arc<Endpoint>, Problem> {
    let not_signed = |rejected: SignatureError| Problem::NotSigned(rejected.to_string());
    let Err(rejected) = verify(&endpoint, headers, body, now) else {
        return Ok(endpoint);
    };
    if !matches!(rejected, SignatureError::NoMatch(_)) {
        return Err(not_signed(rejected));
    }
    match web.endpoints.find_newer(now, endpoint_id).await? {
        None => Err(not_signed(rejected)),
        Some(newer) => verify(&newer, headers, body, now)
            .map(|()| newer)
            .map_err(not_signed),
    }
}

/// What an authentic body says.
enum Understood {
    Pong,
    /// It does not concern us; why.
    Ignored(&'static str),
    Kept(KeptEvent),
}

/// An event to make durable.
struct KeptEvent {
    /// For a processor in the same process; only of an event that goes to the queue.
    event: Option<Event>,
    /// What is wrong with it, field by field.
    errors: Vec<FieldError>,
    told: Option<Box<Told>>,
    disposition: Disposition,
    /// The donation that it is about.
    donation: Option<EventDonation>,
}

/// What the response tells beside what became of the event.
struct Told {
    /// What could not be read of its donor, though it counts.
    warnings: Vec<FieldError>,
    /// On a test endpoint: what would have been recorded.
    would_count: Vec<WouldCount>,
}

/// The donation of an event, as the response names it.
struct EventDonation {
    donation_id: DonationId,
    /// It came without a donor, who may claim it later.
    anonymous: bool,
}

async fn understand(
    web: &Web,
    now: DateTime<Utc>,
    endpoint: &Endpoint,
    sender: &Sender<'_>,
    body: &[u8],
) -> Result<Understood, Problem> {
    let (event, mut errors) = match parse(sender, body) {
        Ok(Event::Ping) => return Ok(Understood::Pong),
        Ok(Event::Ignored(reason)) => return Ok(Understood::Ignored(reason)),
        Ok(event) => (Some(event), Vec::new()),
        Err(not_understood) => (None, not_understood.0),
    };
    if let Some(event) = &event
        && event.is_of_known_order()
        && !endpoint.test
        && !is_known(
            &mut *web.app.db.acquire().await?,
            endpoint.merchant_id,
            event,
        )
        .await?
    {
        return Ok(Understood::Ignored(
            "the order has no donation that was charged (no line by our meta key, label or SKU), \
             or it went back, and none is recorded",
        ));
    }
    for slug in event
        .iter()
        .flat_map(Event::checkouts)
        .filter_map(|c| c.cause.as_ref())
    {
        if !web.endpoints.cause_exists(now, slug).await? {
            let message = format!("no cause is called {slug:?}; GET /api/v1/causes lists them");
            errors.push(FieldError::new("data.donation.cause", message));
        }
    }
    let disposition = match (errors.is_empty(), endpoint.test) {
        (false, _) => Disposition::DeadLetter(listed(&errors)),
        (true, true) => Disposition::Keep,
        (true, false) => Disposition::Queue,
    };
    // The response needs these after the event itself has gone to the processor.
    let donation = event.as_ref().and_then(|event| {
        Some(EventDonation {
            donation_id: event.donation_id(endpoint.merchant_id)?,
            anonymous: event.checkouts().next().is_some_and(|c| c.donor.is_none()),
        })
    });
    let first = event.as_ref().and_then(|event| event.checkouts().next());
    let tried = event.as_ref().filter(|_| endpoint.test);
    let told = Told {
        warnings: first.map(|c| c.warnings.clone()).unwrap_or_default(),
        would_count: tried.map(would_count).unwrap_or_default(),
    };
    // Most have nothing to tell.
    let told = (!told.warnings.is_empty() || endpoint.test).then(|| Box::new(told));
    Ok(Understood::Kept(KeptEvent {
        told,
        event: event.filter(|_| disposition == Disposition::Queue),
        errors,
        disposition,
        donation,
    }))
}

/// The response to a delivery that is durable now.
fn respond(
    web: &Web,
    endpoint: &Endpoint,
    received: ReceiveOutcome,
    errors: Vec<FieldError>,
    donation: Option<EventDonation>,
) -> Result<Outcome, Problem> {
    let platform = endpoint.dialect.is_platform() || endpoint.settings.platform_answers;
    let (status, event_id) = match received {
        ReceiveOutcome::Conflict(event_id) if platform => {
            return Ok(Outcome::kept_aside(event_id, "conflict", Vec::new()));
        }
        ReceiveOutcome::Conflict(event_id) => return Err(Problem::Conflict(event_id.to_string())),
        ReceiveOutcome::Accepted(event_id) | ReceiveOutcome::Duplicate(event_id)
            if !errors.is_empty() =>
        {
            if platform {
                return Ok(Outcome::kept_aside(event_id, "not understood", errors));
            }
            return Err(Problem::NotUnderstood {
                errors,
                event_id: event_id.to_string(),
            });
        }
        ReceiveOutcome::Accepted(event_id) => ("accepted", event_id),
        ReceiveOutcome::Duplicate(event_id) => ("duplicate", event_id),
    };
    let claim_token = donation
        .as_ref()
        .filter(|donation| donation.anonymous && !endpoint.test)
        .map(|donation| claim_token(web.app.key.expose(), donation.donation_id));
    Ok(Outcome {
        event_id: Some(event_id.to_string()),
        donation_id: donation.map(|donation| donation.donation_id.to_string()),
        claim_url: claim_token
            .map(|token| format!("{}/claim/{token}", web.app.settings.public_url)),
        test: endpoint.test,
        ..Outcome::of(status)
    })
}

/// When a webhook is created, WooCommerce posts the unsigned form `webhook_id=N` and expects a 200.
async fn woocommerce_ping(body: Body) -> Result<Outcome, Problem> {
    let body = to_bytes(body, 64).await.map_err(|_| Problem::NotJson)?;
    let number = body.strip_prefix(b"webhook_id=").ok_or(Problem::NotJson)?;
    if number.is_empty() || !number.iter().all(u8::is_ascii_digit) {
        return Err(Problem::NotJson);
    }
    Ok(Outcome::of("pong"))
}

/// Checks the signature under each secret that is valid now.
fn verify(
    endpoint: &Endpoint,
    headers: &HeaderMap,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<(), SignatureError> {
    let valid = endpoint
        .secrets
        .iter()
        .filter(|s| s.valid_until.is_none_or(|until| now < until));
    let secrets = valid.map(|s| s.bytes.expose().as_slice());
    signature::verify(
        endpoint.dialect,
        &endpoint.settings,
        |name| only_header(headers, name),
        body,
        secrets,
        now.timestamp(),
    )
}

/// The value of a header that is there exactly once.
fn only_header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?;
    if all.next().is_some() {
        None
    } else {
        first.to_str().ok()
    }
}

/// Whether the body is plain JSON, neither compressed nor otherwise encoded.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = only_header(headers, header::CONTENT_TYPE.as_str()).unwrap_or("");
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
    only_header(headers, header::CONTENT_TYPE.as_str())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
}
