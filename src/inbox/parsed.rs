//! Events that the committer has parsed already, kept in memory for the processor of the same
//! process, and its wake-up.
//!
//! This only spares parsing twice. The queue alone decides what is processed: another process may
//! take an event that is kept here, and after a crash nothing is kept.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use super::event::Event;
use crate::values::EventId;

/// Events in one generation. There are two; when the younger is full, the older is dropped with
/// what nobody took.
const GENERATION_EVENTS: usize = 8_000;

/// The parsed events of one process.
#[derive(Default)]
pub struct ParsedEvents {
    inserted: Notify,
    generations: Mutex<[HashMap<EventId, Event>; 2]>,
}

impl ParsedEvents {
    /// Keeps events. To be called before they are written, so that they are here whenever the queue
    /// has them.
    pub(super) fn insert(&self, events: impl Iterator<Item = (EventId, Event)>) {
        let mut generations = self
            .generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let [young, old] = &mut *generations;
        if young.len() >= GENERATION_EVENTS {
            *old = std::mem::take(young);
        }
        young.extend(events);
    }

    /// Removes and returns those of these events that are here.
    pub(super) fn remove(&self, ids: impl Iterator<Item = EventId>) -> HashMap<EventId, Event> {
        let mut generations = self
            .generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let [young, old] = &mut *generations;
        if young.is_empty() && old.is_empty() {
            return HashMap::new();
        }
        ids.filter_map(|id| Some((id, young.remove(&id).or_else(|| old.remove(&id))?)))
            .collect()
    }

    /// Wakes the processor: a batch is in the queue.
    pub(super) fn notify(&self) {
        self.inserted.notify_one();
    }

    /// Waits until a batch was written to the queue.
    pub async fn notified(&self) {
        self.inserted.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_takes_is_dropped_and_the_rest_is_found_once() {
        let parsed_events = ParsedEvents::default();
        let ids: Vec<EventId> = (0..3 * GENERATION_EVENTS).map(|_| EventId::new()).collect();
        for id in &ids {
            parsed_events.insert(std::iter::once((*id, Event::Ping)));
        }
        let last = || ids.iter().copied().skip(2 * GENERATION_EVENTS);
        assert!(parsed_events.remove(ids.iter().copied().take(1)).is_empty());
        assert_eq!(parsed_events.remove(last()).len(), GENERATION_EVENTS);
        assert!(parsed_events.remove(last()).is_empty());
    }
}
