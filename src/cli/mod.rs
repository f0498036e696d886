//! The command line: one file a noun, each with its arguments and its work; `command` dispatches.

mod association;
mod audit;
mod bank;
mod bench;
mod case;
mod cases;
mod cause;
mod check;
mod collections;
mod command;
mod context;
mod day;
mod decision;
mod demo;
mod doctor;
mod donation;
mod give_back;
mod inbox;
mod ledger;
mod login_link;
mod manifest;
mod merchant;
mod migrate;
mod operator;
mod outcome;
mod payouts;
mod progress;
mod receipts;
mod runs;
mod serve;
mod settings;
mod subscription;
mod suspension;

pub use command::{Cli, CommandError, run};
