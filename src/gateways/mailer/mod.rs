//! Sending mail: by SMTP when a server is configured, otherwise as `.eml` files in a folder.

mod folder;
mod message;
mod smtp;

use std::path::{Path, PathBuf};

pub use message::{FileAttachment, OutgoingMail};
pub use smtp::MAX_CONNECTIONS;

/// Why a mail was not sent. Sending may be tried again.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    #[error("the message cannot be written: {0}")]
    Message(String),
    /// The server refused this one message; without the server's text, which may name the
    /// recipient.
    #[error("the mail server refused the message with code {0}")]
    Refused(String),
    #[error("the mail server is away, or refuses us")]
    Smtp(#[source] lettre::transport::smtp::Error),
    #[error("the message could not be kept: {0}")]
    File(String),
}

/// Where mail goes. Clones share one pool of connections.
#[derive(Clone)]
pub enum Mailer {
    Smtp(smtp::Transport),
    Folder(PathBuf),
}

impl Mailer {
    /// A mailer to the SMTP server of a URL, such as `smtps://user:password@mail.example`, or else
    /// to a folder.
    pub fn new(smtp_url: Option<&str>, folder: &Path) -> Result<Self, MailError> {
        match smtp_url {
            Some(url) => Ok(Self::Smtp(smtp::transport(url)?)),
            None => Ok(Self::Folder(folder.to_owned())),
        }
    }

    /// Sends a mail. Sent again under the same id, it has the same Message-ID, or replaces the same
    /// file.
    pub async fn send(&self, from: &str, outgoing: OutgoingMail<'_>) -> Result<(), MailError> {
        let mail_id = outgoing.mail_id;
        let message = message::encode(from, outgoing)?;
        match self {
            Self::Smtp(transport) => smtp::send(transport, message).await,
            Self::Folder(folder) => folder::write(folder, mail_id, message).await,
        }
    }
}
