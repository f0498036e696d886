//! Environment → typed settings. All mistakes are told at once, each with its name and a right example.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::values::{BankAccount, Bic, Iban, Secret};

/// The account that files carry until one is given: the example of the European committee for banking standards,
/// which belongs to nobody, so that a bank refuses it.
const EXAMPLE_IBAN: &str = "FR1420041010050500013M02606";
const EXAMPLE_BIC: &str = "PSSTFRPPXXX";

/// What the environment says.
#[derive(Clone, Debug)]
pub struct Settings {
    pub database_url: Option<Secret<String>>,
    pub data: PathBuf,
    pub listen: SocketAddr,
    pub metrics_listen: SocketAddr,
    pub public_url: String,
    pub secret_key: Option<Secret<[u8; 32]>>,
    pub smtp_url: Option<Secret<String>>,
    pub mail_from: String,
    pub bank_dir: PathBuf,
    pub account: BankAccount,
    /// Events out may go to http addresses and one's own network.
    pub private_webhooks: bool,
    /// Whole months that the bodies of webhooks are kept after the one they came in.
    pub inbox_months: u32,
}

/// One setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingError {
    pub name: &'static str,
    pub message: String,
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.message)
    }
}

/// Reads the settings through `get`, or tells every mistake.
pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Settings, Vec<SettingError>> {
    let mut mistakes = Vec::new();
    let text = |name: &str| {
        get(name)
            .map(|v| v.trim().to_owned())
            .filter(|v| !v.is_empty())
    };
    let mut wrong = |name, message: &str| {
        mistakes.push(SettingError {
            name,
            message: message.to_owned(),
        })
    };

    let data = PathBuf::from(text("OBOLE_DATA").unwrap_or_else(|| "./.obole".into()));
    let listen = text("OBOLE_LISTEN").unwrap_or_else(|| "127.0.0.1:8080".into());
    let listen_at = listen.parse::<SocketAddr>().ok();
    if listen_at.is_none() {
        wrong(
            "OBOLE_LISTEN",
            "an address and a port are needed, such as 127.0.0.1:8080",
        );
    }
    let metrics = text("OBOLE_METRICS_LISTEN")
        .unwrap_or_else(|| "127.0.0.1:9464".into())
        .parse::<SocketAddr>()
        .ok();
    if metrics.is_none() {
        wrong(
            "OBOLE_METRICS_LISTEN",
            "an address and a port are needed, such as 127.0.0.1:9464",
        );
    }
    let public_url = text("OBOLE_PUBLIC_URL").unwrap_or_else(|| format!("http://{listen}"));
    if !(public_url.starts_with("http://") || public_url.starts_with("https://")) {
        wrong(
            "OBOLE_PUBLIC_URL",
            "a web address is needed, such as https://obole.example",
        );
    }
    let database_url = text("DATABASE_URL");
    if let Some(url) = &database_url
        && !(url.starts_with("postgres://") || url.starts_with("postgresql://"))
    {
        wrong(
            "DATABASE_URL",
            "a PostgreSQL address is needed, such as postgres://user:password@host/obole",
        );
    }
    let key_text = text("OBOLE_SECRET_KEY");
    let secret_key = key_text
        .as_deref()
        .and_then(|t| STANDARD.decode(t).ok())
        .and_then(|k| <[u8; 32]>::try_from(k).ok());
    if key_text.is_some() && secret_key.is_none() {
        wrong(
            "OBOLE_SECRET_KEY",
            "32 bytes in base64 are needed; `openssl rand -base64 32` makes them",
        );
    }
    if database_url.is_some() && key_text.is_none() {
        wrong(
            "OBOLE_SECRET_KEY",
            "required with DATABASE_URL; `openssl rand -base64 32` makes one",
        );
    }
    let smtp_url = text("OBOLE_SMTP_URL");
    if let Some(url) = &smtp_url
        && !(url.starts_with("smtp://") || url.starts_with("smtps://"))
    {
        wrong(
            "OBOLE_SMTP_URL",
            "a mail server is needed, such as smtp://localhost:25 or smtps://user:pass@host",
        );
    }
    let mail_from = text("OBOLE_MAIL_FROM").unwrap_or_else(|| "Obole <recus@localhost>".into());
    if mail_from.parse::<lettre::message::Mailbox>().is_err() {
        wrong(
            "OBOLE_MAIL_FROM",
            "a sender is needed, such as Obole <recus@obole.example>",
        );
    }
    let account = text("OBOLE_IBAN");
    let iban = Iban::parse(account.as_deref().unwrap_or(EXAMPLE_IBAN))
        .map_err(|e| wrong("OBOLE_IBAN", &e));
    let bic = Bic::parse(&text("OBOLE_BIC").unwrap_or_else(|| EXAMPLE_BIC.into()))
        .map_err(|e| wrong("OBOLE_BIC", &e));
    if account.is_some() && text("OBOLE_BIC").is_none() {
        wrong(
            "OBOLE_BIC",
            "required with OBOLE_IBAN: the bank's BIC, such as AGRIFRPP",
        );
    }
    let private_webhooks = match text("OBOLE_PRIVATE_WEBHOOKS").as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => {
            wrong("OBOLE_PRIVATE_WEBHOOKS", "true or false");
            false
        }
    };
    // A payer may contest a debit for thirteen months (SEPA Core Direct Debit rulebook): until then, what a shop told can be shown.
    let inbox_months = text("OBOLE_INBOX_MONTHS").map_or(Some(13), |months| {
        months.parse().ok().filter(|m| (1..=120).contains(m))
    });
    if inbox_months.is_none() {
        wrong(
            "OBOLE_INBOX_MONTHS",
            "whole months are needed, 1 to 120, such as 13",
        );
    }
    let holder = text("OBOLE_ACCOUNT_HOLDER").unwrap_or_else(|| "Obole".into());
    let bank_dir = text("OBOLE_BANK_DIR").map_or_else(|| data.join("bank"), PathBuf::from);
    match (mistakes.is_empty(), listen_at, metrics, iban, bic) {
        (true, Some(listen), Some(metrics_listen), Ok(iban), Ok(bic)) => Ok(Settings {
            account: BankAccount {
                holder,
                iban,
                bic,
                given: account.is_some(),
            },
            database_url: database_url.map(Secret::new),
            data,
            listen,
            metrics_listen,
            public_url: public_url.trim_end_matches('/').to_owned(),
            secret_key: secret_key.map(Secret::new),
            smtp_url: smtp_url.map(Secret::new),
            mail_from,
            bank_dir,
            private_webhooks,
            inbox_months: inbox_months.unwrap_or(13),
        }),
        _ => Err(mistakes),
    }
}

