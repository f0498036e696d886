//! Why a mail is not sent, and whom that concerns: this one message, or all.

/// Why a mail was not sent. Sending may be tried again.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// This message alone: the others may leave.
    #[error("{0}")]
    Refused(Refusal),
    #[error("OBOLE_MAIL_FROM cannot be the sender of a message: {0}")]
    Sender(String),
    #[error("the mail server is away, or refuses us")]
    Smtp(#[source] lettre::transport::smtp::Error),
    #[error("the mail server says nothing")]
    Silent,
    #[error("OBOLE_SMTP_URL cannot be read: {0}")]
    Url(String),
    #[error("the message could not be kept: {0}")]
    File(String),
}

/// Why one message was refused, in words without its recipient: a server's own words may name
/// them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    pub reason: String,
    /// Whether another attempt would end the same way.
    pub permanent: bool,
}

impl Refusal {
    /// A refusal that another attempt would meet again.
    #[must_use]
    pub fn permanent(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            permanent: true,
        }
    }

    /// A refusal that may be over at the next attempt.
    #[must_use]
    pub fn temporary(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            permanent: false,
        }
    }
}
