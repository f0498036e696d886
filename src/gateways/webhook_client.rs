//! Posts to addresses that merchants and associations gave: never into a private network, never
//! after a redirect.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use reqwest::Url;

use super::http;

/// Why nothing was sent, or which response was not a success.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    #[error("an address such as https://boutique.example/obole is needed")]
    Url,
    #[error("the address must begin with https://")]
    NotHttps,
    #[error("the address may not carry a user or password")]
    Credentials,
    #[error("the address leads to a private network")]
    Private,
    #[error("the address's name is not known")]
    Name,
    #[error("answered {0}")]
    Status(u16),
    #[error("answered with a redirect, which is not followed")]
    Redirect,
    #[error("did not respond")]
    Away,
}

/// Parses an address that events may be sent to. `private` also allows http and private networks.
pub fn address(text: &str, private: bool) -> Result<Url, WebhookError> {
    let url = Url::parse(text).map_err(|_| WebhookError::Url)?;
    if url.scheme() != "https" && !(private && url.scheme() == "http") {
        return Err(WebhookError::NotHttps);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(WebhookError::Credentials);
    }
    match url.host_str() {
        None => Err(WebhookError::Url),
        Some(host) => match host.trim_matches(['[', ']']).parse() {
            Ok(ip) if !private && !is_public(ip) => Err(WebhookError::Private),
            _ => Ok(url),
        },
    }
}

/// Posts a body; returns the status of a success.
///
/// The host name is resolved once, the addresses are checked, and only these are connected to: a
/// name that resolves differently the second time cannot lead into a private network.
pub async fn post(
    text: &str,
    private: bool,
    headers: &[(&str, String)],
    body: String,
) -> Result<u16, WebhookError> {
    let url = address(text, private)?;
    let (host, port) = (
        url.host_str().ok_or(WebhookError::Url)?.to_owned(),
        url.port_or_known_default().ok_or(WebhookError::Url)?,
    );
    let found: Vec<SocketAddr> = tokio::net::lookup_host((host.trim_matches(['[', ']']), port))
        .await
        .map_err(|_| WebhookError::Name)?
        .collect();
    if found.is_empty() {
        return Err(WebhookError::Name);
    }
    if !private && !found.iter().all(|a| is_public(a.ip())) {
        return Err(WebhookError::Private);
    }
    let client = http::builder(Duration::from_secs(15))
        .no_proxy()
        .resolve_to_addrs(&host, &found)
        .build()
        .map_err(|_| WebhookError::Away)?;
    let mut request = client
        .post(url)
        .header("content-type", "application/json")
        .header("user-agent", "Obole");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let status = request
        .body(body)
        .send()
        .await
        .map_err(|_| WebhookError::Away)?
        .status();
    match status.as_u16() {
        code @ 200..=299 => Ok(code),
        300..=399 => Err(WebhookError::Redirect),
        code => Err(WebhookError::Status(code)),
    }
}

/// Whether an address is on the public internet (IANA's special-purpose registries).
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            !(ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_multicast()
                || ip.is_broadcast()
                || ip.is_documentation()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 192 && b == 88 && c == 99)
                || (a == 198 && (b == 18 || b == 19)))
        }
        IpAddr::V6(ip) => {
            let [a, b, ..] = ip.segments();
            if let Some(v4) = ip.to_ipv4_mapped() {
                return is_public(v4.into());
            }
            // Only what IANA has allocated, 2000::/3, without tunnels into IPv4, documentation and
            // benchmarking ranges.
            (a & 0xe000) == 0x2000
                && a != 0x2002
                && !(a == 0x2001 && (b == 0xdb8 || b < 0x200))
                && !(a == 0x3fff && b < 0x1000)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_written_to() {
        for private in [
            "https://127.0.0.1/x",
            "https://10.1.2.3/",
            "https://172.16.0.1/",
            "https://192.168.1.1/",
            "https://169.254.169.254/latest",
            "https://100.64.0.1/",
            "https://0.0.0.0/",
            "https://[::1]/",
            "https://[fe80::1]/",
            "https://[fd00::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[64:ff9b::a00:1]/",
            "https://[2002:a00:1::]/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://192.0.2.1/",
            "https://255.255.255.255/",
        ] {
            assert!(
                matches!(address(private, false), Err(WebhookError::Private)),
                "{private}"
            );
        }
        assert!(matches!(
            address("http://example.org/", false),
            Err(WebhookError::NotHttps)
        ));
        assert!(matches!(
            address("https://user:pass@example.org/", false),
            Err(WebhookError::Credentials)
        ));
        assert!(matches!(address("hello", false), Err(WebhookError::Url)));
        assert!(
            address("https://93.184.215.14/hook", false).is_ok()
                && address("https://boutique.example/hook", false).is_ok()
        );
        assert!(address("http://127.0.0.1:8080/", true).is_ok());
    }
}
