//! Mail: the server greets, or the folder can be written.

use lettre::{AsyncSmtpTransport, Tokio1Executor};

use super::finding::{Finding, PATIENCE};
use super::folders::probe;
use crate::settings::Settings;

const NAME: &str = "mail";

/// Examines where mail goes; sends none.
pub(super) async fn examine(settings: &Settings) -> Finding {
    let Some(url) = &settings.smtp_url else {
        let folder = settings.data.join("mail");
        return match probe(&folder) {
            Ok(()) => Finding::warning(
                NAME,
                format!(
                    "no server is set: messages are files in {}",
                    folder.display()
                ),
                "set OBOLE_SMTP_URL, such as smtps://user:password@host, to send them",
            ),
            Err(error) => Finding::wrong(
                NAME,
                format!("{} cannot be written: {error}", folder.display()),
                "let this user write there, or set OBOLE_SMTP_URL to a mail server",
            ),
        };
    };
    let transport: AsyncSmtpTransport<Tokio1Executor> =
        match AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose()) {
            Ok(builder) => builder.timeout(Some(PATIENCE)).build(),
            Err(error) => {
                return Finding::wrong(
                    NAME,
                    format!("OBOLE_SMTP_URL cannot be read: {error}"),
                    "set it to a mail server: smtp://localhost:25 or smtps://user:pass@host",
                );
            }
        };
    let mend = "check host, port, user and password in OBOLE_SMTP_URL, and that this machine may \
                connect there; smtps:// speaks TLS from the start (port 465)";
    // Twice the patience: greeting and sign-in each have their own.
    match tokio::time::timeout(PATIENCE * 2, transport.test_connection()).await {
        Ok(Ok(true)) => Finding::ok(NAME, "the mail server greets"),
        Ok(Ok(false)) => Finding::wrong(NAME, "the mail server takes no commands", mend),
        Ok(Err(error)) => Finding::wrong(NAME, describe(&error), mend),
        Err(_) => Finding::wrong(
            NAME,
            format!(
                "the mail server says nothing within {} seconds",
                PATIENCE.as_secs() * 2
            ),
            mend,
        ),
    }
}

/// The error with its causes: lettre's own words say only the kind.
fn describe(error: &lettre::transport::smtp::Error) -> String {
    if error.is_timeout() {
        return format!(
            "the mail server says nothing within {} seconds",
            PATIENCE.as_secs()
        );
    }
    let mut text = format!("the mail server cannot be used: {error}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
