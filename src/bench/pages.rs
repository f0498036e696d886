//! The dashboards on full books: each page at fifty requests a second, over donors and shops in turn.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use chrono::Utc;
use tokio::task::JoinSet;

use super::load::{Connection, Run};
use super::posting::{self, Fill, fill_books};
use super::service::Service;
use super::world::World;
use crate::app::App;
use crate::parties::sign_in;
use crate::values::Email;

/// Requests a second, for each page.
const RATE: f64 = 50.0;
/// Donors who are signed in, among all.
const SIGNED_IN: usize = 100;
/// Gifts a donor has given, on average.
const GIFTS: usize = 50;

/// What each page took, by its name.
pub async fn shown(
    app: &App,
    world: &World,
    donations: usize,
    lasting: Duration,
) -> anyhow::Result<Vec<(&'static str, Run)>> {
    let donors = donations.div_ceil(GIFTS);
    // The delivery log is full as well.
    posting::rate(app, world, donations / 10).await?;
    fill_books(
        app,
        &Fill {
            donations,
            donors,
            at: None,
        },
    )
    .await?;
    posting::settled_down(app).await?;
    let mut sessions = Vec::with_capacity(SIGNED_IN);
    let mut db = app.db.acquire().await?;
    for n in 0..SIGNED_IN {
        let email = Email::parse(&format!("d{}@example.org", n * donors / SIGNED_IN))
            .map_err(anyhow::Error::msg)?;
        let link = sign_in::prepare_link(&mut db, Utc::now(), &email).await?;
        sessions.push(
            sign_in::consume_link(&mut db, Utc::now(), &link)
                .await?
                .context("the link is fresh")?,
        );
    }
    drop(db);
    let mut service = Service::start(app, None).await?;
    let mut shown = Vec::new();
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
                // The nth event that was posted: its shop asks, and may ask for its order.
                let (shop, order, _) = world.event(n);
                let order = if page.ends_with('=') { order } else { String::new() };
                format!(
                    "GET {page}{order} HTTP/1.1\r\nhost: bench\r\ncookie: session={}\r\nauthorization: Bearer {}\r\n\r\n",
                    sessions[n], shop.api_key
                )
                .into_bytes()
            })
            .collect();
        shown.push((
            page,
            steadily(&service, requests, lasting).await.context(page)?,
        ));
    }
    service.stop().await?;
    Ok(shown)
}

/// Requests at the rate, whether or not the one before is answered; every one must be answered 200.
async fn steadily(
    service: &Service,
    requests: Vec<Vec<u8>>,
    lasting: Duration,
) -> anyhow::Result<Run> {
    const CONNECTIONS: usize = 10;
    let (address, requests, began) = (service.address, Arc::new(requests), Instant::now());
    let mut askers = JoinSet::new();
    for first in 0..CONNECTIONS {
        let requests = requests.clone();
        askers.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut done = Vec::new();
            for n in (first..).step_by(CONNECTIONS) {
                let due = began + Duration::from_secs_f64(n as f64 / RATE);
                if due - began > lasting {
                    break;
                }
                tokio::time::sleep_until(due.into()).await;
                let status = connection.send(&requests[n % requests.len()]).await?;
                anyhow::ensure!(status == 200, "a page answered {status}");
                done.push((n.to_string(), due.elapsed()));
            }
            anyhow::Ok(done)
        });
    }
    Run::gather(began, askers).await
}
