//! Platforms whose orders are fetched (Squarespace, Ecwid), that sign a token (Wix), or whose
//! fields the endpoint's settings name (generic: Shopware, Saleor, Commerce Layer): what counts as
//! charged and given back.

use axum::extract::Path;
use axum::http::HeaderMap;
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::Utc;
use hmac::{Hmac, KeyInit as _, Mac as _};
use obole::inbox::endpoint::EndpointSettings;
use obole::inbox::{Event, Sender, parse};
use obole::values::Dialect;
use obole::{runs, worker};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::shop::{Service, new_merchant};

fn settings(pairs: &[&str]) -> EndpointSettings {
    let pairs: Vec<String> = pairs.iter().map(|p| (*p).to_owned()).collect();
    EndpointSettings::default().changed(&pairs).unwrap()
}

/// What a body says, in few words: each donation with its cents and flags, each refund.
fn read(dialect: Dialect, settings: &EndpointSettings, body: &[u8]) -> Vec<String> {
    let sender = Sender {
        dialect,
        settings,
        test: false,
        topic: None,
        source: None,
    };
    let event = match parse(&sender, body) {
        Ok(event) => event,
        Err(error) => return vec![format!("wrong: {error}")],
    };
    let words = |part: &Event| match part {
        Event::Checkout(c) => {
            let cents = c.amount.map_or(0, obole::values::Amount::cents);
            let who = c.donor.as_ref().map(|d| d.email.as_str().to_owned());
            let who = who.unwrap_or_else(|| "nobody".into());
            let cause = c.cause.as_deref().unwrap_or("any");
            format!("{} {cents} {cause} {who} {:?}", c.order_id, c.flags)
        }
        Event::Refund(r) => format!("{} back {:?} {:?}", r.order_id, r.amount, r.proof),
        Event::OrderReference { order_id } => format!("fetch {order_id}"),
        other => format!("{other:?}"),
    };
    event.parts().iter().map(words).collect()
}

fn squarespace(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut order = json!({"id": "585d498fdee9f31a60284a37", "orderNumber": "3",
        "createdOn": "2026-10-24T10:00:00.000Z", "testmode": false,
        "customerEmail": "camille@example.org", "fulfillmentStatus": "PENDING",
        "billingAddress": {"firstName": "Camille", "lastName": "Durand",
            "address1": "3 rue des Lilas", "address2": null, "city": "Paris",
            "postalCode": "75020", "countryCode": "FR"},
        "lineItems": [
            {"sku": "ATLAS", "quantity": 1, "unitPricePaid": {"value": "45.90", "currency": "EUR"}},
            {"sku": "OBOLE-1", "quantity": 2,
                "unitPricePaid": {"value": "1.00", "currency": "EUR"},
                "customizations": [{"label": "_obole_cause", "value": "foret-vivante"}]}],
        "discountTotal": {"value": "0.00", "currency": "EUR"},
        "refundedTotal": {"value": "0.00", "currency": "EUR"},
        "grandTotal": {"value": "47.90", "currency": "EUR"}});
    change(&mut order);
    json!({"order": order}).to_string().into_bytes()
}

