//! Endpoints and cause slugs remembered for a few seconds, so that receiving a webhook reads
//! nothing from the database.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;

use super::store::{self, Endpoint};
use crate::parties::cause;
use crate::values::{EndpointId, Secret};

/// A remembered endpoint is read again after this time, so that a change made by another process is
/// seen.
const MAX_AGE: TimeDelta = TimeDelta::seconds(5);
/// The shortest time between two reads that forged deliveries or unknown causes can provoke.
const MIN_INTERVAL: TimeDelta = TimeDelta::seconds(1);

/// A value and when it was read.
struct Timed<T> {
    read_at: DateTime<Utc>,
    value: T,
}

/// Remembered endpoints and cause slugs.
pub struct EndpointCache {
    db: PgPool,
    key: Arc<Secret<[u8; 32]>>,
    endpoints: RwLock<HashMap<EndpointId, Timed<Arc<Endpoint>>>>,
    causes: RwLock<Timed<HashSet<String>>>,
}

impl EndpointCache {
    #[must_use]
    pub fn new(db: PgPool, key: Arc<Secret<[u8; 32]>>) -> Self {
        let causes = Timed {
            read_at: DateTime::<Utc>::MIN_UTC,
            value: HashSet::new(),
        };
        Self {
            db,
            key,
            endpoints: RwLock::default(),
            causes: RwLock::new(causes),
        }
    }

    /// The endpoint, at most a few seconds old; older only while the database is away.
    pub async fn find(
        &self,
        now: DateTime<Utc>,
        id: EndpointId,
    ) -> Result<Option<Arc<Endpoint>>, sqlx::Error> {
        match self.remembered(id) {
            Some((read_at, endpoint)) if now - read_at < MAX_AGE => Ok(Some(endpoint)),
            Some((_, endpoint)) => Ok(self.read(now, id).await.unwrap_or(Some(endpoint))),
            None => self.read(now, id).await,
        }
    }

    /// The endpoint read again, for a delivery whose secret is not among those remembered. None
    /// when it was read within the last second, so that forged deliveries do not keep the database
    /// busy.
    pub async fn find_newer(
        &self,
        now: DateTime<Utc>,
        id: EndpointId,
    ) -> Result<Option<Arc<Endpoint>>, sqlx::Error> {
        if self
            .remembered(id)
            .is_some_and(|(read_at, _)| now - read_at < MIN_INTERVAL)
        {
            Ok(None)
        } else {
            self.read(now, id).await
        }
    }

    fn remembered(&self, id: EndpointId) -> Option<(DateTime<Utc>, Arc<Endpoint>)> {
        let endpoints = self
            .endpoints
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        endpoints.get(&id).map(|e| (e.read_at, e.value.clone()))
    }

    /// Reads the endpoint from the database. The query's future is boxed because it is large:
    /// callers that find the endpoint remembered would otherwise carry its size.
    async fn read(
        &self,
        now: DateTime<Utc>,
        id: EndpointId,
    ) -> Result<Option<Arc<Endpoint>>, sqlx::Error> {
        let query = Box::pin(async {
            store::find(&mut *self.db.acquire().await?, self.key.expose(), id).await
        });
        let found = query.await?.map(Arc::new);
        let mut endpoints = self
            .endpoints
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        match &found {
            Some(e) => endpoints.insert(
                id,
                Timed {
                    read_at: now,
                    value: e.clone(),
                },
            ),
            None => endpoints.remove(&id),
        };
        Ok(found)
    }

    /// Whether a cause of this slug exists; an unknown one is looked up at most once a second.
    pub async fn cause_exists(&self, now: DateTime<Utc>, slug: &str) -> Result<bool, sqlx::Error> {
        {
            let causes = self.causes.read().unwrap_or_else(PoisonError::into_inner);
            if causes.value.contains(slug) || now - causes.read_at < MIN_INTERVAL {
                return Ok(causes.value.contains(slug));
            }
        }
        let listed = Box::pin(async { cause::list(&mut *self.db.acquire().await?).await }).await?;
        let mut causes = self.causes.write().unwrap_or_else(PoisonError::into_inner);
        *causes = Timed {
            read_at: now,
            value: listed.into_iter().map(|c| c.slug).collect(),
        };
        Ok(causes.value.contains(slug))
    }
}
