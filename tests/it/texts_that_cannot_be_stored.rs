//! What PostgreSQL cannot store is refused where it comes in: in each field of each dialect, each
//! form and each parameter. No event is refused by the database, and no request fails here.

use chrono::Utc;
use obole::inbox::Event;
use obole::inbox::endpoint::EndpointSettings;
use obole::parties::merchant::MerchantTerms;
use obole::parties::{AddError, association, cause};
use obole::runs;
use obole::values::{Dialect, EndpointId};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::queued::{Told, queue};
use crate::shop::{Service, checkout, new_merchant, parsed};

/// A body of a dialect with all that it may say.
struct Sample {
    dialect: Dialect,
    topic: &'static str,
    body: Value,
    /// Where the order is named, so that each body can have its own.
    order: &'static str,
}

fn sample(dialect: Dialect, topic: &'static str, order: &'static str, body: Value) -> Sample {
    Sample {
        dialect,
        topic,
        body,
        order,
    }
}

fn of_our_own() -> Vec<Sample> {
    let whole = checkout("1", |e| {
        e["data"]["donor"]["address"]["line2"] = "2nd floor".into();
    });
    let refund = json!({"type": "checkout.refunded", "timestamp": Utc::now(), "data": {
        "order_id": "1", "refund_id": "R-1", "donation_refunded": true, "amount": "1.00"}});
    [Dialect::Standard, Dialect::Svix, Dialect::Generic]
        .into_iter()
        .flat_map(|dialect| {
            [whole.clone(), refund.clone()].map(|body| sample(dialect, "", "/data/order_id", body))
        })
        .collect()
}

fn of_stripe() -> Vec<Sample> {
    let session = json!({"id": "evt_1", "type": "checkout.session.completed",
        "created": 1_790_000_000, "livemode": true, "data": {"object": {"id": "cs_1",
            "payment_intent": "1", "payment_status": "paid", "amount_total": 4690,
            "currency": "eur", "locale": "fr",
            "metadata": {"obole_cause": "abri", "obole_amount": "1.00",
                "obole_consent": "2026-1 2026-11-24T09:59:41Z", "obole_first_name": "Camille",
                "obole_last_name": "Durand"},
            "customer_details": {"email": "camille@example.org", "name": "Camille Durand",
                "address": {"line1": "3 rue A", "line2": "B", "postal_code": "75020",
                    "city": "Paris", "country": "FR"}}}}});
    let refund = json!({"id": "evt_2", "type": "charge.refunded", "created": 1_790_000_000,
        "livemode": true, "data": {"object": {"id": "ch_1", "payment_intent": "1",
            "refunded": true, "metadata": {}}}});
    [session, refund]
        .map(|body| sample(Dialect::Stripe, "", "/data/object/payment_intent", body))
        .into()
}

fn of_shopify() -> Vec<Sample> {
    let order = json!({"id": 1, "currency": "EUR", "total_price": "46.90",
        "financial_status": "refunded", "processed_at": "2026-10-24T10:00:00+02:00",
        "email": "camille@example.org", "customer_locale": "fr", "note_attributes": [],
        "billing_address": {"first_name": "Camille", "last_name": "Durand", "address1": "3 rue A",
            "address2": "B", "zip": "75020", "city": "Paris", "country_code": "FR"},
        "line_items": [{"sku": "OBOLE-1", "price": "1.00", "quantity": 1, "properties": [
            {"name": "_obole_cause", "value": "abri"},
            {"name": "_obole_consent", "value": "2026-1 2026-10-24T07:59:41Z"}]}]});
    let refund = json!({"id": 5, "order_id": 1, "created_at": "2026-10-25T10:00:00+02:00",
        "refund_line_items": [{"line_item": {"sku": "OBOLE-1", "price": "1.00"}}]});
    vec![
        sample(Dialect::Shopify, "orders/paid", "/id", order.clone()),
        sample(Dialect::Shopify, "orders/cancelled", "/id", order),
        sample(Dialect::Shopify, "refunds/create", "/order_id", refund),
    ]
}