#[test]
fn squarespace_orders_count_what_was_paid_for_all_units_of_the_donation() {
    let set = settings(&[]);
    let of = |change: fn(&mut Value)| read(Dialect::Squarespace, &set, &squarespace(change));
    const ID: &str = "585d498fdee9f31a60284a37";
    let given = format!("{ID} 200 foret-vivante camille@example.org []");
    assert_eq!(of(|_| ()), [given]);
    assert_eq!(
        of(|o| o["discountTotal"]["value"] = "5.00".into()),
        [format!(
            "{ID} 200 foret-vivante camille@example.org [\"donation-discounted\"]"
        )]
    );
    assert_eq!(
        of(|o| o["refundedTotal"]["value"] = "47.90".into()),
        [format!("{ID} back None Proven")]
    );
    let part = of(|o| o["refundedTotal"]["value"] = "2.00".into());
    assert_eq!(part.len(), 2, "{part:?}");
    assert!(part[1].ends_with("Unproven"), "{part:?}");
    assert_eq!(
        of(|o| o["fulfillmentStatus"] = "CANCELED".into()),
        [format!("{ID} back None Proven")]
    );
    assert_eq!(
        of(|o| o["testmode"] = true.into()),
        ["Ignored(\"a test order\")"]
    );
    assert_eq!(
        of(|o| o["lineItems"][1]["unitPricePaid"]["value"] = "0.00".into()),
        [format!("{ID} back None Proven")],
        "nothing is charged: what was given before went back"
    );
    // What is not the donation may be anything.
    let odd = of(|o| {
        o["lineItems"][0] = json!({"sku": null, "quantity": {}});
        o["billingAddress"] = Value::Null;
        o["customerEmail"] = 7.into();
    });
    assert_eq!(odd, [format!("{ID} 200 foret-vivante nobody []")]);
    let wrong = of(|o| o["grandTotal"]["currency"] = "USD".into());
    assert!(
        wrong[0].starts_with("wrong: order.grandTotal.currency"),
        "{wrong:?}"
    );
    let notice = json!({"id": "n-1", "topic": "order.create", "data": {"orderId": ID}});
    let notice = notice.to_string();
    assert_eq!(
        read(Dialect::Squarespace, &set, notice.as_bytes()),
        [format!("fetch {ID}")]
    );
}

fn ecwid(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut order = json!({"id": "XJ12H", "paymentStatus": "PAID", "total": 46.9,
        "createTimestamp": 1_792_836_000, "email": "camille@example.org",
        "pricesIncludeTax": true, "refundedAmount": 0, "lang": "fr",
        "billingPerson": {"name": "Camille Durand", "street": "3 rue des Lilas",
            "city": "Paris", "postalCode": "75020", "countryCode": "FR"},
        "items": [
            {"sku": "ATLAS", "price": 45.9, "quantity": 1},
            {"sku": "OBOLE", "price": 1, "quantity": 1, "tax": 0,
                "selectedOptions": [{"name": "_obole_cause", "value": "foret-vivante"}]}]});
    change(&mut order);
    json!({"order": order}).to_string().into_bytes()
}

#[test]
fn ecwid_orders_count_what_was_charged_less_coupons_with_tax() {
    let set = settings(&["store_hash=1003"]);
    let of = |change: fn(&mut Value)| read(Dialect::Ecwid, &set, &ecwid(change));
    let given = |cents: i64, flags: &str| {
        vec![format!(
            "XJ12H {cents} foret-vivante camille@example.org [{flags}]"
        )]
    };
    assert_eq!(of(|_| ()), given(100, ""));
    let discounted = of(|o| o["items"][1]["couponAmount"] = 0.1.into());
    assert_eq!(discounted, given(90, "\"donation-discounted\""));
    let taxed = of(|o| {
        o["pricesIncludeTax"] = false.into();
        o["items"][1]["tax"] = 0.2.into();
    });
    assert_eq!(taxed, given(120, "\"donation-taxed\""));
    for state in ["AWAITING_PAYMENT", "INCOMPLETE"] {
        let body = ecwid(|o| o["paymentStatus"] = state.into());
        let said = read(Dialect::Ecwid, &set, &body);
        assert_eq!(said, ["Ignored(\"the order is not paid\")"], "{state}");
    }
    for state in ["REFUNDED", "CANCELLED"] {
        let body = ecwid(|o| o["paymentStatus"] = state.into());
        let said = read(Dialect::Ecwid, &set, &body);
        assert_eq!(said, ["XJ12H back None Proven"], "{state}");
    }
    let part = of(|o| {
        o["paymentStatus"] = "PARTIALLY_REFUNDED".into();
        o["refundedAmount"] = 1.into();
    });
    assert!(part[1].ends_with("Unproven"), "{part:?}");
    let none = of(|o| o["items"] = json!({}));
    assert!(none[0].contains("no donation"), "{none:?}");
}

