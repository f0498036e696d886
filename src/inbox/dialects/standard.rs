//! Our own event shapes: `checkout.completed`, `checkout.refunded` and `ping`.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::donations::{Consent, FundedBy};
use crate::inbox::event::{Checkout, Event, FieldErrors, ParseError, Refund, read};
use crate::parties::donor::DonorDetails;
use crate::values::{Amount, Email, FieldError, Locale, PostalAddress, parse_cents, slug_is_valid};

#[derive(Deserialize)]
struct TypeOnly<'a> {
    #[serde(borrow, rename = "type")]
    kind: std::borrow::Cow<'a, str>,
}

#[derive(Deserialize)]
struct RawEvent<'a, T> {
    #[serde(borrow, rename = "type")]
    kind: std::borrow::Cow<'a, str>,
    #[serde(default)]
    timestamp: Option<DateTime<Utc>>,
    data: T,
}

/// The donor as `D`: a donation does not fail for details of its donor that cannot be read.
#[derive(Deserialize)]
#[serde(bound(deserialize = "D: Deserialize<'de>"))]
struct RawCheckout<D> {
    order_id: String,
    order_total: String,
    currency: String,
    #[serde(default)]
    donation: Option<RawDonation>,
    #[serde(default)]
    consent: Option<RawConsent>,
    #[serde(default = "nobody")]
    donor: Option<D>,
}

const fn nobody<D>() -> Option<D> {
    None
}

#[derive(Deserialize)]
struct RawDonation {
    #[serde(default)]
    amount: Option<String>,
    #[serde(default)]
    cause: Option<String>,
}

#[derive(Deserialize)]
struct RawConsent {
    #[serde(default)]
    shown_at: Option<DateTime<Utc>>,
    #[serde(default)]
    text_version: Option<String>,
    preticked: bool,
}

#[derive(Deserialize)]
struct RawDonor {
    email: String,
    #[serde(default)]
    first_name: Option<String>,
    #[serde(default)]
    last_name: Option<String>,
    #[serde(default)]
    address: Option<PostalAddress>,
    #[serde(default)]
    locale: Option<String>,
}

#[derive(Deserialize)]
struct RawRefund {
    order_id: String,
    refund_id: String,
    donation_refunded: bool,
    #[serde(default)]
    amount: Option<String>,
}

/// Reads a body. The error names each field that is wrong.
pub fn parse(body: &[u8]) -> Result<Event, ParseError> {
    // Most bodies are right checkouts: they are read in one pass, without looking for the path of a
    // mistake.
    if let Ok(text) = std::str::from_utf8(body)
        && let Ok(raw) = serde_json::from_str::<RawEvent<'_, RawCheckout<RawDonor>>>(text)
        && raw.kind == "checkout.completed"
    {
        return checkout(raw);
    }
    let kind: TypeOnly<'_> = read(body)?;
    match kind.kind.as_ref() {
        "checkout.completed" => match read(body) {
            Ok(raw) => checkout(raw),
            Err(error) => checkout_of_nobody(body, error),
        },
        "checkout.refunded" => refund(read(body)?),
        "ping" => Ok(Event::Ping),
        other => {
            let other: String = other.chars().take(60).collect();
            let message = format!(
                "{other:?} is not known; known are checkout.completed, checkout.refunded and ping"
            );
            Err(ParseError::field("type", message))
        }
    }
}

/// A checkout whose donor is the mistake: it counts as anonymous.
fn checkout_of_nobody(body: &[u8], error: ParseError) -> Result<Event, ParseError> {
    let Ok(raw) = read::<RawEvent<'_, RawCheckout<IgnoredAny>>>(body) else {
        return Err(error);
    };
    let data = RawCheckout {
        order_id: raw.data.order_id,
        order_total: raw.data.order_total,
        currency: raw.data.currency,
        donation: raw.data.donation,
        consent: raw.data.consent,
        donor: None,
    };
    let mut event = checkout(RawEvent {
        kind: raw.kind,
        timestamp: raw.timestamp,
        data,
    })?;
    if let Event::Checkout(checkout) = &mut event {
        checkout.warnings = error.0;
    }
    Ok(event)
}

