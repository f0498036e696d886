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
            _ if self.kind.is_decided_by_command() => {
                format!(
                    "decide: obole case decide {} {} --as EMAIL --why TEXT",
                    self.case_id,
                    self.decisions.join("|")
                ) + &self.with_it()
            }
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

    /// What some decisions need or do beside.
    fn with_it(&self) -> String {
        let amount = self.decisions.iter().find(|d| CaseKind::needs_amount(d));
        let amount = amount.map(|d| format!("; {d} needs --amount EUROS"));
        let told = self.decisions.contains(&"decline");
        let told = told.then_some("; the donor is mailed the --why of a decline");
        amount.unwrap_or_default() + told.unwrap_or_default()
    }
}
