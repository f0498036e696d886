//! The signature of a delivery: one verifier for all dialects, over the raw bytes, with any active
//! secret, compared in constant time. Pure.
//!
//! | dialect | signed bytes | encoding | window |
//! |---|---|---|---|
//! | `standard`, `svix`, `bigcommerce` | `id.timestamp.body` | base64, a list of `v1,…` | 300 s |
//! | `stripe` | `timestamp.body` | hex, `t=…,v1=…` | 300 s |
//! | `shopify`, `woocommerce` | `body` | base64 | none |
//! | `squarespace` | `body` | hex | none |
//! | `ecwid` | `eventCreated.eventId` of the body | base64 | none |
//! | `wix` | the body is a JWT, signed with RS256 | base64url | its `exp` |
//! | `generic` | `body`, or the text of a template | as configured | 300 s, if it signs a time |

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject as _;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq as _;
use webpki::RawPublicKeyEntity;
use webpki::ring::RSA_PKCS1_2048_8192_SHA256;

use super::endpoint::{EndpointSettings, HmacHash, SignedPart, TextEncoding};
use super::signed_body::{ecwid_text, token};
use crate::values::Dialect;

/// How far a timestamp may be from now, in seconds, on either side.
pub const WINDOW_SECONDS: u64 = 300;
/// The most signatures taken in one header: a rotation needs two, and each costs an HMAC
/// comparison.
const MAX_SIGNATURES: usize = 16;

/// Why a signature is refused. The messages help an honest developer and give a forger nothing new.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
pub enum SignatureError {
    #[error("the header {0} is missing, or there more than once")]
    Missing(String),
    #[error("webhook-id must have 1 to 256 visible characters and no dot")]
    Id,
    #[error("the timestamp must be the time of sending in whole unix seconds")]
    Timestamp,
    #[error(
        "the timestamp is more than 300 seconds from our clock: sign each attempt anew, and check \
         the sender's clock"
    )]
    Window,
    #[error("{0}")]
    Form(&'static str),
    #[error("no signature matches: sign {0} with the endpoint's secret, over the bytes sent")]
    NoMatch(&'static str),
}

/// The signature of one delivery under one secret (its decoded bytes), as Standard Webhooks carries
/// it: `v1,<base64>`.
#[must_use]
pub fn sign(secret: &[u8], id: &str, timestamp: &str, body: &[u8]) -> String {
    format!(
        "v1,{}",
        STANDARD.encode(mac::<Hmac<Sha256>>(
            secret,
            &[id.as_bytes(), b".", timestamp.as_bytes(), b".", body]
        ))
    )
}

/// The parts of a delivery that its dialect signs, and the signatures it carries.
struct SignedContent<'a> {
    /// What is signed, one part after the other.
    parts: Vec<Cow<'a, [u8]>>,
    /// The MACs offered, decoded; what cannot be decoded is no match.
    offered: Vec<Vec<u8>>,
    hash: HmacHash,
    /// The signed bytes, in words for the error.
    words: &'static str,
}

/// Verifies a delivery. `header` returns a header that is there exactly once; `now` is in unix
/// seconds.
pub fn verify<'h, 's>(
    dialect: Dialect,
    settings: &'h EndpointSettings,
    header: impl Fn(&str) -> Option<&'h str>,
    body: &'h [u8],
    secrets: impl Iterator<Item = &'s [u8]>,
    now: i64,
) -> Result<(), SignatureError> {
    let signed = match dialect {
        Dialect::Standard | Dialect::Bigcommerce => standard(
            ["webhook-id", "webhook-timestamp", "webhook-signature"],
            &header,
            body,
            now,
        )?,
        // Svix signs under both names; which one depends on the sender's age.
        Dialect::Svix if header("svix-id").is_some() => standard(
            ["svix-id", "svix-timestamp", "svix-signature"],
            &header,
            body,
            now,
        )?,
        Dialect::Svix => standard(
            ["webhook-id", "webhook-timestamp", "webhook-signature"],
            &header,
            body,
            now,
        )?,
        Dialect::Stripe => stripe(needed(&header, "stripe-signature")?, body, now)?,
        Dialect::Shopify => body_only(
            needed(&header, "x-shopify-hmac-sha256")?,
            body,
            TextEncoding::Base64,
        )?,
        Dialect::Woocommerce => body_only(
            needed(&header, "x-wc-webhook-signature")?,
            body,
            TextEncoding::Base64,
        )?,
        Dialect::Squarespace => body_only(
            needed(&header, "squarespace-signature")?,
            body,
            TextEncoding::Hex,
        )?,
        Dialect::Ecwid => ecwid(needed(&header, "x-ecwid-webhook-signature")?, body)?,
        Dialect::Wix => return wix(body, secrets, now),
        Dialect::Generic => generic(settings, &header, body, now)?,
    };
    let parts: Vec<&[u8]> = signed.parts.iter().map(AsRef::as_ref).collect();
    for secret in secrets {
        let ours = match signed.hash {
            HmacHash::Sha256 => mac::<Hmac<Sha256>>(secret, &parts),
            HmacHash::Sha512 => mac::<Hmac<Sha512>>(secret, &parts),
        };
        if signed
            .offered
            .iter()
            .any(|theirs| bool::from(ours.ct_eq(theirs)))
        {
            return Ok(());
        }
    }
    Err(SignatureError::NoMatch(signed.words))
}

