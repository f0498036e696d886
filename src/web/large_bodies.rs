//! The room for large bodies that are read at once, and the count of those that were too large.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::values::EndpointId;

/// The largest body of our own shapes, in bytes; larger ones of platforms need room.
pub(super) const SMALL_BYTES: usize = 256 * 1024;
/// The largest body of a platform, in bytes: an order of hundreds of lines.
pub(super) const LARGE_BYTES: usize = 2 * 1024 * 1024;
/// What all large bodies together may take while they are read and made durable, in bytes.
const ROOM_BYTES: usize = 16 * LARGE_BYTES;
/// How often an endpoint's count is written at most.
const WRITTEN_EVERY: TimeDelta = TimeDelta::minutes(1);

/// The room for large bodies, and those that were too large and are not written yet.
pub struct LargeBodies {
    room: Arc<Semaphore>,
    refused: Mutex<HashMap<EndpointId, Refused>>,
}

#[derive(Clone, Copy)]
struct Refused {
    count: i64,
    written_at: DateTime<Utc>,
}

impl Default for LargeBodies {
    fn default() -> Self {
        Self {
            room: Arc::new(Semaphore::new(ROOM_BYTES)),
            refused: Mutex::default(),
        }
    }
}

impl LargeBodies {
    /// A place for a body of so many bytes; none when there is no room.
    pub(super) fn place(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let bytes = u32::try_from(bytes).ok()?;
        self.room.clone().try_acquire_many_owned(bytes).ok()
    }

    /// Counts a body that is too large. Returns how many are to be written now, if it is time.
    pub(super) fn count(&self, now: DateTime<Utc>, endpoint: EndpointId) -> Option<i64> {
        let mut all = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = all.entry(endpoint).or_insert(Refused {
            count: 0,
            written_at: DateTime::<Utc>::MIN_UTC,
        });
        refused.count += 1;
        if now - refused.written_at < WRITTEN_EVERY {
            return None;
        }
        refused.written_at = now;
        Some(std::mem::take(&mut refused.count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_written_once_a_minute_and_none_is_forgotten() {
        let (bodies, id) = (LargeBodies::default(), EndpointId::new());
        let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        assert_eq!(bodies.count(at(0), id), Some(1));
        assert_eq!(bodies.count(at(1), id), None);
        assert_eq!(bodies.count(at(2), EndpointId::new()), Some(1));
        assert_eq!(bodies.count(at(59), id), None);
        assert_eq!(bodies.count(at(60), id), Some(3));
    }

    #[test]
    fn there_is_room_for_sixteen_of_the_largest_at_once() {
        let bodies = LargeBodies::default();
        let mut held: Vec<_> = (0..16)
            .map(|_| bodies.place(LARGE_BYTES).unwrap())
            .collect();
        assert!(bodies.place(SMALL_BYTES + 1).is_none());
        held.pop();
        assert!(bodies.place(SMALL_BYTES + 1).is_some());
    }
}
