//! Why a mail is not sent.

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
