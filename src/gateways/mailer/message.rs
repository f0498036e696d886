//! A mail as MIME: headers, the text twice, attachments.

use std::borrow::Cow;

use lettre::Message;
use lettre::address::{Address, AddressError, Envelope};
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};

use super::error::{MailError, Refusal};
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
///
/// # Errors
/// `MailError::Sender` concerns all mails; `MailError::Refused` this one.
pub fn encode(from: &str, mail: OutgoingMail<'_>) -> Result<Message, MailError> {
    let from = mailbox(from).map_err(|e| MailError::Sender(e.to_string()))?;
    let refused = |what: &str| MailError::Refused(Refusal::permanent(what));
    let to = mailbox(mail.to).map_err(|_| refused("the address cannot be written to"))?;
    // The library would read the envelope out of the headers again.
    let envelope = Envelope::new(Some(from.email.clone()), vec![to.email.clone()])
        .map_err(|_| refused("the address cannot be written to"))?;
    let unwritable = |_| refused("the message cannot be written");
    let id = format!("<{}@{}>", mail.mail_id, from.email.domain());
    let mut message = Message::builder()
        .from(from)
        .to(to)
        .subject(mail.content.subject)
        .message_id(Some(id))
        .envelope(envelope);
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
        let media_type = ContentType::parse(file.media_type)
            .map_err(|_| refused("an attachment cannot be written"))?;
        body = body.singlepart(Attachment::new(file.name).body(file.content, media_type));
    }
    message.multipart(body).map_err(unwritable)
}

/// The mailbox of `address` or `Name <address>`. An internationalised domain is written as every
/// server takes it (RFC 5891): few take it otherwise (RFC 6531).
fn mailbox(text: &str) -> Result<Mailbox, AddressError> {
    let mut mailbox: Mailbox = text.parse()?;
    let domain = match mailbox.email.domain() {
        ascii if ascii.is_ascii() => Cow::Borrowed(ascii),
        other => idna::domain_to_ascii(other)
            .map_err(|_| AddressError::InvalidDomain)?
            .into(),
    };
    mailbox.email = Address::new(mailbox.email.user(), domain)?;
    Ok(mailbox)
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
