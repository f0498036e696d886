//! Cases (cas): what waits for a person. Whoever finds it opens it in the database transaction of
//! what happened; the room that owns the subject decides and closes it.

mod alert;
mod close;
mod kind;
mod list;
mod mail_refusal;
mod open;
mod words;

pub use alert::claim_alerts;
pub use close::{Decision, close};
pub use kind::{CaseKind, CaseKindError};
pub use list::{Case, CaseFilter, list};
pub use mail_refusal::{RefusedMail, left_mails, note_refusal, note_sent, refused_mails};
pub use open::{NewCase, open, open_once};
