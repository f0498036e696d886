//! Two people who share an e-mail address are never mixed on one receipt, what a donor says of
//! themselves stays, and names are read as they are meant.

use obole::inbox::endpoint::EndpointSettings;
use obole::inbox::{Event, Sender, parse};
use obole::parties::donor::{self, Profile, ReceiptFrequency};
use obole::values::{Dialect, DonorId, Locale, PostalAddress};
use serde_json::{Value, json};

use crate::shop::{Service, checkout};

/// Tells of a donation of somebody.
async fn told(s: &Service, order_id: &str, person: Value) {
    let event = checkout(order_id, |e| {
        e["data"]["donor"] = person;
        e["data"]["donor"]["email"] = "durand@example.org".into();
    });
    let (status, answer) = s.shop.send(order_id, &event).await;
    assert_eq!(status, 200, "{answer}");
}

/// First name, last name and street of the only donor.
async fn known(s: &Service) -> (Option<String>, Option<String>, Option<String>) {
    sqlx::query_as("select first_name, last_name, address->>'line1' from donor")
        .fetch_one(&s.world.db)
        .await
        .unwrap()
}

fn is(
    first_name: &str,
    last_name: &str,
    line1: &str,
) -> (Option<String>, Option<String>, Option<String>) {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    (some(first_name), some(last_name), some(line1))
}

fn address(line1: &str) -> Value {
    json!({"line1": line1, "postal_code": "75020", "city": "Paris", "country": "FR"})
}

#[tokio::test]
async fn one_household_mailbox_is_never_the_name_of_one_and_the_address_of_another() {
    let s = Service::start().await;
    let steps = [
        (json!({"first_name": "Camille"}), is("Camille", "", "")),
        // Somebody else, not whole either.
        (
            json!({"last_name": "Durand", "address": address("1 rue A")}),
            is("Camille", "", ""),
        ),
        (
            json!({"first_name": "Paul", "last_name": "Durand"}),
            is("Camille", "", ""),
        ),
        // The same person, who says more.
        (
            json!({"first_name": "camille", "last_name": "Durand"}),
            is("camille", "Durand", ""),
        ),
        // Whole: all of it takes the place of what was not.
        (
            json!({"first_name": "Paul", "last_name": "Durand", "address": address("2 rue B")}),
            is("Paul", "Durand", "2 rue B"),
        ),
        // Whole is whole.
        (
            json!({"first_name": "Zoé", "last_name": "Blanc", "address": address("3 rue C")}),
            is("Paul", "Durand", "2 rue B"),
        ),
        (json!({}), is("Paul", "Durand", "2 rue B")),
    ];
    for (n, (person, expected)) in steps.into_iter().enumerate() {
        told(&s, &format!("FR-{n}"), person.clone()).await;
        s.posted().await;
        assert_eq!(known(&s).await, expected, "after {person}");
    }
    s.checked().await;
}

#[tokio::test]
async fn people_of_one_mailbox_in_one_batch_are_not_mixed_either() {
    let s = Service::start().await;
    let mut lock = s.world.owner.begin().await.unwrap();
    sqlx::query("lock table donor in exclusive mode")
        .execute(&mut *lock)
        .await
        .unwrap();
    told(&s, "FR-0", json!({"first_name": "Camille"})).await;
    told(
        &s,
        "FR-1",
        json!({"last_name": "Martin", "address": address("1 rue A")}),
    )
    .await;
    let whole = json!({"first_name": "Paul", "last_name": "Durand", "address": address("2 rue B")});
    told(&s, "FR-2", whole).await;
    told(&s, "FR-3", json!({"last_name": "Petit"})).await;
    lock.rollback().await.unwrap();
    s.posted().await;
    assert_eq!(known(&s).await, is("Paul", "Durand", "2 rue B"));
    s.checked().await;
}

