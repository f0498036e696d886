//! The demonstration's shop: it signs its webhooks and posts them over HTTP, as the server of a
//! merchant would.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::app::App;
use crate::gateways::http;
use crate::inbox::{endpoint, signature};
use crate::values::{EndpointId, Secret, euros};

/// The shop's side: where it posts, and with what it signs.
pub struct Shop {
    pub webhook_url: String,
    secret: Secret<Vec<u8>>,
    http: reqwest::Client,
}

/// An order whose customer added a donation of one euro.
#[derive(Clone, Debug)]
pub struct Order {
    pub order_id: String,
    pub at: DateTime<Utc>,
    pub total_cents: i64,
    pub cause: Option<String>,
    /// As the event carries it; none for an anonymous donation.
    pub donor: Option<Value>,
}

impl Order {
    /// The event of the order.
    #[must_use]
    pub fn checkout(&self) -> Value {
        let mut event = json!({
            "type": "checkout.completed",
            "timestamp": self.at,
            "data": {
                "order_id": self.order_id,
                "order_total": euros(self.total_cents),
                "currency": "EUR",
                "donation": {"amount": "1.00"},
                "consent": {"shown_at": self.at, "text_version": "2026-1", "preticked": false},
            },
        });
        if let Some(cause) = &self.cause {
            event["data"]["donation"]["cause"] = cause.as_str().into();
        }
        if let Some(donor) = &self.donor {
            event["data"]["donor"] = donor.clone();
        }
        event
    }
}

impl Shop {
    /// The shop behind an endpoint of this process.
    pub(super) async fn open(app: &App, id: EndpointId) -> anyhow::Result<Self> {
        let found = endpoint::find(&mut *app.db.acquire().await?, app.key.expose(), id).await?;
        let secret = found
            .and_then(|e| e.secrets.into_iter().next())
            .context("the demo's shop has no secret that opens; use --fresh")?;
        let http = http::client(std::time::Duration::from_secs(10))?;
        Ok(Self {
            webhook_url: format!("http://{}/webhooks/{id}", app.settings.listen),
            secret: secret.bytes,
            http,
        })
    }

    /// Signs an event and posts it; returns status and document.
    pub async fn send(&self, webhook_id: &str, event: &Value) -> anyhow::Result<(u16, Value)> {
        let body = event.to_string();
        let at = Utc::now().timestamp().to_string();
        let signature = signature::sign(self.secret.expose(), webhook_id, &at, body.as_bytes());
        let response = self
            .http
            .post(&self.webhook_url)
            .header("content-type", "application/json")
            .header("webhook-id", webhook_id)
            .header("webhook-timestamp", at)
            .header("webhook-signature", signature)
            .body(body)
            .send()
            .await?;
        let status = response.status().as_u16();
        Ok((status, response.json().await?))
    }
}
