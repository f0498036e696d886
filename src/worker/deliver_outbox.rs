//! The loop that sends events out, signed by Standard Webhooks 1.0.0, a few at a time.

use std::time::Duration;

use chrono::Utc;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::app::App;
use crate::gateways::webhook_client::post;
use crate::inbox::signature::sign;
use crate::outbox::{self, OutboundMessage};

/// How often due messages are looked for.
const POLL: Duration = Duration::from_secs(1);
/// Messages sent at a time.
const CONCURRENT_MESSAGES: i64 = 32;

/// Sends what is due every second until it must stop, then finishes the messages it holds.
pub async fn deliver_outbox(app: App, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        match send_due(&app).await {
            Ok(0) => {}
            // There may be more.
            Ok(_) => continue,
            Err(error) => tracing::warn!(%error, "events were not sent"),
        }
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Sends what is due now, at most a few dozen messages; returns how many were tried.
pub async fn send_due(app: &App) -> Result<usize, sqlx::Error> {
    let due = outbox::take_due(
        &mut *app.db.acquire().await?,
        Utc::now(),
        app.key.expose(),
        CONCURRENT_MESSAGES,
    )
    .await?;
    let count = due.len();
    let mut sending = JoinSet::new();
    for message in due {
        let app = app.clone();
        sending.spawn(async move { send(&app, message).await });
    }
    while let Some(sent) = sending.join_next().await {
        match sent {
            Ok(recorded) => recorded?,
            Err(error) => {
                tracing::error!(%error, "sending panicked; the message is due again later");
            }
        }
    }
    Ok(count)
}

/// Sends one message and records what became of it.
async fn send(app: &App, message: OutboundMessage) -> Result<(), sqlx::Error> {
    let (id, at) = (
        message.message_id.to_string(),
        Utc::now().timestamp().to_string(),
    );
    let signature = sign(message.secret.expose(), &id, &at, message.body.as_bytes());
    let headers = [
        ("webhook-id", id),
        ("webhook-timestamp", at),
        ("webhook-signature", signature),
    ];
    let outcome = post(
        &message.url,
        app.settings.private_webhooks,
        &headers,
        message.body.clone(),
    )
    .await;
    let mut db = app.db.acquire().await?;
    match outcome {
        Ok(status) => {
            outbox::delivered(&mut db, Utc::now(), &message, &format!("answered {status}")).await
        }
        Err(error) => outbox::failed(&mut db, Utc::now(), &message, &error.to_string()).await,
    }
}
