//! The shape of files: heads, widths, lengths of functions, and `mod.rs` as a front door.

use super::source::Source;
use super::{assert_found, assert_kept};

/// The most lines of a function, from its `fn` to its closing brace.
const LONGEST_FUNCTION: usize = 70;

/// The most columns of a line, counted in characters.
const WIDEST_LINE: usize = 100;

/// The least characters by which a file says what it is.
const SHORTEST_HEAD: usize = 8;

/// Each `mod.rs` that defines things itself, and why it may.
const MOD_FILES_WITH_CODE: &[(&str, &str)] = &[
    (
        "src/parties/mod.rs",
        "AddError, which adding any party returns, and how slugs are made",
    ),
    (
        "src/web/demo/mod.rs",
        "the guard of all its pages, two functions of three lines",
    ),
];

/// A file that does not open by saying what it is.
fn violations_of_heads(files: &[Source]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in files.iter().filter(|f| f.is_rust()) {
        let head = file.lines.iter().map_while(|line| line.strip_prefix("//!"));
        let length: usize = head.map(|line| line.trim().chars().count()).sum();
        if length < SHORTEST_HEAD {
            violations.push(format!("{}:1: say in a //! what this file is", file.path));
        }
    }
    violations
}

/// A line that does not fit; an address cannot be broken.
fn violations_of_width(files: &[Source]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in files {
        for (at, line) in file.lines.iter().enumerate() {
            let width = line.chars().count();
            let has_address = line.contains("https://") || line.contains("http://");
            if width > WIDEST_LINE && !has_address {
                violations.push(format!("{}:{}: {width} columns", file.path, at + 1));
            }
        }
    }
    violations
}

/// A function longer than a page. What it calls inside (closures) is its own length.
fn violations_of_length(files: &[Source]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in files {
        for function in &file.functions {
            let length = function.last - function.first + 1;
            if length > LONGEST_FUNCTION {
                let (line, name) = (function.first, &function.name);
                violations.push(format!("{}:{line}: {name} has {length} lines", file.path));
            }
        }
    }
    violations
}

/// A `mod.rs` that holds more than `mod`, `use`, docs and macros.
fn violations_of_front(files: &[Source]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in files
        .iter()
        .filter(|f| f.room().is_some() && f.path.ends_with("/mod.rs"))
    {
        if MOD_FILES_WITH_CODE
            .iter()
            .any(|(path, _)| *path == file.path)
        {
            continue;
        }
        for item in &file.items {
            let (line, kind, name) = (item.line, item.kind, &item.name);
            violations.push(format!("{}:{line}: defines {kind} {name}", file.path));
        }
    }
    violations
}

/// An exception to [`violations_of_front`] that is not needed any more.
fn violations_of_exceptions(files: &[Source]) -> Vec<String> {
    let holds_code = |path| files.iter().any(|f| f.path == path && !f.items.is_empty());
    MOD_FILES_WITH_CODE
        .iter()
        .filter(|(path, _)| !holds_code(*path))
        .map(|(path, _)| format!("{path}: holds no code, and needs no exception"))
        .collect()
}

#[test]
fn every_file_opens_by_saying_what_it_is() {
    assert_kept(violations_of_heads);
}

#[test]
fn a_file_that_does_not_say_what_it_is_is_found() {
    assert_found(
        violations_of_heads,
        &[
            ("src/db/rows.rs", "use sqlx::Encode;"),
            ("src/db/copy.rs", "//! Rows."),
            (
                "tests/it/shop.rs",
                "// The shop, its orders and its carts.\n",
            ),
            ("src/db/mod.rs", "//! The pool, the\n//! migrations."),
        ],
        &[
            "src/db/rows.rs:1: ",
            "src/db/copy.rs:1: ",
            "tests/it/shop.rs:1: ",
        ],
    );
}

#[test]
fn no_line_is_wider_than_a_hundred_columns() {
    assert_kept(violations_of_width);
}

#[test]
fn a_wide_line_is_found_and_counted_in_characters() {
    let (fits, wide) = ("é".repeat(100), "é".repeat(101));
    assert_found(
        violations_of_width,
        &[
            ("src/db/rows.rs", &format!("// {}", &fits[..194])),
            ("src/db/copy.rs", &format!("\n{wide}")),
            (
                "tests/it/shop.rs",
                &format!("// https://obole.example/{wide}"),
            ),
            ("migrations/0001_a.sql", &wide),
        ],
        &[
            "src/db/copy.rs:2: 101 columns",
            "migrations/0001_a.sql:1: 101 columns",
        ],
    );
}

#[test]
fn no_function_is_longer_than_seventy_lines() {
    assert_kept(violations_of_length);
}

#[test]
fn a_function_of_seventy_one_lines_is_found() {
    let function = |lines: usize| {
        format!(
            "/// Doc.\n#[must_use]\npub async fn f(\n) {{\n{}}}\n",
            "g();\n".repeat(lines - 3)
        )
    };
    assert_found(
        violations_of_length,
        &[
            ("src/db/rows.rs", &function(70)),
            ("src/db/copy.rs", &function(71)),
            ("src/db/mod.rs", &format!("impl A {{\n{} }}", function(71))),
            (
                "tests/it/shop.rs",
                &format!("proptest! {{\n{} }}", function(71)),
            ),
            ("tests/it/main.rs", "trait A { fn f(); }"),
        ],
        &[
            "src/db/copy.rs:3: f has 71 lines",
            "src/db/mod.rs:4: f has 71 lines",
            "tests/it/shop.rs:4: f has 71 lines",
        ],
    );
}

#[test]
fn the_mod_file_of_a_folder_only_offers_what_its_files_define() {
    assert_kept(violations_of_front);
}

#[test]
fn code_in_a_mod_file_is_found() {
    assert_found(
        violations_of_front,
        &[
            (
                "src/db/mod.rs",
                "mod rows;\npub use rows::Rows;\nstruct A;\nimpl A {}\nfn f() {}",
            ),
            (
                "src/inbox/mod.rs",
                "//! In.\nmacro_rules! a { () => { fn f() {} } }\nmod list;",
            ),
            ("src/db/rows.rs", "fn f() {}"),
        ],
        &[
            "src/db/mod.rs:3: defines struct A",
            "src/db/mod.rs:4: ",
            "src/db/mod.rs:5: defines fn f",
        ],
    );
}

#[test]
fn every_mod_file_with_an_exception_holds_code() {
    assert_kept(violations_of_exceptions);
}

#[test]
fn an_exception_that_is_not_needed_is_found() {
    assert_found(
        violations_of_exceptions,
        &[
            ("src/mail/mod.rs", "struct Message;"),
            ("src/parties/mod.rs", "mod donor;"),
        ],
        &["src/parties/mod.rs: ", "src/web/demo/mod.rs: "],
    );
}
