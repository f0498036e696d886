//! Each platform's webhooks as it sends them: realistic bodies, signed by its own library.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::routing::get;
use axum::{Json, Router};
use chrono::Utc;
use obole::inbox::endpoint;
use obole::values::Reader;
use obole::{runs, worker};
use serde_json::{Value, json};

use crate::official::{run, signed};
use crate::shop::{Service, new_merchant};

/// A shop on a platform.
pub struct Platform<'s> {
    s: &'s Service,
    dialect: &'static str,
    pub added: runs::MerchantCredentials,
}

impl<'s> Platform<'s> {
    pub async fn on(s: &'s Service, dialect: &'static str, settings: &[&str]) -> Self {
        let new = runs::NewMerchant {
            name: format!("Boutique {dialect}"),
            dialect: dialect.into(),
            settings: settings.iter().map(|s| (*s).to_owned()).collect(),
            api_token: Some("bc-token".into()),
            ..new_merchant("", Some("abri"))
        };
        let mut tx = s.world.db.begin().await.unwrap();
        let added = runs::add_merchant(&mut tx, Utc::now(), s.app.key.expose(), &new)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        Self { s, dialect, added }
    }

    /// Sends a body under a topic as the platform does; answers status and document.
    pub async fn send(&self, id: &str, topic: &str, body: &Value) -> Option<(u16, Value)> {
        self.send_with(id, topic, body, &[]).await
    }

    /// As `send`, with more headers.
    pub async fn send_with(
        &self,
        id: &str,
        topic: &str,
        body: &Value,
        more: &[(&str, &str)],
    ) -> Option<(u16, Value)> {
        let body = body.to_string();
        let headers = signed(self.dialect, &self.added.secret, id, topic, &body)?;
        let mut request = self
            .s
            .shop
            .http
            .post(format!(
                "{}/webhooks/{}",
                self.s.url, self.added.endpoint_id
            ))
            .header("content-type", "application/json; charset=utf-8");
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        for (name, value) in &headers {
            request = request.header(name, value.as_str().unwrap());
        }
        let answer = request.body(body).send().await.unwrap();
        let status = answer.status().as_u16();
        let document = answer.json().await.unwrap();
        println!("{} {topic} -> {status} {document}", self.dialect);
        self.s.posted().await;
        Some((status, document))
    }

    /// What the shop owes, in cents.
    pub async fn owes(&self) -> i64 {
        self.s
            .balance(&format!("merchant_receivable:boutique-{}", self.dialect))
            .await
    }

    /// The last gift: amount, total, cause, who paid, first name, city.
    async fn gift(&self) -> (i64, i64, String, String, Option<String>, Option<String>) {
        sqlx::query_as(
            "select amount_cents, order_total_cents, c.slug, funded_by, first_name,
               n.address->>'city'
             from donation d join cause c using (cause_id) left join donor n using (donor_id)
             where merchant_id = $1 order by recorded_at desc limit 1",
        )
        .bind(self.added.merchant_id)
        .fetch_one(&self.s.world.db)
        .await
        .unwrap()
    }
}

fn given(
    amount: i64,
    total: i64,
    cause: &str,
    by: &str,
) -> (i64, i64, String, String, Option<String>, Option<String>) {
    (
        amount,
        total,
        cause.into(),
        by.into(),
        Some("Camille".into()),
        Some("Paris".into()),
    )
}

#[tokio::test]
async fn standard_svix_and_generic_senders_tell_our_own_shapes() {
    let s = Service::start().await;
    for dialect in ["standard", "svix", "generic"] {
        let shop = Platform::on(&s, dialect, &[]).await;
        let event = crate::shop::checkout("O-1", |_| ());
        let Some((status, answer)) = shop.send("d-1", "", &event).await else {
            return s.checked().await;
        };
        assert_eq!(
            (status, &answer["status"]),
            (200, &json!("accepted")),
            "{dialect}: {answer}"
        );
        assert_eq!(
            shop.send("d-1", "", &event).await.unwrap().1["status"],
            "duplicate",
            "{dialect}"
        );
        assert_eq!(
            (shop.owes().await, shop.gift().await),
            (100, given(100, 4590, "foret-vivante", "donor")),
            "{dialect}"
        );
        // Only senders who are no platform hear of a conflict by the status.
        let other =
            crate::shop::checkout("O-1", |e| e["data"]["donation"]["amount"] = "2.00".into());
        let (status, answer) = shop.send("d-1", "", &other).await.unwrap();
        assert_eq!(
            status,
            if dialect == "svix" { 200 } else { 409 },
            "{answer}"
        );
        assert_eq!(shop.owes().await, 100, "{dialect}");
    }
    s.checked().await;
}

