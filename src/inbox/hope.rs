//! Hope: most things are told once, so the short way is tried first, which does not look whether they are known.

use std::sync::atomic::{AtomicU32, Ordering};

/// Sets that look first, after one that hoped in vain: what is told again often comes with more of its kind, and a set that
/// failed has cost its work.
const WARY: u32 = 100;

/// Whether a set may hope that nothing of it is known.
#[derive(Default)]
pub struct Hope {
    wary_for: AtomicU32,
}

impl Hope {
    /// Asked once for each set.
    pub fn holds(&self) -> bool {
        self.wary_for
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |sets| {
                sets.checked_sub(1)
            })
            .is_err()
    }

    /// A set hoped in vain.
    pub fn failed(&self) {
        self.wary_for.store(WARY, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hope_that_failed_comes_back_after_a_while() {
        let hope = Hope::default();
        assert!(hope.holds() && hope.holds());
        hope.failed();
        assert!((0..WARY).all(|_| !hope.holds()));
        assert!(hope.holds());
    }
}
