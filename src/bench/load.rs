//! The load: signed requests, prepared beforehand and sent over open connections.
//!
//! At a fixed rate, latency counts from the moment a request was due, so that a slow response does
//! not hide the wait of the requests behind it.

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

use super::merchants::Merchants;
use crate::app::App;
use crate::inbox::signature::sign;
use crate::values::DonationId;

/// Requests that are prepared before the clock starts.
pub struct Load {
    address: SocketAddr,
    requests: Vec<PreparedRequest>,
    /// The status of a success.
    expected: u16,
}

/// The bytes to send, their order and the donation that it becomes.
struct PreparedRequest {
    order: String,
    donation: DonationId,
    bytes: Vec<u8>,
}

/// The responses to a load.
pub struct LoadResult {
    began: Instant,
    ended: Instant,
    /// The orders whose requests succeeded.
    acknowledged: Vec<String>,
    /// Latencies in microseconds, in ascending order.
    micros: Vec<u64>,
}

/// The next event that no load of this process has sent.
static NEXT: AtomicUsize = AtomicUsize::new(0);

impl Load {
    /// Webhooks of new orders.
    pub fn prepare(merchants: &Merchants, count: usize, address: SocketAddr) -> Self {
        Self::towards(merchants, count, address, None)
    }

    /// The same requests to an endpoint that does not exist, which are refused at once: what HTTP
    /// alone costs, in sender and service together.
    pub fn refused_at_once(merchants: &Merchants, count: usize, address: SocketAddr) -> Self {
        Self::towards(merchants, count, address, Some("/webhooks/none"))
    }

    fn towards(
        merchants: &Merchants,
        count: usize,
        address: SocketAddr,
        page: Option<&str>,
    ) -> Self {
        let first = NEXT.fetch_add(count, Ordering::Relaxed);
        let at = Utc::now().timestamp().to_string();
        let requests = (first..first + count)
            .map(|n| {
                let (merchant, order, body) = merchants.event(n);
                let signature = sign(&merchant.secret, &order, &at, body.as_bytes());
                let path = page.map_or_else(
                    || format!("/webhooks/{}", merchant.endpoint_id),
                    str::to_owned,
                );
                let bytes = format!(
                    "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
                     webhook-id: {order}\r\nwebhook-timestamp: {at}\r\nwebhook-signature: \
                     {signature}\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
                PreparedRequest {
                    donation: DonationId::of_order(merchant.merchant_id, &order),
                    order,
                    bytes: bytes.into_bytes(),
                }
            })
            .collect();
        Self {
            address,
            requests,
            expected: if page.is_some() { 404 } else { 200 },
        }
    }

    /// Sends as fast as responses come: each connection sends its next request after the last
    /// response.
    pub async fn at_full_speed(
        self,
        connections: usize,
        lasting: Duration,
    ) -> anyhow::Result<LoadResult> {
        on_own_thread(async move { self.send_at_full_speed(connections, lasting).await }).await
    }

    async fn send_at_full_speed(
        self,
        connections: usize,
        lasting: Duration,
    ) -> anyhow::Result<LoadResult> {
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
                let mut connection = HttpConnection::open(address).await?;
                let mut done = Vec::new();
                while began.elapsed() < lasting {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    let request = requests.get(n).context(
                        "the prepared requests ran out: the load is faster than expected",
                    )?;
                    let sent = Instant::now();
                    if connection.send(&request.bytes).await? == expected {
                        done.push((request.order.clone(), sent.elapsed()));
                    }
                }
                anyhow::Ok(done)
            });
        }
        LoadResult::gather(began, senders).await
    }

    /// Sends at a fixed rate. Also measures how long a sample of the requests takes until it is in
    /// the books.
    pub async fn at_a_rate(
        self,
        app: &App,
        a_second: f64,
        connections: usize,
        lasting: Duration,
    ) -> anyhow::Result<(LoadResult, LoadResult)> {
        let (address, requests, expected) = (self.address, Arc::new(self.requests), self.expected);
        let (samples, sampled) = mpsc::unbounded_channel();
        let watcher = tokio::spawn(watch(app.clone(), sampled));
        let began = Instant::now() + Duration::from_millis(50);
        let mut senders = JoinSet::new();
        for first in 0..connections {
            let (requests, samples) = (requests.clone(), samples.clone());
            senders.spawn(async move {
                let mut connection = HttpConnection::open(address).await?;
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
        Ok((LoadResult::gather(began, senders).await?, watcher.await??))
    }
}

/// Runs the load on one thread of its own. The load shares the machine with what it measures; on
/// several threads it would also take time to wake them.
async fn on_own_thread<T: Send + 'static>(
    load: impl Future<Output = anyhow::Result<T>> + Send + 'static,
) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    tokio::task::spawn_blocking(move || runtime.block_on(load)).await?
}

