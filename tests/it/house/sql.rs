//! SQL stands in few rooms, names the columns that it fills, and asks for existence in one way.

use super::source::Source;
use super::{assert_found, assert_kept};

/// The rooms that may hold SQL; all others ask these.
const ROOMS_WITH_SQL: &[&str] = &[
    "db",
    "audit",
    "cases",
    "ledger",
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
    "checks",
    "doctor",
    "bench",
];

/// A word or a mark of SQL, in lower case.
pub struct Word {
    pub line: usize,
    pub text: String,
}

/// Splits SQL in words and marks, without its comments. `{name}` of a format string is a word.
pub fn words(text: &str, first_line: usize) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line_number = first_line + at;
        let code = line.split_once("--").map_or(line, |(code, _)| code);
        let mut chars = code.chars();
        let mut joins = false;
        while let Some(c) = chars.next() {
            let in_word = c.is_alphanumeric() || "_.{}$:".contains(c);
            match words.last_mut() {
                Some(word) if in_word && joins => word.text.extend(c.to_lowercase()),
                _ if in_word || "(),;=*".contains(c) => {
                    let text = c.to_lowercase().to_string();
                    words.push(Word {
                        line: line_number,
                        text,
                    });
                }
                _ => {}
            }
            if c == '\\' {
                chars.next();
            }
            joins = in_word;
        }
    }
    words
}

/// The comments of a migration, without their marks.
pub fn comments(lines: &[String]) -> Vec<(usize, String)> {
    let text = |line: &str| Some(line.split_once("--")?.1.trim().to_owned());
    let numbered = lines.iter().enumerate();
    numbered
        .filter_map(|(at, line)| Some((at + 1, text(line)?)))
        .collect()
}

/// A statement's verb and the table that it writes.
pub struct Write<'w> {
    pub line: usize,
    pub table: &'w str,
    /// Whether it adds rows without naming their columns.
    without_columns: bool,
}

/// The writes that a text of SQL holds.
pub fn writes(words: &[Word]) -> Vec<Write<'_>> {
    let texts: Vec<&str> = words.iter().map(|w| w.text.as_str()).collect();
    (0..words.len())
        .filter_map(|at| write_at(&texts[at..], words[at].line))
        .collect()
}

fn write_at<'w>(words: &[&'w str], line: usize) -> Option<Write<'w>> {
    let (table, rest) = match words {
        ["insert" | "merge", "into", rest @ ..]
        | ["delete", "from", rest @ ..]
        | ["truncate", "table", rest @ ..]
        | ["update" | "truncate" | "copy", rest @ ..] => after_only(rest)?,
        _ => return None,
    };
    let without_columns = match words[0] {
        "insert" => matches!(
            rest,
            ["select" | "values" | "default" | "with" | "table", ..]
        ),
        "copy" => matches!(rest, ["from", ..]),
        _ => false,
    };
    // English has these verbs too, and `for update of x` writes nothing.
    let is_write = match words[0] {
        "update" => matches!(
            rest,
            ["set", ..] | [_, "set", ..] | ["as", _, "set", ..] | [] | [_] | ["as", _]
        ),
        "copy" => matches!(rest, ["(" | "from", ..]),
        _ => true,
    };
    let table = table.rsplit('.').next().unwrap_or(table);
    is_write.then_some(Write {
        line,
        table,
        without_columns,
    })
}

