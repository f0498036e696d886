//! From the committer to the poster of the same process: a bell, and the events that it has understood already.
//!
//! Only to spare a second reading. What is in the queue is posted whether or not it is here, and what is here is posted only
//! when it is in the queue: another process may take it, and after a crash nothing is here.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use super::event::Event;
use crate::values::EventId;

/// Events held at least, and at most twice as many: those that nobody came for go with their generation.
const GENERATION: usize = 8_000;

/// What one process hands over to itself.
#[derive(Default)]
pub struct ParsedEvents {
    inserted: Notify,
    generations: Mutex<[HashMap<EventId, Event>; 2]>,
}

impl ParsedEvents {
    /// Lays events down, before they are written, so that they are here whenever the queue has them.
    pub(super) fn insert(&self, events: impl Iterator<Item = (EventId, Event)>) {
        let mut generations = self
            .generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let [young, old] = &mut *generations;
        if young.len() >= GENERATION {
            *old = std::mem::take(young);
        }
        young.extend(events);
    }

    /// Takes up what is here of these events.
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

    /// Rings: a set is in the queue.
    pub(super) fn notify(&self) {
        self.inserted.notify_one();
    }

    /// Waits for the bell.
    pub async fn notified(&self) {
        self.inserted.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_comes_for_is_forgotten_and_the_rest_is_found_once() {
        let parsed_events = ParsedEvents::default();
        let ids: Vec<EventId> = (0..3 * GENERATION).map(|_| EventId::new()).collect();
        for id in &ids {
            parsed_events.insert(std::iter::once((*id, Event::Ping)));
        }
        assert!(parsed_events.remove(ids.iter().copied().take(1)).is_empty());
        assert_eq!(
            parsed_events
                .remove(ids.iter().copied().skip(2 * GENERATION))
                .len(),
            GENERATION
        );
        assert!(
            parsed_events
                .remove(ids.iter().copied().skip(2 * GENERATION))
                .is_empty()
        );
    }
}
