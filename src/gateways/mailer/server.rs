//! The mail server of a URL, and connections to it.

use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{Error, SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT};
use percent_encoding::percent_decode_str;
use url::Url;

use super::error::MailError;

/// How long a server may take to greet, to encrypt and to sign us in.
const GREETING: Duration = Duration::from_secs(60);

/// A mail server and how it is reached, as `lettre` reads URLs.
pub(super) struct Server {
    host: String,
    port: u16,
    /// The name that we give ourselves.
    hello: ClientId,
    encryption: Encryption,
    credentials: Option<Credentials>,
}

enum Encryption {
    None,
    IfOffered(TlsParameters),
    Required(TlsParameters),
    FromTheStart(TlsParameters),
}

impl Server {
    /// Reads `smtp://` or `smtps://user:password@host:port/our-name?tls=required|opportunistic`.
    pub fn of_url(text: &str) -> Result<Self, MailError> {
        let wrong = |e: &dyn std::fmt::Display| MailError::Url(e.to_string());
        let url = Url::parse(text).map_err(|e| wrong(&e))?;
        let host = url.host_str().ok_or_else(|| wrong(&"it has no host"))?;
        let tls = url.query_pairs().find(|(name, _)| name == "tls");
        let parameters = || TlsParameters::new(host.to_owned()).map_err(MailError::Smtp);
        let (encryption, port) = match (url.scheme(), tls.as_ref().map(|(_, value)| &**value)) {
            ("smtp", None) => (Encryption::None, SMTP_PORT),
            ("smtp", Some("required")) => (Encryption::Required(parameters()?), SUBMISSION_PORT),
            ("smtp", Some("opportunistic")) => {
                (Encryption::IfOffered(parameters()?), SUBMISSION_PORT)
            }
            ("smtps", _) => (Encryption::FromTheStart(parameters()?), SUBMISSIONS_PORT),
            _ => return Err(wrong(&"it begins with smtp:// or smtps://")),
        };
        let decoded = |text: &str| {
            let decoded = percent_decode_str(text).decode_utf8();
            decoded.map(String::from).map_err(|e| wrong(&e))
        };
        let credentials = match url.password() {
            Some(password) => Some(Credentials::new(
                decoded(url.username())?,
                decoded(password)?,
            )),
            None => None,
        };
        let name = url.path().trim_matches('/');
        Ok(Self {
            host: host.to_owned(),
            port: url.port().unwrap_or(port),
            hello: if name.is_empty() {
                ClientId::default()
            } else {
                ClientId::Domain(name.to_owned())
            },
            encryption,
            credentials,
        })
    }

    /// A fresh connection, encrypted and signed in. What fails here concerns every message.
    pub async fn connect(&self) -> Result<AsyncSmtpConnection, MailError> {
        match tokio::time::timeout(GREETING, self.greeted()).await {
            Ok(connected) => connected.map_err(MailError::Smtp),
            Err(_) => Err(MailError::Silent),
        }
    }

    async fn greeted(&self) -> Result<AsyncSmtpConnection, Error> {
        let wrapped = match &self.encryption {
            Encryption::FromTheStart(tls) => Some(tls.clone()),
            _ => None,
        };
        let (to, hello) = ((self.host.as_str(), self.port), &self.hello);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(to, Some(GREETING), hello, wrapped, None).await?;
        match &self.encryption {
            Encryption::Required(tls) => connection.starttls(tls.clone(), hello).await?,
            Encryption::IfOffered(tls) if connection.can_starttls() => {
                connection.starttls(tls.clone(), hello).await?;
            }
            _ => {}
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }
}