fn after_only<'a, 'w>(words: &'a [&'w str]) -> Option<(&'w str, &'a [&'w str])> {
    match words {
        ["only", table, rest @ ..] | [table, rest @ ..] => Some((table, rest)),
        [] => None,
    }
}

/// The files of `src`, each with its room.
pub fn in_rooms(files: &[Source]) -> impl Iterator<Item = (&Source, &str)> {
    files.iter().filter_map(|f| Some((f, f.room()?)))
}

/// SQL in a room that should ask another: a call of sqlx's, or a string that is a statement.
pub fn violations_of_place(files: &[Source]) -> Vec<String> {
    let mut violations = Vec::new();
    for (file, room) in in_rooms(files).filter(|(_, room)| !ROOMS_WITH_SQL.contains(room)) {
        for path in &file.paths {
            if let [first, second, ..] = path.segments.as_slice()
                && first == "sqlx"
                && (second.starts_with("query") || matches!(second.as_str(), "raw_sql" | "*"))
            {
                let line = path.line;
                violations.push(format!("{}:{line}: {room} calls sqlx::{second}", file.path));
            }
        }
        for statement in file.statements.iter().filter(|s| is_statement(s)) {
            let line = statement[0].line;
            violations.push(format!(
                "{}:{line}: {room} holds a statement of SQL",
                file.path
            ));
        }
    }
    violations
}

/// Whether a string is SQL, by how it begins; English rarely begins so.
fn is_statement(words: &[Word]) -> bool {
    let texts: Vec<&str> = words.iter().map(|w| w.text.as_str()).collect();
    match texts.as_slice() {
        ["with", _, "as", ..]
        | ["copy", _, "(" | "from", ..]
        | ["insert", "into", ..]
        | ["delete", "from", ..] => true,
        ["select", rest @ ..] => rest.contains(&"from"),
        ["update", rest @ ..] => rest.iter().take(4).any(|w| *w == "set"),
        _ => false,
    }
}

/// Rows added without naming their columns, in `src` and the migrations.
pub fn violations_of_columns(files: &[Source]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in files
        .iter()
        .filter(|f| f.is_migration() || f.room().is_some())
    {
        for write in file.statements.iter().flat_map(|s| writes(s)) {
            if write.without_columns {
                let (line, table) = (write.line, write.table);
                violations.push(format!(
                    "{}:{line}: {table}'s columns are not named",
                    file.path
                ));
            }
        }
    }
    violations
}

/// `exists (select …)` of anything but 1: no columns reads as if something were missing, and
/// columns as if they mattered.
pub fn violations_of_exists(files: &[Source]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in files
        .iter()
        .filter(|f| f.is_migration() || f.room().is_some())
    {
        for four in file.statements.iter().flat_map(|s| s.windows(4)) {
            let texts: Vec<&str> = four.iter().map(|w| w.text.as_str()).collect();
            if let ["exists", "(", "select", selected] = texts[..]
                && selected != "1"
            {
                let line = four[0].line;
                violations.push(format!(
                    "{}:{line}: exists (select {selected} …) is written select 1",
                    file.path
                ));
            }
        }
    }
    violations
}

#[test]
fn sql_stands_only_in_the_rooms_that_may_hold_it() {
    assert_kept(violations_of_place);
}

#[test]
fn sql_in_another_room_is_found() {
    assert_found(
        violations_of_place,
        &[
            (
                "src/web/home.rs",
                "fn f() {\n    sqlx::query_as(\"select 1\") }",
            ),
            ("src/runs/mod.rs", "use sqlx::{PgPool, query_scalar as q};"),
            (
                "src/cli/run.rs",
                "fn f() { join!(sqlx::raw_sql(a), sqlx::query!(a)) }",
            ),
            (
                "src/mailing/mod.rs",
                "const Q: &str = \"update donor set email = $1\";",
            ),
            (
                "src/worker/a.rs",
                "const Q: &str = r#\"select \"a\" from b\"#;",
            ),
            (
                "src/inbox/list.rs",
                "fn f() { sqlx::query(\"select 1 from donation\") }",
            ),
            (
                "src/web/a.rs",
                "use sqlx::PgPool; const A: &str = \"select a cause, from all\";",
            ),
        ],
        &[
            "src/web/home.rs:2: web calls sqlx::query_as",
            "src/runs/mod.rs:1: runs calls sqlx::query_scalar",
            "src/cli/run.rs:1: cli calls sqlx::raw_sql",
            "src/cli/run.rs:1: cli calls sqlx::query",
            "src/mailing/mod.rs:1: mailing holds a statement of SQL",
            "src/worker/a.rs:1: worker holds a statement of SQL",
            "src/web/a.rs:1: web holds a statement of SQL",
        ],
    );
}

#[test]
fn statements_name_the_columns_that_they_fill() {
    assert_kept(violations_of_columns);
}

#[test]
fn an_insert_without_columns_is_found() {
    assert_found(
        violations_of_columns,
        &[
            (
                "src/bench/a.rs",
                "const A: &str = \"\n insert into one_row values (1)\";",
            ),
            (
                "src/inbox/a.rs",
                "const A: &str = \"insert into {table}\n select * from a\";",
            ),
            (
                "src/db/a.rs",
                "const A: &str = \"copy donation from stdin\";",
            ),
            (
                "src/db/b.rs",
                "const A: &str = \"insert into a (b) values (1)\";",
            ),
            (
                "src/db/c.rs",
                "const A: &str = \"insert into a as b (b) select 1\";",
            ),
            (
                "migrations/0001_a.sql",
                "-- insert into a values (1)\ninsert into a values (1);",
            ),
            (
                "tests/it/a.rs",
                "const A: &str = \"insert into a values (1)\";",
            ),
        ],
        &[
            "src/bench/a.rs:2: one_row's",
            "src/inbox/a.rs:1: {table}'s",
            "src/db/a.rs:1: donation's",
            "migrations/0001_a.sql:2: a's",
        ],
    );
}

#[test]
fn existence_is_asked_with_select_1() {
    assert_kept(violations_of_exists);
}

#[test]
fn an_exists_that_selects_nothing_is_found() {
    assert_found(
        violations_of_exists,
        &[
            (
                "src/a.rs",
                "const A: &str = \"select 1 where not exists\n (select from b)\";",
            ),
            (
                "src/b.rs",
                "const A: &str = \"select exists (select 1 from b)\";",
            ),
            (
                "migrations/0001_a.sql",
                "select 1;\nselect EXISTS(select from b);",
            ),
            (
                "src/c.rs",
                "const A: &str = \"select exists (select * from b)\";",
            ),
        ],
        &["src/a.rs:1: ", "migrations/0001_a.sql:2: ", "src/c.rs:1: "],
    );
}
