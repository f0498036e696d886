//! `obole doctor` names what is wrong and how to mend it, goes on after each problem, and makes
//! nothing.

use std::net::TcpListener;

use obole::db::private::Cluster;
use serde_json::Value;
use sqlx::ConnectOptions as _;

use crate::program::{House, free_port};

/// Runs the doctor with settings beside the house's own; returns its exit code and document.
fn doctor(house: &House, settings: &[(&str, &str)]) -> (i32, Value) {
    let mut command = house.command(&["doctor", "--json"]);
    let output = command.envs(settings.iter().copied()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let document = serde_json::from_slice(&output.stdout).expect(&said);
    (output.status.code().unwrap(), document)
}

/// The worst finding on a subject: its verdict, what was found and how to mend it.
fn finding<'d>(document: &'d Value, name: &str) -> (&'d str, &'d str, &'d str) {
    let severity = |f: &&Value| match f["verdict"].as_str().unwrap() {
        "ok" => 0,
        "warning" => 1,
        _ => 2,
    };
    let findings = document["findings"].as_array().unwrap().iter();
    let worst = findings.filter(|f| f["name"] == name).max_by_key(severity);
    let worst = worst.unwrap_or_else(|| panic!("no finding on {name}: {document:#}"));
    let text = |field: &str| worst[field].as_str().unwrap_or_default();
    (text("verdict"), text("detail"), text("mend"))
}

/// The subject is wrong, its finding says `detail`, and its remedy names `mend`.
fn assert_wrong(document: &Value, name: &str, detail: &str, mend: &str) {
    let (verdict, said, remedy) = finding(document, name);
    assert_eq!(verdict, "wrong", "{name}: {said}");
    assert!(said.contains(detail), "{name}: {said}");
    assert!(remedy.contains(mend), "{name}: {remedy}");
}

#[test]
fn a_house_in_order_passes_and_the_doctor_makes_nothing() {
    let listen = format!("127.0.0.1:{}", free_port());
    let house = House::new("healthy", &[("OBOLE_LISTEN", listen)]);
    let (code, document) = doctor(&house, &[]);
    assert_eq!(code, 0, "{document:#}");
    assert!(
        finding(&document, "database")
            .1
            .contains("nothing here yet")
    );
    assert!(finding(&document, "database").2.contains("obole migrate"));
    assert!(!house.data.exists(), "the doctor made a data folder");

    house.done(&["migrate"]);
    let (code, document) = doctor(&house, &[]);
    assert_eq!(
        (code, &document["ok"]),
        (0, &Value::Bool(true)),
        "{document:#}"
    );
    for name in [
        "settings",
        "key",
        "database",
        "migrations",
        "rights",
        "durability",
        "clock",
    ] {
        assert_eq!(finding(&document, name).0, "ok", "{document:#}");
    }
    let (verdict, detail, mend) = finding(&document, "public address");
    assert_eq!(
        verdict, "warning",
        "a service that does not run is no mistake"
    );
    assert!(
        detail.contains("no response") && mend.contains("obole serve"),
        "{document:#}"
    );

    let (_serving, _) = house.serve();
    let (code, document) = doctor(&house, &[]);
    assert_eq!(code, 0, "{document:#}");
    assert_eq!(finding(&document, "public address").0, "ok", "{document:#}");
}

