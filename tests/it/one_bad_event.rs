//! One bad event hurts only itself, on its way into the inbox and on its way into the books.

use bytes::Bytes;
use chrono::Utc;
use obole::inbox::{
    self, Delivery, Disposition, EventState, Headers, ReceiveError, ReceiveOutcome,
};
use obole::values::{EndpointId, Reader};
use obole::{runs, worker};
use tokio::task::JoinSet;

use crate::queued::{Told, as_owner, endpoint, queue};
use crate::shop::{Service, Shop, checkout, new_merchant};

fn delivery(endpoint_id: EndpointId, delivery_key: String) -> Delivery {
    Delivery {
        endpoint_id,
        delivery_key,
        body: Bytes::from_static(b"{}"),
        headers: Headers::default(),
        received_at: Utc::now(),
        disposition: Disposition::Keep,
        event: None,
    }
}

/// A merchant whose only endpoint is a test endpoint.
async fn test_merchant(s: &Service) -> runs::MerchantCredentials {
    let new = runs::NewMerchant {
        test: true,
        ..new_merchant("Essais", Some("abri"))
    };
    let mut tx = s.world.db.begin().await.unwrap();
    let added = runs::add_merchant(&mut tx, Utc::now(), s.app.key.expose(), &new)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    added
}

#[tokio::test]
async fn a_delivery_that_the_database_refuses_fails_alone_among_those_of_its_batch() {
    let s = Service::start().await;
    let endpoint = test_merchant(&s).await.endpoint_id;
    let (intake, committer) = inbox::committer(s.world.db.clone(), None);
    let committer = tokio::spawn(committer);
    // The first delivery occupies the committer; the others gather to one batch meanwhile.
    let mut lock = s.world.owner.begin().await.unwrap();
    sqlx::query("lock table inbox_event in exclusive mode")
        .execute(&mut *lock)
        .await
        .unwrap();
    let mut sent = JoinSet::new();
    for n in 0..64 {
        // PostgreSQL takes no NUL in a text.
        let key = if n == 41 {
            "k-\0".to_owned()
        } else {
            format!("k-{n}")
        };
        let intake = intake.clone();
        sent.spawn(async move { (n, intake.receive(delivery(endpoint, key)).await) });
    }
    tokio::task::yield_now().await;
    lock.rollback().await.unwrap();
    while let Some(answer) = sent.join_next().await {
        match answer.unwrap() {
            (41, outcome) => assert_eq!(outcome, Err(ReceiveError::Away)),
            (n, outcome) => {
                assert!(
                    matches!(outcome, Ok(ReceiveOutcome::Accepted(_))),
                    "{n}: {outcome:?}"
                );
            }
        }
    }
    assert_eq!(s.count("select count(*) from inbox_event").await, 63);
    drop(intake);
    committer.await.unwrap();
    s.checked().await;
}

#[tokio::test]
async fn an_event_that_the_books_refuse_is_a_dead_letter_and_the_others_are_posted() {
    let s = Service::start().await;
    // No event is known to be refused by the schema as it is; so the schema refuses one.
    sqlx::query("alter table donation add constraint refused check (order_id <> 'FR-13')")
        .execute(&s.world.owner)
        .await
        .unwrap();
    // They wait for one batch.
    let mut lock = s.world.owner.begin().await.unwrap();
    sqlx::query("lock table donation in exclusive mode")
        .execute(&mut *lock)
        .await
        .unwrap();
    for n in 0..40 {
        let event = checkout(&format!("FR-{n}"), |_| ());
        assert_eq!(s.shop.send(&format!("m-{n}"), &event).await.0, 200);
    }
    lock.rollback().await.unwrap();
    s.posted().await;
    assert_eq!(s.balance("merchant_receivable:librairie").await, 3900);
    let filter = inbox::EventFilter {
        state: Some(EventState::Dead),
        after: None,
    };
    let mut db = s.world.db.acquire().await.unwrap();
    let dead = inbox::list(&mut db, Reader::System, filter).await.unwrap();
    assert_eq!(dead.len(), 1, "{dead:#?}");
    assert_eq!(dead[0].delivery_key, "m-13");
    assert!(
        dead[0].reason.as_deref().unwrap().contains("log"),
        "{dead:#?}"
    );

    sqlx::query("alter table donation drop constraint refused")
        .execute(&s.world.owner)
        .await
        .unwrap();
    let all = inbox::Redrive::AllDead;
    let redriven = inbox::redrive(&mut db, Reader::System, &all).await.unwrap();
    assert_eq!(redriven.len(), 1);
    drop(db);
    s.posted().await;
    assert_eq!(s.balance("merchant_receivable:librairie").await, 4000);
    s.checked().await;
}

