//! Every refusal, as one table over HTTP; and whatever bytes come, nothing breaks.

use std::io::Write as _;

use obole::gateways::bank::BankReader;
use obole::inbox::endpoint::EndpointSettings;
use obole::inbox::signature;
use obole::values::{Amount, Bic, Dialect, Email, Iban, Rna, Siren, parse_cents};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::shop::{Service, checkout, parsed};
use crate::support::written;

/// What a delivery is answered: status, and the first field named if any.
async fn told(s: &Service, id: &str, body: Vec<u8>) -> (u16, Option<String>) {
    let answer = s.shop.request(id, body).send().await.unwrap();
    let status = answer.status().as_u16();
    let document: Value = answer.json().await.unwrap();
    (
        status,
        document["errors"][0]["field"].as_str().map(str::to_owned),
    )
}

/// A checkout with one field changed.
fn with(pointer: &str, value: Value) -> Vec<u8> {
    checkout("FR-1", |e| *e.pointer_mut(pointer).unwrap() = value)
        .to_string()
        .into_bytes()
}

/// Bodies that are refused, and the first field that is named.
fn refused() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let amount = |text: &str| with("/data/donation/amount", text.into());
    let amounts = [
        "01.00",
        "1,00",
        "1e0",
        "-1.00",
        "0.00",
        "1.001",
        "99999999999.00",
    ];
    let mut all: Vec<_> = amounts
        .map(|text| (text, amount(text), "data.donation.amount"))
        .into();
    let nul = checkout("FR-1", |_| ()).to_string();
    let nul = nul.replace("FR-1", "FR\\u0000").into_bytes();
    let twice = br#"{"type":"checkout.completed","data":{"order_id":"1","order_id":"2",
        "order_total":"1.00","currency":"EUR"}}"#
        .to_vec();
    let number = with("/data/donation/amount", json!(1.0));
    all.extend([
        ("not JSON", b"hello".to_vec(), "."),
        ("empty", Vec::new(), "."),
        ("invalid UTF-8", b"{\"type\":\"\xff\xfe\"}".to_vec(), "type"),
        ("NUL", nul, "data.order_id"),
        ("duplicate keys", twice, "data"),
        ("deep nesting", "[".repeat(100_000).into_bytes(), "[0]"),
        ("a number", number, "data.donation.amount"),
        ("eur", with("/data/currency", "eur".into()), "data.currency"),
        ("USD", with("/data/currency", "USD".into()), "data.currency"),
    ]);
    for (name, pointer, value, field) in [
        (
            "unknown cause",
            "/data/donation/cause",
            "nobody",
            "data.donation.cause",
        ),
        (
            "no slug",
            "/data/donation/cause",
            "../etc",
            "data.donation.cause",
        ),
        ("unknown type", "/type", "order.paid", "type"),
    ] {
        all.push((name, with(pointer, value.into()), field));
    }
    all
}

#[tokio::test]
async fn each_refusal_has_its_answer_and_names_its_field() {
    let s = Service::start().await;
    let refused = refused();
    let count = i64::try_from(refused.len()).unwrap();
    for (n, (name, body, field)) in refused.into_iter().enumerate() {
        let answer = told(&s, &format!("t-{n}"), body).await;
        assert_eq!(answer, (422, Some(field.to_owned())), "{name}");
    }
    let large = with("/data/donor/first_name", "x".repeat(257 * 1024).into());
    assert_eq!(told(&s, "large", large).await, (413, None));
    s.posted().await;
    assert_eq!(s.balance("merchant_receivable:librairie").await, 0);
    assert_eq!(
        s.count("select count(*) from inbox_problem where state = 'dead'")
            .await,
        count,
        "authentic ones are kept, but the one too large"
    );
    s.checked().await;
}

#[tokio::test]
async fn what_only_looks_odd_is_taken() {
    let s = Service::start().await;
    for (n, (pointer, value)) in [
        ("/data/donation/amount", "1".to_owned()),
        ("/data/donation/amount", "1.0".to_owned()),
        ("/data/donor/first_name", "Zoé 🌳".to_owned()),
        ("/data/donor/first_name", "\u{202e}כלנית".to_owned()),
        ("/data/consent/unknown", "x".repeat(255 * 1024)),
    ]
    .into_iter()
    .enumerate()
    {
        let event = checkout(&format!("FR-{n}"), |e| {
            e["data"]["consent"]["unknown"] = Value::Null;
            *e.pointer_mut(pointer).unwrap() = value.into();
        });
        let body = event.to_string().into_bytes();
        assert_eq!(told(&s, &format!("t-{n}"), body).await, (200, None), "{n}");
    }
    s.posted().await;
    assert_eq!(s.balance("merchant_receivable:librairie").await, 500);
    s.checked().await;
}

