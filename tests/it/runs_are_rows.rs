//! Every run is a row: what, who, when, how it ended. One that is cut short shows, and the next one
//! completes it; of two at once one works; a dry run writes nothing at all.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use chrono::Utc;
use obole::app::App;
use obole::audit::Actor;
use obole::run_log::{self, LoggedRun, RunState};
use obole::runs::{self, ReceiptOptions, RunUnderWay};
use obole::values::Reader;
use serde_json::{Value, json};

use crate::program::{House, free_port};
use crate::shop::Service;
use crate::steps::{bank_day, collect, give, import, month, on, paid, pay_out};

async fn logged(s: &Service, open_only: bool) -> Vec<LoggedRun> {
    let mut db = s.world.db.acquire().await.unwrap();
    run_log::list(&mut db, Reader::System, open_only)
        .await
        .unwrap()
}

/// A donation of twenty euros in January.
async fn given(s: &Service) {
    give(s, "O-1", "2025-01-10T10:00:00Z", "20.00", "zoe@example.org").await;
}

#[tokio::test]
async fn every_run_is_a_row_with_who_what_and_its_sums() {
    let s = Service::start().await;
    let operators = s.operators().await;
    given(&s).await;
    let person = App {
        starter: Actor {
            who: "lea@obole.example".into(),
            source: "127.0.0.1".into(),
        },
        ..s.app.clone()
    };
    let (day, period) = (on("2025-02-02"), month("2025-01-01"));
    let run = runs::run_collections(&person, Utc::now(), day, period).await;
    let asked = run.unwrap().collections;
    import(&s, bank_day(&s, day, &[paid(&asked[0])]).unwrap()).await;
    pay_out(&s, on("2025-02-03"), &operators).await;
    let options = ReceiptOptions::default();
    runs::run_receipts(&s.app, Utc::now(), on("2025-02-04"), period, options)
        .await
        .unwrap();
    let early = runs::run_collections(&s.app, Utc::now(), on("2025-01-20"), period).await;
    assert!(early.is_err(), "the month is not over");

    let log = logged(&s, false).await;
    let kinds: Vec<&str> = log.iter().map(|r| r.kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "collections",
            "bank-import",
            "payouts",
            "bank-import",
            "receipts",
            "collections"
        ]
    );
    let first = &log[0];
    assert_eq!(first.arguments, json!({"period": "2025-01"}));
    assert_eq!((first.on, first.state), (day, RunState::Done));
    assert_eq!(first.started_by, "lea@obole.example");
    assert_eq!(log[1].started_by, "obole");
    let sums = json!({"collections": 1, "total": "20.00", "set_aside": 0});
    assert_eq!(first.result, Some(sums));
    assert!(first.ended_at.unwrap() >= first.began_at);
    assert_eq!(log[1].result.as_ref().unwrap()["matched"], 1);
    assert_eq!(log[2].result.as_ref().unwrap()["total"], "20.00");
    assert_eq!(log[4].result.as_ref().unwrap()["issued"], 1);
    assert_eq!(log[5].state, RunState::Failed);
    assert!(log[5].error.as_ref().unwrap().contains("is not over"));

    // What failed is open until a run of the same is done.
    assert_eq!(logged(&s, true).await.len(), 1);
    collect(&s, day, period).await;
    assert_eq!(logged(&s, true).await.len(), 0);
    let completed = logged(&s, false).await;
    assert_eq!(completed[5].completed_by, Some(completed[6].run_id));
    let facts = "select count(*) from run r join run_end e using (run_id)";
    assert_eq!(s.count(facts).await, 7);
    s.checked().await;
}

/// Waits until a run is under way.
async fn under_way(s: &Service) {
    let begins = async {
        while !(logged(s, true).await.iter()).any(|r| r.state == RunState::UnderWay) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), begins)
        .await
        .expect("the run begins");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_runs_at_once_one_works_and_the_other_says_which_and_since_when() {
    let s = Service::start().await;
    given(&s).await;
    let (day, period) = (on("2025-02-02"), month("2025-01-01"));
    // What the first one needs is held, so that it cannot end.
    let mut held = s.world.db.begin().await.unwrap();
    obole::db::settlement_lock::lock_exclusive(&mut held)
        .await
        .unwrap();
    let app = s.app.clone();
    let first =
        tokio::spawn(async move { runs::run_collections(&app, Utc::now(), day, period).await });
    under_way(&s).await;
    let run_id = logged(&s, true).await[0].run_id;
    for (period, same) in [(period, true), (period.previous(), false)] {
        let refused = runs::run_collections(&s.app, Utc::now(), day, period).await;
        let refused = refused.unwrap_err();
        let words = refused.to_string();
        assert!(words.contains(&run_id.to_string()), "{words}");
        assert!(words.contains("under way since 20"), "{words}");
        let refused: &RunUnderWay = refused.downcast_ref().unwrap();
        assert_eq!((refused.same, refused.run_id), (same, run_id));
    }
    // A run of another kind is not kept from its work.
    let nothing = runs::preview_import(&s.app, Utc::now(), &[]).await;
    assert!(nothing.is_err(), "no file");
    held.rollback().await.unwrap();
    assert_eq!(first.await.unwrap().unwrap().collections.len(), 1);
    assert_eq!(s.count("select count(*) from run").await, 1);
    assert_eq!(logged(&s, true).await.len(), 0);
    s.checked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_cut_short_shows_leaves_no_lock_and_the_next_one_completes_it() {
    let s = Service::start().await;
    given(&s).await;
    let (day, period) = (on("2025-02-02"), month("2025-01-01"));
    let mut held = s.world.db.begin().await.unwrap();
    obole::db::settlement_lock::lock_exclusive(&mut held)
        .await
        .unwrap();
    let app = s.app.clone();
    let first =
        tokio::spawn(async move { runs::run_collections(&app, Utc::now(), day, period).await });
    under_way(&s).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let forgotten = async {
        while logged(&s, true).await[0].state != RunState::CutShort {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), forgotten)
        .await
        .expect("the lock goes with its connection");
    held.rollback().await.unwrap();
    assert_eq!(collect(&s, day, period).await.len(), 1);
    let log = logged(&s, false).await;
    assert_eq!(log[0].state, RunState::CutShort);
    assert_eq!(log[0].completed_by, Some(log[1].run_id));
    assert_eq!(logged(&s, true).await.len(), 0);
    s.checked().await;
}

/// How many rows each table has.
async fn rows(s: &Service) -> BTreeMap<String, i64> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'public' and c.relkind = 'r'",
    )
    .fetch_all(&s.world.owner)
    .await
    .unwrap();
    let mut rows = BTreeMap::new();
    for table in tables {
        let count = format!("select count(*) from {table}");
        let count = sqlx::query_scalar(sqlx::AssertSqlSafe(count))
            .fetch_one(&s.world.owner)
            .await
            .unwrap();
        rows.insert(table, count);
    }
    rows
}

