//! The load: signed requests made ahead, sent over kept connections; latency counts from the moment a request should have left.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use chrono::Utc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::world::World;
use crate::app::App;
use crate::inbox::signature::sign;
use crate::values::DonationId;

/// Requests made ahead.
pub struct Load {
    address: SocketAddr,
    requests: Vec<Request>,
    /// The status that counts as an answer.
    expected: u16,
}

/// The bytes to send, the order they tell and the donation it becomes.
struct Request {
    order: String,
    donation: DonationId,
    bytes: Vec<u8>,
}

/// What came of a load.
pub struct Run {
    began: Instant,
    ended: Instant,
    /// Orders that were answered 200.
    acknowledged: Vec<String>,
    micros: Vec<u64>,
}

static NEXT: AtomicUsize = AtomicUsize::new(0);

impl Load {
    /// Webhooks that nobody told before.
    pub fn prepare(world: &World, count: usize, address: SocketAddr) -> Self {
        Self::towards(world, count, address, None)
    }

    /// The same requests towards an endpoint that is none, which is said at once: what HTTP alone costs, sender and service together.
    pub fn refused_at_once(world: &World, count: usize, address: SocketAddr) -> Self {
        Self::towards(world, count, address, Some("/webhooks/none"))
    }

    fn towards(world: &World, count: usize, address: SocketAddr, page: Option<&str>) -> Self {
        let first = NEXT.fetch_add(count, Ordering::Relaxed);
        let at = Utc::now().timestamp().to_string();
        let requests = (first..first + count)
            .map(|n| {
                let (shop, order, body) = world.event(n);
                let signature = sign(&shop.secret, &order, &at, body.as_bytes());
                let path = page.map_or_else(|| format!("/webhooks/{}", shop.endpoint_id), str::to_owned);
                let bytes = format!(
                    "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\nwebhook-id: {order}\r\nwebhook-timestamp: {at}\r\nwebhook-signature: {signature}\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
                Request { donation: DonationId::of_order(shop.merchant_id, &order), order, bytes: bytes.into_bytes() }
            })
            .collect();
        Self {
            address,
            requests,
            expected: if page.is_some() { 404 } else { 200 },
        }
    }

    /// Each connection sends its next request as soon as the last is answered.
    pub async fn until_tired(self, connections: usize, lasting: Duration) -> anyhow::Result<Run> {
        alone(async move { self.send_until_tired(connections, lasting).await }).await
    }

    async fn send_until_tired(self, connections: usize, lasting: Duration) -> anyhow::Result<Run> {
        let (address, next, requests, expected) = (
            self.address,
            Arc::new(AtomicUsize::new(0)),
            Arc::new(self.requests),
            self.expected,
        );
        let began = Instant::now();
        let mut senders = JoinSet::new();
        for _ in 0..connections {
            let (next, requests) = (next.clone(), requests.clone());
            senders.spawn(async move {
                let mut connection = Connection::open(address).await?;
                let mut done = Vec::new();
                while began.elapsed() < lasting {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    let request = requests.get(n).context(
                        "the prepared requests ran out: the load is faster than foreseen",
                    )?;
                    let sent = Instant::now();
                    if connection.send(&request.bytes).await? == expected {
                        done.push((request.order.clone(), sent.elapsed()));
                    }
                }
                anyhow::Ok(done)
            });
        }
        Run::gather(began, senders).await
    }

    /// Requests leave at a rate, whether or not the earlier ones are answered yet; also measures when a sample of them is in the books.
    pub async fn at_a_rate(
        self,
        app: &App,
        a_second: f64,
        connections: usize,
        lasting: Duration,
    ) -> anyhow::Result<(Run, Run)> {
        let (address, requests, expected) = (self.address, Arc::new(self.requests), self.expected);
        let (samples, sampled) = mpsc::unbounded_channel();
        let watcher = tokio::spawn(watch(app.clone(), sampled));
        let began = Instant::now() + Duration::from_millis(50);
        let mut senders = JoinSet::new();
        for first in 0..connections {
            let (requests, samples) = (requests.clone(), samples.clone());
            senders.spawn(async move {
                let mut connection = Connection::open(address).await?;
                let mut done = Vec::new();
                for n in (first..).step_by(connections) {
                    let due = began + Duration::from_secs_f64(n as f64 / a_second);
                    if due - began > lasting {
                        break;
                    }
                    tokio::time::sleep_until(due.into()).await;
                    let request = requests.get(n).context("the prepared requests ran out")?;
                    if connection.send(&request.bytes).await? == expected {
                        done.push((request.order.clone(), due.elapsed()));
                        if n % 200 == 0 {
                            samples.send((request.donation, due))?;
                        }
                    }
                }
                anyhow::Ok(done)
            });
        }
        drop(samples);
        Ok((Run::gather(began, senders).await?, watcher.await??))
    }
}

/// Runs the load on one thread of its own: it shares the machine with what it measures, and wakes nobody else.
async fn alone<T: Send + 'static>(
    load: impl Future<Output = anyhow::Result<T>> + Send + 'static,
) -> anyhow::Result<T> {
    let alone = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    tokio::task::spawn_blocking(move || alone.block_on(load)).await?
}

