//! Layers: a room (a top-level name of `src`) uses only rooms below it.
//!
//! The domain never uses `gateways`, so no call to the outside sits inside a database transaction.

use std::collections::BTreeSet;

use super::source::Source;
use super::{assert_found, assert_kept};

/// Rooms from the ground up: each uses those of lower levels, and none of its own level.
/// Some are planned and not there yet.
const LEVELS: &[&[&str]] = &[
    &["values"],
    &["texts"],
    &["concurrent", "progress", "rails"],
    &["db"],
    &["mail", "gateways"],
    &["settings"],
    &["audit", "ledger", "cases"],
    &["parties", "run_log"],
    &["outbox", "refunds_due"],
    &["donations"],
    &["collections", "payouts"],
    &["reconciliation"],
    &["receipts"],
    &["inbox"],
    &["checks"],
    &["app"],
    &["doctor"],
    &["mailing"],
    &["runs"],
    &["worker"],
    &["demo"],
    &["web"],
    &["service"],
    &["bench"],
    &["cli"],
    &["main"],
];

/// Rooms that use less than their level lets them.
const ONLY: &[(&str, &[&str])] = &[
    ("mail", &["values", "texts"]),
    ("gateways", &["values"]),
    ("settings", &["values"]),
];

/// The rooms that compute, and those that they never use: what acts on the outside is the edges'.
const DOMAIN: &[&str] = &[
    "values",
    "rails",
    "db",
    "ledger",
    "audit",
    "cases",
    "parties",
    "run_log",
    "outbox",
    "refunds_due",
    "donations",
    "collections",
    "payouts",
    "reconciliation",
    "receipts",
    "inbox",
];
const NEVER_IN_DOMAIN: &[&str] = &["gateways", "mail", "settings", "app"];

fn level(room: &str) -> Option<usize> {
    LEVELS.iter().position(|rooms| rooms.contains(&room))
}

/// Why a room may not use another; none where it may. A room without a level is another rule's.
fn refusal(room: &str, used: &str) -> Option<String> {
    let Some(height) = level(used) else {
        return Some(format!("crate::{used} is no room of the table of layers"));
    };
    if room == used {
        return None;
    }
    if let Some((_, only)) = ONLY.iter().find(|(limited, _)| *limited == room) {
        let why = || {
            format!(
                "{room} uses {used}, and may use only {}",
                only.join(" and ")
            )
        };
        return (!only.contains(&used)).then(why);
    }
    if DOMAIN.contains(&room) && NEVER_IN_DOMAIN.contains(&used) {
        return Some(format!(
            "{room} uses {used}, which no room of the domain may"
        ));
    }
    let own = level(room)?;
    (own <= height).then(|| format!("{room} uses {used}, which is not below it"))
}

/// A use of a room that is not below, and whatever would hide one.
fn violations_of_layers(files: &[Source]) -> Vec<String> {
    let mut violations = BTreeSet::new();
    for file in files {
        let Some(room) = file.room().filter(|r| *r != "lib") else {
            continue;
        };
        for path in &file.paths {
            let Some(inside) = path.in_crate() else {
                continue;
            };
            let refused = match inside.first() {
                Some(used) if *used != "*" => refusal(room, used),
                _ => Some("the crate's root is imported whole, which hides what is used".into()),
            };
            if let Some(why) = refused {
                violations.insert((&file.path, path.line, why));
            }
        }
    }
    violations
        .into_iter()
        .map(|(path, line, why)| format!("{path}:{line}: {why}"))
        .collect()
}

/// A top-level name of `src` that the table does not have.
fn violations_of_rooms(files: &[Source]) -> Vec<String> {
    let rooms: BTreeSet<&str> = files.iter().filter_map(Source::room).collect();
    let missing = rooms
        .into_iter()
        .filter(|r| *r != "lib" && level(r).is_none());
    missing
        .map(|room| format!("src/{room}: give it a level in the table of layers"))
        .collect()
}

