//! Messages: a struct with data becomes subject, text and HTML. Pure; no name, cause or amount in a subject.

mod receipts;
mod report;
mod sign_in;
mod statement;

pub use receipts::ReceiptsMail;
pub use report::ReportMail;
pub use sign_in::SignInMail;
pub use statement::StatementMail;

/// Text made safe inside HTML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Paragraphs as a whole HTML message; links on lines of their own become links.
fn html(lang: &str, paragraphs: &[String]) -> String {
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
        "<!doctype html><html lang=\"{lang}\"><head><meta charset=\"utf-8\"><title>Obole</title></head>\
         <body style=\"font:16px/1.5 system-ui,sans-serif;color:#1c1917;max-width:36em;margin:2em auto;padding:0 1em\">{body}</body></html>"
    )
}
