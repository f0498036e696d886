//! Fetching orders that a platform tells by number only.

use std::time::Duration;

use anyhow::Context as _;
use chrono::Utc;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::app::App;
use crate::gateways::http;
use crate::inbox::{self, Fetch};
use crate::parties::endpoint;

const POLL: Duration = Duration::from_secs(2);
/// The largest document taken from a platform, in bytes.
const LARGEST: usize = 1 << 20;

/// Fetches what is due every other second until told to stop.
pub async fn fetch_orders(app: App, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = fetch_due(&app).await {
            tracing::warn!(error = %format!("{error:#}"), "orders were not fetched");
        }
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Fetches every order whose turn it is, once.
pub async fn fetch_due(app: &App) -> anyhow::Result<()> {
    let mut db = app.db.acquire().await?;
    for fetch in inbox::due(&mut db, Utc::now()).await? {
        match order(app, &mut db, &fetch).await {
            Ok(body) => inbox::bring(&mut db, Utc::now(), &fetch, &body).await?,
            Err(error) if fetch.is_hopeless() || fetch.urls.is_none() => {
                inbox::give_up(
                    &mut db,
                    &fetch,
                    &format!(
                        "the order could not be fetched: {error:#}; mend the endpoint's \
                              settings, then redrive"
                    ),
                )
                .await?;
            }
            Err(error) => {
                tracing::info!(event_id = %fetch.event_id, error = %format!("{error:#}"),
                    "an order is fetched later");
                inbox::postpone(&mut db, Utc::now(), &fetch).await?;
            }
        }
    }
    Ok(())
}

/// The order and its products as one document.
async fn order(app: &App, db: &mut sqlx::PgConnection, fetch: &Fetch) -> anyhow::Result<Vec<u8>> {
    let urls = fetch
        .urls
        .as_ref()
        .context("the endpoint's setting store_hash is not set")?;
    let token = endpoint::api_token(db, app.key.expose(), fetch.endpoint_id)
        .await?
        .context("the endpoint has no API token")?;
    let http = http::client(Duration::from_secs(20))?;
    let mut found = Vec::with_capacity(2);
    for url in urls {
        let answer = http
            .get(url)
            .header("x-auth-token", token.expose())
            .header("accept", "application/json")
            .send()
            .await?
            .error_for_status()?;
        let bytes = answer.bytes().await?;
        anyhow::ensure!(bytes.len() <= LARGEST, "the platform's answer is too large");
        found.push(
            serde_json::from_slice::<Value>(&bytes).context("the platform's answer is not JSON")?,
        );
    }
    let products = found.pop();
    Ok(json!({"order": found.pop(), "products": products})
        .to_string()
        .into_bytes())
}
