//! The doctor: looks at everything that Obole needs, says what is wrong and how to mend it.
//!
//! It goes on after each problem, and makes nothing: no key, no cluster, no schema. One file a
//! subject.

mod address;
mod database;
mod examine;
mod finding;
mod folders;
mod key;
mod mail;
mod settings;

pub use examine::examine;
pub use finding::{Finding, Verdict};
