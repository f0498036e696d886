//! Orders as their platforms tell them until the end, over HTTP: what was given back in the end is
//! given back here, whatever came first, and what nothing proves is asked of a person.

use axum::http::HeaderMap;
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use obole::cases::CaseKind;
use obole::inbox::endpoint;
use obole::worker;
use serde_json::{Value, json};

use crate::cases_are_decided::decide;
use crate::dialects::{Platform, shopify_order, stripe_session, woocommerce_order};
use crate::shop::Service;
use crate::steps::open_cases;

/// What was answered: accepted, ignored or kept.
async fn told(shop: &Platform<'_>, id: &str, topic: &str, body: &Value) -> Option<String> {
    let (status, answer) = shop.send(id, topic, body).await?;
    assert_eq!(status, 200, "{answer}");
    Some(answer["status"].as_str().unwrap().to_owned())
}

const PROBLEMS: &str = "select count(*) from inbox_problem";
const ORDER: u64 = 820_982_911_946_154_508;

/// One of three units went back: the refund, and the order told again.
fn one_of_three() -> [(&'static str, &'static str, Value); 3] {
    let three = |o: &mut Value| o["line_items"][1]["quantity"] = 3.into();
    let paid = shopify_order(three);
    let line = paid["line_items"][1].clone();
    let refund = json!({"id": 890, "order_id": ORDER, "created_at": "2026-10-25T10:00:00+02:00",
        "refund_line_items": [{"quantity": 1, "line_item_id": 2, "line_item": line}],
        "transactions": [{"kind": "refund", "status": "success", "amount": "1.00"}]});
    let updated = shopify_order(|o| {
        three(o);
        o["financial_status"] = "partially_refunded".into();
        o["line_items"][1]["current_quantity"] = 2.into();
        o["refunds"] = json!([refund]);
    });
    [
        ("w-1", "orders/paid", paid),
        ("w-2", "refunds/create", refund),
        ("w-3", "orders/updated", updated),
    ]
}

#[tokio::test]
async fn units_that_went_back_are_given_back_once_in_whatever_order_it_is_told() {
    for order in [
        [0, 1, 2],
        [0, 2, 1],
        [2, 1, 0],
        [1, 0, 2],
        [2, 0, 1],
        [1, 2, 0],
    ] {
        let s = Service::start().await;
        let shop = Platform::on(&s, "shopify", &[]).await;
        for n in order {
            let (id, topic, body) = &one_of_three()[n];
            if told(&shop, id, topic, body).await.is_none() {
                return s.checked().await;
            }
        }
        assert_eq!(shop.owes().await, 200, "{order:?}");
        assert_eq!(s.count(PROBLEMS).await, 0, "{order:?}");
        assert_eq!(
            s.count("select count(*) from case_file").await,
            0,
            "{order:?}"
        );
        s.checked().await;
    }
}

#[tokio::test]
async fn a_sum_given_back_is_the_whole_order_or_a_question() {
    let s = Service::start().await;
    let shop = Platform::on(&s, "shopify", &[]).await;
    let by_sum = |order: u64, refund: u64, amount: &str| {
        json!({"id": refund, "order_id": order, "refund_line_items": [],
            "order_adjustments": [{"kind": "refund_discrepancy", "amount": format!("-{amount}")}],
            "transactions": [{"kind": "refund", "status": "success", "amount": amount}]})
    };
    let paid = |id: u64| shopify_order(|o| o["id"] = id.into());
    if told(&shop, "a", "orders/paid", &paid(1)).await.is_none() {
        return s.checked().await;
    }
    told(&shop, "b", "orders/paid", &paid(2)).await;
    let whole = by_sum(1, 11, "46.90");
    assert_eq!(
        told(&shop, "c", "refunds/create", &whole).await.unwrap(),
        "accepted"
    );
    assert_eq!(shop.owes().await, 100, "the second order's");
    let part = by_sum(2, 12, "5.00");
    assert_eq!(
        told(&shop, "d", "refunds/create", &part).await.unwrap(),
        "accepted"
    );
    assert_eq!(shop.owes().await, 100);
    let held = "select count(*) from donation_in_question";
    assert_eq!(s.count(held).await, 1);
    let case = open_cases(&s, CaseKind::RefundUnproven)
        .await
        .pop()
        .unwrap();
    assert!(case.what.contains("5.00 euros"), "{}", case.what);
    decide(&s, &case, "given-back", Some("1.00")).await.unwrap();
    assert_eq!((shop.owes().await, s.count(held).await), (0, 0));
    // Told again with the order, it is not asked again.
    let updated = shopify_order(|o| {
        o["id"] = 2.into();
        o["financial_status"] = "partially_refunded".into();
        o["refunds"] = json!([part]);
    });
    told(&shop, "e", "orders/updated", &updated).await;
    assert_eq!(open_cases(&s, CaseKind::RefundUnproven).await.len(), 0);
    let nobody = by_sum(3, 13, "5.00");
    assert_eq!(
        told(&shop, "f", "refunds/create", &nobody).await.unwrap(),
        "ignored"
    );
    assert_eq!(s.count(PROBLEMS).await, 0);
    s.checked().await;
}

