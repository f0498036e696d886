//! The key belongs to the database: lost or wrong, nothing runs and nothing is written; an empty
//! schema gets one.

use std::os::unix::fs::PermissionsExt as _;

use obole::db::private::Cluster;
use sqlx::ConnectOptions as _;

use crate::program::House;

/// A key of 32 bytes that belongs to no database here.
const OTHER_KEY: &str = "b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVybyE=";

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_key_stops_every_command_and_is_never_replaced() {
    let house = House::new("lost-key", &[]);
    house.with_a_shop();
    let file = house.data.join("secret.key");
    std::fs::remove_file(&file).unwrap();
    for command in [
        &["merchant", "list"][..],
        &["serve"],
        &["check"],
        &["migrate"],
    ] {
        let (code, _, said) = house.run(command);
        assert_eq!(code, 1, "{command:?}: {said}");
        for told in [
            "secret.key is missing",
            "backup",
            "OBOLE_SECRET_KEY",
            "receipts",
            "webhook",
        ] {
            assert!(
                said.contains(told),
                "{command:?} does not say {told}: {said}"
            );
        }
        assert!(!file.exists(), "{command:?} made a new key");
    }
}

/// Runs a command with a key of another database; returns its exit code and what it said.
fn run_with_other_key(house: &House, arguments: &[&str]) -> (i32, String) {
    let mut command = house.command(arguments);
    let output = command.env("OBOLE_SECRET_KEY", OTHER_KEY).output().unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_opens_nothing_and_nothing_is_written_with_it() {
    let house = House::new("wrong-key", &[]);
    house.with_a_shop();
    let file = house.data.join("secret.key");
    let key = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let (code, said) = run_with_other_key(&house, &["serve"]);
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("the key in OBOLE_SECRET_KEY does not open"),
        "{said}"
    );
    assert!(said.contains("backup"), "{said}");

    // Without the sentinel, what else is sealed decides; the right key seals it again.
    let cluster = Cluster::attach(&house.data, &[]).await.unwrap();
    let mut owner = cluster.options("obole").connect().await.unwrap();
    sqlx::query("delete from key_sentinel")
        .execute(&mut owner)
        .await
        .unwrap();
    assert_eq!(run_with_other_key(&house, &["merchant", "list"]).0, 1);
    assert_eq!(house.run(&["merchant", "list"]).0, 1);
    std::fs::write(&file, "half a key").unwrap();
    let (code, _, said) = house.run(&["merchant", "list"]);
    assert!(
        code == 1 && said.contains("does not hold 32 bytes"),
        "{said}"
    );
    assert_eq!(
        sentinels(&mut owner).await,
        0,
        "nothing is written with a wrong key"
    );

    std::fs::write(&file, key).unwrap();
    assert_eq!(
        house.done(&["merchant", "list"]).as_array().unwrap().len(),
        1
    );
    assert_eq!(sentinels(&mut owner).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_at_once_on_an_empty_folder_agree_on_one_key() {
    let house = House::new("first-key", &[]);
    house.done_at_once(4, &["migrate"]);
    house.done(&["merchant", "list"]);
    let file = house.data.join("secret.key");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let drafts: Vec<_> = std::fs::read_dir(&house.data)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("secret.") && name != "secret.key")
        .collect();
    assert!(drafts.is_empty(), "{drafts:?}");
}

async fn sentinels(owner: &mut sqlx::PgConnection) -> i64 {
    sqlx::query_scalar("select count(*) from key_sentinel")
        .fetch_one(owner)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_without_its_database_is_no_empty_ledger() {
    let house = House::new("key-alone", &[]);
    std::fs::create_dir_all(&house.data).unwrap();
    std::fs::write(house.data.join("secret.key"), OTHER_KEY).unwrap();
    for command in [&["merchant", "list"][..], &["check"], &["migrate"]] {
        let (code, _, said) = house.run(command);
        assert_eq!(code, 1, "{command:?}: {said}");
        assert!(
            said.contains("has a key") && said.contains("restore"),
            "{said}"
        );
    }
    let (code, document, _) = house.run(&["doctor"]);
    assert!(
        code == 1 && document.to_string().contains("has a key"),
        "{document:#}"
    );
    assert!(!house.data.join("postgres").exists());
}
