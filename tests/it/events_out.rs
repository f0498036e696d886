//! Events out: what merchants and associations asked to be told reaches them once signed, whatever
//! their servers do.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use chrono::{TimeDelta, Utc};
use obole::outbox::{self, Subscriber, SubscriptionState};
use obole::values::{Reader, SubscriptionId};
use obole::worker;
use serde_json::{Value, json};

use crate::month_settles::{day, last_month, settle_month};
use crate::official::run;
use crate::shop::{Service, checkout};
use crate::support::{tool, written};

/// A subscriber's server: it answers as told, and keeps what it was sent.
#[derive(Clone)]
struct Listener {
    url: String,
    answer: Arc<Mutex<u16>>,
    got: Arc<Mutex<Vec<(HeaderMap, String)>>>,
}

impl Listener {
    async fn start() -> Self {
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", socket.local_addr().unwrap());
        let listener = Self {
            url,
            answer: Arc::new(Mutex::new(200)),
            got: Arc::default(),
        };
        let take = |State(l): State<Self>, headers: HeaderMap, body: String| async move {
            l.got.lock().unwrap().push((headers, body));
            let status = StatusCode::from_u16(*l.answer.lock().unwrap()).unwrap();
            (status, [("location", "http://127.0.0.1/elsewhere")])
        };
        let app = Router::new()
            .route("/hook", post(take))
            .with_state(listener.clone());
        tokio::spawn(async move { axum::serve(socket, app).await.unwrap() });
        listener
    }

