//! Environment → typed settings. All mistakes are reported at once, each with a right example.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::message::Mailbox;

use crate::values::{Amount, BankAccount, Bic, Email, Iban, Secret, TaxDate};

/// The account that files carry until one is set: the example of the European Committee for
/// Banking Standards, which belongs to nobody, so that a bank refuses it.
const EXAMPLE_IBAN: &str = "FR1420041010050500013M02606";
const EXAMPLE_BIC: &str = "PSSTFRPPXXX";

/// A payer may contest a direct debit for thirteen months (SEPA Core Direct Debit rulebook): until
/// then, what a merchant sent can be shown.
const INBOX_MONTHS: u32 = 13;

/// A donation of more than this, in euros, is looked at by a person before it is posted.
const DONATION_CEILING: &str = "10000.00";

/// Days for which the link of an anonymous donation can be used.
const CLAIM_DAYS: u32 = 90;

/// What the environment says.
#[derive(Clone, Debug)]
pub struct Settings {
    /// None: a private cluster in `data`.
    pub database_url: Option<Secret<String>>,
    pub data: PathBuf,
    pub listen: SocketAddr,
    pub metrics_listen: SocketAddr,
    /// Without a slash at its end.
    pub public_url: String,
    /// None: a key kept in `data`.
    pub secret_key: Option<Secret<[u8; 32]>>,
    /// None: `.eml` files in `data`.
    pub smtp_url: Option<Secret<String>>,
    pub mail_from: String,
    pub bank_dir: PathBuf,
    pub account: BankAccount,
    /// Events out may go to http addresses and private networks.
    pub private_webhooks: bool,
    /// Whole months that the bodies of webhooks are kept after the one they came in.
    pub inbox_months: u32,
    /// The largest donation that is posted without a person's decision.
    pub donation_ceiling: Amount,
    /// Days from its record during which an anonymous donation can be claimed.
    pub claim_days: u32,
    /// Whose day makes a donation's tax year; none: a donation whose days fall in different years
    /// gets no receipt.
    pub tax_date: Option<TaxDate>,
    /// Who is mailed when something waits for a person; none: nobody is.
    pub alert_mail: Option<Email>,
}

/// One setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingError {
    pub name: &'static str,
    /// What is needed, with an example.
    pub message: String,
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.message)
    }
}

/// All settings, and the mistakes found in them.
#[derive(Clone, Debug)]
pub struct SettingsReading {
    /// A setting that cannot be used has its default here. Only `obole doctor` may look at these
    /// while `errors` is not empty.
    pub settings: Settings,
    pub errors: Vec<SettingError>,
}

impl SettingsReading {
    /// The settings, or every mistake.
    pub fn into_settings(self) -> Result<Settings, Vec<SettingError>> {
        if self.errors.is_empty() {
            Ok(self.settings)
        } else {
            Err(self.errors)
        }
    }
}

/// Reads the settings through `get`; returns all of them, or every mistake.
pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Settings, Vec<SettingError>> {
    examine(get).into_settings()
}

/// Reads the settings through `get`, mistakes included.
pub fn examine(get: impl Fn(&str) -> Option<String>) -> SettingsReading {
    let mut reader = Reader {
        get,
        errors: Vec::new(),
    };
    let data = PathBuf::from(
        reader
            .text("OBOLE_DATA")
            .unwrap_or_else(|| "./.obole".into()),
    );
    let listen = reader.address("OBOLE_LISTEN", "127.0.0.1:8080");
    let metrics_listen = reader.address("OBOLE_METRICS_LISTEN", "127.0.0.1:9464");
    let public_url = reader
        .url(
            "OBOLE_PUBLIC_URL",
            &["http://", "https://"],
            "a web address is needed, such as https://obole.example",
        )
        .unwrap_or_else(|| format!("http://{listen}"));
    let database_url = reader.url(
        "DATABASE_URL",
        &["postgres://", "postgresql://"],
        "a PostgreSQL address is needed, such as postgres://user:password@host/obole",
    );
    let secret_key = reader.secret_key();
    let smtp_url = reader.url(
        "OBOLE_SMTP_URL",
        &["smtp://", "smtps://"],
        "a mail server is needed, such as smtp://localhost:25 or smtps://user:pass@host",
    );
    let mail_from = reader.sender();
    let account = reader.account();
    let private_webhooks = reader.switch("OBOLE_PRIVATE_WEBHOOKS");
    let inbox_months = reader.whole("OBOLE_INBOX_MONTHS", "months", 120, INBOX_MONTHS);
    let donation_ceiling = reader.amount("OBOLE_DONATION_CEILING", DONATION_CEILING);
    let claim_days = reader.whole("OBOLE_CLAIM_DAYS", "days", 3650, CLAIM_DAYS);
    let tax_date = reader.tax_date();
    let alert_mail = reader.email("OBOLE_ALERT_MAIL");
    let bank_dir = reader
        .text("OBOLE_BANK_DIR")
        .map_or_else(|| data.join("bank"), PathBuf::from);
    let settings = Settings {
        database_url: database_url.map(Secret::new),
        data,
        listen,
        metrics_listen,
        public_url: public_url.trim_end_matches('/').to_owned(),
        secret_key: secret_key.map(Secret::new),
        smtp_url: smtp_url.map(Secret::new),
        mail_from,
        bank_dir,
        account,
        private_webhooks,
        inbox_months,
        donation_ceiling,
        claim_days,
        tax_date,
        alert_mail,
    };
    SettingsReading {
        settings,
        errors: reader.errors,
    }
}

