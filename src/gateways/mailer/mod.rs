//! Sending mail: by SMTP when a server is configured, otherwise as `.eml` files in a folder.

mod error;
mod folder;
mod message;
mod send;
mod server;
mod smtp;

pub use error::{MailError, Refusal};
pub use message::{FileAttachment, OutgoingMail};
pub use send::Mailer;
pub use smtp::MAX_CONNECTIONS;