fn checkout(raw: RawEvent<'_, RawCheckout<RawDonor>>) -> Result<Event, ParseError> {
    let (at, raw) = (raw.timestamp, raw.data);
    let mut errors = FieldErrors::default();
    errors.require_text("data.order_id", Some(&raw.order_id), 200);
    let order_total_cents = errors
        .take("data.order_total", parse_cents(&raw.order_total))
        .unwrap_or(0);
    errors.require(
        raw.currency == "EUR",
        "data.currency",
        "donations are in euros: \"EUR\"",
    );
    let (amount, cause) = raw.donation.map_or((None, None), |d| (d.amount, d.cause));
    let amount = amount.and_then(|a| errors.take("data.donation.amount", Amount::parse(&a)));
    errors.require(
        cause.as_deref().is_none_or(slug_is_valid),
        "data.donation.cause",
        "a cause is named by its slug, such as foret-vivante",
    );
    let consent = raw.consent.map(|c| {
        errors.require_text("data.consent.text_version", c.text_version.as_deref(), 100);
        Consent {
            shown_at: c.shown_at,
            text_version: c.text_version,
            preticked: c.preticked,
        }
    });
    let (donor, warnings) = raw.donor.map_or((None, Vec::new()), donor);
    errors.finish(Event::Checkout(Box::new(Checkout {
        at,
        order_id: raw.order_id,
        order_total_cents,
        amount,
        cause,
        consent,
        donor,
        funded_by: FundedBy::Donor,
        restated: false,
        ordinal: 0,
        is_one_of_several: false,
        left_cents: None,
        stands_whole: false,
        flags: Vec::new(),
        identity: None,
        warnings,
    })))
}

/// The donor; nobody, and why, when one of the details cannot be read.
fn donor(raw: RawDonor) -> (Option<DonorDetails>, Vec<FieldError>) {
    let mut errors = FieldErrors::default();
    let details = details(raw, &mut errors);
    let warnings = errors.found();
    (details.filter(|_| warnings.is_empty()), warnings)
}

fn details(raw: RawDonor, errors: &mut FieldErrors) -> Option<DonorDetails> {
    errors.require_text("data.donor.first_name", raw.first_name.as_deref(), 200);
    errors.require_text("data.donor.last_name", raw.last_name.as_deref(), 200);
    if let Some(a) = &raw.address {
        for (field, text) in [
            ("data.donor.address.line1", Some(&a.line1)),
            ("data.donor.address.line2", a.line2.as_ref()),
            ("data.donor.address.postal_code", Some(&a.postal_code)),
            ("data.donor.address.city", Some(&a.city)),
            ("data.donor.address.country", Some(&a.country)),
        ] {
            // An empty line is as good as none: an incomplete address is left out below.
            let text = text.map(String::as_str).filter(|t| !t.is_empty());
            errors.require_text(field, text, 300);
        }
    }
    let email = errors.take("data.donor.email", Email::parse(&raw.email))?;
    let name = |name: Option<String>| name.map(|n| n.trim().to_owned()).filter(|n| !n.is_empty());
    Some(DonorDetails {
        email,
        first_name: name(raw.first_name),
        last_name: name(raw.last_name),
        address: raw.address.filter(PostalAddress::is_complete),
        locale: raw
            .locale
            .as_deref()
            .and_then(Locale::of_tag)
            .unwrap_or_default(),
    })
}

