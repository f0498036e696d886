//! Where each event stands: nothing that was accepted is called posted without proof, and whoever
//! watches the service hears when processing is behind.

use chrono::{DateTime, TimeDelta, Utc};
use obole::inbox::{self, EventState, EventSummary};
use obole::values::{EndpointId, EventId, MerchantId, MerchantRole, Reader};
use obole::web;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::shop::{Service, checkout, refund};

async fn listed(s: &Service, state: Option<EventState>) -> Vec<EventSummary> {
    let filter = inbox::EventFilter { state, after: None };
    let mut db = s.world.db.acquire().await.unwrap();
    inbox::list(&mut db, Reader::System, filter).await.unwrap()
}

/// Delivery keys and states, oldest first.
async fn states(s: &Service) -> Vec<(String, EventState)> {
    let all = listed(s, None).await;
    let mut states: Vec<_> = all.into_iter().map(|e| (e.delivery_key, e.state)).collect();
    states.sort_by(|a, b| a.0.cmp(&b.0));
    states
}

/// Writes an event as the committer does, and where it then is, if anywhere.
async fn write_event(s: &Service, key: &str, at: DateTime<Utc>, body: &Value, queued: bool) {
    let endpoint: EndpointId = s.shop.url.rsplit('/').next().unwrap().parse().unwrap();
    sqlx::query(
        "with event as (
           insert into inbox_event (endpoint_id, delivery_key, event_id, body_hash, received_at)
           values ($1, $2, $3, sha256($4), $5)),
         body as (
           insert into inbox_body (event_id, received_at, body, headers)
           values ($3, $5, $4, '{}'))
         insert into inbox_queue (event_id, endpoint_id, received_at) select $3, $1, $5 where $6",
    )
    .bind(endpoint)
    .bind(key)
    .bind(EventId::new())
    .bind(body.to_string().into_bytes())
    .bind(at)
    .bind(queued)
    .execute(&s.world.owner)
    .await
    .unwrap();
}

#[tokio::test]
async fn each_way_in_which_an_event_ends_is_told_apart() {
    let s = Service::start().await;
    let kept = json!({"type": "checkout.refunded", "data": {
        "order_id": "FR-1", "refund_id": "x", "donation_refunded": false}});
    for (key, event) in [
        ("a", checkout("FR-1", |_| ())),
        ("b", checkout("FR-1", |_| ())),
        ("c", kept),
        ("d", refund("FR-1")),
        ("e", refund("FR-1")),
        (
            "f",
            checkout("FR-1", |e| e["data"]["order_total"] = "1.00".into()),
        ),
        ("g", refund("FR-2")),
    ] {
        assert_eq!(s.shop.send(key, &event).await.0, 200, "{key}");
        s.posted().await;
    }
    let [posted, conflict, parked] = [EventState::Posted, EventState::Conflict, EventState::Parked];
    let expected = [posted, posted, posted, posted, posted, conflict, parked];
    let found: Vec<EventState> = states(&s).await.into_iter().map(|e| e.1).collect();
    assert_eq!(found, expected);
    let stored: Vec<(String, String)> = sqlx::query_as(
        "select delivery_key, outcome from inbox_outcome join inbox_event using (event_id)
         order by delivery_key",
    )
    .fetch_all(&s.world.db)
    .await
    .unwrap();
    let stored: Vec<(&str, &str)> = stored.iter().map(|(k, o)| (&**k, &**o)).collect();
    assert_eq!(
        stored,
        [
            ("b", "repeated"),
            ("c", "nothing-refunded"),
            ("e", "already-refunded")
        ],
        "of the others, the donation or the refund names the event"
    );
    assert_eq!(listed(&s, Some(EventState::Posted)).await.len(), 5);
    s.checked().await;
}

