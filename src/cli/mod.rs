//! The command line's words, work and answers.

pub mod arguments;
pub mod outcome;
pub mod run;
mod serve;
