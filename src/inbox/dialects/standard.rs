//! Our own event shapes: `checkout.completed`, `checkout.refunded` and `ping`.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::read;
use crate::donations::Consent;
use crate::donations::FundedBy;
use crate::inbox::event::{Checkout, Event, ParseError, Refund, Wrong};
use crate::parties::donor::DonorDetails;
use crate::values::{Amount, Email, FieldError, Locale, PostalAddress, parse_cents, slug_is_valid};

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow, rename = "type")]
    kind: std::borrow::Cow<'a, str>,
}

#[derive(Deserialize)]
struct Raw<'a, T> {
    #[serde(borrow, rename = "type")]
    kind: std::borrow::Cow<'a, str>,
    #[serde(default)]
    timestamp: Option<DateTime<Utc>>,
    data: T,
}

#[derive(Deserialize)]
struct RawCheckout {
    order_id: String,
    order_total: String,
    currency: String,
    #[serde(default)]
    donation: Option<RawDonation>,
    #[serde(default)]
    consent: Option<RawConsent>,
    #[serde(default)]
    donor: Option<RawDonor>,
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

/// Reads a body, or says what is wrong with which field.
pub fn parse(body: &[u8]) -> Result<Event, ParseError> {
    // Most are checkouts and are read at once; what is none, or is wrong, is first asked what it says it is.
    if let Ok(text) = std::str::from_utf8(body)
        && let Ok(raw) = serde_json::from_str::<Raw<'_, RawCheckout>>(text)
        && raw.kind == "checkout.completed"
    {
        return checkout(raw);
    }
    let kind: Kind<'_> = read(body)?;
    match kind.kind.as_ref() {
        "checkout.completed" => checkout(read(body)?),
        "checkout.refunded" => refund(read(body)?),
        "ping" => Ok(Event::Ping),
        other => {
            let other: String = other.chars().take(60).collect();
            let message = format!(
                "{other:?} is not known; known are checkout.completed, checkout.refunded and ping"
            );
            Err(ParseError(vec![FieldError::new("type", message)]))
        }
    }
}

fn checkout(raw: Raw<'_, RawCheckout>) -> Result<Event, ParseError> {
    let (at, raw) = (raw.timestamp, raw.data);
    let mut wrong = Wrong::default();
    wrong.text("data.order_id", Some(&raw.order_id), 200);
    let order_total_cents = wrong
        .kept("data.order_total", parse_cents(&raw.order_total))
        .unwrap_or(0);
    wrong.unless(
        raw.currency == "EUR",
        "data.currency",
        "gifts are in euros: \"EUR\"",
    );
    let (amount, cause) = raw.donation.map_or((None, None), |d| (d.amount, d.cause));
    let amount = amount.and_then(|a| wrong.kept("data.donation.amount", Amount::parse(&a)));
    wrong.unless(
        cause.as_deref().is_none_or(slug_is_valid),
        "data.donation.cause",
        "a cause is named by its slug, such as foret-vivante",
    );
    let consent = raw.consent.map(|c| {
        wrong.text("data.consent.text_version", c.text_version.as_deref(), 100);
        Consent {
            shown_at: c.shown_at,
            text_version: c.text_version,
            preticked: c.preticked,
        }
    });
    let donor = raw.donor.and_then(|d| {
        wrong.text("data.donor.first_name", d.first_name.as_deref(), 200);
        wrong.text("data.donor.last_name", d.last_name.as_deref(), 200);
        if let Some(a) = &d.address {
            for (field, text) in [
                ("data.donor.address.line1", &a.line1),
                ("data.donor.address.postal_code", &a.postal_code),
                ("data.donor.address.city", &a.city),
                ("data.donor.address.country", &a.country),
            ] {
                wrong.text(
                    field,
                    Some(text).filter(|t| !t.is_empty()).map(String::as_str),
                    300,
                );
            }
            wrong.text(
                "data.donor.address.line2",
                a.line2.as_deref().filter(|t| !t.is_empty()),
                300,
            );
        }
        let email = wrong.kept("data.donor.email", Email::parse(&d.email))?;
        let given =
            |name: Option<String>| name.map(|n| n.trim().to_owned()).filter(|n| !n.is_empty());
        Some(DonorDetails {
            email,
            first_name: given(d.first_name),
            last_name: given(d.last_name),
            address: d.address.filter(PostalAddress::is_complete),
            locale: d
                .locale
                .as_deref()
                .and_then(Locale::of_tag)
                .unwrap_or_default(),
        })
    });
    wrong.done(Event::Checkout(Box::new(Checkout {
        at,
        order_id: raw.order_id,
        order_total_cents,
        amount,
        cause,
        consent,
        donor,
        funded_by: FundedBy::Donor,
        restated: false,
    })))
}

fn refund(raw: Raw<'_, RawRefund>) -> Result<Event, ParseError> {
    let (at, raw) = (raw.timestamp, raw.data);
    let mut wrong = Wrong::default();
    wrong.text("data.order_id", Some(&raw.order_id), 200);
    wrong.text("data.refund_id", Some(&raw.refund_id), 200);
    if let Some(amount) = &raw.amount {
        wrong.kept("data.amount", parse_cents(amount));
    }
    wrong.done(Event::Refund(Refund {
        at,
        order_id: raw.order_id,
        refund_id: raw.refund_id,
        donation_refunded: raw.donation_refunded,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(change: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
        let mut body = serde_json::json!({
            "type": "checkout.completed", "timestamp": "2026-11-24T10:00:00Z", "unknown": 1,
            "data": {"order_id": "FR-1001", "order_total": "45.90", "currency": "EUR",
                "donation": {"amount": "1.00", "cause": "foret-vivante"},
                "consent": {"shown_at": "2026-11-24T09:59:41Z", "text_version": "2026-1", "preticked": false},
                "donor": {"email": "Camille@example.org", "first_name": "Camille", "last_name": "Durand 🌳",
                    "address": {"line1": "3 rue des Lilas", "line2": null, "postal_code": "75020", "city": "Paris", "country": "FR"}, "locale": "fr"}}});
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
        let least = br#"{"type":"checkout.completed","data":{"order_id":"1","order_total":"0","currency":"EUR"}}"#;
        assert!(matches!(parse(least), Ok(Event::Checkout(_))));
    }

    #[test]
    fn each_mistake_is_told_by_its_field() {
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
        assert_eq!(
            wrong(|b| b["data"]["donor"]["first_name"] = "x".repeat(10_000).into()),
            "data.donor.first_name"
        );
        for email in ["camille", "a@b\n.org", ""] {
            assert_eq!(
                wrong(|b| b["data"]["donor"]["email"] = email.into()),
                "data.donor.email"
            );
        }
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
        let nul = br#"{"type":"checkout.refunded","data":{"order_id":"a\u0000b","refund_id":"r","donation_refunded":true}}"#;
        assert_eq!(
            parse(nul).map_err(|e| e.0[0].field.clone()),
            Err("data.order_id".into())
        );
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