#[tokio::test]
async fn a_body_may_come_in_chunks_and_not_compressed() {
    let s = Service::start().await;
    let body = checkout("FR-1", |_| ()).to_string().into_bytes();
    let address = s.url.strip_prefix("http://").unwrap().to_owned();
    let at = chrono::Utc::now().timestamp().to_string();
    let signature = signature::sign(&s.shop.secret, "c-1", &at, &body);
    let path = s.shop.url.strip_prefix(&s.url).unwrap().to_owned();
    let half = body.len() / 2;
    // By hand, because clients hide how they send.
    let answer = tokio::task::spawn_blocking(move || {
        let mut tcp = std::net::TcpStream::connect(&address).unwrap();
        write!(
            tcp,
            "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
             content-type: application/json\r\nwebhook-id: c-1\r\nwebhook-timestamp: {at}\r\n\
             webhook-signature: {signature}\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        .unwrap();
        for part in [&body[..half], &body[half..], &[]] {
            write!(tcp, "{:x}\r\n", part.len()).unwrap();
            tcp.write_all(part).unwrap();
            tcp.write_all(b"\r\n").unwrap();
        }
        std::io::read_to_string(tcp).unwrap()
    })
    .await
    .unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let gzip = s
        .shop
        .request("c-2", b"\x1f\x8b".to_vec())
        .header("content-encoding", "gzip")
        .send()
        .await
        .unwrap();
    assert_eq!(gzip.status(), 415);
    s.posted().await;
    s.checked().await;
}

#[tokio::test]
async fn a_gift_for_a_suspended_association_is_recorded_and_flagged() {
    let s = Service::start().await;
    sqlx::query("update association set state = 'suspended' where slug = 'foret-vivante'")
        .execute(&s.world.owner)
        .await
        .unwrap();
    assert_eq!(s.shop.send("s-1", &checkout("FR-1", |_| ())).await.0, 200);
    s.posted().await;
    assert_eq!(
        s.count("select count(*) from donation where 'association-suspended' = any(flags)")
            .await,
        1
    );
    s.checked().await;
}

/// Bytes that may come from anywhere: none of ours, or ours with a piece replaced.
fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    let ours = checkout("FR-1", |_| ()).to_string().into_bytes();
    let spoilt = (
        0..ours.len(),
        0..40_usize,
        proptest::collection::vec(any::<u8>(), 0..40),
    )
        .prop_map(move |(at, cut, new)| {
            let mut bytes = ours.clone();
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, new);
            bytes
        });
    let texts = "[-+0-9.,eE\"{}\\[\\]: a-z\\\\u]{0,120}".prop_map(String::into_bytes);
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..400),
        spoilt,
        texts
    ]
}

/// Cases of each property; `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|n| n.parse().ok()).unwrap_or(1000)
}

proptest! {
    // A thousand each in every run; PROPTEST_CASES asks for more.
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn whatever_bytes_come_reading_them_never_breaks(
        bytes in any_bytes(),
        topic in "[a-z/.]{0,20}",
    ) {
        let settings = EndpointSettings::default();
        for dialect in Dialect::ALL {
            let known = ["orders/paid", "refunds/create", "orders/updated", "order.updated"];
            for topic in known.into_iter().chain([topic.as_str()]) {
                drop(parsed(dialect, &settings, Some(topic), &bytes));
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        let file = written("fuzzed.xml", &bytes);
        if let Ok(mut reader) = BankReader::open(&file, "fuzzed") {
            while matches!(reader.next_item(), Ok(Some(_))) {}
        }
        std::fs::remove_file(&file).unwrap();
        drop((Iban::parse(&text), Bic::parse(&text), Email::parse(&text)));
        drop((Siren::parse(&text), Rna::parse(&text)));
    }

    #[test]
    fn whatever_headers_come_nothing_unsigned_is_accepted(
        values in proptest::collection::vec("\\PC{0,80}", 4),
        list in "(t=[0-9]{0,12}|v1[=,][0-9a-fA-F+/=]{0,90}|,| ){0,12}",
        body in any_bytes(),
    ) {
        let settings = EndpointSettings::default();
        for dialect in Dialect::ALL {
            let header = |name: &str| Some(match name {
                "webhook-timestamp" | "svix-timestamp" => "1800000000",
                n if n.contains("signature") || n.contains("hmac") => list.as_str(),
                n => values[n.len() % values.len()].as_str(),
            });
            let secrets = [b"0123456789abcdef".as_slice()].into_iter();
            let verdict =
                signature::verify(dialect, &settings, header, &body, secrets, 1_800_000_000);
            prop_assert!(verdict.is_err());
        }
    }

    #[test]
    fn an_amount_reads_back_as_it_prints_and_no_other_text_is_one(
        cents in 1..=999_999_999_999_i64,
        text in "[-+0-9.,eE ]{0,16}",
    ) {
        let amount = Amount::from_cents(cents).unwrap();
        prop_assert_eq!(Amount::parse(&amount.to_string()), Ok(amount));
        if let Ok(cents) = parse_cents(&text) {
            let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
            let padded = format!("{whole}{fraction:0<2}");
            prop_assert_eq!(padded.parse::<i64>().unwrap(), cents, "{}", text);
        }
    }
}