#[tokio::test]
async fn orders_that_never_gave_leave_nothing_when_they_are_given_back() {
    let s = Service::start().await;
    let shop = Platform::on(&s, "shopify", &[]).await;
    let line = json!({"id": 2, "sku": "OBOLE-1", "price": "1.00", "quantity": 1});
    let unpaid = json!({"id": 5, "order_id": 77, "transactions": [],
        "refund_line_items": [{"quantity": 1, "restock_type": "cancel", "line_item": line}]});
    let Some(answered) = told(&shop, "w-1", "refunds/create", &unpaid).await else {
        return s.checked().await;
    };
    assert_eq!(answered, "ignored");
    let woo = Platform::on(&s, "woocommerce", &[]).await;
    let refunded = woocommerce_order(|o| o["status"] = "refunded".into());
    assert_eq!(
        told(&woo, "d", "order.updated", &refunded).await.unwrap(),
        "ignored"
    );
    let stripe = Platform::on(&s, "stripe", &[]).await;
    let charge = json!({"id": "evt_r", "type": "charge.refunded", "created": 1_790_000_000,
        "livemode": true, "data": {"object": {"id": "ch_1", "payment_intent": "pi_never",
            "amount": 4690, "amount_refunded": 4690, "refunded": true, "metadata": {}}}});
    assert_eq!(told(&stripe, "", "", &charge).await.unwrap(), "ignored");
    assert_eq!(
        s.count("select count(*) from inbox_event").await,
        0,
        "nothing is kept"
    );
    s.checked().await;
}

#[tokio::test]
async fn several_causes_are_several_donations_and_each_is_given_back_by_itself() {
    let s = Service::start().await;
    let shop = Platform::on(&s, "shopify", &[]).await;
    let both = shopify_order(|o| {
        let mut line = o["line_items"][1].clone();
        line["id"] = 3.into();
        line["price"] = "2.00".into();
        line["properties"][0]["value"] = "abri".into();
        o["line_items"].as_array_mut().unwrap().push(line);
        o["total_price"] = "48.90".into();
    });
    if told(&shop, "w-1", "orders/paid", &both).await.is_none() {
        return s.checked().await;
    }
    told(&shop, "w-2", "orders/updated", &both).await;
    let promised = async |slug: &str| s.balance(&format!("association_pending:{slug}")).await;
    assert_eq!(shop.owes().await, 300);
    assert_eq!(
        (promised("foret-vivante").await, promised("abri").await),
        (100, 200)
    );
    let refund = json!({"id": 890, "order_id": ORDER, "refund_line_items": [
        {"quantity": 1, "line_item": both["line_items"][1]}],
        "transactions": [{"kind": "refund", "amount": "1.00"}]});
    told(&shop, "w-3", "refunds/create", &refund).await;
    assert_eq!(
        (promised("foret-vivante").await, promised("abri").await),
        (0, 200)
    );
    assert_eq!(s.count(PROBLEMS).await, 0);
    s.checked().await;
}

#[tokio::test]
async fn what_was_not_charged_as_it_should_be_is_posted_and_its_receipt_waits() {
    let s = Service::start().await;
    let shop = Platform::on(&s, "woocommerce", &[]).await;
    let taxed = |id: u64| {
        woocommerce_order(|o| {
            o["id"] = id.into();
            o["fee_lines"][0]["total"] = "0.83".into();
            o["fee_lines"][0]["total_tax"] = "0.17".into();
        })
    };
    if told(&shop, "d", "order.updated", &taxed(1)).await.is_none() {
        return s.checked().await;
    }
    told(&shop, "d", "order.updated", &taxed(2)).await;
    assert_eq!(shop.owes().await, 200);
    let held = "select count(*) from donation_in_question";
    assert_eq!(s.count(held).await, 2);
    let cases = open_cases(&s, CaseKind::DonationNotAsCharged).await;
    decide(&s, &cases[0], "accept", None).await.unwrap();
    decide(&s, &cases[1], "given-back", Some("1.00"))
        .await
        .unwrap();
    assert_eq!((shop.owes().await, s.count(held).await), (100, 0));
    s.checked().await;
}

