//! The rules of the house, kept by reading the source: layers, circles, SQL, edges, shape, words.
//!
//! Each rule is a pure function from sources to violations, and is tested twice: the repository has
//! none, and a planted one is found. To change a rule, change its table at the head of its file (an
//! exception stands there with its reason), and plant what it is to find.
//!
//! Files are read as tokens, so macros hide nothing. What is made out of pieces stays unseen: a
//! table named by `format!`, a name that a macro declares, a path renamed on its way.

mod circles;
mod edges;
mod layers;
mod shape;
mod source;
mod sql;
mod tables;
mod tokens;
mod words;

use std::path::Path;
use std::sync::LazyLock;

use source::Source;

/// The folders whose files are read.
const FOLDERS: [&str; 3] = ["src", "tests", "migrations"];

/// Every source of the repository, read once for all rules.
static REPOSITORY: LazyLock<Vec<Source>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in FOLDERS {
        read_folder(root, &root.join(folder), &mut files);
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
});

fn read_folder(root: &Path, folder: &Path, files: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_folder(root, &path, files);
        } else if path.extension().is_some_and(|e| e == "rs" || e == "sql") {
            let name = path.strip_prefix(root).unwrap().display().to_string();
            files.push(Source::new(&name, &std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// Fails with every violation of a rule, one a line.
#[track_caller]
fn assert_kept(rule: fn(&[Source]) -> Vec<String>) {
    let violations = rule(&REPOSITORY);
    assert!(
        violations.is_empty(),
        "{} violations:\n{}\n",
        violations.len(),
        violations.join("\n")
    );
}

/// Fails unless a rule finds exactly what was planted: one violation for each beginning expected.
#[track_caller]
fn assert_found(rule: fn(&[Source]) -> Vec<String>, planted: &[(&str, &str)], expected: &[&str]) {
    let files: Vec<Source> = planted
        .iter()
        .map(|(path, text)| Source::new(path, text))
        .collect();
    let found = rule(&files);
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (violation, beginning) in found.iter().zip(expected) {
        assert!(
            violation.starts_with(beginning),
            "{violation:?} is not {beginning:?}"
        );
    }
}

#[test]
fn every_file_can_be_read() {
    assert_kept(source::violations_of_syntax);
}

#[test]
fn a_file_that_does_not_parse_is_found() {
    assert_found(
        source::violations_of_syntax,
        &[
            ("src/ledger/post.rs", "//! Posting.\nfn post( {"),
            ("src/db/mod.rs", "fn f() {}"),
        ],
        &["src/ledger/post.rs:"],
    );
}
