//! A mail as MIME: headers, the text twice, attachments.

use lettre::Message;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};

use super::error::MailError;
use crate::values::{MailContent, MailId};

/// A file that is attached to a mail.
#[derive(Clone, Debug)]
pub struct FileAttachment {
    pub name: String,
    media_type: &'static str,
    content: Vec<u8>,
}

impl FileAttachment {
    #[must_use]
    pub const fn pdf(name: String, content: Vec<u8>) -> Self {
        Self {
            name,
            media_type: "application/pdf",
            content,
        }
    }

    /// A CSV table. It begins with a byte order mark, by which spreadsheets recognise UTF-8.
    #[must_use]
    pub fn csv(name: String, content: &str) -> Self {
        Self {
            name,
            media_type: "text/csv; charset=utf-8",
            content: format!("\u{feff}{content}").into_bytes(),
        }
    }
}

/// A mail with its recipient, ready to send.
pub struct OutgoingMail<'a> {
    /// Becomes the Message-ID: mail programs show a message that was sent twice only once.
    pub mail_id: MailId,
    pub to: &'a str,
    pub content: MailContent,
    pub attachments: Vec<FileAttachment>,
    /// The address that ends further mail of this kind, for mail that is optional.
    pub unsubscribe_url: Option<String>,
}

/// Encodes a mail for sending.
pub fn encode(from: &str, mail: OutgoingMail<'_>) -> Result<Message, MailError> {
    let invalid = |e: &dyn std::fmt::Display| MailError::Message(e.to_string());
    let from: Mailbox = from.parse().map_err(|e| invalid(&e))?;
    let to: Mailbox = mail.to.parse().map_err(|e| invalid(&e))?;
    let id = format!("<{}@{}>", mail.mail_id, from.email.domain());
    let mut message = Message::builder()
        .from(from)
        .to(to)
        .subject(mail.content.subject)
        .message_id(Some(id));
    if let Some(url) = mail.unsubscribe_url {
        message = message
            .header(ListUnsubscribe(format!("<{url}>")))
            .header(ListUnsubscribePost);
    }
    let text = MultiPart::alternative()
        .singlepart(SinglePart::plain(mail.content.text))
        .singlepart(SinglePart::html(mail.content.html));
    let mut body = MultiPart::mixed().multipart(text);
    for file in mail.attachments {
        let media_type = ContentType::parse(file.media_type).map_err(|e| invalid(&e))?;
        body = body.singlepart(Attachment::new(file.name).body(file.content, media_type));
    }
    message.multipart(body).map_err(|e| invalid(&e))
}

/// The header that names the address to unsubscribe (RFC 2369).
#[derive(Clone)]
struct ListUnsubscribe(String);

impl Header for ListUnsubscribe {
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

/// The header that says one POST to that address is enough (RFC 8058).
#[derive(Clone)]
struct ListUnsubscribePost;

impl Header for ListUnsubscribePost {
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