/// Reads one setting after another and collects the mistakes; a wrong setting gets its default.
struct Reader<F> {
    get: F,
    errors: Vec<SettingError>,
}

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    /// A setting's text; an empty one counts as not set.
    fn text(&self, name: &str) -> Option<String> {
        let text = (self.get)(name)?.trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    fn reject(&mut self, name: &'static str, message: impl Into<String>) {
        self.errors.push(SettingError {
            name,
            message: message.into(),
        });
    }

    fn address(&mut self, name: &'static str, default: &str) -> SocketAddr {
        let text = self.text(name);
        SocketAddr::from_str(text.as_deref().unwrap_or(default)).unwrap_or_else(|_| {
            let message = format!("an address and a port are needed, such as {default}");
            self.reject(name, message);
            SocketAddr::from_str(default).expect("a default is an address")
        })
    }

    fn url(&mut self, name: &'static str, schemes: &[&str], needed: &str) -> Option<String> {
        let url = self.text(name)?;
        if schemes.iter().any(|scheme| url.starts_with(scheme)) {
            return Some(url);
        }
        self.reject(name, needed);
        None
    }

    fn secret_key(&mut self) -> Option<[u8; 32]> {
        const NAME: &str = "OBOLE_SECRET_KEY";
        let Some(text) = self.text(NAME) else {
            if self.text("DATABASE_URL").is_some() {
                let needed = "required with DATABASE_URL; `openssl rand -base64 32` makes one";
                self.reject(NAME, needed);
            }
            return None;
        };
        let key = STANDARD
            .decode(text)
            .ok()
            .and_then(|k| <[u8; 32]>::try_from(k).ok());
        if key.is_none() {
            let needed = "32 bytes in base64 are needed; `openssl rand -base64 32` makes them";
            self.reject(NAME, needed);
        }
        key
    }

    fn sender(&mut self) -> String {
        const DEFAULT: &str = "Obole <recus@localhost>";
        let sender = self
            .text("OBOLE_MAIL_FROM")
            .unwrap_or_else(|| DEFAULT.into());
        if sender.parse::<Mailbox>().is_ok() {
            return sender;
        }
        self.reject(
            "OBOLE_MAIL_FROM",
            "a sender is needed, such as Obole <recus@obole.example>",
        );
        DEFAULT.into()
    }

    fn email(&mut self, name: &'static str) -> Option<Email> {
        let text = self.text(name)?;
        Email::parse(&text)
            .map_err(|_| self.reject(name, "an address is needed, such as team@obole.example"))
            .ok()
    }

    fn account(&mut self) -> BankAccount {
        let (iban, bic) = (self.text("OBOLE_IBAN"), self.text("OBOLE_BIC"));
        let given = iban.is_some();
        let iban = iban.map_or_else(|| Ok(example_iban()), |text| Iban::parse(&text));
        let missing_bic = given && bic.is_none();
        let holder = self.text("OBOLE_ACCOUNT_HOLDER");
        let missing_holder = given && holder.is_none();
        let bic = bic.map_or_else(|| Ok(example_bic()), |text| Bic::parse(&text));
        let account = BankAccount {
            holder: holder.unwrap_or_else(|| "Obole".into()),
            iban: iban.unwrap_or_else(|message| {
                self.reject("OBOLE_IBAN", message);
                example_iban()
            }),
            bic: bic.unwrap_or_else(|message| {
                self.reject("OBOLE_BIC", message);
                example_bic()
            }),
            given,
        };
        if missing_bic {
            let needed = "required with OBOLE_IBAN: the bank's BIC, such as AGRIFRPP";
            self.reject("OBOLE_BIC", needed);
        }
        if missing_holder {
            let needed = "required with OBOLE_IBAN: the account's holder exactly as the bank has \
                          it, such as Obole SAS";
            self.reject("OBOLE_ACCOUNT_HOLDER", needed);
        }
        account
    }

    fn tax_date(&mut self) -> Option<TaxDate> {
        const NAME: &str = "OBOLE_GIFT_DATE";
        let read = self.text(NAME)?.parse();
        read.map_err(|e| self.reject(NAME, format!("{e}"))).ok()
    }

    fn switch(&mut self, name: &'static str) -> bool {
        match self.text(name).as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => {
                self.reject(name, "true or false");
                false
            }
        }
    }

    /// A number of whole units, from 1 to `most`.
    fn whole(&mut self, name: &'static str, units: &str, most: u32, default: u32) -> u32 {
        let Some(text) = self.text(name) else {
            return default;
        };
        match text.parse() {
            Ok(count) if (1..=most).contains(&count) => count,
            _ => {
                let needed = format!("whole {units} are needed, 1 to {most}, such as {default}");
                self.reject(name, needed);
                default
            }
        }
    }

    fn amount(&mut self, name: &'static str, default: &str) -> Amount {
        let text = self.text(name);
        Amount::parse(text.as_deref().unwrap_or(default)).unwrap_or_else(|_| {
            let needed = format!("euros are needed as a decimal, such as {default}");
            self.reject(name, needed);
            Amount::parse(default).expect("a default is an amount")
        })
    }
}

