//! The README is the map: it stays short, what it names is there, and what it shows by hand works.

use std::path::Path;
use std::process::Command;

use obole::checks;

use crate::program::free_port;
use crate::support::tool;

/// The README has fewer words than this, its code included.
const MOST_WORDS: usize = 1500;

/// The most columns of a line, counted in characters.
const WIDEST_LINE: usize = 120;

/// The folders whose files the README names.
const FOLDERS: [&str; 5] = ["src/", "tests/", "deploy/", "contracts/", "migrations/"];

/// What runs before the lines shown by hand: an error ends them, and the service with them.
const PREAMBLE: &str = "set -euo pipefail
trap 'if [ -n \"${serving-}\" ]; then kill \"$serving\" 2> /dev/null || true; fi' EXIT
";

fn readme() -> &'static str {
    include_str!("../../README.md")
}

/// The words between backticks, such as names of files and checks.
fn code_words() -> Vec<&'static str> {
    let words = readme().split('`').skip(1).step_by(2);
    words.filter(|w| !w.contains([' ', '\n', '$'])).collect()
}

#[test]
fn the_readme_is_short_enough_to_be_read() {
    let words = readme().split_whitespace().count();
    assert!(words < MOST_WORDS, "{words} words");
    let wide: Vec<&str> = readme()
        .lines()
        .filter(|line| line.chars().count() > WIDEST_LINE)
        .collect();
    assert!(wide.is_empty(), "{wide:#?}");
}

#[test]
fn every_path_that_the_readme_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named: Vec<&str> = code_words()
        .into_iter()
        .filter(|word| FOLDERS.iter().any(|folder| word.starts_with(folder)))
        .collect();
    assert!(named.len() > 60, "{named:?}");
    let missing: Vec<_> = named
        .into_iter()
        .filter(|path| !root.join(path).exists())
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_check_that_the_readme_names_is_run() {
    let named: Vec<&str> = code_words()
        .into_iter()
        .filter(|word| word.contains('-') && word.chars().all(|c| c == '-' || c.is_lowercase()))
        .filter(|word| !word.starts_with('-'))
        .collect();
    assert!(named.len() > 8, "{named:?}");
    let unknown: Vec<_> = named
        .into_iter()
        .filter(|name| !checks::names().any(|check| check == *name))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn the_readme_shows_every_room_in_the_order_of_the_crate() {
    let in_crate: Vec<&str> = include_str!("../../src/lib.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .chain(["cli"])
        .collect();
    let shown: Vec<&str> = readme()
        .lines()
        .filter(|line| line.starts_with("|`src/"))
        .flat_map(|row| row.split('`').skip(1).step_by(2))
        .filter_map(|path| path.strip_prefix("src/"))
        .map(|room| room.trim_end_matches('/').trim_end_matches(".rs"))
        .collect();
    assert_eq!(shown, in_crate);
}

#[test]
fn one_euro_by_hand_works_as_written() {
    if tool("jq", "jq", &["--version"]).is_none()
        || tool("python3", "python3", &["--version"]).is_none()
    {
        return;
    }
    let block = readme()
        .split("```bash\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    // The program under test is built already.
    let lines = block.replacen("cargo build --quiet && ", "", 1);
    let binary = Path::new(env!("CARGO_BIN_EXE_obole"))
        .parent()
        .unwrap()
        .display()
        .to_string();
    let script = PREAMBLE.to_owned() + &lines.replace("$PWD/target/debug", &binary);
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("OBOLE_LISTEN", format!("127.0.0.1:{}", free_port()))
        .env_remove("DATABASE_URL")
        .output()
        .unwrap();
    let (printed, logged) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{printed}{logged}");
    for expected in [
        "\"status\":\"accepted\"",
        "issued 1, 1.00 euros; mailed 1",
        "two-people-approve-what-leaves",
        ".eml",
        "recu-foret-vivante-",
    ] {
        assert!(
            printed.contains(expected),
            "{expected} is missing in {printed}{logged}"
        );
    }
    assert!(!printed.contains("violations"), "{printed}");
}
