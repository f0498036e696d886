//! Obole adds one euro to online purchases and takes it, whole and provably, to associations.
//!
//! The modules are in reading order; each uses only those above it.

pub mod values;

pub mod texts;

pub mod concurrent;
pub mod db;
pub mod progress;
pub mod rails;

pub mod gateways;
pub mod mail;

pub mod audit;
pub mod cases;
pub mod ledger;

pub mod parties;
pub mod run_log;

pub mod outbox;

pub mod refunds_due;

pub mod donations;

pub mod collections;

pub mod payouts;

pub mod reconciliation;

pub mod receipts;

pub mod inbox;

pub mod checks;
pub mod settings;

pub mod app;
pub mod doctor;

pub mod mailing;

pub mod runs;

pub mod worker;

pub mod demo;

pub mod web;

pub mod service;

pub mod bench;