fn of_woocommerce() -> Vec<Sample> {
    let order = json!({"id": 1, "status": "processing", "currency": "EUR", "total": "46.90",
        "date_paid_gmt": "2026-10-24T10:00:00",
        "billing": {"first_name": "Camille", "last_name": "Durand", "address_1": "3 rue A",
            "address_2": "B", "city": "Paris", "postcode": "75020", "country": "FR",
            "email": "camille@example.org"},
        "fee_lines": [{"name": "Don", "total": "1.00", "meta_data": [
            {"key": "_obole_cause", "value": "abri"},
            {"key": "_obole_consent", "value": "2026-1 2026-10-24T09:57:00Z"}]}]});
    let mut refunded = order.clone();
    refunded["refunds"] = json!([{"id": 5, "fee_lines": [{"name": "Don", "total": "-1.00",
        "meta_data": [{"key": "_obole_cause", "value": "abri"}]}]}]);
    [order, refunded]
        .map(|body| sample(Dialect::Woocommerce, "order.updated", "/id", body))
        .into()
}

fn of_bigcommerce() -> Vec<Sample> {
    let fetched = json!({"order": {"id": 1, "status": "Completed", "currency_code": "EUR",
            "total_inc_tax": "46.90", "date_created": "Sat, 24 Oct 2026 10:00:00 +0000",
            "billing_address": {"first_name": "Camille", "last_name": "Durand",
                "street_1": "3 rue A", "street_2": "B", "zip": "75020", "city": "Paris",
                "country_iso2": "FR", "email": "camille@example.org"}},
        "products": [{"sku": "OBOLE-1", "total_inc_tax": "1.00", "quantity_refunded": 0,
            "product_options": [{"display_name": "_obole_cause", "value": "abri"},
                {"display_name": "_obole_consent", "value": "2026-1 2026-10-24T07:59:41Z"}]}]});
    let notice = json!({"scope": "store/order/created", "hash": "h",
        "data": {"type": "order", "id": 1}});
    vec![
        sample(Dialect::Bigcommerce, "", "/order/id", fetched),
        sample(Dialect::Bigcommerce, "", "/data/id", notice),
    ]
}

fn samples() -> Vec<Sample> {
    let all = [
        of_our_own(),
        of_stripe(),
        of_shopify(),
        of_woocommerce(),
        of_bigcommerce(),
    ];
    all.into_iter().flatten().collect()
}

/// Values as JSON text that some column cannot hold, or that a careless reader would make one of.
fn poisons() -> Vec<String> {
    let digits = "9".repeat(140_000);
    let mut all: Vec<String> = [
        r#""a\u0000b""#,
        r#""\ud800""#,
        r#""\udc00\ud800""#,
        r#""a\u0000@b.org""#,
        r#""2026-1\u0000 2026-10-24T07:59:41Z""#,
        r#""2026-1 +262000-01-01T00:00:00Z""#,
        r#""-262000-01-01T00:00:00Z""#,
        r#""+262000-01-01T00:00:00Z""#,
        r#""+262000-01-01T00:00:00""#,
        r#""&#0;&#xD800;&#1114112;""#,
        r#""99999999999999999999999.99""#,
        r#""-1.00""#,
        "-1",
        "1.5",
        "1e400",
        "1e300",
        "9223372036854775808",
        "18446744073709551616",
        "-9223372036854775808",
        "null",
        "[]",
        "{}",
        "true",
    ]
    .map(str::to_owned)
    .into();
    all.push(format!("\"{digits}\""));
    all.push(digits);
    all
}

/// The paths of all values in a document that are neither objects nor arrays.
fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, v) in fields {
                leaves(v, &format!("{path}/{name}"), found);
            }
        }
        Value::Array(values) => {
            for (n, v) in values.iter().enumerate() {
                leaves(v, &format!("{path}/{n}"), found);
            }
        }
        _ => found.push(path.to_owned()),
    }
}

/// Each body of a sample with one leaf replaced by something that cannot be stored, and the path.
fn spoilt(sample: &Sample, first_order: &mut u64) -> Vec<(String, String, Vec<u8>)> {
    let mut paths = Vec::new();
    leaves(&sample.body, "", &mut paths);
    let mut all = Vec::new();
    for path in &paths {
        for poison in poisons() {
            let mut body = sample.body.clone();
            *first_order += 1;
            let order = body.pointer_mut(sample.order).unwrap();
            *order = match order {
                Value::String(_) => first_order.to_string().into(),
                _ => json!(*first_order),
            };
            *body.pointer_mut(path).unwrap() = "@@".into();
            let text = body.to_string().replacen("\"@@\"", &poison, 1);
            let poison: String = poison.chars().take(40).collect();
            all.push((path.clone(), poison, text.into_bytes()));
        }
    }
    all
}

