//! Standard Webhooks 1.0.0: HMAC-SHA256 over `id.timestamp.body`, any active secret, compared in constant time. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// How far a timestamp may be from now, in seconds, on either side.
pub const WINDOW: u64 = 300;
/// More signatures than this in one header are somebody trying.
const MOST_SIGNATURES: usize = 16;

/// The three headers, as received.
#[derive(Clone, Copy, Debug)]
pub struct Headers<'a> {
    pub id: Option<&'a str>,
    pub timestamp: Option<&'a str>,
    pub signature: Option<&'a str>,
}

/// Why a delivery is not believed. The words help an honest developer and tell a forger nothing new.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum Refusal {
    #[error("the header {0} is missing, or there more than once")]
    Missing(&'static str),
    #[error("webhook-id must have 1 to 256 visible characters and no dot")]
    Id,
    #[error("webhook-timestamp must be the time of sending in whole unix seconds")]
    Timestamp,
    #[error("webhook-timestamp is more than 300 seconds from our clock: sign each attempt anew, and check the sender's clock")]
    Window,
    #[error("webhook-signature must be a list of at most 16 `v1,<base64>`, separated by spaces")]
    List,
    #[error(
        "no signature matches: sign `webhook-id.webhook-timestamp.body` with the secret decoded from base64 after whsec_, over the bytes sent"
    )]
    NoMatch,
}

/// The signature of one delivery under one secret (its decoded bytes), as the header carries it: `v1,<base64>`.
#[must_use]
pub fn sign(secret: &[u8], id: &str, timestamp: &str, body: &[u8]) -> String {
    format!("v1,{}", STANDARD.encode(mac(secret, id, timestamp, body)))
}

/// Believes a delivery, or says why not; answers its `webhook-id`. `now` in unix seconds.
pub fn verify<'a, 's>(headers: Headers<'a>, body: &[u8], secrets: impl Iterator<Item = &'s [u8]>, now: i64) -> Result<&'a str, Refusal> {
    let id = headers.id.ok_or(Refusal::Missing("webhook-id"))?;
    let timestamp = headers.timestamp.ok_or(Refusal::Missing("webhook-timestamp"))?;
    let list = headers.signature.ok_or(Refusal::Missing("webhook-signature"))?;
    if id.is_empty() || id.len() > 256 || !id.bytes().all(|b| b.is_ascii_graphic() && b != b'.') {
        return Err(Refusal::Id);
    }
    if timestamp.is_empty() || timestamp.len() > 12 || !timestamp.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Refusal::Timestamp);
    }
    let sent: i64 = timestamp.parse().map_err(|_| Refusal::Timestamp)?;
    if sent.abs_diff(now) > WINDOW {
        return Err(Refusal::Window);
    }
    let mut offered = Vec::new();
    for (n, one) in list.split(' ').enumerate() {
        let (version, encoded) = one.split_once(',').ok_or(Refusal::List)?;
        if n >= MOST_SIGNATURES {
            return Err(Refusal::List);
        }
        // Another version, or one that cannot be read, is no match; a later one in the list may be.
        if version == "v1"
            && let Ok(bytes) = STANDARD.decode(encoded)
        {
            offered.push(bytes);
        }
    }
    for secret in secrets {
        let ours = mac(secret, id, timestamp, body);
        if offered.iter().any(|theirs| bool::from(ours.as_slice().ct_eq(theirs))) {
            return Ok(id);
        }
    }
    Err(Refusal::NoMatch)
}

fn mac(secret: &[u8], id: &str, timestamp: &str, body: &[u8]) -> [u8; 32] {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { unreachable!("a key of any length") };
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
    const NOW: i64 = 1_800_000_000;

    fn tried(id: &str, timestamp: &str, signature: &str, body: &[u8]) -> Result<(), Refusal> {
        let headers = Headers { id: Some(id), timestamp: Some(timestamp), signature: Some(signature) };
        verify(headers, body, [b"another".as_slice(), SECRET].into_iter(), NOW).map(|_| ())
    }

    #[test]
    fn an_honest_delivery_is_believed_by_any_active_secret_and_anything_altered_is_not() {
        let good = sign(SECRET, "m1", "1800000000", b"{}");
        assert_eq!(tried("m1", "1800000000", &good, b"{}"), Ok(()));
        assert_eq!(tried("m1", "1800000000", &format!("v9,AAAA v1,%% {good}"), b"{}"), Ok(()));
        for (id, at, body) in [("m2", "1800000000", b"{}".as_slice()), ("m1", "1800000001", b"{}"), ("m1", "1800000000", b"{} ")] {
            assert_eq!(tried(id, at, &good, body), Err(Refusal::NoMatch));
        }
        assert_eq!(tried("m1", "1800000000", &good.replace("v1", "v9"), b"{}"), Err(Refusal::NoMatch));
        assert_eq!(tried("m1", "1800000000", &good[3..], b"{}"), Err(Refusal::List));
        assert_eq!(tried("m1", "1800000000", &vec![good.as_str(); 17].join(" "), b"{}"), Err(Refusal::List));
        let none = Headers { id: Some("m1"), timestamp: Some("1"), signature: None };
        assert_eq!(verify(none, b"", [SECRET].into_iter(), NOW), Err(Refusal::Missing("webhook-signature")));
    }

    #[test]
    fn the_window_is_three_hundred_seconds_on_both_sides() {
        for (offset, expected) in [(-301, Err(Refusal::Window)), (-300, Ok(())), (300, Ok(())), (301, Err(Refusal::Window))] {
            let at = (NOW + offset).to_string();
            assert_eq!(tried("m1", &at, &sign(SECRET, "m1", &at, b"x"), b"x"), expected, "{offset}");
        }
        for at in ["-1800000000", "+1800000000", "99999999999999999999", "1e9", "", " 1800000000", "1800000000.0"] {
            assert_eq!(tried("m1", at, &sign(SECRET, "m1", at, b"x"), b"x"), Err(Refusal::Timestamp), "{at:?}");
        }
        for id in ["", "a.b", "a b", "é", &"x".repeat(257)] {
            assert_eq!(tried(id, "1800000000", &sign(SECRET, id, "1800000000", b"x"), b"x"), Err(Refusal::Id), "{id:?}");
        }
    }
}