pub fn stripe_session(change: impl FnOnce(&mut Value)) -> Value {
    let mut event = json!({
        "id": "evt_1Q", "object": "event", "api_version": "2026-01-28.basil",
            "created": Utc::now().timestamp(), "type": "checkout.session.completed",
        "livemode": true, "pending_webhooks": 1, "request": {"id": null, "idempotency_key": null},
        "data": {"object": {
            "id": "cs_live_a1", "object": "checkout.session", "amount_subtotal": 4690,
                "amount_total": 4690, "currency": "eur", "livemode": true,
            "payment_intent": "pi_3Q", "payment_status": "paid", "status": "complete",
                "mode": "payment", "locale": "fr",
            "metadata": {"obole_cause": "foret-vivante", "obole_amount": "1.00",
                "obole_consent": "2026-1 2026-11-24T09:59:41Z", "cart": "77"},
            "customer_details": {"email": "camille@example.org", "name": "Camille Durand",
                "phone": null, "tax_exempt": "none",
                "address": {"line1": "3 rue des Lilas", "line2": null, "postal_code": "75020",
                    "city": "Paris", "state": null, "country": "FR"}}}}});
    change(&mut event);
    event
}

#[tokio::test]
async fn stripe_tells_a_paid_session_and_a_refunded_charge() {
    let s = Service::start().await;
    let shop = Platform::on(&s, "stripe", &[]).await;
    let Some((status, answer)) = shop.send("", "", &stripe_session(|_| ())).await else {
        return s.checked().await;
    };
    assert_eq!(
        (status, &answer["status"]),
        (200, &json!("accepted")),
        "{answer}"
    );
    assert_eq!(
        (shop.owes().await, shop.gift().await),
        (100, given(100, 4590, "foret-vivante", "donor"))
    );
    let consents = "select count(*) from donation
        where not consent_preticked and consent_text_version = '2026-1'";
    assert_eq!(s.count(consents).await, 1);
    let refund = json!({"id": "evt_r", "object": "event", "created": Utc::now().timestamp(),
        "type": "charge.refunded", "livemode": true,
        "data": {"object": {"id": "ch_3Q", "object": "charge", "amount": 4690,
            "amount_refunded": 4690, "currency": "eur", "refunded": true, "payment_intent": "pi_3Q",
            "metadata": {}}}});
    assert_eq!(
        shop.send("", "", &refund).await.unwrap().1["status"],
        "accepted"
    );
    assert_eq!(shop.owes().await, 0);
    s.checked().await;
}

#[tokio::test]
async fn what_stripe_tells_beside_paid_sessions_is_ignored_or_kept() {
    let s = Service::start().await;
    let shop = Platform::on(&s, "stripe", &[]).await;
    if shop.send("", "", &stripe_session(|_| ())).await.is_none() {
        return s.checked().await;
    }
    for (change, why) in [
        (
            (|e| e["livemode"] = false.into()) as fn(&mut Value),
            "test mode",
        ),
        (
            |e| e["data"]["object"]["metadata"] = json!({}),
            "no donation",
        ),
        (
            |e| e["data"]["object"]["payment_status"] = "unpaid".into(),
            "not paid",
        ),
        (|e| e["type"] = "invoice.paid".into(), "this type"),
    ] {
        let (status, answer) = shop
            .send(
                "",
                "",
                &stripe_session(|e| {
                    e["id"] = "evt_other".into();
                    change(e)
                }),
            )
            .await
            .unwrap();
        assert_eq!(
            (status, &answer["status"]),
            (200, &json!("ignored")),
            "{why}: {answer}"
        );
        assert!(answer["reason"].as_str().unwrap().contains(why), "{answer}");
    }
    let (status, answer) = shop
        .send(
            "",
            "",
            &stripe_session(|e| {
                e["id"] = "evt_usd".into();
                e["data"]["object"]["currency"] = "usd".into()
            }),
        )
        .await
        .unwrap();
    assert_eq!(
        (status, &answer["status"], &answer["errors"][0]["field"]),
        (200, &json!("kept"), &json!("data.object.currency"))
    );
    assert_eq!(shop.owes().await, 100, "the first session's");
    s.checked().await;
}

