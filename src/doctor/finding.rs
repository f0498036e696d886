//! What the doctor found about one subject.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// How long anything outside may take to show that it is there.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Whether a subject is in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Ok,
    /// It works today; something should be changed or looked at.
    Warning,
    /// It does not work, or not safely.
    Wrong,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Wrong => "wrong",
        })
    }
}

/// One subject, its verdict, and what to do when it is not in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub name: &'static str,
    pub verdict: Verdict,
    /// What was found.
    pub detail: String,
    /// How to mend it; none when it is in order.
    pub mend: Option<String>,
}

impl Finding {
    pub(super) fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self {
            name,
            verdict: Verdict::Ok,
            detail: detail.into(),
            mend: None,
        }
    }

    pub(super) fn warning(
        name: &'static str,
        detail: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self {
            name,
            verdict: Verdict::Warning,
            detail: detail.into(),
            mend: Some(mend.into()),
        }
    }

    pub(super) fn wrong(
        name: &'static str,
        detail: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self {
            name,
            verdict: Verdict::Wrong,
            detail: detail.into(),
            mend: Some(mend.into()),
        }
    }

    /// Whether Obole can work with it: warnings do not fail.
    #[must_use]
    pub fn is_acceptable(&self) -> bool {
        self.verdict != Verdict::Wrong
    }
}
