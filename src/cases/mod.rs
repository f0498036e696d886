//! Cases (cas): what waits for a person. Whoever finds it opens it in the database transaction of
//! what happened; the room that owns the subject decides and closes it.

mod close;
mod kind;
mod list;
mod open;

pub use close::{Decision, close};
pub use kind::{CaseKind, CaseKindError};
pub use list::{Case, CaseFilter, list};
pub use open::{NewCase, open};
