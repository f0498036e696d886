//! The platforms' own libraries, called to sign what the tests send.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};

/// Where `deploy/install tests` puts them.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("../official")
}

/// Runs a script of `tests/official` over a document; none, said loudly, where the libraries are
/// not installed.
pub fn run(script: &str, input: &Value) -> Option<Value> {
    let (py, js) = (
        folder().join("py/bin/python"),
        folder().join("js/node_modules"),
    );
    if !py.exists() || !js.exists() {
        assert!(
            std::env::var_os("CI").is_none(),
            "the official libraries are missing; ./deploy/install tests"
        );
        eprintln!("SKIPPED: the official libraries are missing; ./deploy/install tests");
        return None;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/official")
        .join(script);
    let mut command = if script.extension().is_some_and(|e| e == "py") {
        Command::new(py)
    } else {
        Command::new("node")
    };
    let mut child = command
        .arg(script)
        .arg(js)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.to_string().as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// The headers under which a platform's own library sends a body.
pub fn signed(
    dialect: &str,
    secret: &str,
    id: &str,
    topic: &str,
    body: &str,
) -> Option<Map<String, Value>> {
    let (script, one) = if dialect == "shopify" {
        (
            "sign.mjs",
            json!({"secret": secret, "id": id, "topic": topic, "body": body}),
        )
    } else {
        (
            "sign.py",
            json!({"dialect": dialect, "secret": secret, "id": id, "body": body}),
        )
    };
    let mut headers = run(script, &json!([one]))?[0].as_object().unwrap().clone();
    if dialect == "woocommerce" {
        headers.insert("x-wc-webhook-topic".into(), topic.into());
    }
    Some(headers)
}
