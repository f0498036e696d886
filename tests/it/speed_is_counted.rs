//! Speed in what can be counted, so that noise fails nobody: transactions and log bytes; and the
//! bench itself, in short.

use std::hint::black_box;

use obole::inbox::endpoint::EndpointSettings;
use obole::inbox::{self, signature};
use obole::values::Dialect;
use obole::worker;

use crate::program::House;
use crate::shop::{Service, checkout, parsed};
use crate::support::tool;

/// How often the path below is walked for a count.
const TIMES: u64 = 100;

/// What every webhook costs before it is handed on: its signature is believed, its key found, its
/// body read.
#[inline(never)]
fn believed_and_read(
    headers: &[(&str, String); 3],
    body: &[u8],
    secret: &[u8],
    settings: &EndpointSettings,
) -> inbox::Event {
    let header = |name: &str| {
        headers
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, value)| value.as_str())
    };
    signature::verify(
        Dialect::Standard,
        settings,
        header,
        body,
        std::iter::once(secret),
        1_790_000_000,
    )
    .unwrap();
    black_box(inbox::delivery_key(Dialect::Standard, settings, header, body).unwrap());
    parsed(Dialect::Standard, settings, None, body).unwrap()
}

#[test]
fn a_webhook_is_believed_and_read_with_few_allocations() {
    let (secret, body) = ([7; 32], checkout("FR-1", |_| ()).to_string().into_bytes());
    let signed = signature::sign(&secret, "evt-1", "1790000000", &body);
    let headers = [
        ("webhook-id", "evt-1".to_owned()),
        ("webhook-timestamp", "1790000000".to_owned()),
        ("webhook-signature", signed),
    ];
    let settings = EndpointSettings::default();
    let mut made = 0;
    for _ in 0..TIMES {
        let counted = allocation_counter::measure(|| {
            black_box(believed_and_read(&headers, &body, &secret, &settings));
        });
        made = counted.count_total;
    }
    println!("{made} allocations to believe and read a webhook");
    assert!(
        made <= 30,
        "{made} allocations to believe and read a webhook"
    );
}

/// The same path under a simulated processor, which counts the same whatever else the machine does.
#[test]
fn the_instructions_of_a_webhook_are_counted() {
    let counts = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("callgrind.out");
    let this = std::env::current_exe().unwrap();
    let path = "it::speed_is_counted::believed_and_read";
    let arguments = [
        "--tool=callgrind",
        "--collect-atstart=no",
        &format!("--toggle-collect={path}"),
        &format!("--callgrind-out-file={}", counts.display()),
        this.to_str().unwrap(),
        "--exact",
        "speed_is_counted::a_webhook_is_believed_and_read_with_few_allocations",
    ];
    if tool("valgrind", "valgrind", &arguments).is_none() {
        return;
    }
    let counted = std::fs::read_to_string(&counts).unwrap();
    let total: u64 = counted
        .lines()
        .find_map(|l| l.strip_prefix("totals: "))
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    let each = total / TIMES;
    println!("{each} instructions to believe and read a webhook, compiled for development");
    assert!(
        (1_000..320_000).contains(&each),
        "{each} instructions to believe and read a webhook"
    );
}

#[tokio::test]
async fn a_thousand_events_are_posted_in_a_few_transactions() {
    let s = Service::start_with(|_| ()).await;
    sqlx::query("create extension pg_stat_statements")
        .execute(&s.world.owner)
        .await
        .unwrap();
    let endpoint = sqlx::query_scalar::<_, uuid::Uuid>("select endpoint_id from endpoint")
        .fetch_one(&s.world.db)
        .await
        .unwrap();
    let bodies: Vec<Vec<u8>> = (0..1000)
        .map(|n| {
            checkout(&format!("W-{n}"), |e| {
                e["data"]["donor"]["email"] = format!("d{}@example.org", n % 100).into()
            })
            .to_string()
            .into_bytes()
        })
        .collect();
    // The queue is filled in one transaction, so that the service's own poster finds all of it or
    // nothing.
    sqlx::query(
        "with input as (
             select gen_random_uuid() as event_id, b, n, now() as at
             from unnest($1::bytea[]) with ordinality x(b, n)),
           e as (insert into inbox_event
             select $2, 'w' || n, event_id, sha256(b), at from input),
           k as (insert into inbox_body select event_id, at, b, '{}' from input)
         insert into inbox_queue (event_id, endpoint_id, received_at)
         select event_id, $2, at from input",
    )
    .bind(&bodies)
    .bind(endpoint)
    .execute(&s.world.db)
    .await
    .unwrap();
    worker::process_all(&s.app).await.unwrap();
    s.posted().await;
    // A row's xmin is the transaction that wrote it.
    let spent = s
        .count("select count(distinct xmin::text) from donation")
        .await;
    assert_eq!(s.balance("merchant_receivable:librairie").await, 100_000);
    println!("1000 events posted in {spent} transactions");
    assert!(
        (1..=4).contains(&spent),
        "{spent} transactions for a thousand events: posting is no longer by sets"
    );
    // What PostgreSQL itself counted, without the statement that filled the queue.
    let (statements, logged): (i64, i64) = sqlx::query_as(
        "select sum(calls)::bigint, sum(wal_bytes)::bigint from pg_stat_statements
         where dbid = (select oid from pg_database where datname = current_database())
           and query ~ 'donation|transfer|account_balance|donor|inbox_queue'
           and query !~ 'gen_random_uuid|pg_stat_statements|create'",
    )
    .fetch_one(&s.world.owner)
    .await
    .unwrap();
    println!("1000 events posted by {statements} statements, {logged} bytes of log");
    assert!(
        (6..=70).contains(&statements),
        "{statements} statements for a thousand events"
    );
    assert!(
        (500_000..1_100_000).contains(&logged),
        "{logged} bytes of log for a thousand events"
    );
    s.checked().await;
}

#[test]
fn the_bench_runs_and_finds_every_acknowledged_event() {
    let house = House::new("bench", &[]);
    let document = house.done(&[
        "bench",
        "--only",
        "S1,S2,S3,S5,S9",
        "--seconds",
        "1",
        "--connections",
        "16",
        "--events",
        "2000",
    ]);
    let results = document["results"].as_array().unwrap();
    for r in results {
        println!(
            "{} {}: {} {} (ratio {}, p99 {} ms)",
            r["id"], r["what"], r["value"], r["unit"], r["ratio"], r["p99_ms"]
        );
    }
    for id in ["pg", "S1", "S2", "S3", "S5", "S9"] {
        assert!(
            results
                .iter()
                .any(|r| r["id"] == id && r["value"].as_f64().unwrap() > 0.0),
            "{id}"
        );
    }
    assert!(
        results
            .iter()
            .filter(|r| ["S1", "S2", "S3"].iter().any(|id| r["id"] == *id))
            .all(|r| r["ratio"].as_f64().unwrap() > 0.0)
    );
    // Donation, transfer, their indexes, the end of the queue: what one event writes is counted,
    // and no noise changes it much.
    let logged = results.iter().find(|r| r["id"] == "S3").unwrap()["wal_bytes"]
        .as_f64()
        .unwrap();
    println!("S3 writes {logged} bytes of log an event");
    assert!(logged < 1450.0, "{logged} bytes of log an event");
}
