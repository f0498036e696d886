//! What platforms tell of an order is read for the donation first: what was charged for it, what
//! was given back of it, and nothing beside it can make it fail. No database.

use obole::inbox::endpoint::EndpointSettings;
use obole::inbox::{self, Event, ParseError, RefundProof, Sender};
use obole::values::{Amount, Dialect};
use serde_json::{Value, json};

use crate::dialects::{shopify_order, stripe_session, woocommerce_order};
use crate::shop::parsed;

/// A fetched BigCommerce order.
fn bigcommerce_order(change: impl FnOnce(&mut Value)) -> Value {
    let mut document = json!({
        "order": {"id": 1, "status": "Awaiting Fulfillment", "status_id": 11,
            "currency_code": "EUR", "total_inc_tax": "46.9000", "refunded_amount": "0.0000",
            "date_created": "Sat, 24 Oct 2026 10:00:00 +0000",
            "billing_address": {"first_name": "Camille", "last_name": "Durand",
                "street_1": "3 rue des Lilas", "zip": "75020", "city": "Paris",
                "country_iso2": "FR", "email": "camille@example.org"}},
        "products": [
            {"id": 1, "sku": "ATLAS", "total_inc_tax": "45.9000", "quantity": 1,
                "product_options": []},
            {"id": 2, "sku": "OBOLE-1", "total_inc_tax": "1.0000", "total_tax": "0.0000",
                "quantity": 1, "quantity_refunded": 0, "applied_discounts": [],
                "product_options": [{"display_name": "_obole_cause", "value": "foret-vivante"}]}]});
    change(&mut document);
    document
}

