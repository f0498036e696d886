//! Reading a webhook's body, up to what its endpoint takes. Large ones are read only as far as
//! there is room for all that are read at once; those that are too large are counted.

use std::time::Duration;

use axum::body::{Body, HttpBody as _, to_bytes};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::large_bodies::{LARGE_BYTES, SMALL_BYTES};
use super::{Problem, Web};
use crate::inbox::endpoint::{Endpoint, note_too_large};

/// The longest that a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A body, and its place in the room for large ones until it is durable.
pub(super) struct ReadBody {
    pub bytes: Bytes,
    _room: Option<OwnedSemaphorePermit>,
}

/// Reads the body of a delivery to an endpoint.
pub(super) async fn read_body(
    web: &Web,
    now: DateTime<Utc>,
    endpoint: &Endpoint,
    body: Body,
) -> Result<ReadBody, Problem> {
    let limit = if endpoint.dialect.is_platform() {
        LARGE_BYTES
    } else {
        SMALL_BYTES
    };
    let told = body.size_hint().exact().map(usize::try_from);
    let bytes = match told {
        Some(Ok(bytes)) => bytes,
        Some(Err(_)) => usize::MAX,
        // Told by no one: as large as it may be.
        None => limit,
    };
    if bytes > limit {
        return Err(too_large(web, now, endpoint, limit).await);
    }
    let full = || Problem::Unavailable("Too many large bodies are being read.".into());
    let room = (bytes > SMALL_BYTES).then(|| web.large_bodies.place(bytes).ok_or_else(full));
    let room = room.transpose()?;
    match timeout(BODY_TIMEOUT, to_bytes(body, limit)).await {
        Err(_) => Err(Problem::TooSlow),
        Ok(Err(_)) => Err(too_large(web, now, endpoint, limit).await),
        Ok(Ok(bytes)) => Ok(ReadBody { bytes, _room: room }),
    }
}

async fn too_large(web: &Web, now: DateTime<Utc>, endpoint: &Endpoint, limit: usize) -> Problem {
    let id = endpoint.endpoint_id;
    if let Some(count) = web.large_bodies.count(now, id) {
        let noted = async {
            let mut db = web.app.db.acquire().await?;
            note_too_large(&mut db, now, id, count).await
        };
        if let Err(error) = noted.await {
            tracing::warn!(%error, "a count of bodies that were too large is lost");
        }
    }
    Problem::TooLarge(limit)
}
