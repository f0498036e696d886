//! Speed in what can be counted, so that noise fails nobody: transactions and log bytes; and the bench itself, in short.

use obole::worker;
use serde_json::Value;

use crate::program::House;
use crate::shop::{Service, checkout};

#[tokio::test]
async fn a_thousand_events_are_posted_in_a_few_transactions() {
    let s = Service::start_with(|_| ()).await;
    let endpoint = sqlx::query_scalar::<_, uuid::Uuid>("select endpoint_id from endpoint").fetch_one(&s.world.db).await.unwrap();
    let bodies: Vec<Vec<u8>> = (0..1000)
        .map(|n| {
            checkout(&format!("W-{n}"), |e| e["data"]["donor"]["email"] = format!("d{}@example.org", n % 100).into())
                .to_string()
                .into_bytes()
        })
        .collect();
    // The queue is filled in one transaction, so that the service's own poster finds all of it or nothing.
    sqlx::query(
        "with input as (select gen_random_uuid() as event_id, b, n, now() as at from unnest($1::bytea[]) with ordinality x(b, n)),
           e as (insert into inbox_event select $2, 'w' || n, event_id, sha256(b), at from input), k as (insert into inbox_body select event_id, at, b, '{}' from input)
         insert into inbox_queue (event_id, endpoint_id, received_at) select event_id, $2, at from input",
    )
    .bind(&bodies)
    .bind(endpoint)
    .execute(&s.world.db)
    .await
    .unwrap();
    worker::drain(&s.world.db).await.unwrap();
    s.posted().await;
    // A row's xmin is the transaction that wrote it.
    let spent = s.count("select count(distinct xmin::text) from donation").await;
    assert_eq!(s.balance("merchant_receivable:librairie").await, 100_000);
    println!("1000 events posted in {spent} transactions");
    assert!((1..=4).contains(&spent), "{spent} transactions for a thousand events: posting is no longer by sets");
    s.checked().await;
}

#[test]
fn the_bench_runs_and_finds_every_acknowledged_event() {
    let house = House::new("bench", &[]);
    let document = house.done(&["bench", "--only", "S1,S2,S3,S5,S9", "--seconds", "1", "--connections", "16", "--events", "2000"]);
    let results = document["results"].as_array().unwrap();
    for r in results {
        println!("{} {}: {} {} (ratio {}, p99 {} ms)", r["id"], r["what"], r["value"], r["unit"], r["ratio"], r["p99_ms"]);
    }
    for id in ["S1", "S2", "S3", "S5", "S9"] {
        assert!(results.iter().any(|r| r["id"] == id && r["value"].as_f64().unwrap() > 0.0), "{id}");
    }
    assert_ne!(results[0]["ratio"], Value::Null);
    // Donation, transfer, their indexes, the end of the queue: what one event writes is counted, and no noise changes it much.
    let logged = results.iter().find(|r| r["id"] == "S3").unwrap()["wal_bytes"].as_f64().unwrap();
    println!("S3 writes {logged} bytes of log an event");
    assert!(logged < 2500.0, "{logged} bytes of log an event");
}