impl Settings {
    /// Name and current value of each setting, secrets masked.
    #[must_use]
    pub fn table(&self) -> Vec<(&'static str, String)> {
        let masked = |set: bool, unset: &str| {
            if set {
                "***".to_owned()
            } else {
                unset.to_owned()
            }
        };
        vec![
            (
                "DATABASE_URL",
                masked(
                    self.database_url.is_some(),
                    "unset: private cluster in OBOLE_DATA/postgres",
                ),
            ),
            ("OBOLE_DATA", self.data.display().to_string()),
            ("OBOLE_LISTEN", self.listen.to_string()),
            ("OBOLE_METRICS_LISTEN", self.metrics_listen.to_string()),
            ("OBOLE_PUBLIC_URL", self.public_url.clone()),
            (
                "OBOLE_SECRET_KEY",
                masked(self.secret_key.is_some(), "unset: generated in OBOLE_DATA"),
            ),
            (
                "OBOLE_SMTP_URL",
                masked(self.smtp_url.is_some(), "unset: files in OBOLE_DATA/mail"),
            ),
            ("OBOLE_MAIL_FROM", self.mail_from.clone()),
            (
                "OBOLE_IBAN",
                if self.account.given {
                    self.account.iban.masked()
                } else {
                    "unset: an example account".into()
                },
            ),
            ("OBOLE_BIC", self.account.bic.as_str().to_owned()),
            ("OBOLE_ACCOUNT_HOLDER", self.account.holder.clone()),
            ("OBOLE_BANK_DIR", self.bank_dir.display().to_string()),
            ("OBOLE_INBOX_MONTHS", self.inbox_months.to_string()),
            ("OBOLE_PRIVATE_WEBHOOKS", self.private_webhooks.to_string()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_mistakes_are_told_at_once() {
        let env = [
            ("OBOLE_LISTEN", "nowhere"),
            ("DATABASE_URL", "mysql://x"),
            ("OBOLE_SECRET_KEY", "short"),
            ("OBOLE_SMTP_URL", "ftp://x"),
        ];
        let told = read(|name| {
            env.iter()
                .find(|(n, _)| *n == name)
                .map(|(_, v)| (*v).to_owned())
        })
        .err()
        .unwrap_or_default();
        assert_eq!(
            told.iter().map(|m| m.name).collect::<Vec<_>>(),
            [
                "OBOLE_LISTEN",
                "DATABASE_URL",
                "OBOLE_SECRET_KEY",
                "OBOLE_SMTP_URL"
            ]
        );
    }

    #[test]
    fn secrets_never_print() {
        let s = read(|n| (n == "OBOLE_SMTP_URL").then(|| "smtps://user:hunter2@host".to_owned()));
        assert!(
            s.as_ref()
                .is_ok_and(|s| !format!("{s:?}{:?}", s.table()).contains("hunter2"))
        );
    }
}
