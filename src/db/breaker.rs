//! Hope: most things are told once, so the short way is tried first, which does not look whether they are known.

use std::sync::atomic::{AtomicU32, Ordering};

/// Sets that look first, after one that hoped in vain: what is told again often comes with more of its kind, and a set that
/// failed has cost its work.
const RECOVERY: u32 = 100;

/// Whether a set may hope that nothing of it is known.
#[derive(Default)]
pub struct Breaker {
    skipped_left: AtomicU32,
}

impl Breaker {
    /// Asked once for each set.
    pub fn allows(&self) -> bool {
        self.skipped_left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |sets| {
                sets.checked_sub(1)
            })
            .is_err()
    }

    /// A set hoped in vain.
    pub fn trip(&self) {
        self.skipped_left.store(RECOVERY, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hope_that_failed_comes_back_after_a_while() {
        let breaker = Breaker::default();
        assert!(breaker.allows() && breaker.allows());
        breaker.trip();
        assert!((0..RECOVERY).all(|_| !breaker.allows()));
        assert!(breaker.allows());
    }
}
