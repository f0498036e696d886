//! What was answered is kept: the program and its PostgreSQL are killed under load, and every 200
//! that a client wrote down must be in the inbox and in the books exactly once. `OBOLE_KILLS=50`
//! asks for more than the few of each run.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use obole::db::private::Cluster;
use serde_json::json;
use sqlx::ConnectOptions as _;

use crate::program::{House, free_port};
use crate::shop::{Shop, checkout};
use crate::support::tool;

/// What a client was promised, on disk before anything else happens.
struct Oracle {
    file: std::sync::Mutex<std::fs::File>,
    acknowledged: AtomicUsize,
}

impl Oracle {
    fn note(&self, order: &str) {
        let mut file = self.file.lock().unwrap();
        writeln!(file, "{order}").unwrap();
        file.sync_data().unwrap();
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits until more was acknowledged.
    async fn grows(&self, by: usize) {
        let target = self.acknowledged.load(Ordering::Relaxed) + by;
        let grown = async {
            while self.acknowledged.load(Ordering::Relaxed) < target {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(120), grown)
            .await
            .expect("the service takes events again");
    }
}

/// One client: new orders, each sent under one id until it is taken.
async fn client(n: usize, shop: Shop, oracle: Arc<Oracle>, stop: Arc<AtomicBool>) {
    for order in 0.. {
        let order = format!("C{n}-{order}");
        let event = checkout(&order, |e| {
            e["data"]["donor"]["email"] = format!("client{n}@example.org").into()
        })
        .to_string()
        .into_bytes();
        loop {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            match shop.request(&order, event.clone()).send().await {
                Ok(answer) if answer.status() == 200 => break oracle.note(&order),
                Ok(answer) => assert_eq!(
                    answer.status(),
                    503,
                    "nothing else is answered while something is away"
                ),
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }
}

/// Of the orders that were acknowledged, those that are not in the inbox and in the books once.
async fn lost_or_doubled(house: &House, acknowledged: &[String]) -> Vec<String> {
    let cluster = Cluster::attach(&house.data, &[]).await.unwrap();
    let mut db = cluster.options("obole").connect().await.unwrap();
    sqlx::query_scalar(
        "select o from unnest($1::text[]) o
         where (select count(*) from inbox_event where delivery_key = o) <> 1
           or (select count(*) from donation d join transfer t on t.fact_id = d.donation_id
             where order_id = o) <> 1",
    )
    .bind(acknowledged)
    .fetch_all(&mut db)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_killed_under_load_nothing_acknowledged_is_lost_or_doubled() {
    let kills: usize = std::env::var("OBOLE_KILLS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(4);
    let port = free_port();
    let house = House::new("durable", &[("OBOLE_LISTEN", format!("127.0.0.1:{port}"))]);
    let added = house.with_a_shop();
    let shop = Shop::of(
        added["webhook_url"].as_str().unwrap(),
        added["secret"].as_str().unwrap(),
    );
    let path = house.data.join("acknowledged");
    let oracle = Arc::new(Oracle {
        file: std::fs::File::create(&path).unwrap().into(),
        acknowledged: AtomicUsize::new(0),
    });
    let stop = Arc::new(AtomicBool::new(false));
    let (mut serving, _) = house.serve();
    let clients: Vec<_> = (0..16)
        .map(|n| tokio::spawn(client(n, shop.clone(), oracle.clone(), stop.clone())))
        .collect();

    for n in 0..kills {
        // A different moment each time, told by the load itself.
        oracle.grows(20 + 37 * (n % 7)).await;
        if n % 2 == 0 {
            serving.0.kill().unwrap();
            serving.0.wait().unwrap();
            serving = house.serve().0;
        } else {
            let pid = std::fs::read_to_string(postmaster(&house))
                .unwrap()
                .lines()
                .next()
                .unwrap()
                .to_owned();
            tool("kill", "procps", &["-KILL", &pid]);
        }
    }
    oracle.grows(100).await;
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    assert!(
        (0..500).any(|_| house.run(&["inbox", "list", "--state", "queued"]).1 == json!([])),
        "the poster takes what waits"
    );

    let acknowledged: Vec<String> = std::fs::read_to_string(&path)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    let lost = lost_or_doubled(&house, &acknowledged).await;
    assert!(
        lost.is_empty(),
        "{} of {} acknowledged events are lost or doubled: {lost:?}",
        lost.len(),
        acknowledged.len()
    );
    assert_eq!(house.done(&["check"])["ok"], true);
    println!(
        "{} events acknowledged over {kills} kills: each is in the inbox and in the books once",
        acknowledged.len()
    );
    tool("kill", "procps", &["-TERM", &serving.0.id().to_string()]);
    assert!(serving.0.wait().unwrap().success());
}

/// Where the private server keeps its process id: in the data folder, or beside the system's when
/// that is closed to it.
fn postmaster(house: &House) -> std::path::PathBuf {
    let near = house.data.join("postgres/postmaster.pid");
    if near.exists() {
        return near;
    }
    let key = obole::values::derived_id(&house.data.canonicalize().unwrap().to_string_lossy())
        .simple()
        .to_string();
    std::path::Path::new("/var/lib/obole")
        .join(key)
        .join("postgres/postmaster.pid")
}
