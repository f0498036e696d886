//! The house rules that keep money right: rooms use only rooms below them, and each file says what it is.

use std::path::{Path, PathBuf};

/// Rooms from the ground up; a room may use those above it in this list.
const LAYERS: &[&str] = &[
    "values",
    "texts",
    "db",
    "ledger",
    "parties",
    "outbox",
    "donations",
    "collections",
    "payouts",
    "bank",
    "receipts",
    "inbox",
    "worker",
    "demo",
    "web",
    "bench",
    "cli",
];

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

fn all() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&root, &mut found);
    found
        .into_iter()
        .map(|p| {
            (
                p.strip_prefix(&root).unwrap().to_str().unwrap().to_owned(),
                std::fs::read_to_string(&p).unwrap(),
            )
        })
        .collect()
}

#[test]
fn a_room_uses_only_rooms_below_it() {
    let mut wrong = Vec::new();
    for (path, text) in all() {
        let room = path.split('/').next().unwrap();
        let Some(height) = LAYERS.iter().position(|l| *l == room) else {
            continue;
        };
        for upper in &LAYERS[height + 1..] {
            if text.contains(&format!("crate::{upper}")) {
                wrong.push(format!("{path} uses {upper}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_file_opens_by_saying_what_it_is() {
    let silent: Vec<_> = all()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(path, _)| path)
        .collect();
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn only_the_ledger_writes_transfers_and_balances() {
    let wrong: Vec<_> = all()
        .into_iter()
        .filter(|(path, text)| {
            !path.starts_with("ledger/")
                && (text.contains("insert into transfer")
                    || text.contains("update account_balance"))
        })
        .map(|(path, _)| path)
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}
