//! Pages and API lists on full books: each at fifty requests a second, for donors and merchants in
//! turn.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use chrono::Utc;
use tokio::task::JoinSet;

use super::books::{BookFill, fill_books, vacuum_and_checkpoint};
use super::load::{HttpConnection, LoadResult};
use super::merchants::Merchants;
use super::posting;
use super::service_process::ServiceProcess;
use crate::app::App;
use crate::parties::sign_in;
use crate::values::Email;

/// Requests a second to each page.
const RATE: f64 = 50.0;
/// How many of the donors are signed in.
const SIGNED_IN: usize = 100;
/// Donations of each donor, on average.
const DONATIONS_PER_DONOR: usize = 50;

/// Measures each page, by its path.
pub async fn measure(
    app: &App,
    merchants: &Merchants,
    donations: usize,
    lasting: Duration,
) -> anyhow::Result<Vec<(&'static str, LoadResult)>> {
    let donors = donations.div_ceil(DONATIONS_PER_DONOR);
    // The delivery log is full as well.
    posting::rate(app, merchants, donations / 10).await?;
    fill_books(
        app,
        &BookFill {
            donors,
            ..BookFill::anonymous(donations)
        },
    )
    .await?;
    vacuum_and_checkpoint(app).await?;
    let sessions = sign_in_some(app, donors).await?;
    let mut service = ServiceProcess::start(app, None).await?;
    let mut results = Vec::new();
    for page in [
        "/causes",
        "/donor",
        "/donor?page=2",
        "/donor/causes",
        "/api/v1/events",
        "/api/v1/statements",
        "/api/v1/donations?order_id=",
    ] {
        let requests: Vec<Vec<u8>> = (0..SIGNED_IN)
            .map(|n| {
                // The nth posted event: its merchant asks, where the path ends so for its order.
                let (merchant, order, _) = merchants.event(n);
                let order = if page.ends_with('=') {
                    order
                } else {
                    String::new()
                };
                format!(
                    "GET {page}{order} HTTP/1.1\r\nhost: bench\r\ncookie: session={}\r\n\
                     authorization: Bearer {}\r\n\r\n",
                    sessions[n], merchant.api_key
                )
                .into_bytes()
            })
            .collect();
        results.push((
            page,
            at_fixed_rate(&service, requests, lasting)
                .await
                .context(page)?,
        ));
    }
    service.stop().await?;
    Ok(results)
}

/// Signs in some of the donors; returns their sessions.
async fn sign_in_some(app: &App, donors: usize) -> anyhow::Result<Vec<String>> {
    let mut sessions = Vec::with_capacity(SIGNED_IN);
    let mut db = app.db.acquire().await?;
    for n in 0..SIGNED_IN {
        let email = Email::parse(&format!("d{}@example.org", n * donors / SIGNED_IN))
            .map_err(anyhow::Error::msg)?;
        let link = sign_in::prepare_link(&mut db, Utc::now(), &email).await?;
        let session = sign_in::consume_link(&mut db, Utc::now(), &link).await?;
        sessions.push(session.context("the link is fresh")?);
    }
    Ok(sessions)
}

/// Sends requests at the rate, whether or not earlier ones have their response; fails unless each
/// succeeds.
async fn at_fixed_rate(
    service: &ServiceProcess,
    requests: Vec<Vec<u8>>,
    lasting: Duration,
) -> anyhow::Result<LoadResult> {
    const CONNECTIONS: usize = 10;
    let (address, requests, began) = (service.address, Arc::new(requests), Instant::now());
    let mut senders = JoinSet::new();
    for first in 0..CONNECTIONS {
        let requests = requests.clone();
        senders.spawn(async move {
            let mut connection = HttpConnection::open(address).await?;
            let mut done = Vec::new();
            for n in (first..).step_by(CONNECTIONS) {
                let due = began + Duration::from_secs_f64(n as f64 / RATE);
                if due - began > lasting {
                    break;
                }
                tokio::time::sleep_until(due.into()).await;
                let status = connection.send(&requests[n % requests.len()]).await?;
                anyhow::ensure!(status == 200, "a page returned {status}");
                done.push((n.to_string(), due.elapsed()));
            }
            anyhow::Ok(done)
        });
    }
    LoadResult::gather(began, senders).await
}