/// A platform, the topic of a paid order, and one.
type Sample = (Dialect, Option<&'static str>, Value);

fn samples() -> Vec<Sample> {
    vec![
        (Dialect::Shopify, Some("orders/paid"), shopify_order(|_| ())),
        (
            Dialect::Woocommerce,
            Some("order.updated"),
            woocommerce_order(|_| ()),
        ),
        (Dialect::Stripe, None, stripe_session(|_| ())),
        (Dialect::Bigcommerce, None, bigcommerce_order(|_| ())),
    ]
}

fn read(sample: &Sample) -> Result<Event, ParseError> {
    let (dialect, topic, body) = sample;
    parsed(
        *dialect,
        &EndpointSettings::default(),
        *topic,
        body.to_string().as_bytes(),
    )
}

/// The donations that an event tells of: cents, cause, flags.
fn donations(event: &Event) -> Vec<(i64, String, Vec<&'static str>)> {
    let donation = |c: &inbox::Checkout| {
        let cause = c.cause.clone().unwrap_or_default();
        (c.amount.map_or(0, Amount::cents), cause, c.flags.clone())
    };
    event.checkouts().map(donation).collect()
}

/// The refunds that an event tells of: their names, cents (0 for all), whether they are proven and
/// whether they wait.
fn refunds(event: &Event) -> Vec<(String, i64, bool, bool)> {
    let refund = |part: &Event| match part {
        Event::Refund(r) => Some((
            r.refund_id.clone(),
            r.amount.map_or(0, Amount::cents),
            r.proof == RefundProof::Proven,
            r.waits,
        )),
        _ => None,
    };
    event.parts().iter().filter_map(refund).collect()
}

fn one(cents: i64, flags: &[&'static str]) -> Vec<(i64, String, Vec<&'static str>)> {
    vec![(cents, "foret-vivante".into(), flags.to_vec())]
}

/// A change of a body, what it is, and the donations that are right then.
type Case = (
    &'static str,
    fn(&mut Value),
    Vec<(i64, String, Vec<&'static str>)>,
);

fn check(build: fn(fn(&mut Value)) -> Sample, cases: Vec<Case>) {
    for (what, change, right) in cases {
        let event = read(&build(change)).unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(donations(&event), right, "{what}: {event:?}");
    }
}

fn shopify_paid(change: fn(&mut Value)) -> Sample {
    (Dialect::Shopify, Some("orders/paid"), shopify_order(change))
}

fn woocommerce_updated(change: fn(&mut Value)) -> Sample {
    let topic = Some("order.updated");
    (Dialect::Woocommerce, topic, woocommerce_order(change))
}

fn stripe_paid(change: fn(&mut Value)) -> Sample {
    (Dialect::Stripe, None, stripe_session(change))
}

fn bigcommerce_fetched(change: fn(&mut Value)) -> Sample {
    (Dialect::Bigcommerce, None, bigcommerce_order(change))
}

#[test]
fn shopify_donations_count_as_charged() {
    check(
        shopify_paid,
        vec![
            ("as sold", |_| (), one(100, &[])),
            (
                "a code over all lines",
                |o| {
                    o["line_items"][1]["discount_allocations"] =
                        json!([{"amount": "0.06"}, {"amount": 0.04}]);
                },
                one(90, &["donation-discounted"]),
            ),
            (
                "a code told as a sum",
                |o| o["line_items"][1]["total_discount"] = "0.25".into(),
                one(75, &["donation-discounted"]),
            ),
            (
                "all of it taken off",
                |o| {
                    o["line_items"][1]["discount_allocations"] = json!([{"amount": "1.00"}]);
                },
                vec![],
            ),
            (
                "nothing paid at all",
                |o| o["total_price"] = "0.00".into(),
                vec![],
            ),
        ],
    );
}

#[test]
fn all_lines_of_a_shopify_donation_count_by_their_cause() {
    check(
        shopify_paid,
        vec![
            (
                "two lines of one cause",
                |o| {
                    let line = o["line_items"][1].clone();
                    o["line_items"].as_array_mut().unwrap().push(line);
                },
                one(200, &[]),
            ),
            (
                "two causes",
                |o| {
                    let mut line = o["line_items"][1].clone();
                    line["properties"] = json!([{"name": "_obole_cause", "value": "abri"}]);
                    o["line_items"].as_array_mut().unwrap().push(line);
                },
                [one(100, &[]), vec![(100, "abri".into(), vec![])]].concat(),
            ),
            (
                "three units",
                |o| o["line_items"][1]["quantity"] = 3.into(),
                one(300, &[]),
            ),
            (
                "two of three taken off before it was paid",
                |o| {
                    o["line_items"][1]["quantity"] = 3.into();
                    o["line_items"][1]["current_quantity"] = 1.into();
                },
                one(100, &[]),
            ),
        ],
    );
}

#[test]
fn what_is_odd_about_a_shopify_donation_is_flagged() {
    check(
        shopify_paid,
        vec![
            (
                "taken off before it was paid",
                |o| o["line_items"][1]["current_quantity"] = 0.into(),
                vec![],
            ),
            (
                "tax beside the price",
                |o| {
                    o["line_items"][1]["price"] = "0.83".into();
                    o["line_items"][1]["tax_lines"] = json!([{"price": "0.17"}]);
                },
                one(100, &["donation-taxed"]),
            ),
            (
                "tax in the price",
                |o| {
                    o["taxes_included"] = true.into();
                    o["line_items"][1]["tax_lines"] = json!([{"price": "0.17"}]);
                },
                one(100, &["donation-taxed"]),
            ),
            (
                "more than the order",
                |o| o["line_items"][1]["price"] = "60.00".into(),
                one(4690, &["above-order-total"]),
            ),
            (
                "a number",
                |o| o["line_items"][1]["price"] = json!(1.0),
                one(100, &[]),
            ),
        ],
    );
}

#[test]
fn woocommerce_donations_count_as_charged() {
    check(
        woocommerce_updated,
        vec![
            ("as sold", |_| (), one(100, &[])),
            (
                "tax told apart",
                |o| {
                    o["fee_lines"][0]["total"] = "0.83".into();
                    o["fee_lines"][0]["total_tax"] = "0.17".into();
                },
                one(100, &["donation-taxed"]),
            ),
            (
                "long fractions",
                |o| {
                    o["fee_lines"][0]["total"] = "0.833333".into();
                    o["fee_lines"][0]["total_tax"] = json!(0.166_667);
                },
                one(100, &["donation-taxed"]),
            ),
            (
                "two fees",
                |o| {
                    let fee = o["fee_lines"][0].clone();
                    o["fee_lines"].as_array_mut().unwrap().push(fee);
                },
                one(200, &[]),
            ),
        ],
    );
}

#[test]
fn woocommerce_fees_are_told_apart() {
    check(
        woocommerce_updated,
        vec![
            (
                "a fee without our key beside ours",
                |o| {
                    let fees = o["fee_lines"].as_array_mut().unwrap();
                    fees.insert(
                        0,
                        json!({"name": "Emballage", "total": "3.00", "meta_data": []}),
                    );
                },
                one(100, &[]),
            ),
            (
                "nothing",
                |o| o["fee_lines"][0]["total"] = "0.00".into(),
                vec![],
            ),
            (
                "below nothing",
                |o| o["fee_lines"][0]["total"] = "-1.00".into(),
                vec![],
            ),
            (
                "a product at a discount",
                |o| {
                    o["fee_lines"] = json!([]);
                    o["line_items"][0] = json!({"sku": "OBOLE-1", "subtotal": "1.00",
                        "total": "0.50", "meta_data": [
                            {"key": "_obole_cause", "value": "foret-vivante"}]});
                },
                one(50, &["donation-discounted"]),
            ),
            (
                "fees as an object",
                |o| {
                    let fee = o["fee_lines"][0].clone();
                    o["fee_lines"] = json!({"3": fee});
                },
                one(100, &[]),
            ),
            (
                "the cause's entity",
                |o| o["fee_lines"][0]["name"] = "L&#8217;euro".into(),
                one(100, &[]),
            ),
        ],
    );
}

#[test]
fn a_woocommerce_order_is_paid_when_its_own_fields_say_so() {
    check(
        woocommerce_updated,
        vec![
            (
                "numbers",
                |o| {
                    o["fee_lines"][0]["total"] = json!(1);
                    o["total"] = json!(46.9);
                    o["id"] = "727".into();
                },
                one(100, &[]),
            ),
            (
                "the state of the shop",
                |o| o["status"] = "wc-expedie".into(),
                one(100, &[]),
            ),
            (
                "paid by the local time alone",
                |o| {
                    o["date_paid_gmt"] = Value::Null;
                    o["date_paid"] = json!({"date": "2026-10-24 12:00:00.000000",
                        "timezone_type": 3, "timezone": "Europe/Paris"});
                },
                one(100, &[]),
            ),
            (
                "paid, in seconds",
                |o| o["date_paid_gmt"] = json!(1_792_836_000),
                one(100, &[]),
            ),
            (
                "paid at zero",
                |o| o["date_paid_gmt"] = "0000-00-00 00:00:00".into(),
                vec![],
            ),
            ("on hold", |o| o["status"] = "on-hold".into(), vec![]),
        ],
    );
}

#[test]
fn a_label_is_what_people_see() {
    let labelled = |setting: &str, name: &str| {
        let settings = EndpointSettings::default();
        let settings = settings.changed(&[format!("fee_label={setting}")]).unwrap();
        let order = woocommerce_order(|o| {
            o["fee_lines"] = json!([{"name": name, "total": "1.00", "meta_data": []}]);
        });
        let body = order.to_string();
        let event = parsed(
            Dialect::Woocommerce,
            &settings,
            Some("order.updated"),
            body.as_bytes(),
        );
        donations(&event.unwrap()).len() == 1
    };
    for name in [
        "L'arrondi & moi",
        "L&#039;arrondi &amp; moi",
        "L\u{2019}arrondi\u{a0}& moi",
        " L&rsquo;arrondi  &#38;\u{202f}moi ",
    ] {
        assert!(labelled("L'arrondi & moi", name), "{name}");
        assert!(labelled(name, "L’arrondi & moi"), "{name}");
    }
    assert!(!labelled("L'arrondi & moi", "L'arrondi") && !labelled("", ""));
}

#[test]
fn stripe_donations_count_as_charged() {
    check(
        stripe_paid,
        vec![
            ("as sold", |_| (), one(100, &[])),
            (
                "a free trial",
                |e| e["data"]["object"]["amount_total"] = 0.into(),
                vec![],
            ),
            (
                "less than the donation was paid",
                |e| e["data"]["object"]["amount_total"] = 40.into(),
                one(40, &["above-order-total"]),
            ),
            (
                "no metadata",
                |e| e["data"]["object"]["metadata"] = Value::Null,
                vec![],
            ),
            (
                "metadata as a list",
                |e| e["data"]["object"]["metadata"] = json!([]),
                vec![],
            ),
            (
                "an expanded payment",
                |e| {
                    e["data"]["object"]["payment_intent"] = json!({"id": "pi_3Q", "amount": 4690});
                },
                one(100, &[]),
            ),
        ],
    );
}

#[test]
fn bigcommerce_donations_count_as_charged() {
    check(
        bigcommerce_fetched,
        vec![
            ("as sold", |_| (), one(100, &[])),
            (
                "a coupon",
                |d| {
                    d["products"][1]["applied_discounts"] =
                        json!([{"id": "coupon", "amount": "0.1000"}]);
                },
                one(90, &["donation-discounted"]),
            ),
            (
                "two of three units went back",
                |d| {
                    d["products"][1]["total_inc_tax"] = "3.0000".into();
                    d["products"][1]["quantity"] = 3.into();
                    d["products"][1]["quantity_refunded"] = 2.into();
                },
                one(100, &[]),
            ),
            (
                "products without SKU",
                |d| {
                    d["products"][0] = json!({"sku": null, "product_options": [{"value": null}]});
                },
                one(100, &[]),
            ),
            (
                "a state that the shop renamed",
                |d| d["order"]["status"] = "Prêt".into(),
                one(100, &[]),
            ),
        ],
    );
}

#[test]
fn what_was_given_back_is_told_by_lines_by_sums_or_not_at_all() {
    let woo = |change: fn(&mut Value)| {
        let sample = (
            Dialect::Woocommerce,
            Some("order.updated"),
            woocommerce_order(change),
        );
        refunds(&read(&sample).unwrap())
    };
    let named =
        |name: &str, cents: i64, proven: bool| vec![(name.to_owned(), cents, proven, false)];
    assert_eq!(
        woo(|o| o["status"] = "refunded".into()),
        named("refunded", 0, true)
    );
    assert_eq!(
        woo(|o| o["refunds"] = json!([{"id": 5, "total": "-40.00"}, {"id": 6, "total": -6.9}])),
        named("refunded", 0, true),
        "in sum the whole order"
    );
    assert_eq!(
        woo(|o| o["refunds"] = json!([{"id": 5, "reason": "", "total": "-1.00"}])),
        named("5", 100, false)
    );
    assert_eq!(
        woo(
            |o| o["refunds"] = json!({"0": {"id": 5, "total": "-1.00", "fee_lines": [
            {"total": "-0.83", "total_tax": "-0.17",
                "meta_data": [{"key": "_obole_cause", "value": "foret-vivante"}]}]}})
        ),
        named("5", 100, true)
    );
    assert_eq!(
        woo(
            |o| o["refunds"] = json!([{"id": 5, "total": "-45.90", "line_items": [
            {"total": "-45.90", "sku": "ATLAS"}]}])
        ),
        vec![],
        "the goods alone"
    );
    assert_eq!(
        woo(|o| {
            o["fee_lines"][0]["meta_data"] = json!([{"key": "_obole_cause", "value": ""}]);
            o["refunds"] = json!([{"id": 5, "fee_lines": [{"total": "-1.00",
                "meta_data": [{"key": "_refunded_item_id", "value": "12"}]}]}]);
        }),
        named("5", 100, true),
        "by the line that it names"
    );
}

fn shopify_refund(change: impl FnOnce(&mut Value)) -> Sample {
    let mut refund = json!({"id": 9, "order_id": 7, "created_at": "2026-10-25T10:00:00+02:00",
        "order_adjustments": [], "refund_line_items": [{"quantity": 1, "line_item_id": 2,
            "subtotal": 1.0, "total_tax": 0, "line_item": {"id": 2, "sku": "OBOLE-1",
                "price": "1.00", "quantity": 3, "properties": [
                    {"name": "_obole_cause", "value": "foret-vivante"}]}}],
        "transactions": [{"kind": "refund", "status": "success", "amount": "1.00"}]});
    change(&mut refund);
    (Dialect::Shopify, Some("refunds/create"), refund)
}

#[test]
fn shopify_refunds_name_units_or_a_sum() {
    let told = |change: fn(&mut Value)| refunds(&read(&shopify_refund(change)).unwrap());
    assert_eq!(told(|_| ()), [("9".into(), 100, true, true)]);
    assert_eq!(
        told(|r| r["transactions"] = json!([])),
        [("9".into(), 100, true, false)],
        "a line taken off an unpaid order is nothing of an order that never gave"
    );
    let by_sum = |r: &mut Value| {
        r["refund_line_items"] = json!([]);
        r["transactions"][0]["amount"] = "46.90".into();
    };
    assert_eq!(told(by_sum), [("9".into(), 4690, false, false)]);
    let goods = |r: &mut Value| r["refund_line_items"][0]["line_item"]["sku"] = "ATLAS".into();
    assert_eq!(told(goods), []);
    let more_than_goods = |r: &mut Value| {
        r["refund_line_items"][0]["line_item"]["sku"] = "ATLAS".into();
        r["order_adjustments"] =
            json!([{"kind": "refund_discrepancy", "amount": "-1.00", "tax_amount": "0.00"}]);
    };
    assert_eq!(told(more_than_goods), [("9".into(), 100, false, false)]);
    let order = |change: fn(&mut Value)| {
        let sample = (
            Dialect::Shopify,
            Some("orders/updated"),
            shopify_order(change),
        );
        read(&sample).unwrap()
    };
    let one_of_three = order(|o| {
        o["financial_status"] = "partially_refunded".into();
        o["line_items"][1]["quantity"] = 3.into();
        o["line_items"][1]["current_quantity"] = 2.into();
        o["refunds"] = json!([{"id": 9, "refund_line_items": [{"line_item_id": 2, "quantity": 1}],
            "transactions": []}]);
    });
    assert_eq!(donations(&one_of_three), one(300, &[]));
    assert_eq!(refunds(&one_of_three), [("9".into(), 100, true, false)]);
    let whole = order(|o| o["financial_status"] = "refunded".into());
    assert_eq!(refunds(&whole), [("cancelled".into(), 0, true, false)]);
    assert_eq!(donations(&whole), []);
}

#[test]
fn stripe_tells_of_charges_refunds_and_disputes() {
    let told = |kind: &str, object: Value| {
        let event = json!({"id": "evt_r", "type": kind, "created": 1_790_000_000,
            "livemode": true, "data": {"object": object}});
        refunds(&read(&(Dialect::Stripe, None, event)).unwrap())
    };
    let ours = json!({"obole_cause": "foret-vivante"});
    let charge = |refunded: i64, metadata: &Value| {
        json!({"id": "ch_1", "payment_intent": "pi_1", "amount": 4690,
            "amount_refunded": refunded, "refunded": refunded == 4690, "metadata": metadata})
    };
    assert_eq!(
        told("charge.refunded", charge(4690, &ours)),
        [("evt_r".into(), 0, true, true)]
    );
    assert_eq!(
        told("charge.refunded", charge(4690, &Value::Null)),
        [("evt_r".into(), 0, true, false)],
        "of a charge that says nothing of a donation, only where its order is known"
    );
    assert_eq!(
        told("charge.refunded", charge(100, &ours)),
        [("evt_r".into(), 100, false, false)]
    );
    let refund = |status: &str| {
        json!({"id": "re_1", "object": "refund", "payment_intent": "pi_1", "charge": "ch_1",
            "amount": 100, "status": status, "metadata": {}})
    };
    for status in ["succeeded", "pending", "failed"] {
        let right = [("re_1".into(), 100, false, false)];
        assert_eq!(told("refund.updated", refund(status)), right, "{status}");
    }
    let dispute = |status: &str| {
        json!({"id": "dp_1", "charge": "ch_1", "payment_intent": "pi_1", "amount": 4690,
            "status": status})
    };
    let lost = [("dp_1".into(), 4690, false, false)];
    assert_eq!(told("charge.dispute.closed", dispute("lost")), lost);
    assert_eq!(told("charge.dispute.closed", dispute("won")), []);
}

#[test]
fn tests_of_platforms_count_on_test_endpoints_only() {
    let mut tests = samples();
    tests[0].2["test"] = true.into();
    tests[2].2["livemode"] = false.into();
    for (dialect, topic, body) in [&tests[0], &tests[2]] {
        for test in [true, false] {
            let sender = Sender {
                dialect: *dialect,
                settings: &EndpointSettings::default(),
                test,
                topic: *topic,
                source: None,
            };
            let event = inbox::parse(&sender, body.to_string().as_bytes()).unwrap();
            assert_eq!(!donations(&event).is_empty(), test, "{dialect}: {event:?}");
        }
    }
}

/// Every place in a document, whatever stands there.
fn places(value: &Value, path: &str, found: &mut Vec<String>) {
    let mut within = |name: String, value: &Value| {
        found.push(format!("{path}/{name}"));
        places(value, &format!("{path}/{name}"), found);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(n, v)| within(n.clone(), v)),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .for_each(|(n, v)| within(n.to_string(), v)),
        _ => {}
    }
}

/// Shapes that are none of those that platforms document.
const SHAPES: [&str; 12] = [
    "null",
    "{}",
    "[]",
    "0",
    "-1.5",
    "1e999",
    "\"\"",
    "\"\\ud83c\"",
    "true",
    "[{},{},{}]",
    "{\"7\":{\"name\":{},\"key\":7,\"value\":null}}",
    "{\"name\":\"x\",\"value\":3}",
];

/// Each body with one place of another shape.
fn misshapen(body: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    places(body, "", &mut found);
    let mut all = Vec::new();
    for path in found {
        for shape in SHAPES {
            let mut body = body.clone();
            *body.pointer_mut(&path).unwrap() = "@@".into();
            all.push((path.clone(), body.to_string().replacen("\"@@\"", shape, 1)));
        }
    }
    all
}

/// What of each platform's order is read for the donation itself.
const MATTERS: [(&str, &[&str]); 4] = [
    (
        "shopify",
        &[
            "/id",
            "/currency",
            "/total_price",
            "/test",
            "/line_items",
            "/line_items/1",
        ],
    ),
    (
        "woocommerce",
        &[
            "/id",
            "/currency",
            "/total",
            "/status",
            "/date_paid_gmt",
            "/fee_lines",
            "/refunds",
        ],
    ),
    (
        "stripe",
        &[
            "/type",
            "/livemode",
            "/data",
            "/data/object",
            "/data/object/payment_intent",
            "/data/object/payment_status",
            "/data/object/amount_total",
            "/data/object/currency",
            "/data/object/metadata",
            "/data/object/metadata/obole_cause",
            "/data/object/metadata/obole_amount",
        ],
    ),
    (
        "bigcommerce",
        &[
            "/order",
            "/order/id",
            "/order/status_id",
            "/order/currency_code",
            "/order/total_inc_tax",
            "/products",
            "/products/1",
        ],
    ),
];

fn matters(dialect: Dialect, path: &str) -> bool {
    let (_, paths) = MATTERS.iter().find(|(d, _)| *d == dialect.word()).unwrap();
    let lines = ["/line_items/1/", "/fee_lines/", "/refunds/", "/products/1/"];
    paths.contains(&path) || lines.iter().any(|line| path.starts_with(line))
}

#[test]
fn nothing_beside_the_donation_can_make_it_fail() {
    let mut tried = 0;
    for (dialect, topic, body) in samples() {
        for (path, text) in misshapen(&body) {
            if matters(dialect, &path) {
                continue;
            }
            let settings = EndpointSettings::default();
            let event = parsed(dialect, &settings, topic, text.as_bytes());
            let event = event.unwrap_or_else(|e| panic!("{dialect} {path}: {e}\n{text}"));
            let cents: i64 = donations(&event).iter().map(|d| d.0).sum();
            assert_eq!(cents, 100, "{dialect} {path}: {text}");
            tried += 1;
        }
    }
    assert!(tried > 1000, "{tried}");
}

#[test]
fn an_order_without_a_donation_is_nothing_whatever_its_shape() {
    let mut without = samples();
    without[0].2["line_items"].as_array_mut().unwrap().pop();
    without[1].2["fee_lines"] = json!([]);
    without[2].2["data"]["object"]["metadata"] = json!({"cart": "77"});
    without[3].2["products"].as_array_mut().unwrap().pop();
    let mut tried = 0;
    for (dialect, topic, body) in without {
        for (path, text) in misshapen(&body) {
            // Without its order, BigCommerce's document is a notice.
            if path == "/order" {
                continue;
            }
            let settings = EndpointSettings::default();
            let event = parsed(dialect, &settings, topic, text.as_bytes());
            // Where the order gave before, its line was taken off.
            let asks =
                matches!(&event, Ok(e) if e.is_of_known_order() && !matches!(e, Event::Ping));
            assert!(
                matches!(event, Ok(Event::Ignored(_))) || asks,
                "{dialect} {path}: {event:?}"
            );
            tried += 1;
        }
    }
    assert!(tried > 1000, "{tried}");
}

#[test]
fn whatever_shape_the_donation_has_it_never_breaks_the_reader() {
    for (dialect, topic, body) in samples() {
        for (_, text) in misshapen(&body) {
            let settings = EndpointSettings::default();
            if let Ok(event) = parsed(dialect, &settings, topic, text.as_bytes()) {
                let cents: i64 = donations(&event).iter().map(|d| d.0).sum();
                assert!(
                    (0..=4690).contains(&cents),
                    "never more than the order: {text}"
                );
            }
        }
        let whole = body.to_string();
        for end in (0..whole.len()).filter(|n| whole.is_char_boundary(*n)) {
            let cut = &whole[..end];
            let event = parsed(dialect, &EndpointSettings::default(), topic, cut.as_bytes());
            assert!(event.is_err(), "{dialect}: half a body is no order: {cut}");
        }
    }
}