fn needed<'h>(
    header: &impl Fn(&str) -> Option<&'h str>,
    name: &str,
) -> Result<&'h str, SignatureError> {
    header(name).ok_or_else(|| SignatureError::Missing(name.to_owned()))
}

/// Standard Webhooks 1.0.0.
fn standard<'h>(
    names: [&str; 3],
    header: &impl Fn(&str) -> Option<&'h str>,
    body: &'h [u8],
    now: i64,
) -> Result<SignedContent<'h>, SignatureError> {
    const FORM: SignatureError = SignatureError::Form(
        "the signature must be a list of at most 16 `v1,<base64>`, separated by spaces",
    );
    let [id, timestamp, list] = [
        needed(header, names[0])?,
        needed(header, names[1])?,
        needed(header, names[2])?,
    ];
    if id.is_empty() || id.len() > 256 || !id.bytes().all(|b| b.is_ascii_graphic() && b != b'.') {
        return Err(SignatureError::Id);
    }
    timely(timestamp, now)?;
    let mut offered = Vec::new();
    for (n, one) in list.split(' ').enumerate() {
        let (version, encoded) = one.split_once(',').ok_or(FORM)?;
        if n >= MAX_SIGNATURES {
            return Err(FORM);
        }
        // A signature of another version, or one that cannot be decoded, does not match; the next
        // one may.
        if version == "v1"
            && let Ok(bytes) = STANDARD.decode(encoded)
        {
            offered.push(bytes);
        }
    }
    Ok(SignedContent {
        parts: dotted([id, timestamp], body),
        offered,
        hash: HmacHash::Sha256,
        words: "`id.timestamp.body`",
    })
}

/// Stripe's header: `t=` once, `v1=` once or more, other schemes ignored.
fn stripe<'h>(
    list: &'h str,
    body: &'h [u8],
    now: i64,
) -> Result<SignedContent<'h>, SignatureError> {
    const FORM: SignatureError = SignatureError::Form(
        "Stripe-Signature must be one `t=` and at most 16 `v1=`, separated by commas",
    );
    let (mut timestamp, mut offered) = (None, Vec::new());
    for (n, one) in list.split(',').enumerate() {
        let (name, value) = one.split_once('=').ok_or(FORM)?;
        match name {
            _ if n > MAX_SIGNATURES => return Err(FORM),
            "t" if timestamp.is_some() => return Err(FORM),
            "t" => timestamp = Some(value),
            "v1" => offered.extend(hex::decode(value)),
            _ => {}
        }
    }
    let timestamp = timestamp.ok_or(FORM)?;
    timely(timestamp, now)?;
    Ok(SignedContent {
        parts: dotted([timestamp], body),
        offered,
        hash: HmacHash::Sha256,
        words: "`timestamp.body`",
    })
}

/// The body after other parts, each followed by a dot.
fn dotted<'h, const N: usize>(before: [&'h str; N], body: &'h [u8]) -> Vec<Cow<'h, [u8]>> {
    let before = before.into_iter().flat_map(|p| [p.as_bytes(), b"."]);
    before.chain([body]).map(Cow::Borrowed).collect()
}

fn body_only<'h>(
    digest: &str,
    body: &'h [u8],
    encoding: TextEncoding,
) -> Result<SignedContent<'h>, SignatureError> {
    Ok(SignedContent {
        parts: vec![Cow::Borrowed(body)],
        offered: vec![decoded(digest, encoding)?],
        hash: HmacHash::Sha256,
        words: "the body",
    })
}

fn decoded(digest: &str, encoding: TextEncoding) -> Result<Vec<u8>, SignatureError> {
    match encoding {
        TextEncoding::Base64 => STANDARD
            .decode(digest)
            .map_err(|_| SignatureError::Form("the signature must be base64")),
        TextEncoding::Hex => hex::decode(digest)
            .map_err(|_| SignatureError::Form("the signature must be hexadecimal")),
    }
}

/// Ecwid signs only when and what the event is: the order is fetched, so nothing else counts.
fn ecwid<'h>(digest: &str, body: &'h [u8]) -> Result<SignedContent<'h>, SignatureError> {
    let text = ecwid_text(body).ok_or(SignatureError::Form(
        "the body must be JSON with eventCreated and eventId",
    ))?;
    Ok(SignedContent {
        parts: vec![Cow::Owned(text.into_bytes())],
        offered: vec![decoded(digest, TextEncoding::Base64)?],
        hash: HmacHash::Sha256,
        words: "`eventCreated.eventId`",
    })
}