/// A token as Wix sends it; its signature is proved by the vectors.
fn wix(event: &Value) -> Vec<u8> {
    let envelope = json!({"eventType": "wix.ecom.v1.order_approved", "instanceId": "i",
        "data": event.to_string()});
    let claims = json!({"data": envelope.to_string(), "iat": 1, "exp": 9_999_999_999_i64});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = part(&json!({"alg": "RS256"}));
    format!(
        "{header}.{}.{}",
        part(&claims),
        URL_SAFE_NO_PAD.encode("signature")
    )
    .into_bytes()
}

fn wix_order() -> Value {
    json!({"id": "f3b2", "number": "10012", "createdDate": "2026-10-24T10:00:00.000Z",
        "currency": "EUR", "paymentStatus": "PAID", "status": "APPROVED", "buyerLanguage": "fr",
        "buyerInfo": {"email": "camille@example.org"},
        "priceSummary": {"total": {"amount": "46.90"}},
        "billingInfo": {"contactDetails": {"firstName": "Camille", "lastName": "Durand"},
            "address": {"addressLine": "3 rue des Lilas", "city": "Paris",
                "postalCode": "75020", "country": "FR"}},
        "lineItems": [
            {"quantity": 1, "physicalProperties": {"sku": "ATLAS"},
                "totalPriceAfterTax": {"amount": "45.90"}},
            {"quantity": 1, "physicalProperties": {"sku": "OBOLE"},
                "totalPriceAfterTax": {"amount": "1.00"},
                "descriptionLines": [{"name": {"original": "_obole_cause"},
                    "plainText": {"original": "foret-vivante"}}]}]})
}

#[test]
fn wix_tells_orders_in_a_token_within_a_text_within_a_text() {
    let set = settings(&[]);
    let of = |event: &Value| read(Dialect::Wix, &set, &wix(event));
    let about = |key: &str, value: Value| {
        let mut event = json!({"id": "e-1", "entityFqdn": "wix.ecom.v1.order", "entityId": "f3b2"});
        event[key] = value;
        event
    };
    let given = ["f3b2 100 foret-vivante camille@example.org []"];
    for event in [
        about("createdEvent", json!({"entity": wix_order()})),
        about(
            "createdEvent",
            json!({"entityAsJson": wix_order().to_string()}),
        ),
        about("updatedEvent", json!({"currentEntity": wix_order()})),
        about("actionEvent", json!({"body": {"order": wix_order()}})),
        about(
            "actionEvent",
            json!({"bodyAsJson": json!({"order": wix_order()}).to_string()}),
        ),
    ] {
        assert_eq!(of(&event), given, "{event}");
    }
    let with = |change: fn(&mut Value)| {
        let mut order = wix_order();
        change(&mut order);
        of(&about("updatedEvent", json!({"currentEntity": order})))
    };
    assert_eq!(
        with(|o| o["paymentStatus"] = "FULLY_REFUNDED".into()),
        ["f3b2 back None Proven"]
    );
    assert_eq!(
        with(|o| o["status"] = "CANCELED".into()),
        ["f3b2 back None Proven"]
    );
    assert_eq!(
        with(|o| o["paymentStatus"] = "NOT_PAID".into()),
        ["Ignored(\"the order is not paid\")"]
    );
    let part = with(|o| {
        o["paymentStatus"] = "PARTIALLY_REFUNDED".into();
        o["balanceSummary"] = json!({"refunded": {"amount": "1.00"}});
    });
    assert!(part[1].ends_with("Unproven"), "{part:?}");
    let other = json!({"entityFqdn": "wix.stores.v1.product"});
    assert!(of(&other)[0].starts_with("Ignored"));
    assert!(read(Dialect::Wix, &set, b"{}")[0].starts_with("wrong: data"));
}

/// Shopware 6: an order as the flow "order placed" sends it.
const SHOPWARE: [&str; 14] = [
    "signature_header=shopware-shop-signature",
    "paths.order=data.payload.order.orderNumber",
    "paths.state=data.payload.order.transactions.stateMachineState.technicalName",
    "paid_states=paid,paid_partially",
    "given_back_states=refunded,cancelled",
    "paths.at=data.payload.order.orderDateTime",
    "paths.total=data.payload.order.amountTotal",
    "paths.currency=data.payload.order.currency.isoCode",
    "paths.lines=data.payload.order.lineItems",
    "paths.line_sku=payload.productNumber",
    "paths.line_amount=totalPrice",
    "paths.line_cause=payload.customFields._obole_cause",
    "paths.email=data.payload.order.orderCustomer.email",
    "paths.last_name=data.payload.order.orderCustomer.lastName",
];