#[test]
fn what_is_wrong_is_named_with_its_remedy_and_the_rest_is_still_examined() {
    let house = House::new("ailing", &[]);
    house.with_a_shop();
    let key = std::fs::read_to_string(house.data.join("secret.key")).unwrap();
    std::fs::remove_file(house.data.join("secret.key")).unwrap();
    // It takes connections and never greets.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let smtp = format!("smtp://{}", silent.local_addr().unwrap());
    // A folder below a file can be made by nobody, not even by root.
    let bank = house.data.join("a-file");
    std::fs::write(&bank, "").unwrap();
    let bank = bank.join("bank").display().to_string();

    let (code, document) = doctor(
        &house,
        &[
            ("OBOLE_METRICS_LISTEN", "nowhere"),
            ("OBOLE_PUBLIC_URL", "http://obole.example"),
            ("OBOLE_SMTP_URL", &smtp),
            ("OBOLE_BANK_DIR", &bank),
        ],
    );
    assert_eq!((code, &document["ok"]), (1, &Value::Bool(false)));
    assert_wrong(
        &document,
        "settings",
        "OBOLE_METRICS_LISTEN",
        "127.0.0.1:9464",
    );
    assert_wrong(&document, "key", "secret.key is missing", "backup");
    assert_wrong(&document, "public address", "not https", "OBOLE_PUBLIC_URL");
    assert_wrong(&document, "mail", "says nothing within", "OBOLE_SMTP_URL");
    assert_wrong(
        &document,
        "bank folder",
        "cannot be written",
        "OBOLE_BANK_DIR",
    );
    assert_eq!(finding(&document, "database").0, "ok", "{document:#}");
    assert!(
        !house.data.join("secret.key").exists(),
        "the doctor made a key"
    );

    let stopped = format!("postgres://obole@127.0.0.1:{}/obole", free_port());
    let (code, document) = doctor(
        &house,
        &[
            ("DATABASE_URL", &stopped),
            ("OBOLE_SECRET_KEY", key.trim()),
            ("OBOLE_PUBLIC_URL", "https://obole.example/shop?a=b"),
        ],
    );
    assert_eq!(code, 1);
    assert_wrong(&document, "database", "cannot be reached", "DATABASE_URL");
    assert_wrong(
        &document,
        "public address",
        "a path or a query",
        "https://obole.example",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_of_an_earlier_build_is_refused_in_words() {
    let house = House::new("earlier", &[]);
    let demo = house.data.join("demo");
    let of_the_demo = |arguments: &[&str]| {
        let mut command = house.command(arguments);
        let output = command.env("OBOLE_DATA", &demo).output().unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    assert_eq!(of_the_demo(&["migrate"]).0, 0);
    let cluster = Cluster::attach(&demo, &[]).await.unwrap();
    let mut owner = cluster.options("obole").connect().await.unwrap();
    sqlx::query("update _sqlx_migrations set checksum = '\\x00' where version = 2")
        .execute(&mut owner)
        .await
        .unwrap();
    drop(owner);

    let (code, said) = of_the_demo(&["merchant", "list"]);
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("before the first release") && said.contains("OBOLE_DATA"),
        "{said}"
    );
    let (code, said) = of_the_demo(&["doctor"]);
    assert_eq!(code, 1, "{said}");

    let port = free_port().to_string();
    let (code, _, said) = house.run(&["demo", "--port", &port]);
    assert!(code == 1 && said.contains("--fresh"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_balance_that_drifted_is_found_by_the_checks_and_mended_by_a_command() {
    let house = House::new("drifted", &[]);
    house.with_a_shop();
    assert_eq!(house.done(&["ledger", "rebuild"])["accounts_changed"], 0);
    let cluster = Cluster::attach(&house.data, &[]).await.unwrap();
    let mut owner = cluster.options("obole").connect().await.unwrap();
    let drifted = sqlx::query(
        "update account_balance set debits_cents = debits_cents + 100
         where account_id = (select account_id from account_balance limit 1)",
    )
    .execute(&mut owner)
    .await
    .unwrap();
    assert_eq!(drifted.rows_affected(), 1);
    assert_eq!(house.run(&["check"]).0, 1);
    assert_eq!(house.done(&["ledger", "rebuild"])["accounts_changed"], 1);
    assert_eq!(house.run(&["check"]).0, 0);
    // A stored balance that is missing is written anew.
    let deleted = sqlx::query(
        "delete from account_balance
         where account_id = (select account_id from account_balance limit 1)",
    )
    .execute(&mut owner)
    .await
    .unwrap();
    assert_eq!(deleted.rows_affected(), 1);
    assert_eq!(house.run(&["check"]).0, 1);
    assert_eq!(house.done(&["ledger", "rebuild"])["accounts_changed"], 1);
    assert_eq!(house.run(&["check"]).0, 0);
}