/// The body is a token, signed with the platform's private key; the secrets are its public ones.
fn wix<'s>(
    body: &[u8],
    mut keys: impl Iterator<Item = &'s [u8]>,
    now: i64,
) -> Result<(), SignatureError> {
    const FORM: SignatureError =
        SignatureError::Form("the body must be a JSON Web Token signed with RS256");
    let token = token(body).ok_or(FORM)?;
    // Its clock and ours may differ.
    let margin = i64::try_from(WINDOW_SECONDS).unwrap_or(0);
    if token
        .expires_at
        .is_some_and(|at| at.saturating_add(margin) < now)
    {
        return Err(SignatureError::Window);
    }
    let holds = |key: &[u8]| {
        let Ok(key) = SubjectPublicKeyInfoDer::from_pem_slice(key) else {
            return false;
        };
        let signed = RawPublicKeyEntity::try_from(&key).map(|key| {
            key.verify_signature(RSA_PKCS1_2048_8192_SHA256, token.signed, &token.signature)
        });
        matches!(signed, Ok(Ok(())))
    };
    if keys.any(holds) {
        Ok(())
    } else {
        Err(SignatureError::NoMatch("the token"))
    }
}

/// A sender's own form: a header with one digest, or a list of `name=value` in which one is the
/// digest and another the time; over the body, or over a text with the time or the delivery's name
/// in it.
fn generic<'h>(
    settings: &'h EndpointSettings,
    header: &impl Fn(&str) -> Option<&'h str>,
    body: &'h [u8],
    now: i64,
) -> Result<SignedContent<'h>, SignatureError> {
    let given = needed(header, &settings.signature_header)?;
    let field = |name: &str| {
        let mut pairs = given.split([',', ';', ' ']).map(str::trim);
        pairs.find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    };
    let digest = match settings.signature_field.as_str() {
        "" => Some(given),
        name => field(name),
    };
    let digest = digest.ok_or(SignatureError::Form(
        "the signature's header has no field of the name that the endpoint's settings say",
    ))?;
    let digest = digest
        .strip_prefix(settings.signature_prefix.as_str())
        .ok_or(SignatureError::Form(
            "the signature does not begin with the prefix of the endpoint's settings",
        ))?;
    let mut parts = Vec::new();
    for part in settings.signed_parts() {
        parts.push(Cow::Borrowed(match part {
            SignedPart::Text(text) => text.as_bytes(),
            SignedPart::Body => body,
            SignedPart::Id => needed(header, &settings.delivery_header)?.as_bytes(),
            SignedPart::Timestamp => {
                let timestamp = match settings.timestamp_field.as_str() {
                    "" => Some(needed(header, &settings.timestamp_header)?),
                    name => field(name),
                };
                let timestamp = timestamp.ok_or(SignatureError::Timestamp)?;
                timely(timestamp, now)?;
                timestamp.as_bytes()
            }
        }));
    }
    Ok(SignedContent {
        parts,
        offered: vec![decoded(digest, settings.encoding)?],
        hash: settings.hash,
        words: "the text of the endpoint's settings (the body by default)",
    })
}

/// Whole unix seconds within the window on both sides.
fn timely(timestamp: &str, now: i64) -> Result<(), SignatureError> {
    if timestamp.is_empty()
        || timestamp.len() > 12
        || !timestamp.bytes().all(|b| b.is_ascii_digit())
    {
        return Err(SignatureError::Timestamp);
    }
    let sent: i64 = timestamp.parse().map_err(|_| SignatureError::Timestamp)?;
    if sent.abs_diff(now) > WINDOW_SECONDS {
        Err(SignatureError::Window)
    } else {
        Ok(())
    }
}

fn mac<M: Mac + KeyInit>(secret: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    // HMAC takes keys of any length.
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(secret) else {
        unreachable!("a key of any length")
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    /// One case of `contracts/signature-vectors.json`, which senders in other languages run as
    /// well.
    #[derive(Deserialize)]
    struct Vector {
        name: String,
        dialect: String,
        #[serde(default)]
        settings: EndpointSettings,
        secrets: Vec<String>,
        headers: Vec<(String, String)>,
        body: String,
        now: i64,
        accepted: bool,
    }

    #[test]
    fn every_vector_is_accepted_or_refused_as_it_says() {
        let vectors: Vec<Vector> =
            serde_json::from_str(include_str!("../../contracts/signature-vectors.json")).unwrap();
        assert!(vectors.len() > 50);
        for v in &vectors {
            let dialect: Dialect = v.dialect.parse().unwrap();
            let body = STANDARD.decode(&v.body).unwrap();
            let keys: Vec<Vec<u8>> = v
                .secrets
                .iter()
                .map(|s| {
                    crate::inbox::endpoint::signing_key(dialect, v.settings.secret_encoding, s)
                        .unwrap()
                })
                .collect();
            let header = |name: &str| {
                let mut all = v
                    .headers
                    .iter()
                    .filter(|(n, _)| n.eq_ignore_ascii_case(name));
                let first = all.next()?;
                if all.next().is_some() {
                    None
                } else {
                    Some(first.1.as_str())
                }
            };
            let verdict = verify(
                dialect,
                &v.settings,
                header,
                &body,
                keys.iter().map(Vec::as_slice),
                v.now,
            );
            assert_eq!(verdict.is_ok(), v.accepted, "{}: {verdict:?}", v.name);
        }
    }
}
