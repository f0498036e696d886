//! What others may rely on: schemas with their examples, and senders in other languages, held
//! against the real service.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::shop::Service;
use crate::support::tool;

fn contracts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("contracts")
}

fn examples() -> Vec<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(contracts().join("examples"))
        .unwrap()
        .map(|f| f.unwrap().path())
        .collect();
    found.sort();
    found
}

#[tokio::test]
async fn each_example_fits_its_schema_and_is_taken_by_the_service() {
    let schema = contracts().join("events.schema.json");
    let s = Service::start().await;
    for path in examples() {
        tool(
            "jsonschema",
            "python3-jsonschema",
            &["-i", path.to_str().unwrap(), schema.to_str().unwrap()],
        );
        let example: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let (status, answer) = s
            .shop
            .send(
                &path
                    .file_stem()
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .replace('.', "-"),
                &example,
            )
            .await;
        assert_eq!(status, 200, "{}: {answer}", path.display());
    }
    s.posted().await;
    assert_eq!(
        s.balance("merchant_receivable:librairie").await,
        100,
        "two checkouts, one of them refunded"
    );
    s.checked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_senders_sign_and_send_and_stop_at_a_refusal() {
    let s = Service::start().await;
    use base64::Engine as _;
    let secret = format!(
        "whsec_{}",
        base64::engine::general_purpose::STANDARD.encode(&s.shop.secret)
    );
    let event: Value = serde_json::from_slice(
        &std::fs::read(contracts().join("examples/checkout.completed.json")).unwrap(),
    )
    .unwrap();
    for (program, package, script) in [
        ("python3", "python3", "send.py"),
        ("node", "nodejs", "send.mjs"),
        ("php", "php-cli", "send.php"),
    ] {
        if tool(program, package, &["--version"]).is_none() {
            continue;
        }
        let script = contracts().join("senders").join(script);
        assert!(
            std::fs::read_to_string(&script).unwrap().lines().count() < 40,
            "{} is short",
            script.display()
        );
        let send = |event: &Value, secret: &str| {
            let body = crate::support::written("event.json", event.to_string().as_bytes());
            let output = Command::new(program)
                .arg(&script)
                .arg(format!("{program}-1"))
                .env("OBOLE_WEBHOOK_URL", &s.shop.url)
                .env("OBOLE_SECRET", secret)
                .stdin(Stdio::from(std::fs::File::open(body).unwrap()))
                .output()
                .unwrap();
            (
                output.status.code(),
                serde_json::from_slice::<Value>(&output.stdout).unwrap_or_default(),
                String::from_utf8_lossy(&output.stderr).into_owned(),
            )
        };
        let mut event = event.clone();
        event["data"]["order_id"] = program.into();
        event["data"]["donor"]["first_name"] = "Zoé".into();
        let (code, answer, said) = send(&event, &secret);
        assert_eq!(
            (code, &answer["status"]),
            (Some(0), &json!("accepted")),
            "{program}: {said}"
        );
        assert_eq!(
            send(&event, &secret).1["status"],
            "duplicate",
            "{program}: the same id again"
        );
        let (code, _, said) = send(&event, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        assert_eq!(code, Some(1), "{program}");
        assert!(
            said.contains("401") && said.contains("not-signed"),
            "{program}: {said}"
        );
    }
    s.posted().await;
    assert_eq!(s.balance("merchant_receivable:librairie").await, 300);
    s.checked().await;
}