#[tokio::test]
async fn another_order_of_one_number_is_set_aside_and_its_refund_gives_nothing_back() {
    let s = Service::start().await;
    let shop = Platform::on(&s, "woocommerce", &[]).await;
    let of = |key: &str, email: &str, status: &str| {
        woocommerce_order(|o| {
            o["order_key"] = key.into();
            o["billing"]["email"] = email.into();
            o["status"] = status.into();
        })
    };
    let first = of("wc_order_a", "camille@example.org", "processing");
    if told(&shop, "d", "order.updated", &first).await.is_none() {
        return s.checked().await;
    }
    // The donor's address was corrected: it is the same order.
    let corrected = of("wc_order_a", "camille.durand@example.org", "completed");
    told(&shop, "d", "order.updated", &corrected).await;
    assert_eq!((shop.owes().await, s.count(PROBLEMS).await), (100, 0));
    let copy = of("wc_order_b", "paul@example.org", "processing");
    told(&shop, "d", "order.updated", &copy).await;
    told(
        &shop,
        "d",
        "order.updated",
        &of("wc_order_b", "paul@example.org", "refunded"),
    )
    .await;
    assert_eq!((shop.owes().await, s.count(PROBLEMS).await), (100, 2));
    let refund = open_cases(&s, CaseKind::OrderDiffers).await.pop().unwrap();
    decide(&s, &refund, "dismiss", None).await.unwrap();
    let second = open_cases(&s, CaseKind::SecondOrder).await.pop().unwrap();
    decide(&s, &second, "accept", None).await.unwrap();
    assert_eq!((shop.owes().await, s.count(PROBLEMS).await), (200, 0));
    told(
        &shop,
        "d",
        "order.updated",
        &of("wc_order_b", "paul@example.org", "completed"),
    )
    .await;
    assert_eq!(
        (shop.owes().await, s.count(PROBLEMS).await),
        (200, 0),
        "told again"
    );
    s.checked().await;
}

#[tokio::test]
async fn a_lost_dispute_gives_back_and_a_failed_refund_is_asked() {
    let s = Service::start().await;
    let shop = Platform::on(&s, "stripe", &[]).await;
    let session = |n: u8| {
        stripe_session(|e| {
            e["id"] = format!("evt_{n}").into();
            e["data"]["object"]["payment_intent"] = format!("pi_{n}").into();
        })
    };
    if told(&shop, "", "", &session(1)).await.is_none() {
        return s.checked().await;
    }
    told(&shop, "", "", &session(2)).await;
    let event = |id: &str, kind: &str, object: Value| {
        json!({"id": id, "type": kind, "created": 1_790_000_000, "livemode": true,
            "data": {"object": object}})
    };
    let dispute = |id: &str, kind: &str| {
        event(
            id,
            kind,
            json!({"id": "dp_1", "charge": "ch_1", "payment_intent": "pi_1",
            "amount": 4690, "status": "lost"}),
        )
    };
    told(
        &shop,
        "",
        "",
        &dispute("evt_d1", "charge.dispute.funds_withdrawn"),
    )
    .await;
    told(&shop, "", "", &dispute("evt_d2", "charge.dispute.closed")).await;
    assert_eq!(shop.owes().await, 100);
    let refund = |id: &str, kind: &str, status: &str| {
        event(
            id,
            kind,
            json!({"id": "re_2", "charge": "ch_2", "payment_intent": "pi_2",
            "amount": 4690, "status": status, "metadata": {}}),
        )
    };
    told(
        &shop,
        "",
        "",
        &refund("evt_r1", "refund.created", "pending"),
    )
    .await;
    assert_eq!(shop.owes().await, 0);
    told(&shop, "", "", &refund("evt_r2", "refund.failed", "failed")).await;
    let cases = open_cases(&s, CaseKind::RefundUnproven).await;
    assert!(
        cases[0].what.contains("did not reach the customer"),
        "{}",
        cases[0].what
    );
    assert_eq!((cases.len(), shop.owes().await), (1, 0));
    s.checked().await;
}

