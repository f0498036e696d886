//! The demonstration's pages: a shop, a bank, a mailbox. Only `obole demo` serves them.

pub mod bank;
pub mod mail;
pub mod shop;

use std::sync::Arc;

use super::{Problem, Web};
use crate::demo::Demo;

/// The demonstration's world; without one, these pages do not exist.
fn demo(web: &Web) -> Result<Arc<Demo>, Problem> {
    web.demo.clone().ok_or(Problem::NotFound)
}

fn failed(error: impl std::fmt::Display) -> Problem {
    tracing::error!(error = %format!("{error:#}"), "the demonstration failed");
    Problem::Internal
}
