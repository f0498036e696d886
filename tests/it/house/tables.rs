//! Each table is written by one room; transfers and balances by the ledger.

use std::collections::{BTreeMap, BTreeSet};

use super::source::Source;
use super::sql::{in_rooms, writes};
use super::{assert_found, assert_kept};

/// The rooms that may write the tables of others, and why.
const WRITE_ANY_TABLE: &[(&str, &str)] = &[
    (
        "bench",
        "fills books of a size that no shop could send in the time of a run",
    ),
    ("demo", "makes up a world, and forgets it"),
];

/// The tables that no room writes, and why.
const WRITTEN_BY_NONE: &[(&str, &str)] = &[
    ("chart_of_accounts", "its rows come with the schema"),
    (
        "settlement_lock",
        "its rows come with the schema, and are only locked",
    ),
];

/// The tables that hold money.
const MONEY: [&str; 2] = ["transfer", "account_balance"];

/// The tables that the migrations make and keep; partitions are written through their table.
fn tables(files: &[Source]) -> BTreeSet<&str> {
    let mut tables = BTreeSet::new();
    for file in files.iter().filter(|f| f.is_migration()) {
        for statement in &file.statements {
            let texts: Vec<&str> = statement.iter().map(|w| w.text.as_str()).collect();
            for at in 0..texts.len() {
                match &texts[at..] {
                    ["create", "table", "if", "not", "exists", name, rest @ ..]
                    | ["create", "table", name, rest @ ..]
                        if !rest.starts_with(&["partition"]) && !name.ends_with('_') =>
                    {
                        tables.insert(*name);
                    }
                    ["alter", "table", old, "rename", "to", new, ..] => {
                        tables.remove(old);
                        tables.insert(*new);
                    }
                    ["drop", "table", name, ..] => {
                        tables.remove(name);
                    }
                    _ => {}
                }
            }
        }
    }
    tables
}

/// Each table's writers outside of the rooms that may write any: room, then the places.
fn writers(files: &[Source]) -> BTreeMap<&str, BTreeMap<&str, Vec<String>>> {
    let tables = tables(files);
    let mut writers: BTreeMap<&str, BTreeMap<&str, Vec<String>>> = BTreeMap::new();
    for (file, room) in in_rooms(files) {
        if WRITE_ANY_TABLE.iter().any(|(exempt, _)| *exempt == room) {
            continue;
        }
        for write in file.statements.iter().flat_map(|s| writes(s)) {
            if let Some(table) = tables.get(write.table) {
                let place = format!("{}:{}", file.path, write.line);
                writers
                    .entry(table)
                    .or_default()
                    .entry(room)
                    .or_default()
                    .push(place);
            }
        }
    }
    writers
}

/// A table that several rooms write, or none.
pub fn violations_of_writers(files: &[Source]) -> Vec<String> {
    let writers = writers(files);
    let mut violations = Vec::new();
    for table in tables(files) {
        let none = WRITTEN_BY_NONE.iter().any(|(exempt, _)| *exempt == table);
        match writers.get(table) {
            None if !none => violations.push(format!("migrations: no room writes {table}")),
            Some(rooms) if none || rooms.len() > 1 => {
                for (room, places) in rooms {
                    for place in places {
                        violations.push(format!("{place}: {room} writes {table}"));
                    }
                }
            }
            _ => {}
        }
    }
    violations
}

/// A write of money outside of the ledger.
pub fn violations_of_money(files: &[Source]) -> Vec<String> {
    let mut violations = Vec::new();
    for (table, rooms) in writers(files)
        .into_iter()
        .filter(|(table, _)| MONEY.contains(table))
    {
        for (room, places) in rooms.into_iter().filter(|(room, _)| *room != "ledger") {
            for place in places {
                violations.push(format!(
                    "{place}: {room} writes {table}, which the ledger does"
                ));
            }
        }
    }
    violations
}

/// A schema to plant writes into.
const SCHEMA: (&str, &str) = (
    "migrations/0001_a.sql",
    "create table transfer (a int);\ncreate table if not exists donation (a int);
     create temporary table renamed (a int);\n-- create table comment (a int);
     create table donation_default partition of donation default;",
);

#[test]
fn each_table_is_written_by_one_room() {
    assert_kept(violations_of_writers);
}

#[test]
fn a_table_that_two_rooms_write_is_found_whatever_the_verb() {
    let planted = [
        "insert into transfer (a) values (1)",
        "with a as (insert into public.transfer (a) select 1) select 1",
        "update transfer set a = 1",
        "UPDATE only transfer t SET a = 1",
        "select 1; update transfer as t set a = 1",
        "delete from transfer where a = 1",
        "copy transfer (a) from stdin",
        "copy transfer from stdin",
        "truncate transfer",
        "merge into transfer t using a on a = b when matched then do nothing",
    ];
    for text in planted {
        let ledger = "const A: &str = \"insert into transfer (a) values (1)\";";
        let macros = format!("macro_rules! a {{ () => {{ concat!(\"{text}\", $a) }} }}");
        assert_found(
            violations_of_writers,
            &[
                SCHEMA,
                ("src/ledger/post.rs", ledger),
                ("src/donations/mod.rs", &macros),
                ("src/bench/mod.rs", &macros.replace("transfer", "donation")),
                (
                    "src/parties/mod.rs",
                    "const A: &str = \"delete from donation\";",
                ),
            ],
            &[
                "src/donations/mod.rs:1: donations writes transfer",
                "src/ledger/post.rs:1: ledger writes transfer",
            ],
        );
    }
}

#[test]
fn what_only_looks_like_a_write_is_none() {
    let planted = "const A: &[&str] = &[
        \"insert into transfer (a) values (1) on conflict do update set a = 1\",
        \"select a from donation for update\", \"select a from donation d for no key update of d\",
        \"insert into renamed (a) values (1)\", \"with a as (delete from transfer) select 1\",
        \"to update donation, delete it or copy donation twice\"];";
    assert_found(
        violations_of_writers,
        &[SCHEMA, ("src/ledger/post.rs", planted)],
        &["migrations: no room writes donation"],
    );
}

#[test]
fn only_the_ledger_writes_transfers_and_balances() {
    assert_kept(violations_of_money);
}

#[test]
fn a_transfer_written_by_another_room_is_found() {
    assert_found(
        violations_of_money,
        &[
            SCHEMA,
            (
                "src/donations/record.rs",
                "const A: &str =\n\"insert into\n transfer (a) values (1)\";",
            ),
            (
                "src/ledger/post.rs",
                "const A: &str = \"copy transfer (a) from stdin\";",
            ),
        ],
        &["src/donations/record.rs:2: donations writes transfer"],
    );
}
