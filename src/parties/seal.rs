//! Secrets at rest and tokens: XChaCha20-Poly1305 with a key id, SHA-256 for what is only compared,
//! HMAC for what is derived.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

/// The key's id, first byte of what is sealed, so that a change of key is recognised.
const KEY_ID: u8 = 1;

/// A sealed secret that cannot be opened: another key, another place, or altered bytes.
#[derive(Debug, thiserror::Error)]
#[error("a secret kept at {place} cannot be opened with this OBOLE_SECRET_KEY")]
pub struct SealError {
    place: String,
}

/// Encrypts `plain` for one place (table and row), so that it opens nowhere else.
pub fn seal(key: &[u8; 32], place: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
    let wrong = || SealError {
        place: place.to_owned(),
    };
    let mut nonce = [0_u8; 24];
    getrandom::fill(&mut nonce).map_err(|_| wrong())?;
    let cipher = XChaCha20Poly1305::new(key.into());
    let sealed = cipher
        .encrypt(
            &XNonce::from(nonce),
            Payload {
                msg: plain,
                aad: place.as_bytes(),
            },
        )
        .map_err(|_| wrong())?;
    Ok([&[KEY_ID], &nonce[..], &sealed].concat())
}

/// Decrypts what `seal` made for the same place.
pub fn open(key: &[u8; 32], place: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    let wrong = || SealError {
        place: place.to_owned(),
    };
    let (id, rest) = sealed.split_first().ok_or_else(wrong)?;
    let (nonce, cipher_text) = rest.split_first_chunk::<24>().ok_or_else(wrong)?;
    if *id != KEY_ID {
        return Err(wrong());
    }
    let cipher = XChaCha20Poly1305::new(key.into());
    cipher
        .decrypt(
            &XNonce::from(*nonce),
            Payload {
                msg: cipher_text,
                aad: place.as_bytes(),
            },
        )
        .map_err(|_| wrong())
}

/// A new random token of 32 bytes in base64 for URLs, and the hash under which it is kept.
pub fn token() -> Result<(String, Vec<u8>), getrandom::Error> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)?;
    let token = URL_SAFE_NO_PAD.encode(bytes);
    let hash = hash(&token);
    Ok((token, hash))
}

/// The hash under which a token is kept.
#[must_use]
pub fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// A token that only the key's holder can derive for a purpose and a subject.
#[must_use]
pub fn derived_token(key: &[u8; 32], purpose: &str, subject: &[u8]) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key) else {
        unreachable!("a key of 32 bytes")
    };
    mac.update(purpose.as_bytes());
    mac.update(&[0]);
    mac.update(subject);
    URL_SAFE_NO_PAD.encode(&mac.finalize().into_bytes()[..20])
}

/// Whether a token is the one derived for a purpose and a subject; takes the same time whatever is
/// wrong with it.
#[must_use]
pub fn is_derived_token(key: &[u8; 32], purpose: &str, subject: &[u8], token: &str) -> bool {
    derived_token(key, purpose, subject)
        .as_bytes()
        .ct_eq(token.as_bytes())
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_only_where_it_was_sealed_and_unaltered() {
        let mut sealed = seal(&[7; 32], "endpoint:1", b"whsec").unwrap();
        assert_eq!(open(&[7; 32], "endpoint:1", &sealed).unwrap(), b"whsec");
        assert!(
            open(&[7; 32], "endpoint:2", &sealed).is_err()
                && open(&[8; 32], "endpoint:1", &sealed).is_err()
        );
        *sealed.last_mut().unwrap() ^= 1;
        assert!(
            open(&[7; 32], "endpoint:1", &sealed).is_err()
                && open(&[7; 32], "endpoint:1", b"").is_err()
        );
    }
}
