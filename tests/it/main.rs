//! The integration tests: real PostgreSQL, real tools. Read `ledger_keeps_balance.rs` for how a
//! test looks.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod at_the_same_moment;
mod browser;
mod checks_see_what_is_wrong;
mod contracts;
mod demo_in_a_browser;
mod dialects;
mod doctor;
mod durability;
mod events_out;
mod gift_date;
mod growth;
mod house;
mod inbox_states;
mod key;
mod ledger_keeps_balance;
mod load_manners;
mod merchant_api;
mod migrations;
mod month_settles;
mod official;
mod one_bad_event;
mod outside_database;
mod pages_keep_manners;
mod payout_minimum;
mod program;
mod readme;
mod receipts_by_year;
mod receipts_expire;
mod receipts_tell_the_truth;
mod receipts_ways_out;
mod schema_refuses;
mod shop;
mod sign_in_ends;
mod speed_is_counted;
mod statements_of_banks;
mod steps;
mod storm;
mod story_one_euro;
mod support;
mod texts;
mod unsubscribe;
mod webhook_counts_once;
mod webhook_refusals;
