//! One line of the bench's table.

use serde::Serialize;

use super::load::LoadResult;

/// A measured value, and what it is compared with.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Figure {
    pub id: &'static str,
    pub what: &'static str,
    pub value: f64,
    pub unit: &'static str,
    /// In the same unit, measured in the same run.
    pub baseline: Option<f64>,
    /// The value divided by the baseline.
    pub ratio: Option<f64>,
    pub p50_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    pub rss_mb: Option<f64>,
    /// Bytes of write-ahead log an event.
    pub wal_bytes: Option<f64>,
}

impl Figure {
    /// A rate a second, beside the one it is compared with.
    pub(super) fn compared(
        id: &'static str,
        what: &'static str,
        value: f64,
        baseline: f64,
    ) -> Self {
        Self {
            id,
            what,
            value,
            unit: "/s",
            baseline: Some(baseline),
            ratio: Some(value / baseline),
            ..Self::default()
        }
    }

    /// A rate a second with nothing to compare it with.
    pub(super) fn rate(id: &'static str, what: &'static str, value: f64) -> Self {
        Self {
            id,
            what,
            value,
            unit: "/s",
            ..Self::default()
        }
    }

    /// The same figure with the latencies of a load.
    pub(super) fn with_latency(self, load: &LoadResult) -> Self {
        Self {
            p50_ms: Some(load.millis(50)),
            p99_ms: Some(load.millis(99)),
            ..self
        }
    }
}