async fn endpoint_of(s: &Service, dialect: Dialect) -> EndpointId {
    let new = runs::NewMerchant {
        dialect: dialect.word().into(),
        ..new_merchant(&format!("Boutique {dialect}"), Some("abri"))
    };
    let mut tx = s.world.db.begin().await.unwrap();
    let added = runs::add_merchant(&mut tx, Utc::now(), s.app.key.expose(), &new)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    added.endpoint_id
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_stands_in_a_field_of_a_webhook_the_database_refuses_no_event() {
    let s = Service::start().await;
    let (mut count, mut order) = (0, 1000);
    for (n, sample) in samples().iter().enumerate() {
        let endpoint = match n {
            _ if sample.dialect == Dialect::Standard => crate::queued::endpoint(&s.shop),
            _ => {
                let slug = format!("boutique-{}", sample.dialect);
                match endpoint_by(&s, &slug).await {
                    Some(known) => known,
                    None => endpoint_of(&s, sample.dialect).await,
                }
            }
        };
        let all = spoilt(sample, &mut order);
        let told: Vec<Told> = all
            .into_iter()
            .map(|(path, poison, body)| {
                count += 1;
                Told {
                    key: format!("{count} {} {path} {poison}", sample.dialect),
                    topic: (!sample.topic.is_empty()).then_some(sample.topic),
                    body,
                }
            })
            .collect();
        for part in told.chunks(200) {
            queue(&s, endpoint, part).await;
        }
    }
    s.posted().await;
    let refused: Vec<String> = sqlx::query_scalar(
        "select delivery_key from inbox_problem where reason like '%log says why%'",
    )
    .fetch_all(&s.world.db)
    .await
    .unwrap();
    assert!(refused.is_empty(), "{refused:#?}");
    println!("{count} bodies, each with something that cannot be stored");
    assert!(
        s.count("select count(*) from donation").await > 100,
        "where it did not matter"
    );
    let long = "select count(*) from donation where length(order_id) > 255";
    assert_eq!(s.count(long).await, 0);
    s.checked().await;
}

/// The endpoint of a merchant, if it is there.
async fn endpoint_by(s: &Service, slug: &str) -> Option<EndpointId> {
    let mut db = s.world.db.acquire().await.unwrap();
    obole::inbox::endpoint::find_of_merchant(&mut db, slug)
        .await
        .unwrap()
}

#[test]
fn a_number_that_names_an_order_is_whole_and_fits() {
    let settings = EndpointSettings::default();
    for sample in samples()
        .iter()
        .filter(|s| s.body.pointer(s.order).unwrap().is_number())
    {
        for wrong in [
            "-1",
            "1.5",
            "1e3",
            "18446744073709551616",
            &"9".repeat(140_000),
        ] {
            let mut body = sample.body.clone();
            *body.pointer_mut(sample.order).unwrap() = "@@".into();
            let text = body.to_string().replacen("\"@@\"", wrong, 1);
            let event = parsed(
                sample.dialect,
                &settings,
                Some(sample.topic),
                text.as_bytes(),
            );
            assert!(
                event.is_err(),
                "{} {} {event:?}",
                sample.dialect,
                &wrong[..2]
            );
        }
        let event = parsed(
            sample.dialect,
            &settings,
            Some(sample.topic),
            sample.body.to_string().as_bytes(),
        );
        assert!(
            !matches!(event, Ok(Event::Ignored(_)) | Err(_)),
            "{event:?}"
        );
    }
}

#[tokio::test]
async fn standard_senders_hear_which_text_is_not_understood() {
    let s = Service::start().await;
    for (n, field) in [
        "/data/order_id",
        "/data/consent/text_version",
        "/data/donation/cause",
        "/data/donor/email",
        "/data/donor/first_name",
        "/data/donor/last_name",
        "/data/donor/address/line1",
        "/data/donor/address/postal_code",
        "/data/donor/address/city",
        "/data/donor/address/country",
    ]
    .into_iter()
    .enumerate()
    {
        for (kind, poison) in [(0, r#""a\u0000b""#), (1, r#""\ud800""#)] {
            let event = checkout(&format!("FR-{n}"), |e| {
                *e.pointer_mut(field).unwrap() = "@@".into();
            });
            let body = event.to_string().replacen("\"@@\"", poison, 1);
            let request = s.shop.request(&format!("t-{n}-{kind}"), body.into_bytes());
            let (status, answer) = crate::shop::answered(request).await;
            let named = field.trim_start_matches('/').replace('/', ".");
            let noted = if status == 200 { "warnings" } else { "errors" };
            let first = answer[noted][0]["field"].as_str().unwrap();
            // A donation does not fail for its donor.
            let right = if field.starts_with("/data/donor") {
                200
            } else {
                422
            };
            assert_eq!(status, right, "{answer}");
            // Where the text itself is broken, its reader says where.
            assert!(
                named.starts_with(first.trim_end_matches('.')),
                "{named}: {answer}"
            );
        }
    }
    s.posted().await;
    let anonymous = "select count(*) from donation where donor_id is null";
    assert_eq!(s.count(anonymous).await, 7);
    assert_eq!(s.count("select count(*) from donor").await, 0);
    s.checked().await;
}

/// Texts in addresses, encoded.
const SPOILT: [&str; 6] = ["a%00b", "%00", "%ff%fe", "%ed%a0%80", "a%0ab", "%"];

#[tokio::test]
async fn no_parameter_of_the_api_makes_it_fail() {
    let s = Service::start().await;
    let new = new_merchant("Autre", Some("abri"));
    let mut tx = s.world.db.begin().await.unwrap();
    let key = runs::add_merchant(&mut tx, Utc::now(), s.app.key.expose(), &new)
        .await
        .unwrap()
        .api_key;
    tx.commit().await.unwrap();
    let ask = async |method: &str, path: &str, body: String| {
        let url = format!("{}{path}", s.url);
        let request = s.shop.http.request(method.parse().unwrap(), url);
        let request = request
            .bearer_auth(&key)
            .header("content-type", "application/json");
        request.body(body).send().await.unwrap().status().as_u16()
    };
    let mut long = vec!["9".repeat(5_000)];
    long.extend(SPOILT.map(str::to_owned));
    for text in &long {
        for (method, path) in [
            ("GET", format!("/api/v1/donations?order_id={text}")),
            ("GET", format!("/api/v1/donations/{text}")),
            ("GET", format!("/api/v1/donations/don_{text}")),
            ("GET", format!("/api/v1/events?state={text}")),
            ("GET", format!("/api/v1/events?after={text}")),
            ("GET", format!("/api/v1/events/evt_{text}")),
            ("POST", format!("/api/v1/events/{text}/redrive")),
            ("GET", format!("/api/v1/statements/{text}")),
            ("PUT", format!("/api/v1/manifests/{text}")),
            ("POST", format!("/webhooks/{text}")),
            ("POST", format!("/webhooks/ep_{text}")),
        ] {
            let status = ask(method, &path, r#"{"count":0,"sum":"0"}"#.into()).await;
            let taken = path.contains("order_id=%ff") || path.contains("order_id=%ed");
            let taken = taken || path.ends_with("order_id=%");
            let right = (400..500).contains(&status) || taken && status == 200;
            assert!(right, "{method} {path}: {status}");
        }
    }
    for day in ["2026-11-24", "0001-01-01", "9999-12-31"] {
        let path = format!("/api/v1/manifests/{day}");
        for poison in poisons() {
            for body in [
                format!(r#"{{"count":{poison},"sum":"1.00"}}"#),
                format!(r#"{{"count":1,"sum":{poison}}}"#),
                format!(
                    r#"{{"count":1,"sum":"1.00","orders":[{{"order_id":{poison},"amount":"1"}}]}}"#
                ),
                format!(
                    r#"{{"count":1,"sum":"1.00","orders":[{{"order_id":"a","amount":{poison}}}]}}"#
                ),
                format!(r#"{{"count":1,"sum":"1.00","orders":{poison}}}"#),
            ] {
                let status = ask("PUT", &path, body).await;
                assert!(
                    status < 500,
                    "{}: {status}",
                    poison.chars().take(40).collect::<String>()
                );
            }
        }
    }
    s.checked().await;
}

#[tokio::test]
async fn no_form_and_no_address_of_a_page_makes_it_fail() {
    let s = Service::start().await;
    assert_eq!(s.shop.send("m-1", &checkout("FR-1", |_| ())).await.0, 200);
    s.posted().await;
    let camille = Browser::signed_in(&s, "camille@example.org").await;
    for text in SPOILT {
        for path in [
            format!("/?lang={text}"),
            format!("/claim/{text}"),
            format!("/login/{text}"),
            format!("/unsubscribe/{text}/{text}"),
            format!("/unsubscribe/dnr_{text}/{text}"),
            format!("/donor?page={text}"),
            format!("/donor/receipts/{text}.pdf"),
            format!("/donor/receipts/{text}"),
        ] {
            let status = camille.get(&path).await.status().as_u16();
            assert!(status < 500, "{path}: {status}");
            let status = camille
                .post(&path, &[("email", "a")])
                .await
                .status()
                .as_u16();
            assert!(status < 500, "POST {path}: {status}");
        }
    }
    let receipt = camille.get("/donor/receipts/a%00b.pdf").await;
    assert_eq!(receipt.status(), 404);
    let profile = [
        ("first_name", "Camille"),
        ("last_name", "Durand"),
        ("line1", "3 rue A"),
        ("line2", ""),
        ("postal_code", "75020"),
        ("city", "Paris"),
        ("country", "FR"),
        ("locale", "fr"),
        ("receipts", "monthly"),
    ];
    let long = "é".repeat(500);
    for n in 0..profile.len() {
        for wrong in ["a\0b", "\0", "a\u{85}b", long.as_str()] {
            let mut form = profile;
            form[n].1 = wrong;
            let page = camille.post("/donor/profile", &form).await;
            assert_eq!(page.status(), 200, "{} {wrong:?}", form[n].0);
            assert!(
                page.text().await.unwrap().contains("role=\"alert\""),
                "{}",
                form[n].0
            );
        }
    }
    for wrong in ["a\0@b.org", "\0", long.as_str()] {
        let page = camille.post("/login", &[("email", wrong)]).await;
        assert_eq!(page.status(), 200);
        let fields = [("foret-vivante", wrong), (wrong, "1")];
        let page = camille.post("/donor/causes", &fields).await;
        assert!(page.status().as_u16() < 500);
    }
    s.checked().await;
}

#[tokio::test]
async fn parties_are_named_in_characters_and_their_numbers_may_have_letters() {
    let world = crate::support::World::new().await;
    let mut tx = world.db.begin().await.unwrap();
    let add = async |tx: &mut sqlx::PgConnection, n: usize, change: &dyn Fn(&mut Value)| {
        let mut file = crate::shop::association(&format!("asso-{n}"), "Asso");
        change(&mut file);
        let file = association::read(file.to_string().as_bytes()).unwrap();
        association::add(tx, Utc::now(), &file).await
    };
    let rna = [
        "W2A1000123",
        "W2B2000456",
        "W9P1002760",
        "W9R4000789",
        "W751234567",
    ];
    for (n, number) in rna.into_iter().enumerate() {
        let added = add(&mut tx, n, &|file| file["rna"] = number.into()).await;
        assert!(added.is_ok(), "{number}: {added:?}");
    }
    assert!(
        add(&mut tx, 90, &|file| file["rna"] = "W2-1000123".into())
            .await
            .is_err()
    );
    let long = "é".repeat(500);
    assert!(
        add(&mut tx, 91, &|file| file["object"] = long.as_str().into())
            .await
            .is_ok()
    );
    for pointer in [
        "/name",
        "/kind",
        "/object",
        "/address/line1",
        "/address/city",
        "/signatory/name",
        "/receipt_mandate/reference",
        "/articles/0",
    ] {
        for wrong in [format!("{long}é"), "a\0b".to_owned(), "a\nb".to_owned()] {
            let spoil = |file: &mut Value| {
                *file.pointer_mut(pointer).unwrap() = wrong.as_str().into();
            };
            let refused = add(&mut tx, 92, &spoil).await;
            assert!(
                matches!(refused, Err(AddError::Invalid(_))),
                "{pointer}: {refused:?}"
            );
        }
    }
    let title = async |tx: &mut sqlx::PgConnection, slug: &str, title: &str| {
        cause::add(tx, Utc::now(), slug, "environment", "asso-0", title).await
    };
    assert!(title(&mut tx, "a", &"é".repeat(200)).await.is_ok());
    for wrong in ["é".repeat(201), "a\0".into(), " ".into()] {
        let refused = title(&mut tx, "b", &wrong).await;
        assert!(matches!(refused, Err(AddError::Invalid(_))), "{refused:?}");
        let terms =
            MerchantTerms::check(&wrong, "a@b.org", Some("c"), "fixed:1.00", None, "transfer");
        assert!(matches!(terms, Err(AddError::Invalid(_))), "{terms:?}");
    }
    let name = "é".repeat(200);
    let terms = MerchantTerms::check(&name, "a@b.org", Some("c"), "fixed:1.00", None, "transfer");
    assert!(terms.is_ok(), "{terms:?}");
    tx.commit().await.unwrap();
    world.checked().await;
}
