//! What every message is made of: a greeting, paragraphs, and the same words as HTML.

use std::borrow::Cow;

use crate::texts::{text, text_with};
use crate::values::{Locale, MailContent};

/// A message of paragraphs. One that begins with `http` is an address, and becomes a link in the
/// HTML.
pub(super) fn content(
    locale: Locale,
    subject: impl Into<String>,
    paragraphs: &[Cow<'_, str>],
) -> MailContent {
    MailContent {
        subject: subject.into(),
        text: paragraphs.join("\n\n"),
        html: html(locale, paragraphs),
    }
}

/// The first line of a message, with the reader's first name when it is known.
pub(super) fn greeting(locale: Locale, first_name: Option<&str>) -> Cow<'static, str> {
    match first_name {
        Some(name) => text_with(locale, "mail-hello-name", &[("name", name.into())]),
        None => text(locale, "mail-hello"),
    }
}

/// Text made safe inside HTML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Paragraphs as a whole HTML document.
fn html(locale: Locale, paragraphs: &[Cow<'_, str>]) -> String {
    let body: String = paragraphs
        .iter()
        .map(|p| {
            let safe = escape(p).replace('\n', "<br>");
            if p.starts_with("http") {
                format!("<p><a href=\"{safe}\">{safe}</a></p>")
            } else {
                format!("<p>{safe}</p>")
            }
        })
        .collect();
    format!(
        "<!doctype html><html lang=\"{locale}\"><head><meta charset=\"utf-8\"><title>Obole</title>\
         </head>\
         <body style=\"font:16px/1.5 system-ui,sans-serif;color:#1c1917;max-width:36em;margin:2em \
         auto;padding:0 1em\">{body}</body></html>"
    )
}