#[tokio::test]
async fn no_event_writes_over_what_a_donor_said_of_themselves() {
    let s = Service::start().await;
    told(&s, "FR-0", json!({"first_name": "Camille"})).await;
    s.posted().await;
    let id: DonorId = sqlx::query_scalar("select donor_id from donor")
        .fetch_one(&s.world.db)
        .await
        .unwrap();
    let profile = Profile {
        first_name: "Camille".into(),
        last_name: "Durand-Petit".into(),
        address: PostalAddress {
            line1: "9 rue Z".into(),
            line2: None,
            postal_code: "75020".into(),
            city: "Paris".into(),
            country: "FR".into(),
        },
        locale: Locale::Fr,
        receipt_frequency: ReceiptFrequency::Monthly,
    };
    let mut db = s.world.db.acquire().await.unwrap();
    donor::update(&mut db, id, &profile).await.unwrap();
    // Even if a part of it were missing.
    sqlx::query("update donor set address = null")
        .execute(&s.world.owner)
        .await
        .unwrap();
    drop(db);
    let whole = json!({"first_name": "Paul", "last_name": "Durand", "address": address("2 rue B")});
    told(&s, "FR-1", whole).await;
    s.posted().await;
    assert_eq!(known(&s).await, is("Camille", "Durand-Petit", ""));
    s.checked().await;
}

/// What each platform says of a donor, its name, street and city as the platform escapes them.
fn escaped_by_platforms(
    first: &str,
    last: &str,
    street: &str,
) -> [(Dialect, &'static str, Value); 4] {
    let stripe = json!({"id": "evt_1", "type": "checkout.session.completed", "created": 1,
        "livemode": true, "data": {"object": {"id": "cs_1", "payment_intent": "pi_1",
            "payment_status": "paid", "amount_total": 4690, "currency": "eur",
            "metadata": {"obole_amount": "1.00", "obole_first_name": first,
                "obole_last_name": last},
            "customer_details": {"email": "a@b.org", "address": {"line1": street,
                "postal_code": "1", "city": "Orl&eacute;ans", "country": "FR"}}}}});
    let shopify = json!({"id": 1, "currency": "EUR", "total_price": "46.90", "email": "a@b.org",
        "billing_address": {"first_name": first, "last_name": last, "address1": street,
            "zip": "1", "city": "Orl&eacute;ans", "country_code": "FR"},
        "line_items": [{"sku": "OBOLE-1", "price": "1.00", "quantity": 1}]});
    let woocommerce = json!({"id": 1, "status": "processing", "currency": "EUR", "total": "46.90",
        "date_paid_gmt": "2026-10-24T10:00:00",
        "billing": {"email": "a@b.org", "first_name": first, "last_name": last,
            "address_1": street, "postcode": "1", "city": "Orl&eacute;ans", "country": "FR"},
        "fee_lines": [{"total": "1.00", "meta_data": [{"key": "_obole_cause", "value": "abri"}]}]});
    let bigcommerce = json!({"order": {"id": 1, "status": "Completed", "currency_code": "EUR",
            "total_inc_tax": "46.90",
            "billing_address": {"email": "a@b.org", "first_name": first, "last_name": last,
                "street_1": street, "zip": "1", "city": "Orl&eacute;ans", "country_iso2": "FR"}},
        "products": [{"sku": "OBOLE-1", "total_inc_tax": "1.00"}]});
    [
        (Dialect::Stripe, "", stripe),
        (Dialect::Shopify, "orders/paid", shopify),
        (Dialect::Woocommerce, "order.updated", woocommerce),
        (Dialect::Bigcommerce, "", bigcommerce),
    ]
}

#[test]
fn entities_in_names_and_addresses_are_decoded_once_on_every_platform() {
    let settings = EndpointSettings::default();
    let all = escaped_by_platforms("Se&aacute;n", "O&#039;Neill", "3 rue A &amp;amp; B&nbsp;");
    for (dialect, topic, event) in all {
        let sender = Sender {
            dialect,
            settings: &settings,
            test: false,
            topic: Some(topic),
            source: None,
        };
        let event = parse(&sender, event.to_string().as_bytes());
        let Ok(Event::Checkout(checkout)) = event else {
            panic!("{dialect}: {event:?}")
        };
        let donor = checkout.donor.unwrap();
        assert_eq!(donor.first_name.as_deref(), Some("Seán"), "{dialect}");
        assert_eq!(donor.last_name.as_deref(), Some("O'Neill"), "{dialect}");
        let address = donor.address.unwrap();
        assert_eq!(address.line1, "3 rue A &amp; B", "{dialect}: once");
        assert_eq!(address.city, "Orléans", "{dialect}");
    }
}