fn example_iban() -> Iban {
    Iban::parse(EXAMPLE_IBAN).expect("the example account is valid")
}

fn example_bic() -> Bic {
    Bic::parse(EXAMPLE_BIC).expect("the example bank is valid")
}

impl Settings {
    /// Name and current value of each setting, secrets masked.
    #[must_use]
    pub fn table(&self) -> Vec<(&'static str, String)> {
        let masked = |set: bool, unset: &str| if set { "***" } else { unset }.to_owned();
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
            ("OBOLE_DONATION_CEILING", self.donation_ceiling.to_string()),
            ("OBOLE_CLAIM_DAYS", self.claim_days.to_string()),
            (
                "OBOLE_GIFT_DATE",
                self.tax_date.map_or_else(
                    || "unset: donations whose days fall in two years get no receipt".into(),
                    |d| d.word().to_owned(),
                ),
            ),
            (
                "OBOLE_ALERT_MAIL",
                self.alert_mail.as_ref().map_or_else(
                    || "unset: nobody is told of new cases".into(),
                    |email| email.as_str().to_owned(),
                ),
            ),
            ("OBOLE_PRIVATE_WEBHOOKS", self.private_webhooks.to_string()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_mistakes_are_reported_at_once() {
        let env = [
            ("OBOLE_LISTEN", "nowhere"),
            ("DATABASE_URL", "mysql://x"),
            ("OBOLE_SECRET_KEY", "short"),
            ("OBOLE_SMTP_URL", "ftp://x"),
            ("OBOLE_INBOX_MONTHS", "121"),
            ("OBOLE_DONATION_CEILING", "10 000"),
            ("OBOLE_CLAIM_DAYS", "0"),
            ("OBOLE_GIFT_DATE", "today"),
            ("OBOLE_ALERT_MAIL", "team"),
        ];
        let errors = read(|name| {
            env.iter()
                .find(|(n, _)| *n == name)
                .map(|(_, v)| (*v).to_owned())
        })
        .err()
        .unwrap_or_default();
        assert_eq!(
            errors.iter().map(|e| e.name).collect::<Vec<_>>(),
            [
                "OBOLE_LISTEN",
                "DATABASE_URL",
                "OBOLE_SECRET_KEY",
                "OBOLE_SMTP_URL",
                "OBOLE_INBOX_MONTHS",
                "OBOLE_DONATION_CEILING",
                "OBOLE_CLAIM_DAYS",
                "OBOLE_GIFT_DATE",
                "OBOLE_ALERT_MAIL"
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