#[tokio::test]
async fn what_postgresql_takes_in_no_text_is_a_dead_letter_and_not_an_error() {
    let s = Service::start().await;
    let new = runs::NewMerchant {
        dialect: "stripe".into(),
        ..new_merchant("Stripeuse", Some("abri"))
    };
    let mut tx = s.world.db.begin().await.unwrap();
    let added = runs::add_merchant(&mut tx, Utc::now(), s.app.key.expose(), &new)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let send = async |body: String| {
        let at = Utc::now().timestamp().to_string();
        let signed = format!("{at}.{body}");
        let signature = hmac_hex(added.secret.as_bytes(), signed.as_bytes());
        let answer = s
            .shop
            .http
            .post(format!("{}/webhooks/{}", s.url, added.endpoint_id))
            .header("content-type", "application/json")
            .header("stripe-signature", format!("t={at},v1={signature}"))
            .body(body)
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let session = |id: &str, intent: &str, metadata: &str| {
        format!(
            r#"{{"id":"{id}","type":"checkout.session.completed","created":1,"livemode":true,
            "data":{{"object":{{"id":"cs_1","payment_intent":"{intent}","payment_status":"paid",
            "amount_total":4690,"currency":"eur","metadata":{metadata}}}}}}}"#
        )
    };
    // In the order's number, in the delivery key, and in the amount.
    let metadata = r#"{"obole_amount":"1.00"}"#;
    for body in [
        session("evt_1", r"pi\u0000", metadata),
        session(r"evt\u00002", "pi_2", metadata),
        session("evt_3", "pi_3", r#"{"obole_amount":"1\u0000"}"#),
    ] {
        let (status, text) = send(body).await;
        assert_eq!(status, 200, "{text}");
    }
    s.posted().await;
    assert_eq!(
        s.balance("merchant_receivable:stripeuse").await,
        100,
        "pi_2"
    );
    assert_eq!(
        s.count("select count(*) from inbox_problem where state = 'dead'")
            .await,
        2
    );
    s.checked().await;
}

/// An HMAC-SHA256 in hexadecimal, as Stripe signs.
fn hmac_hex(key: &[u8], message: &[u8]) -> String {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
    mac.update(message);
    hex::encode(mac.finalize().into_bytes())
}

#[tokio::test]
async fn a_time_before_any_webhook_does_not_keep_a_donation_out_of_the_books() {
    let s = Service::start().await;
    let event = checkout("FR-1", |e| {
        e["timestamp"] = "-200000-01-01T00:00:00Z".into();
        e["data"]["consent"]["shown_at"] = "-200000-01-01T00:00:00Z".into();
    });
    assert_eq!(s.shop.send("m-1", &event).await.0, 200);
    s.posted().await;
    assert_eq!(
        s.count(
            "select count(*) from donation where occurred_at > '2020-01-01'
               and consent_shown_at is null"
        )
        .await,
        1
    );
    s.checked().await;
}

#[tokio::test]
async fn a_test_endpoints_events_are_shown_and_are_not_lost() {
    let s = Service::start().await;
    let added = test_merchant(&s).await;
    let shop = Shop::new(&s.url, &added);
    assert_eq!(shop.send("m-1", &checkout("FR-1", |_| ())).await.0, 200);
    let filter = inbox::EventFilter {
        state: Some(EventState::Test),
        after: None,
    };
    let mut db = s.world.db.acquire().await.unwrap();
    let listed = inbox::list(&mut db, Reader::System, filter).await.unwrap();
    assert_eq!((listed.len(), listed[0].state), (1, EventState::Test));
    drop(db);
    s.checked().await;
}

/// Makes the books refuse these orders; `tries` counts how often they were tried, whatever is
/// rolled back.
const REFUSE_TWO_ORDERS: [&str; 5] = [
    "create sequence tries",
    "grant select on sequence tries to obole_app",
    "create function is_taken(order_id text) returns boolean language plpgsql
       security definer set search_path = public as $$
     begin
       if order_id not in ('FR-700', 'FR-1401') then
         return true;
       end if;
       perform nextval('tries');
       return false;
     end $$",
    "grant execute on function is_taken to obole_app",
    "alter table donation add constraint refused check (is_taken(order_id))",
];

#[tokio::test(flavor = "multi_thread")]
async fn two_bad_events_among_thousands_are_set_aside_in_few_tries_by_processors_at_once() {
    let s = Service::start().await;
    for sql in REFUSE_TWO_ORDERS {
        as_owner(&s, sql).await;
    }
    let told: Vec<Told> = (0..2000)
        .map(|n| {
            let event = checkout(&format!("FR-{n}"), |e| {
                e["data"]["donor"]["email"] = format!("d{}@example.org", n % 100).into();
            });
            Told::new(format!("m-{n}"), &event)
        })
        .collect();
    queue(&s, endpoint(&s.shop), &told).await;
    // With the service's own, three processors.
    let (one, two) = tokio::join!(worker::process_all(&s.app), worker::process_all(&s.app));
    one.and(two).unwrap();
    s.posted().await;
    assert_eq!(s.balance("merchant_receivable:librairie").await, 199_800);
    let dead: Vec<String> = sqlx::query_scalar(
        "select delivery_key from inbox_problem where state = 'dead' order by delivery_key",
    )
    .fetch_all(&s.world.db)
    .await
    .unwrap();
    assert_eq!(dead, ["m-1401", "m-700"], "they, and no others");
    let tries = s.count("select last_value from tries").await;
    println!("2 bad events among 2000 were tried {tries} times");
    assert!(tries <= 100, "{tries}");
    as_owner(&s, "alter table donation drop constraint refused").await;
    let mut db = s.world.db.acquire().await.unwrap();
    let all = inbox::Redrive::AllDead;
    assert_eq!(
        inbox::redrive(&mut db, Reader::System, &all)
            .await
            .unwrap()
            .len(),
        2
    );
    drop(db);
    s.posted().await;
    assert_eq!(s.balance("merchant_receivable:librairie").await, 200_000);
    s.checked().await;
}