fn refund(raw: RawEvent<'_, RawRefund>) -> Result<Event, ParseError> {
    let (at, raw) = (raw.timestamp, raw.data);
    let mut errors = FieldErrors::default();
    errors.require_text("data.order_id", Some(&raw.order_id), 200);
    errors.require_text("data.refund_id", Some(&raw.refund_id), 200);
    let cents = raw
        .amount
        .and_then(|a| errors.take("data.amount", parse_cents(&a)));
    errors.finish(Event::Refund(Refund {
        at,
        order_id: raw.order_id,
        refund_id: raw.refund_id,
        // Nothing of the donation is nothing given back.
        donation_refunded: raw.donation_refunded && cents != Some(0),
        amount: cents.and_then(|c| Amount::from_cents(c).ok()),
        ..Refund::of_all(String::new(), "")
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(change: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
        let mut body = serde_json::json!({
            "type": "checkout.completed", "timestamp": "2026-11-24T10:00:00Z", "unknown": 1,
            "data": {"order_id": "FR-1001", "order_total": "45.90", "currency": "EUR",
                "donation": {"amount": "1.00", "cause": "foret-vivante"},
                "consent": {"shown_at": "2026-11-24T09:59:41Z", "text_version": "2026-1",
                    "preticked": false},
                "donor": {"email": "Camille@example.org", "first_name": "Camille",
                    "last_name": "Durand 🌳",
                    "address": {"line1": "3 rue des Lilas", "line2": null, "postal_code": "75020",
                        "city": "Paris", "country": "FR"}, "locale": "fr"}}});
        change(&mut body);
        body.to_string().into_bytes()
    }

    fn wrong(change: impl FnOnce(&mut serde_json::Value)) -> String {
        parse(&body(change)).map_or_else(|e| e.0[0].field.clone(), |_| "nothing".into())
    }

    #[test]
    fn a_whole_checkout_and_the_least_one_are_understood() {
        let Ok(Event::Checkout(c)) = parse(&body(|_| ())) else {
            panic!()
        };
        assert_eq!(
            (
                c.order_total_cents,
                c.amount.map(Amount::cents),
                c.cause.as_deref()
            ),
            (4590, Some(100), Some("foret-vivante"))
        );
        assert_eq!(
            c.donor.map(|d| d.email.to_string()).as_deref(),
            Some("camille@example.org")
        );
        let least = br#"{"type":"checkout.completed",
            "data":{"order_id":"1","order_total":"0","currency":"EUR"}}"#;
        assert!(matches!(parse(least), Ok(Event::Checkout(_))));
    }

    #[test]
    fn each_mistake_is_named_by_its_field() {
        assert_eq!(wrong(|b| b["type"] = "order.paid".into()), "type");
        assert_eq!(
            wrong(|b| b["data"]["order_total"] = 45.9.into()),
            "data.order_total"
        );
        assert_eq!(
            wrong(|b| b["data"]["order_id"] = "".into()),
            "data.order_id"
        );
        assert_eq!(wrong(|b| b["timestamp"] = "yesterday".into()), "timestamp");
        assert_eq!(
            wrong(|b| b["data"]["currency"] = "eur".into()),
            "data.currency"
        );
        for amount in [
            "01.00",
            "1,00",
            "1e0",
            "-1.00",
            "0.00",
            "1.001",
            "99999999999.00",
        ] {
            assert_eq!(
                wrong(|b| b["data"]["donation"]["amount"] = amount.into()),
                "data.donation.amount",
                "{amount}"
            );
        }
        assert_eq!(
            wrong(|b| b["data"]["donation"]["amount"] = 1.0.into()),
            "data.donation.amount"
        );
        assert!(parse(b"not json").is_err() && parse(b"\xff\xfe").is_err() && parse(b"").is_err());
        assert!(
            parse(br#"{"type":"ping","type":"ping"}"#).is_err(),
            "duplicate keys"
        );
        assert!(
            parse("[".repeat(100_000).as_bytes()).is_err(),
            "deep nesting"
        );
        let nul = br#"{"type":"checkout.refunded",
            "data":{"order_id":"a\u0000b","refund_id":"r","donation_refunded":true}}"#;
        assert_eq!(
            parse(nul).map_err(|e| e.0[0].field.clone()),
            Err("data.order_id".into())
        );
    }

    #[test]
    fn a_donor_who_cannot_be_read_is_nobody_and_the_donation_counts() {
        let long = "x".repeat(10_000);
        for (change, field) in [
            (json!({"email": "camille"}), "data.donor.email"),
            (json!({"email": "a@b\n.org"}), "data.donor.email"),
            (json!({"email": ""}), "data.donor.email"),
            (json!({"email": null}), "data.donor.email"),
            (json!({"email": 7}), "data.donor.email"),
            (
                json!({"email": "c@example.org", "first_name": long}),
                "data.donor.first_name",
            ),
            (
                json!({"email": "c@example.org", "address": []}),
                "data.donor.address",
            ),
            (
                json!({"email": "c@example.org", "locale": {}}),
                "data.donor.locale",
            ),
            (json!("camille@example.org"), "data.donor"),
            (json!([]), "data.donor"),
        ] {
            let Ok(Event::Checkout(c)) = parse(&body(|b| b["data"]["donor"] = change.clone()))
            else {
                panic!("{change}")
            };
            assert_eq!(
                (c.donor, c.amount.map(Amount::cents)),
                (None, Some(100)),
                "{change}"
            );
            let warned = c.warnings.first().unwrap();
            assert!(warned.field.starts_with(field), "{change}: {warned:?}");
        }
        let half = body(|b| b["data"]["donor"]["first_name"] = "@".into());
        let half = String::from_utf8(half)
            .unwrap()
            .replace("\"@\"", "\"\\ud83c\"");
        let Ok(Event::Checkout(c)) = parse(half.as_bytes()) else {
            panic!("{half}")
        };
        assert_eq!((c.donor, c.warnings.len()), (None, 1), "half a character");
    }

    #[test]
    fn the_content_is_the_same_for_a_repetition_only() {
        let hash = |change: fn(&mut serde_json::Value)| match parse(&body(change)) {
            Ok(Event::Checkout(c)) => c.content_hash(),
            _ => panic!(),
        };
        let first = hash(|_| ());
        assert_eq!(
            first,
            hash(|b| b["timestamp"] = "2026-11-24T11:00:00Z".into())
        );
        assert_ne!(
            first,
            hash(|b| b["data"]["donation"]["amount"] = "2.00".into())
        );
        assert_ne!(
            first,
            hash(|b| b["data"]["donation"]["cause"] = "abri".into())
        );
    }
}
