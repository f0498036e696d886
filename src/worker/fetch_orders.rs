//! The loop that fetches orders of which a platform's webhook gave only the number.

use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::Connection as _;
use tokio::sync::watch;

use crate::app::App;
use crate::gateways::http;
use crate::inbox::{self, OrderFetch, endpoint};

/// How often due orders are looked for.
const POLL: Duration = Duration::from_secs(2);
/// How long one request to a platform may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// The largest document taken from a platform, in bytes.
const MAX_DOCUMENT_BYTES: usize = 1 << 20;

/// Fetches what is due every other second until it must stop.
pub async fn fetch_orders(app: App, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = fetch_due(&app, Utc::now()).await {
            tracing::warn!(error = %format!("{error:#}"), "orders were not fetched");
        }
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Fetches every order that is due, once. One that cannot be fetched is tried again later, twenty
/// times in all.
pub async fn fetch_due(app: &App, now: DateTime<Utc>) -> anyhow::Result<()> {
    let mut db = app.db.acquire().await?;
    for fetch in inbox::due_fetches(&mut db, now).await? {
        match fetch_order(app, &mut db, &fetch).await {
            Ok(document) => inbox::store_fetched(&mut db, now, &fetch, &document).await?,
            Err(error) if fetch.is_last_attempt() || fetch.urls.is_none() => {
                let reason = format!(
                    "the order could not be fetched: {error:#}; mend the endpoint's settings, then \
                     redrive"
                );
                let mut tx = db.begin().await?;
                inbox::dead_letter_fetch(&mut tx, &fetch, &reason).await?;
                tx.commit().await?;
            }
            Err(error) => {
                let (event_id, error) = (fetch.event_id, format!("{error:#}"));
                tracing::info!(%event_id, %error, "an order is fetched later");
                inbox::postpone_fetch(&mut db, now, &fetch).await?;
            }
        }
    }
    Ok(())
}

/// Fetches the order and its products as one document.
async fn fetch_order(
    app: &App,
    db: &mut sqlx::PgConnection,
    fetch: &OrderFetch,
) -> anyhow::Result<Vec<u8>> {
    let [order_url, products_url] = fetch
        .urls
        .as_ref()
        .context("the endpoint's setting store_hash is not set")?;
    let token = endpoint::api_token(db, app.key.expose(), fetch.endpoint_id)
        .await?
        .context("the endpoint has no API token")?;
    let http = http::client(REQUEST_TIMEOUT)?;
    let order = get_json(&http, order_url, token.expose()).await?;
    let products = get_json(&http, products_url, token.expose()).await?;
    Ok(json!({"order": order, "products": products})
        .to_string()
        .into_bytes())
}

async fn get_json(http: &reqwest::Client, url: &str, token: &str) -> anyhow::Result<Value> {
    let response = http
        .get(url)
        .header("x-auth-token", token)
        .header("accept", "application/json")
        .send()
        .await?
        .error_for_status()?;
    let bytes = response.bytes().await?;
    anyhow::ensure!(
        bytes.len() <= MAX_DOCUMENT_BYTES,
        "the platform's document is too large"
    );
    serde_json::from_slice(&bytes).context("the platform's document is not JSON")
}