pub fn shopify_order(change: impl FnOnce(&mut Value)) -> Value {
    let mut order = json!({
        "id": 820_982_911_946_154_508_u64,
            "admin_graphql_api_id": "gid://shopify/Order/820982911946154508", "name": "#9999",
            "test": false,
        "currency": "EUR", "total_price": "46.90", "current_total_price": "46.90",
            "financial_status": "paid", "processed_at": "2026-10-24T10:00:00+02:00",
        "email": "camille@example.org", "customer_locale": "fr", "note_attributes": [], "tags": "",
        "customer": {"id": 115, "email": "camille@example.org", "first_name": "Camille",
            "last_name": "Durand"},
        "billing_address": {"first_name": "Camille", "last_name": "Durand",
            "address1": "3 rue des Lilas", "address2": null, "zip": "75020", "city": "Paris",
            "country": "France", "country_code": "FR"},
        "line_items": [
            {"id": 1, "sku": "LIVRE-1", "title": "Le Jardin d'hiver", "price": "45.90",
                "quantity": 1, "properties": []},
            {"id": 2, "sku": "OBOLE-1", "title": "Un euro pour une cause", "price": "1.00",
                "quantity": 1, "taxable": false, "requires_shipping": false,
             "properties": [{"name": "_obole_cause", "value": "foret-vivante"},
                 {"name": "_obole_consent", "value": "2026-1 2026-10-24T07:59:41Z"}]}]});
    change(&mut order);
    order
}

#[tokio::test]
async fn shopify_tells_paid_orders_refunds_and_cancellations() {
    let s = Service::start().await;
    let shop = Platform::on(&s, "shopify", &[]).await;
    let Some((status, answer)) = shop
        .send("w-1", "orders/paid", &shopify_order(|_| ()))
        .await
    else {
        return s.checked().await;
    };
    assert_eq!(
        (status, &answer["status"]),
        (200, &json!("accepted")),
        "{answer}"
    );
    assert_eq!(
        (shop.owes().await, shop.gift().await),
        (100, given(100, 4590, "foret-vivante", "donor"))
    );
    // The order changed and is told again: the gift is the same.
    let again = shopify_order(|o| o["total_price"] = "40.00".into());
    assert_eq!(
        shop.send("w-2", "orders/paid", &again).await.unwrap().1["status"],
        "accepted"
    );
    assert_eq!(
        (
            shop.owes().await,
            s.count("select count(*) from inbox_problem").await
        ),
        (100, 0)
    );
    let ignored = async |id: &str, topic: &str, order: Value| {
        let (status, answer) = shop.send(id, topic, &order).await.unwrap();
        assert_eq!(
            (status, &answer["status"]),
            (200, &json!("ignored")),
            "{topic}: {answer}"
        );
    };
    let test = shopify_order(|o| o["test"] = true.into());
    ignored("w-3", "orders/paid", test).await;
    ignored(
        "w-4",
        "orders/paid",
        shopify_order(|o| o["line_items"][1]["sku"] = "OTHER".into()),
    )
    .await;
    ignored("w-5", "products/update", json!({"id": 1})).await;
    let voided = shopify_order(|o| o["financial_status"] = "voided".into());
    ignored("w-6", "orders/cancelled", voided).await;
    let refund = |sku: &str| {
        json!({"id": 890, "order_id": 820_982_911_946_154_508_u64,
        "created_at": "2026-10-25T10:00:00+02:00", "refund_line_items": [{"quantity": 1,
        "line_item": {"sku": sku, "price": "1.00"}}]})
    };
    ignored("w-7", "refunds/create", refund("LIVRE-1")).await;
    assert_eq!(
        shop.send("w-8", "refunds/create", &refund("OBOLE-1"))
            .await
            .unwrap()
            .1["status"],
        "accepted"
    );
    assert_eq!(shop.owes().await, 0, "the gift was given back");
    s.checked().await;
}