#[tokio::test]
async fn an_order_whose_donation_left_the_merchant_by_an_edit_gives_it_back() {
    let s = Service::start().await;
    let shop = Platform::on(&s, "shopify", &[]).await;
    if told(&shop, "w-1", "orders/paid", &shopify_order(|_| ()))
        .await
        .is_none()
    {
        return s.checked().await;
    }
    let edited = shopify_order(|o| o["line_items"][1]["current_quantity"] = 0.into());
    told(&shop, "w-2", "orders/updated", &edited).await;
    assert_eq!((shop.owes().await, s.count(PROBLEMS).await), (0, 0));
    s.checked().await;
}

#[tokio::test]
async fn a_donor_who_cannot_be_read_claims_the_donation_later() {
    let s = Service::start().await;
    let event = crate::shop::checkout("FR-1", |e| e["data"]["donor"]["email"] = "camille".into());
    let (status, answer) = s.shop.send("t-1", &event).await;
    assert_eq!(
        (status, &answer["status"]),
        (200, &json!("accepted")),
        "{answer}"
    );
    assert_eq!(answer["warnings"][0]["field"], "data.donor.email");
    assert!(answer["warnings"][0]["message"].is_string());
    assert!(
        answer["claim_url"].as_str().unwrap().contains("/claim/"),
        "{answer}"
    );
    s.posted().await;
    assert_eq!(s.balance("merchant_receivable:librairie").await, 100);
    assert_eq!(
        s.count("select count(*) from donation where donor_id is null")
            .await,
        1
    );
    let (_, again) = s.shop.send("t-1", &event).await;
    assert_eq!(again["status"], "duplicate");
    s.checked().await;
}

/// A WooCommerce API that knows one order, and what its refunds gave back.
async fn woocommerce_api(order: Value, refunds: Value) -> String {
    let signed_in = |headers: &HeaderMap| {
        let expected = format!("Basic {}", STANDARD.encode("ck_read:cs_secret"));
        assert_eq!(headers["authorization"].to_str().unwrap(), expected);
    };
    let app = Router::new()
        .route(
            "/wp-json/wc/v3/orders/727",
            get(move |headers: HeaderMap| async move {
                signed_in(&headers);
                Json(order)
            }),
        )
        .route(
            "/wp-json/wc/v3/orders/727/refunds",
            get(move |headers: HeaderMap| async move {
                signed_in(&headers);
                Json(refunds)
            }),
        );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    url
}

