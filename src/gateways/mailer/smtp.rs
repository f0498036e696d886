//! Mail by SMTP, over a pool of connections.

use lettre::transport::smtp::PoolConfig;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use super::error::MailError;

/// The most connections to the mail server; more messages at a time would only wait for one.
pub const MAX_CONNECTIONS: u32 = 24;

/// A pool of connections to one server.
pub type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// The pool for the server of a URL. Connects when the first message is sent.
pub fn transport(url: &str) -> Result<Transport, MailError> {
    let pool = PoolConfig::new().max_size(MAX_CONNECTIONS);
    Ok(Transport::from_url(url)
        .map_err(MailError::Smtp)?
        .pool_config(pool)
        .build())
}

/// Sends a message, and keeps the server's refusal of this one message apart from failures that
/// concern all.
pub async fn send(transport: &Transport, message: Message) -> Result<(), MailError> {
    match transport.send(message).await {
        Ok(_) => Ok(()),
        Err(e) if e.is_permanent() || e.is_transient() => Err(MailError::Refused(
            e.status().map_or_else(String::new, |code| code.to_string()),
        )),
        Err(e) => Err(MailError::Smtp(e)),
    }
}