fn shopware(state: &str) -> Value {
    json!({"source": {"url": "https://boutique.example", "eventId": "e"}, "timestamp": 1,
        "data": {"event": "checkout.order.placed", "payload": {"order": {
            "orderNumber": "10042", "orderDateTime": "2026-10-24T10:00:00.000+00:00",
            "amountTotal": 46.9, "currency": {"isoCode": "EUR"},
            "orderCustomer": {"email": "camille@example.org", "lastName": "Durand"},
            "transactions": [{"stateMachineState": {"technicalName": state}}],
            "lineItems": [
                {"payload": {"productNumber": "ATLAS"}, "totalPrice": 45.9},
                {"payload": {"productNumber": "OBOLE-1",
                    "customFields": {"_obole_cause": "foret-vivante"}}, "totalPrice": 1}]}}}})
}

#[test]
fn a_generic_senders_order_is_read_where_its_settings_say() {
    let of = |set: &EndpointSettings, body: &Value| {
        read(Dialect::Generic, set, body.to_string().as_bytes())
    };
    let set = settings(&SHOPWARE);
    let given = ["10042 100 foret-vivante camille@example.org []"];
    assert_eq!(of(&set, &shopware("paid")), given);
    assert_eq!(
        of(&set, &shopware("open")),
        ["Ignored(\"the order is not paid\")"]
    );
    assert_eq!(of(&set, &shopware("refunded")), ["10042 back None Proven"]);

    let saleor = settings(&[
        "signature_header=saleor-signature",
        "paths.order=order.number",
        "paths.state=order.isPaid",
        "paid_states=true",
        "paths.total=order.total.gross.amount",
        "paths.currency=order.total.gross.currency",
        "paths.refunded=order.totalRefunded.amount",
        "paths.lines=order.lines",
        "paths.line_sku=productSku",
        "paths.line_amount=totalPrice.gross.amount",
        "paths.line_cause=metadata[key=_obole_cause].value",
        "paths.email=order.userEmail",
    ]);
    let order = |refunded: &str| {
        json!({"order": {"number": 7, "isPaid": "true", "userEmail": "camille@example.org",
            "total": {"gross": {"amount": "46.90", "currency": "EUR"}},
            "totalRefunded": {"amount": refunded},
            "lines": [{"productSku": "OBOLE", "totalPrice": {"gross": {"amount": "1.00"}},
                "metadata": [{"key": "gift", "value": "no"},
                    {"key": "_obole_cause", "value": "foret-vivante"}]}]}})
    };
    let given = ["7 100 foret-vivante camille@example.org []"];
    assert_eq!(of(&saleor, &order("0.00")), given);
    assert_eq!(of(&saleor, &order("46.90")), ["7 back None Proven"]);
    assert!(of(&saleor, &order("1.00"))[1].ends_with("Unproven"));

    let commerce_layer = settings(&[
        "amounts=cents",
        "paths.order=data.attributes.number",
        "paths.state=data.attributes.payment_status",
        "paid_states=paid",
        "paths.total=data.attributes.total_amount_with_taxes_cents",
        "paths.currency=data.attributes.currency_code",
        "paths.lines=included[type=line_items]",
        "paths.line_sku=attributes.sku_code",
        "paths.line_amount=attributes.total_amount_cents",
        "paths.line_cause=attributes.metadata._obole_cause",
        "paths.email=data.attributes.customer_email",
    ]);
    let order = json!({"data": {"type": "orders", "attributes": {"number": "2345",
            "payment_status": "paid", "currency_code": "EUR",
            "total_amount_with_taxes_cents": 4690, "customer_email": "camille@example.org"}},
        "included": [{"type": "addresses", "attributes": {}},
            {"type": "line_items", "attributes": {"sku_code": "OBOLE", "total_amount_cents": 100,
                "metadata": {"_obole_cause": "foret-vivante"}}}]});
    let given = ["2345 100 foret-vivante camille@example.org []"];
    assert_eq!(of(&commerce_layer, &order), given);
    let mut wrong = order;
    wrong["included"][1]["attributes"]["total_amount_cents"] = "one".into();
    assert!(of(&commerce_layer, &wrong)[0].starts_with("wrong: paths.line_amount"));
}