/// Waits for each sampled donation until it can be read, as the donor's page would.
async fn watch(
    app: App,
    mut sampled: mpsc::UnboundedReceiver<(DonationId, Instant)>,
) -> anyhow::Result<Run> {
    let began = Instant::now();
    let (mut open, mut seen) = (Vec::new(), Vec::new());
    let mut more = true;
    while more || !open.is_empty() {
        while let Ok(sample) = sampled.try_recv() {
            open.push(sample);
        }
        more = !sampled.is_closed() || !sampled.is_empty();
        let ids: Vec<_> = open
            .iter()
            .map(|(id, _): &(DonationId, Instant)| id.0)
            .collect();
        let found: Vec<DonationId> =
            sqlx::query_scalar("select donation_id from donation where donation_id = any($1)")
                .bind(ids)
                .fetch_all(&app.db)
                .await?;
        let (now_seen, still): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|(id, _)| found.contains(id));
        seen.extend(
            now_seen
                .into_iter()
                .map(|(id, due)| (id.to_string(), due.elapsed())),
        );
        open = still;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(Run::of(began, seen))
}

impl Run {
    pub async fn gather(
        began: Instant,
        mut senders: JoinSet<anyhow::Result<Vec<(String, Duration)>>>,
    ) -> anyhow::Result<Self> {
        let mut all = Vec::new();
        while let Some(done) = senders.join_next().await {
            all.extend(done??);
        }
        Ok(Self::of(began, all))
    }

    fn of(began: Instant, all: Vec<(String, Duration)>) -> Self {
        let mut micros: Vec<u64> = all
            .iter()
            .map(|(_, took)| u64::try_from(took.as_micros()).unwrap_or(u64::MAX))
            .collect();
        micros.sort_unstable();
        Self {
            began,
            ended: Instant::now(),
            acknowledged: all.into_iter().map(|(order, _)| order).collect(),
            micros,
        }
    }

    pub fn count(&self) -> f64 {
        self.acknowledged.len() as f64
    }

    pub fn lasted(&self) -> Duration {
        self.ended - self.began
    }

    pub fn rate(&self) -> f64 {
        self.count() / self.lasted().as_secs_f64()
    }

    /// A percentile of the latency, in milliseconds.
    pub fn millis(&self, percentile: usize) -> f64 {
        let at = (self.micros.len() * percentile / 100).min(self.micros.len().saturating_sub(1));
        self.micros.get(at).map_or(0.0, |m| *m as f64 / 1000.0)
    }

    /// Every acknowledged event is in the inbox, once.
    pub async fn all_in_the_inbox(&self, app: &App) -> anyhow::Result<()> {
        self.all_in(app, "select count(*) from (select distinct delivery_key from inbox_event where delivery_key = any($1)) x").await
    }

    /// Every acknowledged event is in the books, once.
    pub async fn all_in_the_books(&self, app: &App) -> anyhow::Result<()> {
        self.all_in(app, "select count(*) from donation d join transfer t on t.fact_id = d.donation_id where order_id = any($1)").await
    }

    async fn all_in(&self, app: &App, sql: &'static str) -> anyhow::Result<()> {
        anyhow::ensure!(!self.acknowledged.is_empty(), "nothing was acknowledged");
        let mut found = 0;
        for part in self.acknowledged.chunks(20_000) {
            let count: i64 = sqlx::query_scalar(sql)
                .bind(part)
                .fetch_one(&app.db)
                .await?;
            found += usize::try_from(count)?;
        }
        anyhow::ensure!(
            found == self.acknowledged.len(),
            "{} were acknowledged and {found} are there",
            self.acknowledged.len()
        );
        Ok(())
    }
}

/// A kept connection that reads as little of an answer as it must.
pub struct Connection {
    tcp: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let tcp = TcpStream::connect(address).await?;
        tcp.set_nodelay(true)?;
        Ok(Self {
            tcp,
            buffer: Vec::with_capacity(4096),
        })
    }

    /// Sends a request and answers the status.
    pub async fn send(&mut self, request: &[u8]) -> anyhow::Result<u16> {
        self.tcp.write_all(request).await?;
        self.buffer.clear();
        loop {
            anyhow::ensure!(
                self.tcp.read_buf(&mut self.buffer).await? > 0,
                "the service closed the connection"
            );
            let Some(head) = self.buffer.windows(4).position(|w| w == b"\r\n\r\n") else {
                continue;
            };
            let text = std::str::from_utf8(&self.buffer[..head])?;
            let length: usize = text
                .split("\r\n")
                .find_map(|line| {
                    line.split_once(": ")
                        .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                })
                .and_then(|(_, value)| value.parse().ok())
                .context("an answer without content-length")?;
            if self.buffer.len() >= head + 4 + length {
                return Ok(text
                    .get(9..12)
                    .context("an answer without status")?
                    .parse()?);
            }
        }
    }
}