#[test]
fn a_room_uses_only_rooms_below_it() {
    assert_kept(violations_of_layers);
}

#[test]
fn every_room_has_a_level() {
    assert_kept(violations_of_rooms);
}

#[test]
fn a_new_room_without_a_level_is_found() {
    assert_found(
        violations_of_rooms,
        &[
            ("src/helpers.rs", ""),
            ("src/utils/mod.rs", ""),
            ("src/lib.rs", ""),
            ("src/main.rs", ""),
        ],
        &["src/helpers: ", "src/utils: "],
    );
}

#[test]
fn an_upper_room_is_found_however_it_is_imported() {
    let planted = [
        "use crate::{inbox, values};",
        "use crate::{values::{Amount, Period}, inbox::{self as i}};",
        "use crate::inbox as below;",
        "use crate::inbox::*;",
        "pub use crate::inbox::{self, State};",
        "use super::super::inbox::State;",
        "use super::super::{inbox::State};",
        "fn f(state: crate::inbox::State) {}",
        "fn f() { super::super::inbox::list() }",
        "fn f() { tokio::join!(crate::inbox::list()); }",
        "macro_rules! list { () => { $crate::inbox::list() }; }",
        "macro_rules! list { () => { use $crate::{inbox::list, values}; }; }",
        "pub(in crate::inbox) fn f() {}",
        "mod tests { use super::super::super::inbox; }",
        "#[cfg(test)] mod tests { fn f() { assert!(crate::inbox::list()); } }",
        "use obole::inbox;",
        "use ::obole::{inbox};",
        "use crate::Problem;",
        "use crate::*;",
        "use crate as root;",
        "use super::super as root;",
    ];
    for text in planted {
        assert_found(
            violations_of_layers,
            &[("src/ledger/post.rs", text)],
            &["src/ledger/post.rs:1: "],
        );
    }
}

#[test]
fn each_kind_of_forbidden_use_is_found() {
    assert_found(
        violations_of_layers,
        &[
            ("src/ledger/post.rs", "//! Posts.\nuse crate::{inbox, web};"),
            (
                "src/donations/refund.rs",
                "use crate::gateways::smtp::Mailer;",
            ),
            ("src/gateways/smtp.rs", "use crate::web::Problem;"),
            ("src/gateways/http.rs", "use crate::db::Tx;"),
            ("src/payouts/settle.rs", "use crate::collections::list;"),
            ("src/web/state.rs", "use crate::cli::run;"),
            ("src/service.rs", "use super::bench;"),
        ],
        &[
            "src/donations/refund.rs:1: donations uses gateways, which no room of the domain may",
            "src/gateways/http.rs:1: gateways uses db, and may use only values",
            "src/gateways/smtp.rs:1: gateways uses web, and may use only values",
            "src/ledger/post.rs:2: ledger uses inbox",
            "src/ledger/post.rs:2: ledger uses web",
            "src/payouts/settle.rs:1: payouts uses collections, which is not below it",
            "src/service.rs:1: service uses bench",
            "src/web/state.rs:1: web uses cli",
        ],
    );
}

#[test]
fn a_use_of_what_is_below_is_no_violation() {
    assert_found(
        violations_of_layers,
        &[
            (
                "src/ledger/post.rs",
                "use crate::{db::{Rows, Tx}, values::*}; use super::Account;",
            ),
            (
                "src/ledger/mod.rs",
                "pub(crate) mod post; mod tests { use super::super::values; }",
            ),
            (
                "src/db/mod.rs",
                "/// As `crate::web` does.\nfn f() { g(\"crate::web::x\") }",
            ),
            (
                "src/cli/run.rs",
                "use obole::{web, service}; use super::serve; use crate::cli::x;",
            ),
            (
                "src/main.rs",
                "use obole::settings; use cli::run; fn f() { obole::app::f(); }",
            ),
        ],
        &[],
    );
}
