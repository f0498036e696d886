//! The README is the map: what it names is there, and what it shows by hand works.

use std::path::Path;
use std::process::Command;

use crate::program::free_port;
use crate::support::tool;

fn readme() -> &'static str {
    include_str!("../../README.md")
}

#[test]
fn every_path_that_the_readme_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named: Vec<&str> = readme()
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|w| w.contains('/') && !w.contains([' ', '$', '<']))
        .collect();
    let named: Vec<&str> = named
        .into_iter()
        .filter(|w| {
            ["src", "tests", "deploy", "contracts", "migrations"]
                .iter()
                .any(|r| w.trim_start_matches("./").starts_with(&format!("{r}/")))
        })
        .collect();
    assert!(named.len() > 20, "{named:?}");
    let missing: Vec<_> = named
        .into_iter()
        .filter(|w| !root.join(w).exists())
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn one_euro_by_hand_works_as_written() {
    if tool("jq", "jq", &["--version"]).is_none() || tool("curl", "curl", &["--version"]).is_none()
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
    let script = format!(
        "set -euo pipefail\n{}",
        lines.replace("$PWD/target/debug", &binary)
    );
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("OBOLE_LISTEN", format!("127.0.0.1:{}", free_port()))
        .env_remove("DATABASE_URL")
        .output()
        .unwrap();
    let (said, beside) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{said}{beside}");
    for told in [
        "\"status\":\"accepted\"",
        "issued 1, 1.00 euros; mailed 1",
        "two-people-approve-what-leaves",
        ".eml",
        "recu-foret-vivante-",
    ] {
        assert!(said.contains(told), "{told} is missing in {said}{beside}");
    }
    assert!(!said.contains("violations"), "{said}");
}
