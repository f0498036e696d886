//! A circuit breaker over an optimistic insert: most events and orders are new, so batches are
//! first written without looking whether any of their rows exist.

use std::sync::atomic::{AtomicU32, Ordering};

/// Batches that look first, after one that failed: duplicates often come many at a time, and a
/// batch that failed has cost its work.
const RECOVERY: u32 = 100;

/// Whether a batch may be inserted without looking for duplicates first.
#[derive(Default)]
pub struct Breaker {
    skipped_left: AtomicU32,
}

impl Breaker {
    /// Whether the next batch may be optimistic; called once for each batch.
    pub fn allows(&self) -> bool {
        self.skipped_left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            })
            .is_err()
    }

    /// An optimistic batch met a duplicate.
    pub fn trip(&self) {
        self.skipped_left.store(RECOVERY, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tripped_breaker_recovers_after_a_while() {
        let breaker = Breaker::default();
        assert!(breaker.allows() && breaker.allows());
        breaker.trip();
        assert!((0..RECOVERY).all(|_| !breaker.allows()));
        assert!(breaker.allows());
    }
}
