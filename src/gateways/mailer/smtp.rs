//! Mail by SMTP, over a pool of connections.
//!
//! A refusal concerns one message, or all: the sender's address, the sign-in and the encryption
//! are everybody's, the recipient's address and the content are this message's. `lettre`'s own
//! pool does not tell at which step it failed, so the steps are taken here.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lettre::Message;
use lettre::address::{Address, Envelope};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{Extension, MailBodyParameter, MailParameter};

use super::error::{MailError, Refusal};
use super::server::Server;

/// The most connections to the mail server; more messages at a time would only wait for one.
pub const MAX_CONNECTIONS: u32 = 24;

/// How long the server may take with one message.
const PATIENCE: Duration = Duration::from_secs(180);

/// The codes by which a server says that it closes the connection, or that it wants encryption or
/// a sign-in first (RFC 5321, 4.2.3; RFC 3207, 4; RFC 4954, 6), whatever was asked.
const CLOSING: u16 = 421;
const CONCERN_ALL: [u16; 4] = [CLOSING, 530, 535, 538];

/// How servers that look at the sender's address late say that they refuse it: the enhanced codes
/// (RFC 3463, 3.2) and the words of Postfix and Exim.
const CODES_OF_SENDER: [&str; 4] = ["4.1.7", "4.1.8", "5.1.7", "5.1.8"];
const WORDS_OF_SENDER: [&str; 2] = ["sender address rejected", "sender verify failed"];

/// A pool of connections to one server. Clones share it.
#[derive(Clone)]
pub struct Transport {
    server: Arc<Server>,
    idle: Arc<Idle>,
}

/// The connections that no message uses.
#[derive(Default)]
struct Idle(Mutex<Vec<AsyncSmtpConnection>>);

impl Drop for Idle {
    /// Takes leave of the server, where there is still time for it.
    fn drop(&mut self) {
        let connections = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            for mut connection in connections.drain(..) {
                runtime.spawn(async move { connection.abort().await });
            }
        }
    }
}

/// The pool for the server of a URL. Connects when the first message is sent.
pub fn transport(url: &str) -> Result<Transport, MailError> {
    Ok(Transport {
        server: Arc::new(Server::of_url(url)?),
        idle: Arc::default(),
    })
}

/// Why a message did not go through.
enum Failure {
    /// The server refused this message, and the connection is good for others.
    OfMessage(Refusal),
    OfServer(Error),
    /// The connection broke once the server had accepted the sender.
    Broken,
    /// The connection broke before that.
    BrokenAtStart(Error),
}

/// Sends a message, and keeps the refusal of this one message apart from failures that concern
/// all.
pub async fn send(transport: &Transport, message: Message) -> Result<(), MailError> {
    let (envelope, bytes) = (message.envelope(), message.formatted());
    // An idle connection may have ended meanwhile; a fresh one shows whether the server is there.
    for connection in [transport.idle_connection(), None] {
        let fresh = connection.is_none();
        let mut connection = match connection {
            Some(idle) => idle,
            None => transport.server.connect().await?,
        };
        let sending = transmit(&mut connection, envelope, &bytes);
        let sent = tokio::time::timeout(PATIENCE, sending).await;
        match sent.unwrap_or(Err(Failure::Broken)) {
            Ok(()) => {
                transport.put_back(connection);
                return Ok(());
            }
            Err(Failure::OfMessage(refusal)) => {
                if connection.command(Rset).await.is_ok() {
                    transport.put_back(connection);
                }
                return Err(MailError::Refused(refusal));
            }
            Err(Failure::OfServer(error)) => return Err(MailError::Smtp(error)),
            Err(Failure::BrokenAtStart(error)) if fresh => return Err(MailError::Smtp(error)),
            Err(Failure::Broken | Failure::BrokenAtStart(_)) => {}
        }
    }
    // It took the sender of this message and then broke off: where that is not this message's
    // doing, the next one finds the server away.
    drop(transport.server.connect().await?);
    Err(MailError::Refused(Refusal::temporary(
        "the mail server broke off while it took the message",
    )))
}

impl Transport {
    fn idle_connection(&self) -> Option<AsyncSmtpConnection> {
        let mut idle = self.idle.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.pop()
    }

    fn put_back(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.idle.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(connection);
    }
}

/// One message over one connection.
async fn transmit(
    connection: &mut AsyncSmtpConnection,
    envelope: &Envelope,
    bytes: &[u8],
) -> Result<(), Failure> {
    let options = options(connection, envelope, bytes)?;
    let plain = options.is_empty();
    let from = Mail::new(envelope.from().cloned(), options);
    if let Err(error) = connection.command(from).await {
        return Err(match error.status() {
            None => Failure::BrokenAtStart(error),
            Some(code) if u16::from(code) == CLOSING => Failure::BrokenAtStart(error),
            // What is refused may be the option, which this message needs.
            Some(_) if !plain => of_message(error),
            Some(_) => Failure::OfServer(error),
        });
    }
    for to in envelope.to() {
        let to = Rcpt::new(to.clone(), Vec::new());
        connection.command(to).await.map_err(of_message)?;
    }
    connection.command(Data).await.map_err(of_message)?;
    connection.message(bytes).await.map_err(of_message)?;
    Ok(())
}

/// The options that a message needs (RFC 6531, RFC 6152), which not every server has.
fn options(
    connection: &AsyncSmtpConnection,
    envelope: &Envelope,
    bytes: &[u8],
) -> Result<Vec<MailParameter>, Failure> {
    let has = |extension| connection.server_info().supports_feature(extension);
    let refused = |reason: &str| Err(Failure::OfMessage(Refusal::permanent(reason)));
    let mut options = Vec::new();
    let is_plain = |a: &Address| a.to_string().is_ascii();
    if !envelope.to().iter().all(is_plain) {
        if !has(Extension::SmtpUtfEight) {
            return refused("the mail server takes no address with such characters");
        }
        options.push(MailParameter::SmtpUtfEight);
    }
    if !bytes.is_ascii() {
        if !has(Extension::EightBitMime) {
            return refused("the mail server takes no message with such characters");
        }
        options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    Ok(options)
}

/// Whom a failure concerns that came after the server had accepted the sender.
fn of_message(error: Error) -> Failure {
    let Some(code) = error.status().map(u16::from) else {
        return Failure::Broken;
    };
    let words = std::error::Error::source(&error).map(|s| s.to_string().to_lowercase());
    let names_sender = words.is_some_and(|words| {
        CODES_OF_SENDER.iter().any(|c| words.starts_with(c))
            || WORDS_OF_SENDER.iter().any(|w| words.contains(w))
    });
    if code == CLOSING {
        Failure::Broken
    } else if CONCERN_ALL.contains(&code) || names_sender {
        Failure::OfServer(error)
    } else {
        Failure::OfMessage(Refusal {
            reason: format!("the mail server refused the message with code {code}"),
            permanent: error.is_permanent(),
        })
    }
}
