//! Only the edges read the clock and begin database transactions; the domain is given both.

use super::source::Source;
use super::{assert_found, assert_kept};

/// The rooms that may ask what time it is: they pass it on, one `now` per request or job.
const READ_THE_CLOCK: &[&str] = &["app", "doctor", "worker", "demo", "web", "bench", "cli"];

/// Migrations whose functions destroy: they compare the day they are given with the clock, because
/// a wrong day would destroy early.
const GUARD_BY_THE_CLOCK: &[&str] = &["migrations/0006_inbox.sql", "migrations/0010_receipts.sql"];

/// The rooms that may begin a database transaction; they also commit it.
const BEGIN_TRANSACTIONS: &[&str] = &[
    "app", "mailing", "runs", "worker", "demo", "web", "bench", "cli",
    // Its snapshot is read only: nothing can be half done in it.
    "checks",
];

/// Types whose `now` is the time of the day; `Instant` only measures.
const CLOCKS: [&str; 3] = ["Utc", "Local", "SystemTime"];

/// How SQL asks for the time.
const CLOCKS_OF_SQL: [&str; 10] = [
    "now",
    "clock_timestamp",
    "statement_timestamp",
    "transaction_timestamp",
    "timeofday",
    "current_timestamp",
    "current_date",
    "current_time",
    "localtimestamp",
    "localtime",
];

/// A method that begins a transaction. `begin().put(…)` begins a row of a copy.
const BEGINNINGS: [&str; 3] = ["begin", "begin_with", "transaction"];

/// A reading of the clock outside of the edges, in Rust or in SQL; migrations read none either.
fn violations_of_clock(files: &[Source]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in files {
        let room = if file.is_migration() {
            Some("a migration")
        } else {
            file.room()
        };
        if GUARD_BY_THE_CLOCK.contains(&file.path.as_str()) {
            continue;
        }
        let Some(room) = room.filter(|r| !READ_THE_CLOCK.contains(r)) else {
            continue;
        };
        for path in &file.paths {
            if let [.., clock, now] = path.segments.as_slice()
                && now == "now"
                && CLOCKS.contains(&clock.as_str())
            {
                violations.push(format!(
                    "{}:{}: {room} asks {clock}::now",
                    file.path, path.line
                ));
            }
        }
        for two in file.statements.iter().flat_map(|s| s.windows(2)) {
            let name = two[0].text.as_str();
            let is_call = two[1].text == "(" || name.starts_with("current_");
            if is_call && CLOCKS_OF_SQL.contains(&name) {
                violations.push(format!("{}:{}: {room} asks {name}", file.path, two[0].line));
            }
        }
    }
    violations
}

/// A database transaction that is begun outside of the edges.
fn violations_of_transactions(files: &[Source]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in files {
        let Some(room) = file.room().filter(|r| !BEGIN_TRANSACTIONS.contains(r)) else {
            continue;
        };
        for call in &file.calls {
            let is_row = call.then.as_deref() == Some("put");
            if BEGINNINGS.contains(&call.method.as_str()) && !is_row {
                let (line, method) = (call.line, &call.method);
                violations.push(format!("{}:{line}: {room} calls .{method}()", file.path));
            }
        }
        for path in &file.paths {
            if let [.., kind, method] = path.segments.as_slice()
                && matches!(kind.as_str(), "Acquire" | "Connection" | "PgPool" | "Pool")
                && BEGINNINGS.contains(&method.as_str())
            {
                let line = path.line;
                violations.push(format!(
                    "{}:{line}: {room} calls {kind}::{method}",
                    file.path
                ));
            }
        }
    }
    violations
}

#[test]
fn only_the_edges_read_the_clock() {
    assert_kept(violations_of_clock);
}

#[test]
fn a_reading_of_the_clock_in_the_domain_is_found() {
    assert_found(
        violations_of_clock,
        &[
            (
                "src/ledger/post.rs",
                "use chrono::Utc;\nfn f() { g(Utc::now()) }",
            ),
            (
                "src/inbox/list.rs",
                "fn f() { vec![1].map(chrono::Utc::now); }",
            ),
            (
                "src/runs/mod.rs",
                "fn f() { std::time::SystemTime::now(); }",
            ),
            (
                "src/payouts/list.rs",
                "fn f() { q(\"select *\n from payout where at < now()\") }",
            ),
            (
                "src/checks.rs",
                "const Q: &str = \"select current_date - 1\";",
            ),
            (
                "migrations/0001_a.sql",
                "create table a (\n  at timestamptz default now()\n);",
            ),
        ],
        &[
            "src/ledger/post.rs:2: ledger asks Utc::now",
            "src/inbox/list.rs:1: inbox asks Utc::now",
            "src/runs/mod.rs:1: runs asks SystemTime::now",
            "src/payouts/list.rs:2: payouts asks now",
            "src/checks.rs:1: checks asks current_date",
            "migrations/0001_a.sql:2: a migration asks now",
        ],
    );
}

#[test]
fn the_edges_may_read_the_clock_and_everybody_may_measure() {
    assert_found(
        violations_of_clock,
        &[
            ("src/web/health.rs", "fn f() { Utc::now(); }"),
            (
                "src/ledger/post.rs",
                "fn f(now: Now) { Instant::now(); g(\"now (and then)\") }",
            ),
        ],
        &["src/ledger/post.rs:1: ledger asks now"],
    );
}

#[test]
fn only_the_edges_begin_database_transactions() {
    assert_kept(violations_of_transactions);
}

#[test]
fn a_transaction_begun_in_the_domain_is_found() {
    assert_found(
        violations_of_transactions,
        &[
            (
                "src/receipts/issue.rs",
                "async fn f() {\n    let tx = db.begin().await?;\n}",
            ),
            ("src/inbox/handle.rs", "fn f() { try_join!(tx.begin()) }"),
            (
                "src/ledger/post.rs",
                "fn f() { rows.begin().put(1)?; Acquire::begin(db); }",
            ),
            ("src/web/claim.rs", "fn f() { db.begin() }"),
        ],
        &[
            "src/receipts/issue.rs:2: receipts calls .begin()",
            "src/inbox/handle.rs:1: inbox calls .begin()",
            "src/ledger/post.rs:1: ledger calls Acquire::begin",
        ],
    );
}
