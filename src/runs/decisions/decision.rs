//! What a person decides about a case.

use crate::audit::Actor;
use crate::cases::Decision;
use crate::values::{Amount, CaseId, Email};

/// What a person decides.
#[derive(Clone, Copy, Debug)]
pub struct CaseDecision<'a> {
    pub case_id: CaseId,
    /// One of those that the case's kind offers.
    pub decision: &'a str,
    pub actor: &'a Actor,
    pub why: &'a str,
    /// For decisions that name one.
    pub amount: Option<Amount>,
    /// For decisions that correct an address.
    pub email: Option<&'a Email>,
}

impl<'a> CaseDecision<'a> {
    /// As the room that owns the subject writes it down.
    pub(super) fn recorded(&self) -> Decision<'a> {
        Decision {
            decision: self.decision,
            by: &self.actor.who,
            why: self.why,
        }
    }
}
