//! A case as people of the team read it, on the command line and in a mail.

use super::kind::CaseKind;
use super::list::Case;
use crate::values::{EventId, paris_day};

impl Case {
    /// What happened, what waits, and the command that decides it: a few lines, without personal
    /// data.
    #[must_use]
    pub fn words(&self) -> String {
        let opened = paris_day(self.opened_at);
        let of: Vec<&str> = [&self.merchant, &self.association]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        let end = match (&self.decision, &self.decided_by, &self.why) {
            (Some(decision), Some(by), Some(why)) => {
                format!("decided: {decision}, by {by}: {why}")
            }
            _ if self.kind.is_decided_by_command() => format!(
                "decide: obole case decide {} {} --as EMAIL --why TEXT",
                self.case_id,
                self.decisions
                    .iter()
                    .map(|d| match CaseKind::needs_amount(d) {
                        true => format!("\"{d} --amount EUROS\""),
                        false => (*d).to_owned(),
                    })
                    .collect::<Vec<_>>()
                    .join("|")
            ),
            _ => format!("decide: {}", self.kind.way()),
        };
        let see = match self.kind.is_of_event() {
            true => format!("  see: obole inbox show {}\n", EventId(self.subject)),
            false => String::new(),
        };
        format!(
            "{} since {opened} {}\n  {}\n  holds: {}\n{see}  {end}\n",
            self.kind,
            of.join(" "),
            self.what,
            self.holds
        )
    }
}
