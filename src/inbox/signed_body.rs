//! Bodies that say themselves what is signed of them: Ecwid's two fields, Wix's token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// A JSON Web Token (RFC 7519) in its parts, not yet verified.
pub(super) struct Token<'b> {
    /// What is signed: header and payload, as they are sent.
    pub signed: &'b [u8],
    pub signature: Vec<u8>,
    /// In unix seconds; none where it does not say.
    pub expires_at: Option<i64>,
    pub payload: Vec<u8>,
}

/// A body as a token signed with RS256; none when it is not one.
pub(super) fn token(body: &[u8]) -> Option<Token<'_>> {
    let text = std::str::from_utf8(body).ok()?.trim().trim_matches('"');
    let (signed, signature) = text.rsplit_once('.')?;
    let (header, payload) = signed.split_once('.')?;
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    if header["alg"] != "RS256" {
        return None;
    }
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    Some(Token {
        signed: signed.as_bytes(),
        signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        expires_at: claims["exp"].as_i64(),
        payload,
    })
}

/// The text that Ecwid signs: when and what the event is.
pub(super) fn ecwid_text(body: &[u8]) -> Option<String> {
    let event: Value = serde_json::from_slice(body).ok()?;
    let field = |name: &str| match &event[name] {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    Some(format!("{}.{}", field("eventCreated")?, field("eventId")?))
}
