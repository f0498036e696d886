//! The public address: written as mails and platforms need it, and served by us.

use std::net::IpAddr;

use reqwest::Url;

use super::finding::{Finding, PATIENCE};
use crate::gateways::http;
use crate::settings::Settings;

const NAME: &str = "public address";

/// Examines how the address is written, whether its name resolves, and what is served there.
pub(super) async fn examine(settings: &Settings) -> Vec<Finding> {
    let text = &settings.public_url;
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => {
            return vec![Finding::wrong(
                NAME,
                format!("{text} is no web address: {error}"),
                "set OBOLE_PUBLIC_URL, such as https://obole.example",
            )];
        }
    };
    if let Some(finding) = examine_form(text, &url) {
        return vec![finding];
    }
    vec![match resolve(&url).await {
        Err(error) => Finding::warning(
            NAME,
            format!("the name in {text} does not resolve here: {error}"),
            "add the name to DNS, or correct OBOLE_PUBLIC_URL",
        ),
        Ok(()) => fetch(text, settings).await,
    }]
}

/// What is wrong with the address as it is written.
fn examine_form(text: &str, url: &Url) -> Option<Finding> {
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Some(Finding::wrong(
            NAME,
            format!("{text} has a path or a query"),
            "set OBOLE_PUBLIC_URL to scheme and host alone, such as https://obole.example",
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some(Finding::wrong(
            NAME,
            "it carries a user or a password, which every mail would show",
            "set OBOLE_PUBLIC_URL to scheme and host alone, such as https://obole.example",
        ));
    }
    (url.scheme() != "https" && !is_loopback(url)).then(|| {
        Finding::wrong(
            NAME,
            format!("{text} is not https: sign-in links and sessions could be read on their way"),
            "put a reverse proxy with a certificate before OBOLE_LISTEN, and set OBOLE_PUBLIC_URL \
             to its https:// address",
        )
    })
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

async fn resolve(url: &Url) -> std::io::Result<()> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = url.port_or_known_default().unwrap_or(443);
    let found = tokio::time::timeout(PATIENCE, tokio::net::lookup_host((host, port))).await??;
    if found.count() == 0 {
        return Err(std::io::Error::other("no address"));
    }
    Ok(())
}

/// Asks for the page that says whether the service is alive. A service that does not run is no
/// mistake.
async fn fetch(text: &str, settings: &Settings) -> Finding {
    let page = format!("{text}/healthz");
    let listen = settings.listen;
    let mend = format!(
        "start `obole serve`; if it runs, make the reverse proxy pass {text} to OBOLE_LISTEN \
         ({listen})"
    );
    let response = match http::client(PATIENCE) {
        Ok(client) => client.get(&page).send().await,
        Err(error) => Err(error),
    };
    match response {
        Err(error) if error.is_timeout() => Finding::warning(
            NAME,
            format!(
                "no response from {page} within {} seconds",
                PATIENCE.as_secs()
            ),
            mend,
        ),
        Err(_) => Finding::warning(NAME, format!("no response from {page}"), mend),
        Ok(response) => {
            let status = response.status();
            if status.is_success() && response.text().await.is_ok_and(|body| body == "ok\n") {
                Finding::ok(NAME, format!("Obole responds at {text}"))
            } else {
                let other = format!("something else than Obole responds at {page} ({status})");
                Finding::warning(NAME, other, mend)
            }
        }
    }
}