#[tokio::test]
async fn a_donation_that_a_shopify_merchant_pays_itself_is_by_its_rule_and_its_own() {
    let s = Service::start().await;
    let shop = Platform::on(&s, "shopify", &[]).await;
    let funded = shopify_order(|o| {
        o["id"] = 99.into();
        o["line_items"].as_array_mut().unwrap().pop();
        o["note_attributes"] = json!([{"name": "obole_cause", "value": "rivieres"}]);
    });
    let Some((_, answer)) = shop.send("w-1", "orders/paid", &funded).await else {
        return s.checked().await;
    };
    assert_eq!(answer["status"], "accepted");
    assert_eq!(
        (shop.owes().await, shop.gift().await),
        (100, given(100, 4690, "rivieres", "merchant"))
    );
    s.checked().await;
}

pub fn woocommerce_order(change: impl FnOnce(&mut Value)) -> Value {
    let mut order = json!({
        "id": 727, "parent_id": 0, "number": "727", "status": "processing", "currency": "EUR",
            "version": "9.3.0", "total": "46.90", "total_tax": "0.00",
        "date_created_gmt": "2026-10-24T09:58:00", "date_paid_gmt": "2026-10-24T10:00:00",
            "payment_method": "cheque", "customer_note": "",
        "billing": {"first_name": "Camille", "last_name": "Durand", "company": "",
            "address_1": "3 rue des Lilas", "address_2": "", "city": "Paris", "state": "",
            "postcode": "75020", "country": "FR", "email": "camille@example.org", "phone": ""},
        "line_items": [{"id": 315, "name": "Atlas des vents", "product_id": 93, "quantity": 1,
            "sku": "ATLAS", "total": "45.90", "meta_data": []}],
        "fee_lines": [{"id": 12, "name": "Un euro pour une cause", "tax_status": "none",
            "total": "1.00",
            "meta_data": [{"id": 1, "key": "_obole_cause", "value": "foret-vivante"}, {"id": 2,
                "key": "_obole_consent", "value": "2026-1 2026-10-24T09:57:00Z"}]}],
        "refunds": [], "meta_data": [{"id": 9, "key": "is_vat_exempt", "value": "no"}],
            "plugin_field": {"x": [1, 2]}});
    change(&mut order);
    order
}

