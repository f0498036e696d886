//! A PostgreSQL of one's own: a login that is no superuser, several processes, secrets that come
//! from files.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU16, Ordering};

use obole::db::private::Cluster;
use sqlx::ConnectOptions as _;

use crate::program::{Beside, House, free_port};
use crate::shop::{Shop, checkout};

/// Any 32 bytes.
const KEY: &str = "b3V0c2lkZW91dHNpZGVvdXRzaWRlb3V0c2lkZW91dHM=";

static NEXT: AtomicU16 = AtomicU16::new(0);

/// A PostgreSQL that Obole did not start, with an empty database whose owner is no superuser.
struct OutsideDatabase {
    url: String,
    /// Stopped when the test ends.
    cluster: Cluster,
}

impl OutsideDatabase {
    async fn start() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("outside-cluster-{}-{number}", std::process::id()));
        drop(std::fs::remove_dir_all(&home));
        let cluster = Cluster::attach(&home, &[]).await.unwrap();
        let socket = cluster.socket().display().to_string().replace('/', "%2F");
        let database = Self {
            url: format!("postgres://shopkeeper:a%20b@{socket}:5432/money"),
            cluster,
        };
        database
            .administered(&[
                "create role shopkeeper login createrole password 'a b'",
                "create database money owner shopkeeper",
            ])
            .await;
        database
    }

    /// Runs statements as the server's administrator.
    async fn administered(&self, statements: &[&'static str]) {
        let mut admin = self.cluster.options("postgres").connect().await.unwrap();
        for statement in statements {
            sqlx::query(*statement).execute(&mut admin).await.unwrap();
        }
    }

    /// A house that uses it.
    fn house(&self, name: &str, settings: &[(&'static str, String)]) -> House {
        let mut all = vec![("DATABASE_URL", self.url.clone())];
        all.extend_from_slice(settings);
        House::new(name, &all)
    }
}

/// Starts one part of the service; returns it with its address once it listens.
fn serve(house: &House, part: &str) -> (Beside, String) {
    let address = format!("127.0.0.1:{}", free_port());
    let mut command = house.command(&["serve", "--only", part]);
    command
        .env("OBOLE_LISTEN", &address)
        .env("OBOLE_METRICS_LISTEN", "127.0.0.1:0");
    let (serving, _) = House::listening(command);
    (serving, format!("http://{address}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_without_superuser_rights_is_enough() {
    let database = OutsideDatabase::start().await;
    let without_key = database.house("outside-keyless", &[]);
    let (code, _, said) = without_key.run(&["merchant", "list"]);
    assert_eq!(code, 2, "{said}");
    assert!(
        said.contains("OBOLE_SECRET_KEY: required with DATABASE_URL"),
        "{said}"
    );

    // Two processes migrate the empty database at the same moment.
    let house = database.house("outside", &[("OBOLE_SECRET_KEY", KEY.to_owned())]);
    house.done_at_once(2, &["migrate"]);
    assert!(
        !house.data.join("secret.key").exists(),
        "the setting gives the key"
    );
    assert!(
        !house.data.join("postgres").exists(),
        "no private cluster beside it"
    );

    house.with_a_shop();
    assert_eq!(house.done(&["check"])["ok"], true);
    assert_eq!(rights(&house)["verdict"], "ok");
}

/// The doctor's finding on rights.
fn rights(house: &House) -> serde_json::Value {
    let (_, document, _) = house.run(&["doctor"]);
    let findings = document["findings"].as_array().unwrap();
    let finding = findings.iter().find(|f| f["name"] == "rights");
    finding.unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_who_may_make_no_roles_is_told_what_an_administrator_grants() {
    let database = OutsideDatabase::start().await;
    let no_roles = "alter role shopkeeper nocreaterole";
    database.administered(&[no_roles]).await;
    let house = database.house("outside-granted", &[("OBOLE_SECRET_KEY", KEY.to_owned())]);
    let before = rights(&house);
    assert_eq!(before["verdict"], "wrong");
    let mend = before["mend"].as_str().unwrap();
    assert!(mend.ends_with("create role obole_app nologin; grant obole_app to shopkeeper"));

    database
        .administered(&["create role obole_app nologin"])
        .await;
    let half = rights(&house);
    assert_eq!(half["verdict"], "wrong", "{half}");
    let mend = half["mend"].as_str().unwrap();
    assert!(mend.ends_with("grant obole_app to shopkeeper"), "{half}");
    assert_eq!(house.run(&["migrate"]).0, 1, "nothing works without it");

    database
        .administered(&["grant obole_app to shopkeeper"])
        .await;
    assert_eq!(rights(&house)["verdict"], "ok");
    house.done(&["migrate"]);
    assert_eq!(house.done(&["check"])["ok"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn web_intake_and_worker_share_the_work_in_three_processes() {
    let database = OutsideDatabase::start().await;
    let house = database.house("outside-parts", &[("OBOLE_SECRET_KEY", KEY.to_owned())]);
    let added = house.with_a_shop();
    let (_web, web) = serve(&house, "web");
    let (_intake, intake) = serve(&house, "intake");
    let (_worker, worker) = serve(&house, "worker");
    let merchant_at = |base: &str| {
        let path = format!("{base}/webhooks/{}", added["endpoint_id"].as_str().unwrap());
        Shop::of(&path, added["secret"].as_str().unwrap())
    };
    let http = merchant_at(&intake).http;
    let status = async |url: String| http.get(url).send().await.unwrap().status().as_u16();
    for base in [&web, &intake, &worker] {
        assert_eq!(status(format!("{base}/readyz")).await, 200, "{base}");
    }
    assert_eq!(status(format!("{web}/causes")).await, 200);
    assert_eq!(
        status(format!("{intake}/causes")).await,
        404,
        "pages are another part"
    );

    let event = checkout("FR-1", |_| ());
    for other in [&web, &worker] {
        let (status, _) = merchant_at(other).send("evt-1", &event).await;
        assert_eq!(status, 404, "webhooks are another part");
    }
    assert_eq!(merchant_at(&intake).send("evt-1", &event).await.0, 200);
    let posted = ["inbox", "list", "--state", "posted"];
    assert!(
        (0..500).any(|_| house
            .done(&posted)
            .as_array()
            .is_some_and(|events| events.len() == 1)),
        "the worker's process posts what the intake's took"
    );
    assert_eq!(house.done(&["check"])["ok"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_come_from_files_and_a_missing_file_is_named() {
    let database = OutsideDatabase::start().await;
    let house = database.house("outside-files", &[("OBOLE_SECRET_KEY", KEY.to_owned())]);
    house.done(&["migrate"]);
    std::fs::create_dir_all(&house.data).unwrap();
    let file = |name: &str, content: &str| {
        let path = house.data.join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    let secret = file("secret", "shpss_0123456789abcdef0123456789abcdef\n");
    let add = ["merchant", "add", "--email", "compta@boutique.example"];

    let shopify = [
        "--name",
        "Boutique",
        "--dialect",
        "shopify",
        "--secret-file",
        &secret,
    ];
    let added = house.done(&[&add[..], &shopify].concat());
    assert_eq!(added["secret"], "shpss_0123456789abcdef0123456789abcdef");

    let token = file("token", "a-token-for-the-api\n");
    let hash = ["--setting", "store_hash=abc123", "--api-token-file", &token];
    let bigcommerce = ["--name", "Grande", "--dialect", "bigcommerce"];
    house.done(&[&add[..], &bigcommerce, &hash].concat());

    let rotated = file("rotated", "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\n");
    let rotate = [
        "merchant",
        "rotate-secret",
        "boutique",
        "--secret-file",
        &rotated,
    ];
    assert_eq!(
        house.done(&rotate)["secret"],
        "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"
    );

    let missing = ["--name", "Autre", "--secret-file", "/nowhere/secret"];
    let (code, _, said) = house.run(&[&add[..], &missing].concat());
    assert!(code == 1 && said.contains("/nowhere/secret"), "{said}");
    assert_eq!(
        house.done(&["merchant", "list"]).as_array().unwrap().len(),
        2
    );
}
