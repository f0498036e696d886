//! `/demo/mail`: the messages that were sent, as their readers get them.

use std::borrow::Cow;
use std::path::PathBuf;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use mail_parser::{Message, MessageParser, MimeHeaders as _};

use super::demo;
use crate::values::MailId;
use crate::web::page::page;
use crate::web::{Problem, Shell, Web};

#[derive(Template)]
#[template(path = "demo/mail.html", config = ".askama.toml")]
struct Page {
    shell: Shell,
    messages: Vec<MessageView>,
}

#[derive(Template)]
#[template(path = "demo/message.html", config = ".askama.toml")]
struct MessagePage {
    shell: Shell,
    message: MessageView,
}

impl MessagePage {
    /// Who wrote to whom, and when.
    fn envelope(&self) -> Cow<'static, str> {
        let MessageView { from, to, .. } = &self.message;
        let time = self.shell.day_and_time(self.message.sent_at);
        self.shell.text_with(
            "demo-mail-envelope",
            &[
                ("from", from.as_str().into()),
                ("to", to.as_str().into()),
                ("time", time.into()),
            ],
        )
    }
}

/// A message as a mail program shows it.
struct MessageView {
    id: String,
    to: String,
    from: String,
    subject: String,
    sent_at: DateTime<Utc>,
    /// Paragraphs; one that is an address becomes a link.
    paragraphs: Vec<String>,
    attachments: Vec<String>,
    /// The address that the message names for leaving (RFC 8058).
    unsubscribe: Option<String>,
}

impl MessageView {
    /// Reads a message; what it lacks is empty.
    fn of(id: String, message: &Message<'_>) -> Self {
        let address = |a: Option<&mail_parser::Address<'_>>| {
            a.and_then(|a| a.first()?.address().map(str::to_owned))
                .unwrap_or_default()
        };
        let text = message.body_text(0).unwrap_or_default();
        let unsubscribe = message
            .list_unsubscribe()
            .as_address()
            .and_then(|a| a.first()?.address().map(str::to_owned));
        Self {
            id,
            to: address(message.to()),
            from: address(message.from()),
            subject: message.subject().unwrap_or_default().to_owned(),
            sent_at: message
                .date()
                .and_then(|d| DateTime::from_timestamp(d.to_timestamp(), 0))
                .unwrap_or_default(),
            paragraphs: text
                .replace("\r\n", "\n")
                .split("\n\n")
                .map(|p| p.trim().to_owned())
                .filter(|p| !p.is_empty())
                .collect(),
            attachments: message
                .attachments()
                .map(|a| a.attachment_name().unwrap_or("file").to_owned())
                .collect(),
            unsubscribe,
        }
    }
}

/// Where a message is kept.
fn path(web: &Web, id: &str) -> Result<PathBuf, Problem> {
    demo(web)?;
    let id: MailId = id.parse().map_err(|_| Problem::NotFound)?;
    Ok(web.app.settings.data.join("mail").join(format!("{id}.eml")))
}

/// `GET /demo/mail`: every message, newest first.
pub async fn list(State(web): State<Web>, shell: Shell) -> Result<Response, Problem> {
    demo(&web)?;
    let entries = std::fs::read_dir(web.app.settings.data.join("mail"))
        .into_iter()
        .flatten()
        .flatten();
    let mut ids: Vec<String> = entries
        .filter_map(|e| {
            Some(
                e.path()
                    .file_name()?
                    .to_str()?
                    .strip_suffix(".eml")?
                    .to_owned(),
            )
        })
        .collect();
    // Ids are ordered by time.
    ids.sort_by(|a, b| b.cmp(a));
    let read = |id: String| {
        let content = std::fs::read(path(&web, &id).ok()?).ok()?;
        Some(MessageView::of(
            id,
            &MessageParser::default().parse(&content)?,
        ))
    };
    page(&Page {
        shell,
        messages: ids.into_iter().filter_map(read).collect(),
    })
}

/// `GET /demo/mail/{id}`: one message.
pub async fn show(
    State(web): State<Web>,
    shell: Shell,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let content = std::fs::read(path(&web, &id)?).map_err(|_| Problem::NotFound)?;
    let message = MessageParser::default()
        .parse(&content)
        .ok_or(Problem::NotFound)?;
    page(&MessagePage {
        shell,
        message: MessageView::of(id, &message),
    })
}

/// `GET /demo/mail/{id}/{name}`: an attachment of a message.
pub async fn file(
    State(web): State<Web>,
    Path((id, name)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let content = std::fs::read(path(&web, &id)?).map_err(|_| Problem::NotFound)?;
    let message = MessageParser::default()
        .parse(&content)
        .ok_or(Problem::NotFound)?;
    let found = message
        .attachments()
        .find(|a| a.attachment_name() == Some(&name))
        .ok_or(Problem::NotFound)?;
    let kind = if name.ends_with(".pdf") {
        "application/pdf"
    } else {
        "text/plain; charset=utf-8"
    };
    Ok(([(header::CONTENT_TYPE, kind)], found.contents().to_vec()).into_response())
}
