//! How far a long run is: reported by the run, shown by the command line or a page.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The steps of the month's runs that may take long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    PrepareCollections,
    WriteStatements,
    MailStatements,
    ImportStatement,
    MailReports,
    PreparePayouts,
    WritePayoutFiles,
    IssueReceipts,
    MailReceipts,
    StoreReceipts,
}

/// How far one step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepProgress {
    pub step: Step,
    /// Units done: collections, mails, documents.
    pub done: usize,
    /// Units in all; none for a step that is a single unit of unknown length.
    pub total: Option<usize>,
}

/// Receives the progress of runs; by default nobody does.
#[derive(Clone, Default)]
pub struct Progress {
    report: Option<Arc<dyn Fn(StepProgress) + Send + Sync>>,
}

impl Progress {
    /// Calls `report` at the beginning of each step and after each of its units, from any thread.
    pub fn new(report: impl Fn(StepProgress) + Send + Sync + 'static) -> Self {
        Self {
            report: Some(Arc::new(report)),
        }
    }

    /// Begins a step that is one unit.
    pub fn start(&self, step: Step) {
        self.report(step, 0, None);
    }

    /// Begins a step of `total` units, which are then counted.
    #[must_use]
    pub fn count(&self, step: Step, total: usize) -> UnitCounter {
        self.report(step, 0, Some(total));
        UnitCounter {
            progress: self.clone(),
            step,
            done: Arc::default(),
            total,
        }
    }

    fn report(&self, step: Step, done: usize, total: Option<usize>) {
        if let Some(report) = &self.report {
            report(StepProgress { step, done, total });
        }
    }
}

/// Counts the units of one step. Clones count together.
#[derive(Clone)]
pub struct UnitCounter {
    progress: Progress,
    step: Step,
    done: Arc<AtomicUsize>,
    total: usize,
}

impl UnitCounter {
    /// Counts one more unit as done.
    pub fn add_one(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        self.progress.report(self.step, done, Some(self.total));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn a_step_reports_its_beginning_and_each_unit() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let reported = seen.clone();
        let progress = Progress::new(move |p| reported.lock().unwrap().push((p.done, p.total)));
        let counter = progress.count(Step::MailReceipts, 2);
        counter.add_one();
        counter.clone().add_one();
        progress.start(Step::IssueReceipts);
        assert_eq!(
            *seen.lock().unwrap(),
            [(0, Some(2)), (1, Some(2)), (2, Some(2)), (0, None)]
        );
        Progress::default().count(Step::MailReceipts, 1).add_one();
    }
}
