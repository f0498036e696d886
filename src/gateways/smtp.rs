//! Sending mail: by SMTP when a server is given, else as `.eml` files in a folder.

use std::path::PathBuf;

use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::PoolConfig;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use super::bank::write_whole;
use crate::settings::Settings;
use crate::values::MailId;

/// Connections to the mail server, and messages on their way to it, at most.
pub const MAILS_AT_ONCE: u32 = 24;

/// Why a message did not leave; it may be tried again.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    #[error("the message cannot be written: {0}")]
    Message(String),
    /// The server's answer to this one message, without its words, which may name the reader.
    #[error("the mail server refused the message with code {0}")]
    Refused(String),
    #[error("the mail server is away, or refuses us")]
    Smtp(#[source] lettre::transport::smtp::Error),
    #[error("the message could not be kept: {0}")]
    File(String),
}

/// Where mail goes.
#[derive(Clone)]
pub enum Mailer {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Folder(PathBuf),
}

/// A file that goes with a message.
#[derive(Clone, Debug)]
pub struct FileAttachment {
    pub name: String,
    /// Its media type.
    kind: &'static str,
    content: Vec<u8>,
}

impl FileAttachment {
    #[must_use]
    pub const fn pdf(name: String, content: Vec<u8>) -> Self {
        Self {
            name,
            kind: "application/pdf",
            content,
        }
    }

    /// A table; the mark at its beginning tells spreadsheets that it is UTF-8.
    #[must_use]
    pub fn csv(name: String, content: &str) -> Self {
        Self {
            name,
            kind: "text/csv; charset=utf-8",
            content: format!("\u{feff}{content}").into_bytes(),
        }
    }
}

/// A message ready to leave.
pub struct OutgoingMail<'a> {
    pub mail_id: MailId,
    pub to: &'a str,
    pub message: crate::values::MailContent,
    pub files: Vec<FileAttachment>,
    /// Where to leave: for what is optional.
    pub unsubscribe: Option<String>,
}

impl Mailer {
    /// The mailer of the settings.
    pub fn of(settings: &Settings) -> Result<Self, MailError> {
        match &settings.smtp_url {
            Some(url) => {
                let pool = PoolConfig::new().max_size(MAILS_AT_ONCE);
                Ok(Self::Smtp(
                    AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose())
                        .map_err(MailError::Smtp)?
                        .pool_config(pool)
                        .build(),
                ))
            }
            None => Ok(Self::Folder(settings.data.join("mail"))),
        }
    }

    /// Sends a message. The same message twice has one Message-ID, and is one file.
    pub async fn send(&self, from: &str, outgoing: OutgoingMail<'_>) -> Result<(), MailError> {
        let mail_id = outgoing.mail_id;
        let message = written(from, outgoing)?;
        match self {
            Self::Smtp(transport) => match transport.send(message).await {
                Err(e) if e.is_permanent() || e.is_transient() => Err(MailError::Refused(
                    e.status().map_or_else(String::new, |code| code.to_string()),
                )),
                answered => answered.map(|_| ()).map_err(MailError::Smtp),
            },
            Self::Folder(folder) => {
                let path = folder.join(format!("{mail_id}.eml"));
                let kept =
                    tokio::task::spawn_blocking(move || write_whole(&path, &message.formatted()))
                        .await;
                kept.map_err(|e| MailError::File(e.to_string()))?
                    .map_err(|e| MailError::File(e.to_string()))
            }
        }
    }
}

fn written(from: &str, o: OutgoingMail<'_>) -> Result<Message, MailError> {
    let wrong = |e: &dyn std::fmt::Display| MailError::Message(e.to_string());
    let from: Mailbox = from.parse().map_err(|e| wrong(&e))?;
    let to: Mailbox = o.to.parse().map_err(|e| wrong(&e))?;
    let id = format!("<{}@{}>", o.mail_id, from.email.domain());
    let mut message = Message::builder()
        .from(from)
        .to(to)
        .subject(o.message.subject)
        .message_id(Some(id));
    if let Some(url) = o.unsubscribe {
        message = message
            .header(Unsubscribe(format!("<{url}>")))
            .header(OneClick);
    }
    let words = MultiPart::alternative()
        .singlepart(SinglePart::plain(o.message.text))
        .singlepart(SinglePart::html(o.message.html));
    let mut body = MultiPart::mixed().multipart(words);
    for file in o.files {
        let kind = ContentType::parse(file.kind).map_err(|e| wrong(&e))?;
        body = body.singlepart(Attachment::new(file.name).body(file.content, kind));
    }
    message.multipart(body).map_err(|e| wrong(&e))
}

/// RFC 2369.
#[derive(Clone)]
struct Unsubscribe(String);

impl Header for Unsubscribe {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("List-Unsubscribe")
    }
    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self(text.to_owned()))
    }
    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), self.0.clone())
    }
}

/// RFC 8058.
#[derive(Clone)]
struct OneClick;

impl Header for OneClick {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("List-Unsubscribe-Post")
    }
    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }
    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "List-Unsubscribe=One-Click".to_owned())
    }
}