    fn types(&self) -> Vec<String> {
        let got = self.got.lock().unwrap();
        let mut types: Vec<String> = got
            .iter()
            .map(|(_, b)| {
                serde_json::from_str::<Value>(b).unwrap()["type"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        types.sort();
        types
    }
}

async fn subscribe(
    s: &Service,
    who: Subscriber,
    url: &str,
) -> (obole::values::SubscriptionId, String) {
    outbox::subscribe(
        &mut s.world.db.acquire().await.unwrap(),
        Utc::now(),
        s.app.key.expose(),
        &who,
        url,
    )
    .await
    .unwrap()
}

/// Sends all that is due, beside the service's own loop.
async fn sent(s: &Service) {
    while worker::send_due(&s.app).await.unwrap() > 0 {}
    // The service's own loop may hold one: its outcome is noted when its lease, or the message, is
    // done.
    let in_flight = "select count(*) from outbox
        where delivered_at is null and attempts > 0 and last_response is null";
    while s.count(in_flight).await > 0 {
        tokio::task::yield_now().await;
    }
}

fn schema() -> String {
    format!(
        "{}/contracts/events-out.schema.json",
        env!("CARGO_MANIFEST_DIR")
    )
}

/// Four events came, each signed, as the contract says, and without a word about the donor.
fn assert_signed_and_nameless(listener: &Listener, secret: &str) {
    let got = listener.got.lock().unwrap().clone();
    let deliveries: Vec<Value> = got
        .iter()
        .map(|(h, body)| {
            let header = |name: &str| h[name].to_str().unwrap().to_owned();
            json!({"secret": secret, "body": body,
                    "headers": {"webhook-id": header("webhook-id"),
                    "webhook-timestamp": header("webhook-timestamp"),
                    "webhook-signature": header("webhook-signature")}})
        })
        .collect();
    if let Some(verified) = run("verify.py", &json!(deliveries)) {
        assert_eq!(
            verified.as_array().unwrap().len(),
            4,
            "the official library verifies each"
        );
    }
    for (_, body) in &got {
        tool(
            "jsonschema",
            "python3-jsonschema",
            &[
                "-i",
                written("out.json", body.as_bytes()).to_str().unwrap(),
                &schema(),
            ],
        );
        assert!(
            !body.contains("amille") && !body.contains("Durand") && !body.contains("dnr_"),
            "{body}"
        );
    }
}

#[tokio::test]
async fn each_fact_reaches_who_asked_once_and_signed_and_names_no_donor() {
    let s = Service::start_with(|settings| settings.private_webhooks = true).await;
    let (shop, association) = (Listener::start().await, Listener::start().await);
    let (_, shop_secret) = subscribe(&s, Subscriber::Merchant("librairie".into()), &shop.url).await;
    let (_, secret) = subscribe(
        &s,
        Subscriber::Association("foret-vivante".into()),
        &association.url,
    )
    .await;
    for n in 1..4 {
        let event = checkout(&format!("FR-{n}"), |e| {
            e["timestamp"] = format!("{}T10:00:00Z", day(last_month(), 10)).into();
            e["data"]["donation"]["cause"] = (if n == 3 { "abri" } else { "foret-vivante" }).into();
        });
        assert_eq!(s.shop.send(&format!("m-{n}"), &event).await.0, 200);
        // Told again: counted once, told once.
        assert_eq!(s.shop.send(&format!("again-{n}"), &event).await.0, 200);
    }
    s.posted().await;
    let on = day(last_month().next(), 2);
    settle_month(&s, on).await;
    obole::runs::run_receipts(&s.app, Utc::now(), on, last_month(), Default::default())
        .await
        .unwrap();
    sent(&s).await;
    assert_eq!(
        shop.types(),
        [
            "collection.settled",
            "donation.recorded",
            "donation.recorded",
            "donation.recorded"
        ]
    );
    assert_eq!(
        association.types(),
        [
            "donation.recorded",
            "donation.recorded",
            "payout.settled",
            "receipt.issued"
        ]
    );
    assert_signed_and_nameless(&shop, &shop_secret);
    assert_signed_and_nameless(&association, &secret);
    let schema = schema();
    for example in std::fs::read_dir(format!(
        "{}/contracts/examples-out",
        env!("CARGO_MANIFEST_DIR")
    ))
    .unwrap()
    {
        tool(
            "jsonschema",
            "python3-jsonschema",
            &["-i", example.unwrap().path().to_str().unwrap(), &schema],
        );
    }
    s.checked().await;
}

/// The only subscription.
async fn subscription(s: &Service) -> outbox::SubscriptionSummary {
    let mut db = s.world.db.acquire().await.unwrap();
    let mut all = outbox::list(&mut db, Reader::System).await.unwrap();
    all.pop().unwrap()
}

/// Enables a subscription whose server was mended: what waited is sent, and can be sent again.
async fn catch_up(s: &Service, listener: &Listener, id: SubscriptionId) {
    let before = listener.got.lock().unwrap().len();
    assert!(
        outbox::enable(&mut s.world.db.acquire().await.unwrap(), Utc::now(), id)
            .await
            .unwrap()
    );
    sent(s).await;
    let found = subscription(s).await;
    assert_eq!((found.state, found.waiting), (SubscriptionState::Live, 0));
    let again = outbox::replay(
        &mut s.world.db.acquire().await.unwrap(),
        Utc::now(),
        id,
        Utc::now() - TimeDelta::days(1),
    )
    .await
    .unwrap();
    sent(s).await;
    let got = listener.got.lock().unwrap().clone();
    assert_eq!((again, got.len()), (1, before + 2));
    assert_eq!(
        got[0].0["webhook-id"],
        got[before + 1].0["webhook-id"],
        "the same event has the same id"
    );
}

#[tokio::test]
async fn a_server_that_fails_is_tried_again_later_then_disabled_and_can_be_caught_up() {
    let s = Service::start_with(|settings| settings.private_webhooks = true).await;
    let listener = Listener::start().await;
    *listener.answer.lock().unwrap() = 500;
    let (id, _) = subscribe(&s, Subscriber::Merchant("librairie".into()), &listener.url).await;
    s.shop.send("m-1", &checkout("FR-1", |_| ())).await;
    s.posted().await;
    sent(&s).await;
    let state = async || subscription(&s).await;
    let failing = state().await;
    assert_eq!(
        (
            failing.state,
            failing.waiting,
            failing.last_response.as_deref()
        ),
        (SubscriptionState::Failing, 1, Some("answered 500"))
    );
    let wait = s
        .count("select extract(epoch from next_at - now())::bigint from outbox")
        .await;
    assert!(
        (1..=8).contains(&wait),
        "the next attempt comes some five seconds later, not at once: {wait}"
    );
    assert_eq!(worker::send_due(&s.app).await.unwrap(), 0);
    // A redirect is a failure, not a way.
    *listener.answer.lock().unwrap() = 307;
    let due = "update outbox set next_at = now()";
    sqlx::query(due).execute(&s.world.owner).await.unwrap();
    sent(&s).await;
    // Five days on.
    sqlx::query("update subscription set failing_since = $1")
        .bind(Utc::now() - TimeDelta::days(6))
        .execute(&s.world.owner)
        .await
        .unwrap();
    sqlx::query(due).execute(&s.world.owner).await.unwrap();
    while state().await.state != SubscriptionState::Disabled {
        sent(&s).await;
    }
    assert_eq!(
        state().await.last_response.as_deref(),
        Some("answered with a redirect, which is not followed")
    );
    s.shop.send("m-2", &checkout("FR-2", |_| ())).await;
    s.posted().await;
    assert_eq!(
        s.count("select count(*) from outbox").await,
        1,
        "a disabled address is told nothing more"
    );
    *listener.answer.lock().unwrap() = 204;
    catch_up(&s, &listener, id).await;
    s.checked().await;
}

#[tokio::test]
async fn nothing_is_sent_to_a_private_network() {
    let s = Service::start().await;
    let listener = Listener::start().await;
    // A name that leads home is found out when it is resolved.
    let url = listener
        .url
        .replace("http://127.0.0.1", "https://localhost");
    subscribe(&s, Subscriber::Merchant("librairie".into()), &url).await;
    s.shop.send("m-1", &checkout("FR-1", |_| ())).await;
    s.posted().await;
    sent(&s).await;
    let listed = outbox::list(&mut s.world.db.acquire().await.unwrap(), Reader::System)
        .await
        .unwrap();
    assert_eq!(
        listed[0].last_response.as_deref(),
        Some("the address leads to a private network")
    );
    assert!(listener.got.lock().unwrap().is_empty());
    s.checked().await;
}