/// Sends a WooCommerce order that changed; returns what became of it.
async fn status(shop: &Platform<'_>, order: Value) -> Option<String> {
    let (_, answer) = shop.send("d", "order.updated", &order).await?;
    Some(answer["status"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn woocommerce_tells_an_order_again_at_each_change() {
    let s = Service::start().await;
    let shop = Platform::on(&s, "woocommerce", &["fee_label=Don Obole"]).await;
    let Some(pending) = status(
        &shop,
        woocommerce_order(|o| {
            o["status"] = "pending".into();
            o["date_paid_gmt"] = Value::Null
        }),
    )
    .await
    else {
        return s.checked().await;
    };
    assert_eq!(pending, "ignored", "not paid yet");
    assert_eq!(
        status(&shop, woocommerce_order(|_| ())).await.unwrap(),
        "accepted"
    );
    assert_eq!(
        (shop.owes().await, shop.gift().await),
        (100, given(100, 4590, "foret-vivante", "donor"))
    );
    assert_eq!(
        status(
            &shop,
            woocommerce_order(|o| o["status"] = "completed".into())
        )
        .await
        .unwrap(),
        "accepted",
        "told again, counted once"
    );
    assert_eq!(
        status(&shop, woocommerce_order(|o| o["total"] = "30.00".into()))
            .await
            .unwrap(),
        "accepted",
        "the goods changed, the gift did not"
    );
    assert_eq!(
        (
            shop.owes().await,
            s.count("select count(*) from inbox_problem").await
        ),
        (100, 0)
    );
    assert_eq!(
        status(
            &shop,
            woocommerce_order(|o| o["status"] = "refunded".into())
        )
        .await
        .unwrap(),
        "accepted"
    );
    assert_eq!(shop.owes().await, 0);
    s.checked().await;
}

#[tokio::test]
async fn woocommerce_names_a_donation_by_label_or_sku_and_a_refund_by_a_negative_fee() {
    let s = Service::start().await;
    let shop = Platform::on(&s, "woocommerce", &["fee_label=Don Obole"]).await;
    let ping = s
        .shop
        .http
        .post(format!("{}/webhooks/{}", s.url, shop.added.endpoint_id))
        .form(&[("webhook_id", "7")])
        .send()
        .await
        .unwrap();
    assert_eq!(
        ping.status(),
        200,
        "the unsigned ping when the hook is made"
    );
    let labelled = |o: &mut Value| {
        o["id"] = 728.into();
        o["fee_lines"] = json!([{"name": "Don Obole", "total": "1.00", "meta_data": []}])
    };
    let Some(answered) = status(&shop, woocommerce_order(labelled)).await else {
        return s.checked().await;
    };
    assert_eq!(answered, "accepted");
    assert_eq!(shop.gift().await, given(100, 4590, "abri", "donor"));
    assert_eq!(
        status(&shop, woocommerce_order(|o| {
            labelled(o);
            o["refunds"] = json!([{"id": 5, "total": "-1.00", "fee_lines": [{"name": "Don Obole",
                "total": "-1.00"}]}])
        }))
        .await
        .unwrap(),
        "accepted"
    );
    assert_eq!(shop.owes().await, 0);
    assert_eq!(
        status(
            &shop,
            woocommerce_order(|o| {
                o["id"] = 729.into();
                o["fee_lines"] = json!([]);
                o["line_items"][0]["sku"] = "OBOLE-1".into();
                o["line_items"][0]["total"] = "2.00".into()
            })
        )
        .await
        .unwrap(),
        "accepted"
    );
    assert_eq!(shop.owes().await, 200, "as charged");
    assert_eq!(
        s.count("select count(*) from donation where 'amount-off-rule' = any(flags)")
            .await,
        1,
        "and flagged"
    );
    s.checked().await;
}

/// BigCommerce's API, as far as an order goes.
async fn bigcommerce_api(status: &'static str) -> String {
    let order = |State(status): State<&'static str>,
                 Path((store, id)): Path<(String, u64)>,
                 headers: HeaderMap| async move {
        assert_eq!(
            (store.as_str(), headers["x-auth-token"].to_str().unwrap()),
            ("abc123", "bc-token")
        );
        Json(
            json!({"id": id, "status": status, "currency_code": "EUR", "total_inc_tax": "46.9000",
                "date_created": "Sat, 24 Oct 2026 10:00:00 +0000",
            "billing_address": {"first_name": "Camille", "last_name": "Durand",
                "street_1": "3 rue des Lilas", "street_2": "", "zip": "75020", "city": "Paris",
                "country_iso2": "FR", "email": "camille@example.org"}}),
        )
    };
    let products = || async {
        Json(
            json!([{"sku": "ATLAS", "total_inc_tax": "45.9000", "quantity": 1},
            {"sku": "OBOLE-1", "total_inc_tax": "1.0000", "quantity": 1, "quantity_refunded": 0,
                "product_options": [{"display_name": "_obole_cause", "value": "foret-vivante"}]}]),
        )
    };
    let app = Router::new()
        .route("/stores/{store}/v2/orders/{id}", get(order))
        .route("/stores/{store}/v2/orders/{id}/products", get(products))
        .with_state(status);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    url
}

#[tokio::test]
async fn bigcommerce_tells_a_number_and_the_order_is_fetched() {
    let s = Service::start().await;
    let api = bigcommerce_api("Awaiting Fulfillment").await;
    let shop = Platform::on(&s, "bigcommerce", &[]).await;
    let event = |hash: &str| {
        json!({"store_id": "1", "producer": "stores/abc123",
        "scope": "store/order/statusUpdated", "data": {"type": "order", "id": 173_331},
        "hash": hash, "created_at": 1})
    };
    let Some((status, answer)) = shop.send("d-1", "", &event("h1")).await else {
        return s.checked().await;
    };
    assert_eq!(
        (status, &answer["status"]),
        (200, &json!("accepted")),
        "{answer}"
    );
    assert_eq!(
        shop.send("d-2", "", &event("h1")).await.unwrap().1["status"],
        "duplicate",
        "the hash is the key"
    );
    worker::fetch_due(&s.app, Utc::now()).await.unwrap();
    assert_eq!(
        s.count(
            "select count(*) from inbox_problem where state = 'dead' and reason like '%store_hash%'"
        )
        .await,
        1,
        "its settings name no store"
    );
    let mut tx = s.world.db.begin().await.unwrap();
    let settings = [format!("api_base={api}"), "store_hash=abc123".into()];
    endpoint::change_settings(&mut tx, "boutique-bigcommerce", &settings)
        .await
        .unwrap();
    obole::inbox::redrive(&mut tx, Reader::System, &obole::inbox::Redrive::AllDead)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    s.posted().await;
    worker::fetch_due(&s.app, Utc::now()).await.unwrap();
    s.posted().await;
    assert_eq!(
        (shop.owes().await, shop.gift().await),
        (100, given(100, 4590, "foret-vivante", "donor"))
    );
    assert_eq!(
        shop.send("d-3", "", &event("h2")).await.unwrap().1["status"],
        "accepted"
    );
    worker::fetch_due(&s.app, Utc::now()).await.unwrap();
    s.posted().await;
    assert_eq!(shop.owes().await, 100, "fetched again, counted once");
    s.checked().await;
}

#[tokio::test]
async fn while_bigcommerce_is_away_its_orders_are_tried_twenty_times_and_then_wait_for_a_person() {
    let s = Service::start().await;
    let shop = Platform::on(&s, "bigcommerce", &["store_hash=abc123"]).await;
    let settings = async |api: &str| {
        let mut tx = s.world.db.begin().await.unwrap();
        let pairs = [format!("api_base={api}")];
        endpoint::change_settings(&mut tx, "boutique-bigcommerce", &pairs)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    };
    // Nobody listens there.
    settings("http://127.0.0.1:1").await;
    let sender = crate::shop::Shop {
        url: format!("{}/webhooks/{}", s.url, shop.added.endpoint_id),
        secret: shop.added.secret.clone().into_bytes(),
        http: s.shop.http.clone(),
    };
    let notice = json!({"scope": "store/order/created", "data": {"type": "order", "id": 173_331},
        "hash": "h1"});
    assert_eq!(sender.send("d-1", &notice).await.0, 200);
    s.posted().await;
    let fetching = "select count(*) from inbox_fetch";
    // A day ahead of the service's own loop, which so finds nothing due.
    let mut now = Utc::now() + chrono::TimeDelta::days(1);
    let mut rounds = 0;
    while s.count(fetching).await == 1 {
        worker::fetch_due(&s.app, now).await.unwrap();
        let mut db = s.world.db.acquire().await.unwrap();
        let due = obole::inbox::due_fetches(&mut db, now).await.unwrap();
        assert_eq!(due.len(), 0, "it waits before it is tried again");
        // The longest wait.
        now += chrono::TimeDelta::hours(6);
        rounds += 1;
        assert!(rounds <= 20);
    }
    let attempts = "select attempts::bigint from inbox_problem
        where state = 'dead' and reason like '%could not be fetched%'";
    assert_eq!(s.count(attempts).await, 20);

    settings(&bigcommerce_api("Awaiting Fulfillment").await).await;
    let mut db = s.world.db.acquire().await.unwrap();
    obole::inbox::redrive(&mut db, Reader::System, &obole::inbox::Redrive::AllDead)
        .await
        .unwrap();
    drop(db);
    s.posted().await;
    worker::fetch_due(&s.app, Utc::now()).await.unwrap();
    s.posted().await;
    assert_eq!(shop.owes().await, 100);
    s.checked().await;
}

#[test]
fn the_committed_vectors_are_what_the_official_libraries_sign() {
    let Some(vectors) = run("vectors.py", &json!(null)) else {
        return;
    };
    let committed: Value =
        serde_json::from_str(include_str!("../../contracts/signature-vectors.json")).unwrap();
    assert_eq!(vectors, committed, "run tests/official/vectors.py again");
}
