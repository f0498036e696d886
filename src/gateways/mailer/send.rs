//! The mailer: one way to send, to a server or to a folder.

use std::path::{Path, PathBuf};

use super::error::MailError;
use super::message::{self, OutgoingMail};
use super::{folder, smtp};

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