/// Measures how long each sampled donation takes until it can be read, as the donor's page would.
async fn watch(
    app: App,
    mut sampled: mpsc::UnboundedReceiver<(DonationId, Instant)>,
) -> anyhow::Result<LoadResult> {
    let began = Instant::now();
    let (mut waiting, mut seen) = (Vec::new(), Vec::new());
    let mut more = true;
    while more || !waiting.is_empty() {
        while let Ok(sample) = sampled.try_recv() {
            waiting.push(sample);
        }
        more = !sampled.is_closed() || !sampled.is_empty();
        let ids: Vec<_> = waiting
            .iter()
            .map(|(id, _): &(DonationId, Instant)| id.0)
            .collect();
        let recorded: Vec<DonationId> =
            sqlx::query_scalar("select donation_id from donation where donation_id = any($1)")
                .bind(ids)
                .fetch_all(&app.db)
                .await?;
        let (found, missing): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|(id, _)| recorded.contains(id));
        seen.extend(
            found
                .into_iter()
                .map(|(id, due)| (id.to_string(), due.elapsed())),
        );
        waiting = missing;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(LoadResult::of(began, seen))
}

impl LoadResult {
    /// Waits for all senders, each of which returns its orders and their latencies.
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

    /// How many requests succeeded.
    pub fn count(&self) -> f64 {
        self.acknowledged.len() as f64
    }

    /// How long the load lasted.
    pub fn duration(&self) -> Duration {
        self.ended - self.began
    }

    /// Successes a second.
    pub fn rate(&self) -> f64 {
        self.count() / self.duration().as_secs_f64()
    }

    /// A percentile of the latency, in milliseconds.
    pub fn millis(&self, percentile: usize) -> f64 {
        let at = (self.micros.len() * percentile / 100).min(self.micros.len().saturating_sub(1));
        self.micros.get(at).map_or(0.0, |m| *m as f64 / 1000.0)
    }

    /// Fails unless every acknowledged event is in the inbox, once.
    pub async fn ensure_in_inbox(&self, app: &App) -> anyhow::Result<()> {
        self.ensure_found(
            app,
            "select count(*) from (select distinct delivery_key
                                 from inbox_event where delivery_key = any($1)) x",
        )
        .await
    }

    /// Fails unless every acknowledged event is in the books, once.
    pub async fn ensure_in_books(&self, app: &App) -> anyhow::Result<()> {
        self.ensure_found(
            app,
            "select count(*) from donation d
                                 join transfer t on t.fact_id = d.donation_id
                                 where order_id = any($1)",
        )
        .await
    }

    async fn ensure_found(&self, app: &App, sql: &'static str) -> anyhow::Result<()> {
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

/// An open connection that reads no more of a response than it must.
pub struct HttpConnection {
    tcp: TcpStream,
    buffer: Vec<u8>,
}

impl HttpConnection {
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let tcp = TcpStream::connect(address).await?;
        tcp.set_nodelay(true)?;
        Ok(Self {
            tcp,
            buffer: Vec::with_capacity(4096),
        })
    }

    /// Sends a request; returns the status of the response.
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
                .context("a response without content-length")?;
            if self.buffer.len() >= head + 4 + length {
                return Ok(text
                    .get(9..12)
                    .context("a response without status")?
                    .parse()?);
            }
        }
    }
}
