//! Progress of long work on standard error: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use obole::progress::{Progress, Step, StepProgress};

/// How often a bar moves while nothing is counted, so that a wait does not look like a hang.
const TICK: Duration = Duration::from_millis(120);

/// The steps of one piece of work, each with an optional count.
pub struct StepDisplay {
    bar: ProgressBar,
    step: String,
}

impl StepDisplay {
    /// Nothing is shown before the first step.
    pub fn new() -> Self {
        Self {
            // Hidden by itself when standard error is no terminal.
            bar: ProgressBar::new_spinner(),
            step: String::new(),
        }
    }

    /// Begins a step; the one before it is done.
    pub fn step(&mut self, text: &str) {
        self.finish();
        text.clone_into(&mut self.step);
        if self.bar.is_hidden() {
            eprintln!("{text} …");
            return;
        }
        self.bar = ProgressBar::new_spinner().with_message(format!("{text} …"));
        self.bar.enable_steady_tick(TICK);
    }

    /// Shows how much of the current step is done.
    pub fn count(&mut self, done: usize, total: usize) {
        if self.bar.is_hidden() {
            // Plain output goes to logs: a few lines, not one a unit.
            if done == total || done.is_multiple_of((total / 3).max(1)) {
                eprintln!("{}: {done}/{total}", self.step);
            }
            return;
        }
        if self.bar.length().is_none() {
            self.bar.set_length(total as u64);
            self.bar.set_message(self.step.clone());
            let template = "{spinner} {msg} [{bar:30}] {pos}/{len}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                self.bar.set_style(style.progress_chars("=> "));
            }
        }
        self.bar.set_position(done as u64);
    }

    /// Ends the current step and leaves its line.
    pub fn finish(&mut self) {
        if !self.bar.is_hidden() && !self.step.is_empty() {
            self.bar.finish_and_clear();
            eprintln!("✓ {}", self.step);
        }
        self.step.clear();
    }
}

impl Drop for StepDisplay {
    /// Work that failed leaves no half-drawn bar on the terminal.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Shows the steps of the month's runs as bars; shows nothing when standard error is no terminal,
/// because programs read these commands.
pub fn of_runs() -> Progress {
    if !std::io::stderr().is_terminal() {
        return Progress::default();
    }
    let display = Mutex::new((StepDisplay::new(), None));
    Progress::new(move |progress: StepProgress| {
        let mut display = display.lock().unwrap_or_else(PoisonError::into_inner);
        let (display, current) = &mut *display;
        if current.replace(progress.step) != Some(progress.step) {
            display.step(text(progress.step));
        }
        if let Some(total) = progress.total.filter(|total| *total > 0) {
            display.count(progress.done, total);
        }
    })
}

/// What a step does, in words.
const fn text(step: Step) -> &'static str {
    match step {
        Step::PrepareCollections => "Preparing collections",
        Step::WriteStatements => "Writing statements",
        Step::MailStatements => "Mailing statements",
        Step::ImportStatement => "Importing bank statements",
        Step::MailReports => "Mailing payout reports",
        Step::PreparePayouts => "Preparing payouts",
        Step::WritePayoutFiles => "Writing files for the bank",
        Step::IssueReceipts => "Issuing receipts",
        Step::MailReceipts => "Mailing receipts",
        Step::StoreReceipts => "Storing receipts",
    }
}