#[tokio::test]
async fn an_event_of_which_nothing_became_is_lost_and_not_posted() {
    let s = Service::start().await;
    s.shop.send("a", &checkout("FR-1", |_| ())).await;
    s.posted().await;
    // Its order is in the books, by another event.
    write_event(&s, "b", Utc::now(), &checkout("FR-1", |_| ()), false).await;
    write_event(&s, "c", Utc::now(), &checkout("FR-2", |_| ()), false).await;
    write_event(&s, "d", Utc::now(), &refund("FR-1"), false).await;
    let lost = EventState::Lost;
    let expected = [
        ("a", EventState::Posted),
        ("b", lost),
        ("c", lost),
        ("d", lost),
    ];
    assert_eq!(
        states(&s).await,
        expected.map(|(key, state)| (key.to_owned(), state))
    );
    assert_eq!(listed(&s, Some(lost)).await.len(), 3);
    assert_eq!(listed(&s, Some(EventState::Posted)).await.len(), 1);

    let merchant: MerchantId = sqlx::query_scalar("select merchant_id from merchant")
        .fetch_one(&s.world.db)
        .await
        .unwrap();
    let id: EventId = listed(&s, Some(lost)).await[0].event_id.parse().unwrap();
    let mut db = s.world.db.acquire().await.unwrap();
    for (merchant, visible) in [(merchant, true), (MerchantId::new(), false)] {
        let reader = Reader::Merchant(merchant, MerchantRole::Developer);
        let shown = inbox::show(&mut db, reader, id).await.unwrap();
        assert_eq!(shown.map(|e| e.event.state), visible.then_some(lost));
        let filter = inbox::EventFilter {
            state: Some(lost),
            after: None,
        };
        let listed = inbox::list(&mut db, reader, filter).await.unwrap();
        assert_eq!(listed.len(), if visible { 3 } else { 0 });
    }
    // A person puts one back: it is processed like any other.
    let these = inbox::Redrive::These(vec![id]);
    let stranger = Reader::Merchant(MerchantId::new(), MerchantRole::Developer);
    assert!(
        inbox::redrive(&mut db, stranger, &these)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        inbox::redrive(&mut db, Reader::System, &these)
            .await
            .unwrap(),
        [id]
    );
    drop(db);
    s.posted().await;
    assert_eq!(listed(&s, Some(lost)).await.len(), 2);
    s.checked_but(&["every-event-has-an-outcome"]).await;
}

#[tokio::test]
async fn settings_that_changed_since_do_not_make_a_posted_event_look_lost() {
    let s = Service::start().await;
    s.shop.send("a", &checkout("FR-1", |_| ())).await;
    s.posted().await;
    // Read as another platform's, the body says nothing of a donation.
    sqlx::query("update endpoint set dialect = 'shopify'")
        .execute(&s.world.owner)
        .await
        .unwrap();
    assert_eq!(states(&s).await, [("a".to_owned(), EventState::Posted)]);
    s.checked().await;
}

#[tokio::test]
async fn only_what_a_reader_may_see_is_redriven() {
    let s = Service::start().await;
    s.shop.send("a", &refund("FR-1")).await;
    s.posted().await;
    let id: EventId = listed(&s, None).await[0].event_id.parse().unwrap();
    let merchant: MerchantId = sqlx::query_scalar("select merchant_id from merchant")
        .fetch_one(&s.world.db)
        .await
        .unwrap();
    let mut db = s.world.db.acquire().await.unwrap();
    let these = inbox::Redrive::These(vec![id]);
    for (merchant, count) in [(MerchantId::new(), 0), (merchant, 1)] {
        let reader = Reader::Merchant(merchant, MerchantRole::Developer);
        let redriven = inbox::redrive(&mut db, reader, &these).await.unwrap();
        assert_eq!(redriven.len(), count);
    }
    drop(db);
    s.posted().await;
    s.checked().await;
}

#[tokio::test]
async fn whoever_watches_hears_that_processing_is_behind_and_what_waits() {
    let s = Service::start().await;
    let ready = async || {
        let response = s.shop.http.get(format!("{}/readyz", s.url)).send().await;
        response.unwrap().status().as_u16()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let metrics = tokio::spawn(web::metrics::serve(
        s.app.clone(),
        listener,
        std::future::pending(),
    ));
    assert_eq!(ready().await, 200);
    s.shop.send("r", &refund("FR-9")).await;
    s.posted().await;
    // The processor takes the event and waits for the donations' table.
    let mut lock = s.world.owner.begin().await.unwrap();
    sqlx::query("lock table donation in exclusive mode")
        .execute(&mut *lock)
        .await
        .unwrap();
    let long_ago = Utc::now() - TimeDelta::minutes(2);
    write_event(&s, "a", long_ago, &checkout("FR-1", |_| ()), true).await;
    assert_eq!(ready().await, 503);
    let scraped = s
        .shop
        .http
        .get(format!("http://{address}/metrics"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    for line in [
        "obole_inbox_events{state=\"queued\"} 1",
        "obole_inbox_events{state=\"parked\"} 1",
        "obole_inbox_events{state=\"dead\"} 0",
    ] {
        assert!(scraped.contains(line), "{line}\n{scraped}");
    }
    metrics.abort();
    lock.rollback().await.unwrap();
    s.posted().await;
    assert_eq!(ready().await, 200);
    s.checked().await;
}