/// Every file of a folder, at any depth.
fn files(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut all: Vec<String> = entries
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => files(&path),
                false => vec![path.display().to_string()],
            }
        })
        .collect();
    all.sort();
    all
}

#[tokio::test]
async fn a_dry_run_tells_what_the_run_then_does_and_writes_nothing_at_all() {
    let s = Service::start().await;
    let operators = s.operators().await;
    given(&s).await;
    let (now, day, period) = (Utc::now(), on("2025-02-02"), month("2025-01-01"));
    let state = async || (rows(&s).await, files(&s.app.settings.data));

    let before = state().await;
    let dry = runs::preview_collections(&s.app, now, day, period).await;
    let dry = dry.unwrap().collections;
    assert_eq!(state().await, before);
    let done = collect(&s, day, period).await;
    let shown = |c: &obole::collections::Collection| {
        (c.merchant.clone(), c.count, c.amount.clone(), c.state)
    };
    assert_eq!(
        dry.iter().map(shown).collect::<Vec<_>>(),
        done.iter().map(shown).collect::<Vec<_>>()
    );
    assert_eq!((dry[0].reference.as_str(), &dry[0].file), ("", &None));
    let again = runs::preview_collections(&s.app, now, day, period).await;
    let again = again.unwrap().collections;
    assert_eq!(again[0].reference, done[0].reference, "it is there now");

    let statement = bank_day(&s, day, &[paid(&done[0])]).unwrap();
    let before = state().await;
    let twice = [statement.clone(), statement.clone()];
    let dry = runs::preview_import(&s.app, now, &twice).await.unwrap();
    assert_eq!(state().await, before);
    let counts = dry
        .files
        .iter()
        .map(|f| (f.imported.matched, f.imported.known));
    assert_eq!(counts.collect::<Vec<_>>(), [(1, 0), (0, 1)]);
    let imported = import(&s, statement).await;
    assert_eq!(imported, dry.files[0].imported);

    let before = state().await;
    let dry = runs::preview_payouts(&s.app, now, on("2025-02-03")).await;
    assert_eq!(state().await, before);
    let paid = pay_out(&s, on("2025-02-03"), &operators).await;
    let dry: Vec<_> = dry
        .unwrap()
        .into_iter()
        .map(|p| (p.association.unwrap_or_default(), p.amount))
        .collect();
    assert_eq!(dry, paid);

    let before = state().await;
    let options = ReceiptOptions {
        dry_run: true,
        ..ReceiptOptions::default()
    };
    let dry = runs::run_receipts(&s.app, now, on("2025-02-04"), period, options).await;
    assert_eq!(dry.unwrap().issued, 1);
    assert_eq!(state().await, before);
    s.checked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_run_dry_with_the_same_shape_and_the_log_names_the_systems_user() {
    let settings = [("OBOLE_LISTEN", format!("127.0.0.1:{}", free_port()))];
    let house = House::new("runs-dry", &settings);
    house.with_a_shop();
    let collections = ["collections", "run", "--period", "2025-01"];
    let payouts = ["payouts", "run"];
    let receipts = ["receipts", "run", "--period", "2025-01"];
    let keys = |document: &Value| {
        let keys = document.as_object().unwrap().keys();
        let keys = keys.filter(|k| *k != "dry_run").cloned();
        keys.collect::<Vec<_>>()
    };
    for command in [&collections[..], &payouts[..], &receipts[..]] {
        let before = house.done(&["runs"]);
        let dry = house.done(&[command, &["--dry-run"]].concat());
        assert_eq!(house.done(&["runs"]), before, "a dry run is no run");
        assert_eq!(dry["dry_run"], true);
        assert_eq!(keys(&house.done(command)), keys(&dry));
        let log = house.done(&["runs"]);
        let run = log.as_array().unwrap().last().unwrap();
        let user = run["started_by"].as_str().unwrap();
        assert!(user.starts_with("system user "), "{user}");
    }
    assert_eq!(house.done(&["runs", "--open"]), json!([]));
    house.done(&["check"]);
}