#[test]
fn settings_of_a_generic_sender_that_cannot_work_are_refused() {
    for (pair, words) in [
        ("signed_text={timestamp}", "{body}"),
        ("paths.order=id", "paths.lines"),
        ("paths.nothing=id", "paths.order"),
        ("paths=id", "paths.order"),
        ("amounts=francs", "francs"),
        ("secret_encoding=rot13", "rot13"),
    ] {
        let refused = EndpointSettings::default().changed(&[pair.to_owned()]);
        let error = refused.unwrap_err().to_string();
        assert!(error.contains(words), "{pair}: {error}");
    }
}

/// A digest of a text under a key.
fn digest(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// A shop on a platform, with a token for its API.
async fn shop_on(s: &Service, dialect: &str, settings: &[String]) -> runs::MerchantCredentials {
    let new = runs::NewMerchant {
        name: format!("Boutique {dialect}"),
        dialect: dialect.into(),
        settings: settings.to_vec(),
        api_token: Some("its-token".into()),
        ..new_merchant("", Some("abri"))
    };
    let mut tx = s.world.db.begin().await.unwrap();
    let added = runs::add_merchant(&mut tx, Utc::now(), s.app.key.expose(), &new)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    added
}

async fn sent(s: &Service, added: &runs::MerchantCredentials, body: &str, header: (&str, &str)) {
    let url = format!("{}/webhooks/{}", s.url, added.endpoint_id);
    let request = s.shop.http.post(url).header(header.0, header.1);
    let request = request.header("content-type", "application/json");
    let answer = request.body(body.to_owned()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    s.posted().await;
    worker::fetch_due(&s.app, Utc::now()).await.unwrap();
    s.posted().await;
}

#[tokio::test]
async fn thin_platforms_tell_an_id_and_the_order_is_fetched_with_the_shops_token() {
    let s = Service::start().await;
    let order = |body: fn() -> Vec<u8>| {
        move |Path(_): Path<String>, headers: HeaderMap| async move {
            assert_eq!(headers["authorization"], "Bearer its-token");
            let document: Value = serde_json::from_slice(&body()).unwrap();
            Json(document["order"].clone())
        }
    };
    let api = Router::new()
        .route(
            "/1.0/commerce/orders/{id}",
            get(order(|| squarespace(|_| ()))),
        )
        .route("/api/v3/1003/orders/{id}", get(order(|| ecwid(|_| ()))));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("api_base=http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, api).await.unwrap() });

    let pairs = [base, "store_hash=1003".to_owned()];
    let on_squarespace = shop_on(&s, "squarespace", &pairs).await;
    let notice = json!({"id": "n-1", "topic": "order.create",
        "data": {"orderId": "585d498fdee9f31a60284a37"}});
    let notice = notice.to_string();
    let key = hex::decode(&on_squarespace.secret).unwrap();
    let signature = hex::encode(digest(&key, &notice));
    sent(
        &s,
        &on_squarespace,
        &notice,
        ("squarespace-signature", &signature),
    )
    .await;
    assert_eq!(
        s.balance("merchant_receivable:boutique-squarespace").await,
        200
    );

    let on_ecwid = shop_on(&s, "ecwid", &pairs).await;
    let notice = json!({"eventId": "e-1", "eventCreated": 1_795_600_000, "storeId": 1003,
        "entityId": 1, "eventType": "order.updated", "data": {"orderId": "XJ12H"}});
    let signature = digest(on_ecwid.secret.as_bytes(), "1795600000.e-1");
    let signature = STANDARD.encode(signature);
    sent(
        &s,
        &on_ecwid,
        &notice.to_string(),
        ("x-ecwid-webhook-signature", &signature),
    )
    .await;
    assert_eq!(s.balance("merchant_receivable:boutique-ecwid").await, 100);
    s.checked().await;
}

#[tokio::test]
async fn a_generic_shop_can_have_the_answers_of_a_platform_and_its_orders_counted_once() {
    let s = Service::start().await;
    let mut pairs: Vec<String> = SHOPWARE.iter().map(|p| (*p).to_owned()).collect();
    pairs.push("platform_answers=true".into());
    let shop = shop_on(&s, "generic", &pairs).await;
    let sign = |body: &str| hex::encode(digest(shop.secret.as_bytes(), body));
    let header = "shopware-shop-signature";
    let paid = shopware("paid").to_string();
    sent(&s, &shop, &paid, (header, &sign(&paid))).await;
    let again = shopware("paid").to_string() + " ";
    sent(&s, &shop, &again, (header, &sign(&again))).await;
    assert_eq!(s.balance("merchant_receivable:boutique-generic").await, 100);
    // What cannot be read is kept, and answered as a success.
    let mut wrong = shopware("paid");
    wrong["data"]["payload"]["order"]["currency"]["isoCode"] = "USD".into();
    let wrong = wrong.to_string();
    sent(&s, &shop, &wrong, (header, &sign(&wrong))).await;
    let dead = "select count(*) from inbox_problem where state = 'dead'";
    assert_eq!(s.count(dead).await, 1);
    let back = shopware("refunded").to_string();
    sent(&s, &shop, &back, (header, &sign(&back))).await;
    assert_eq!(s.balance("merchant_receivable:boutique-generic").await, 0);
    s.checked().await;
}

#[tokio::test]
async fn orders_of_platforms_have_two_mebibytes_and_what_is_larger_is_counted() {
    let s = Service::start().await;
    let shop = shop_on(&s, "squarespace", &[]).await;
    let send = async |url: String, bytes: usize| {
        let body = format!("{{\"padding\": \"{}\"}}", "x".repeat(bytes));
        let key = hex::decode(&shop.secret).unwrap();
        let signature = hex::encode(digest(&key, &body));
        let request = s
            .shop
            .http
            .post(url)
            .header("squarespace-signature", signature);
        let request = request.header("content-type", "application/json");
        let answer = request.body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let url = format!("{}/webhooks/{}", s.url, shop.endpoint_id);
    assert_eq!(send(url.clone(), 1_900_000).await.0, 200);
    let (status, problem) = send(url, 2_200_000).await;
    assert_eq!(status, 413);
    assert!(problem.contains("2048 KiB"), "{problem}");
    let (status, problem) = send(s.shop.url.clone(), 300_000).await;
    assert_eq!(status, 413, "our own shapes are small");
    assert!(problem.contains("256 KiB"), "{problem}");
    let mut db = s.world.db.acquire().await.unwrap();
    let merchants = obole::parties::merchant::list(&mut db, obole::values::Reader::System).await;
    let merchants = merchants.unwrap();
    assert_eq!(
        merchants.iter().map(|m| m.too_large).collect::<Vec<_>>(),
        [1, 1]
    );
    drop(db);
    s.checked().await;
}

#[tokio::test]
async fn a_shop_that_was_only_tried_goes_live_under_its_own_name() {
    let s = Service::start().await;
    let new = |test| runs::NewMerchant {
        test,
        slug: Some("essai".into()),
        ..new_merchant("Essai", Some("abri"))
    };
    let mut tx = s.world.db.begin().await.unwrap();
    let (now, key) = (Utc::now(), s.app.key.expose());
    let tried = runs::add_merchant(&mut tx, now, key, &new(true))
        .await
        .unwrap();
    let live = runs::add_merchant(&mut tx, now, key, &new(false))
        .await
        .unwrap();
    assert_eq!(tried.merchant_id, live.merchant_id);
    assert_ne!(tried.endpoint_id, live.endpoint_id);
    let again = runs::add_merchant(&mut tx, now, key, &new(false)).await;
    assert!(again.unwrap_err().to_string().contains("already taken"));
    tx.commit().await.unwrap();
    s.checked().await;
}
