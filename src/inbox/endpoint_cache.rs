//! The endpoints and causes that a delivery is held against, remembered for a moment so that the hot path asks nothing.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;

use crate::parties::cause;
use crate::parties::endpoint::{self, Endpoint};
use crate::values::{EndpointId, Secret};

/// After this long a remembered endpoint is read again, so that a rotation elsewhere is seen.
const FRESH: TimeDelta = TimeDelta::seconds(5);

/// When it was read, and what.
type Remembered<T> = (DateTime<Utc>, T);

/// Remembered endpoints and cause slugs.
pub struct EndpointCache {
    db: PgPool,
    key: Arc<Secret<[u8; 32]>>,
    endpoints: RwLock<HashMap<EndpointId, Remembered<Arc<Endpoint>>>>,
    causes: RwLock<Remembered<HashSet<String>>>,
}

impl EndpointCache {
    #[must_use]
    pub fn new(db: PgPool, key: Arc<Secret<[u8; 32]>>) -> Self {
        let causes = RwLock::new((DateTime::<Utc>::MIN_UTC, HashSet::new()));
        Self {
            db,
            key,
            endpoints: RwLock::default(),
            causes,
        }
    }

    /// The endpoint, at most a few seconds old; older only while the database is away.
    pub async fn find(
        &self,
        now: DateTime<Utc>,
        id: EndpointId,
    ) -> Result<Option<Arc<Endpoint>>, sqlx::Error> {
        let known = self
            .endpoints
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .cloned();
        match known {
            Some((at, endpoint)) if now - at < FRESH => Ok(Some(endpoint)),
            Some((_, endpoint)) => Ok(self.read(now, id).await.unwrap_or(Some(endpoint))),
            None => self.read(now, id).await,
        }
    }

    /// The endpoint read again, for a delivery whose secret is not among those remembered; none when it was read within the
    /// last second, so that forged deliveries do not keep the database busy.
    pub async fn newer(
        &self,
        now: DateTime<Utc>,
        id: EndpointId,
    ) -> Result<Option<Arc<Endpoint>>, sqlx::Error> {
        let read_at = self
            .endpoints
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .map(|known| known.0);
        if read_at.is_some_and(|at| now - at < TimeDelta::seconds(1)) {
            Ok(None)
        } else {
            self.read(now, id).await
        }
    }

    /// Apart in memory, as every question to the database here: a question is large, and those that ask none carry it along.
    async fn read(
        &self,
        now: DateTime<Utc>,
        id: EndpointId,
    ) -> Result<Option<Arc<Endpoint>>, sqlx::Error> {
        let asked = Box::pin(async {
            endpoint::find(&mut *self.db.acquire().await?, self.key.expose(), id).await
        });
        let found = asked.await?.map(Arc::new);
        let mut endpoints = self
            .endpoints
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        match &found {
            Some(endpoint) => endpoints.insert(id, (now, endpoint.clone())),
            None => endpoints.remove(&id),
        };
        Ok(found)
    }

    /// Whether a cause of this slug exists; an unknown one is looked up at most once a second.
    pub async fn cause_exists(&self, now: DateTime<Utc>, slug: &str) -> Result<bool, sqlx::Error> {
        {
            let causes = self.causes.read().unwrap_or_else(PoisonError::into_inner);
            if causes.1.contains(slug) || now - causes.0 < TimeDelta::seconds(1) {
                return Ok(causes.1.contains(slug));
            }
        }
        let listed = Box::pin(async { cause::list(&mut *self.db.acquire().await?).await }).await?;
        let mut causes = self.causes.write().unwrap_or_else(PoisonError::into_inner);
        *causes = (now, listed.into_iter().map(|c| c.slug).collect());
        Ok(causes.1.contains(slug))
    }
}