async fn with_read_key(s: &Service, url: &str) {
    let mut tx = s.world.db.begin().await.unwrap();
    let pairs = [format!("store_url={url}")];
    endpoint::change_settings(&mut tx, "boutique-woocommerce", &pairs)
        .await
        .unwrap();
    let key = s.app.key.expose();
    let refused = endpoint::set_read_key(&mut tx, key, "boutique-woocommerce", "ck_read").await;
    assert!(refused.is_err(), "a key and its secret");
    endpoint::set_read_key(&mut tx, key, "boutique-woocommerce", "ck_read:cs_secret")
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn refunds_are_fetched_with_the_read_key_and_asked_when_they_cannot_be() {
    let s = Service::start().await;
    let shop = Platform::on(&s, "woocommerce", &[]).await;
    let refunded = woocommerce_order(|o| o["refunds"] = json!([{"id": 5, "total": "-1.00"}]));
    let line = json!({"total": "-1.00", "meta_data": [{"key": "_refunded_item_id", "value": 12}]});
    let refunds = json!([{"id": 5, "amount": "1.00", "fee_lines": [line], "line_items": []}]);
    let api = woocommerce_api(refunded.clone(), refunds).await;
    with_read_key(&s, &api).await;
    if told(&shop, "d", "order.updated", &refunded).await.is_none() {
        return s.checked().await;
    }
    assert_eq!(shop.owes().await, 100, "counted before the refund is known");
    let tomorrow = Utc::now() + chrono::TimeDelta::days(1);
    worker::fetch_due(&s.app, tomorrow).await.unwrap();
    s.posted().await;
    assert_eq!((shop.owes().await, s.count(PROBLEMS).await), (0, 0));
    assert_eq!(s.count("select count(*) from case_file").await, 0);

    // Nobody listens there any more: a person is asked in the end.
    with_read_key(&s, "http://127.0.0.1:1").await;
    let other = woocommerce_order(|o| {
        o["id"] = 728.into();
        o["refunds"] = json!([{"id": 6, "total": "-5.00"}]);
    });
    told(&shop, "d", "order.updated", &other).await;
    let mut later = tomorrow;
    for _ in 0..20 {
        worker::fetch_due(&s.app, later).await.unwrap();
        later += chrono::TimeDelta::hours(6);
    }
    assert_eq!(open_cases(&s, CaseKind::RefundUnproven).await.len(), 1);
    assert_eq!(
        s.count("select count(*) from donation_in_question").await,
        1
    );
    s.checked().await;
}

#[tokio::test]
async fn an_order_from_another_address_than_the_stores_is_set_aside() {
    let s = Service::start().await;
    let shop = Platform::on(
        &s,
        "woocommerce",
        &["store_url=https://www.boutique.example/"],
    )
    .await;
    for (n, (source, status)) in [
        ("https://boutique.example/", "accepted"),
        ("http://www.Boutique.example", "accepted"),
        ("https://staging.boutique.example/", "kept"),
    ]
    .into_iter()
    .enumerate()
    {
        let order = woocommerce_order(|o| o["id"] = (800 + n).into());
        let extra = [("x-wc-webhook-source", source)];
        let Some((_, answer)) = shop.send_with("d", "order.updated", &order, &extra).await else {
            return s.checked().await;
        };
        assert_eq!(answer["status"], status, "{source}: {answer}");
    }
    assert_eq!(shop.owes().await, 200);
    s.checked().await;
}

#[tokio::test]
async fn a_refund_whose_order_never_comes_ends_after_thirty_days() {
    let s = Service::start().await;
    let refund = crate::shop::refund("FR-1");
    assert_eq!(s.shop.send("r-1", &refund).await.0, 200);
    s.posted().await;
    let ended = async |days: i64| {
        let mut db = s.world.db.acquire().await.unwrap();
        let later = Utc::now() + chrono::TimeDelta::days(days);
        obole::inbox::end_parked(&mut db, later).await
    };
    assert_eq!(ended(29).await.unwrap(), 0);
    assert_eq!(ended(31).await.unwrap(), 1);
    let shown = "select count(*) from inbox_problem where state = 'dead' and donation_id is null
        and reason like 'its order never came%'";
    assert_eq!(s.count(shown).await, 1);
    assert_eq!(s.count("select count(*) from inbox_body").await, 0);
    s.checked().await;
}

#[tokio::test]
async fn an_order_that_stands_again_after_it_was_cancelled_is_shown_to_a_person() {
    let s = Service::start().await;
    let woo = Platform::on(&s, "woocommerce", &[]).await;
    let state = |state: &str| woocommerce_order(|o| o["status"] = state.into());
    let tell = async |id: &str, body: &Value| told(&woo, id, "order.updated", body).await;
    if tell("a", &state("processing")).await.is_none() {
        return s.checked().await;
    }
    tell("b", &state("cancelled")).await.unwrap();
    assert_eq!(woo.owes().await, 0);
    let mut again = state("processing");
    again["date_modified_gmt"] = "2026-10-25T10:00:00".into();
    tell("c", &again).await.unwrap();
    let cases = open_cases(&s, CaseKind::SecondOrder).await;
    assert_eq!((woo.owes().await, cases.len()), (0, 1));
    decide(&s, &cases[0], "accept", None).await.unwrap();
    s.posted().await;
    assert_eq!(woo.owes().await, 100, "it counts again");
    tell("d", &state("completed")).await.unwrap();
    assert_eq!(woo.owes().await, 100, "and once");
    assert_eq!(open_cases(&s, CaseKind::SecondOrder).await.len(), 0);
    s.checked().await;
}

#[tokio::test]
async fn a_donation_taken_off_a_paid_order_is_asked_of_a_person() {
    let s = Service::start().await;
    let woo = Platform::on(&s, "woocommerce", &[]).await;
    let tell = async |id: &str, body: &Value| told(&woo, id, "order.updated", body).await;
    if tell("a", &woocommerce_order(|_| ())).await.is_none() {
        return s.checked().await;
    }
    let without = woocommerce_order(|o| {
        o["fee_lines"] = json!([]);
        o["total"] = "45.90".into();
    });
    tell("b", &without).await.unwrap();
    let cases = open_cases(&s, CaseKind::RefundUnproven).await;
    assert_eq!((woo.owes().await, cases.len()), (100, 1));
    decide(&s, &cases[0], "given-back", Some("1.00"))
        .await
        .unwrap();
    assert_eq!(woo.owes().await, 0);
    s.checked().await;
}
