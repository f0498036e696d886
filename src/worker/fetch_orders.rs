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
/// The most pages read of an order's list.
const MAX_PAGES: usize = 40;

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
                inbox::dead_letter_fetch(&mut tx, now, &fetch, &reason).await?;
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

/// Fetches the order and the whole list beside it as one document.
async fn fetch_order(
    app: &App,
    db: &mut sqlx::PgConnection,
    fetch: &OrderFetch,
) -> anyhow::Result<Vec<u8>> {
    let urls = fetch
        .urls
        .as_ref()
        .context("the endpoint's setting store_hash or store_url is not set")?;
    let token = endpoint::api_token(db, app.key.expose(), fetch.endpoint_id)
        .await?
        .context("the endpoint has no API token")?;
    let api = Api {
        http: http::client(REQUEST_TIMEOUT)?,
        access: urls.access,
        token: token.expose(),
    };
    let order = api.get_json(&urls.order).await?;
    let order = order.context("the platform has no such order")?;
    let mut document = json!({"order": order});
    if let Some(list) = &urls.list {
        document[list.name] = whole_list(&api, list).await?.into();
    }
    Ok(document.to_string().into_bytes())
}

/// A list, page after page.
async fn whole_list(api: &Api<'_>, asked: &inbox::OrderList) -> anyhow::Result<Vec<Value>> {
    let mut list: Vec<Value> = Vec::new();
    for page in 1.. {
        anyhow::ensure!(
            page <= MAX_PAGES,
            "the order has too many pages of {}",
            asked.name
        );
        let entries = match api.get_json(&format!("{}{page}", asked.url)).await? {
            Some(Value::Array(entries)) => entries,
            // An object with numbers for names, as PHP writes some lists.
            Some(Value::Object(entries)) => entries.into_iter().map(|(_, entry)| entry).collect(),
            _ => Vec::new(),
        };
        let is_last = entries.len() < asked.page_size;
        // A platform that knows no pages returns the same one again.
        let is_repeated = !entries.is_empty() && list.ends_with(&entries);
        if !is_repeated {
            list.extend(entries);
        }
        if is_last || is_repeated {
            break;
        }
    }
    Ok(list)
}

/// A platform's API, as one merchant reaches it.
struct Api<'a> {
    http: reqwest::Client,
    access: inbox::ApiAccess,
    token: &'a str,
}

impl Api<'_> {
    /// A document; none where there is nothing (204).
    async fn get_json(&self, url: &str) -> anyhow::Result<Option<Value>> {
        let request = self.http.get(url).header("accept", "application/json");
        let request = match self.access {
            inbox::ApiAccess::TokenHeader(name) => request.header(name, self.token),
            inbox::ApiAccess::Bearer => request.bearer_auth(self.token),
            inbox::ApiAccess::Basic => {
                let (name, password) = self.token.split_once(':').unwrap_or((self.token, ""));
                request.basic_auth(name, Some(password))
            }
        };
        let response = request.send().await?.error_for_status()?;
        if response.status() == reqwest::StatusCode::NO_CONTENT {
            return Ok(None);
        }
        let bytes = response.bytes().await?;
        anyhow::ensure!(
            bytes.len() <= MAX_DOCUMENT_BYTES,
            "the platform's document is too large"
        );
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        serde_json::from_slice(bytes)
            .map(Some)
            .context("the platform's document is not JSON")
    }
}
