//! How far the month is that the demonstration's button plays.

use crate::progress::StepProgress;

/// How far the month is that the button plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Play {
    /// None is played.
    Idle,
    /// In the step that was reported last.
    Running(Option<StepProgress>),
    /// The last one stopped on an error, which the log has. Played again, it continues there.
    Failed,
}
