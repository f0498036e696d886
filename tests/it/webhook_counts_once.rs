//! Webhooks in: whatever a shop sends, each euro is counted once, and nothing authentic is lost.

use std::collections::HashSet;

use chrono::Utc;
use obole::inbox::{self, EventState, Redrive, endpoint};
use obole::parties::choice;
use obole::values::{CauseId, DonorId, Reader};
use obole::{runs, worker};
use serde_json::{Value, json};

use crate::shop::{Service, Shop, answered, checkout, new_merchant, refund};

const RECEIVABLE: &str = "merchant_receivable:librairie";

#[tokio::test]
async fn a_signed_checkout_is_durable_answered_and_posted() {
    let s = Service::start().await;
    let (status, answer) = s.shop.send("m-1", &checkout("FR-1001", |_| ())).await;
    assert_eq!(
        (status, &answer["status"]),
        (200, &json!("accepted")),
        "{answer}"
    );
    assert!(
        answer["event_id"].as_str().unwrap().starts_with("evt_")
            && answer["donation_id"].as_str().unwrap().starts_with("don_")
    );
    assert_eq!(
        answer.get("claim_url"),
        None,
        "a named donor has nothing to claim"
    );
    s.posted().await;
    assert_eq!(s.balance(RECEIVABLE).await, 100);
    assert_eq!(s.balance("association_pending:foret-vivante").await, 100);
    assert_eq!(s.count("select count(*) from inbox_queue").await, 0);
    s.checked().await;
}

#[tokio::test]
async fn a_replayed_webhook_changes_nothing_however_it_comes() {
    let s = Service::start().await;
    let event = checkout("FR-1", |_| ());
    let mut answers = Vec::new();
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (shop, event) = (s.shop.clone(), event.clone());
        all.spawn(async move { shop.send("m-1", &event).await });
    }
    while let Some(answer) = all.join_next().await {
        answers.push(answer.unwrap());
    }
    assert!(answers.iter().all(|a| a.0 == 200));
    assert_eq!(
        answers
            .iter()
            .filter(|a| a.1["status"] == "accepted")
            .count(),
        1,
        "one accepted, the others duplicates"
    );
    assert_eq!(
        answers
            .iter()
            .map(|a| a.1["event_id"].to_string())
            .collect::<HashSet<_>>()
            .len(),
        1
    );
    // The same order under other webhook-ids, in one batch and in another.
    for n in 2..5 {
        assert_eq!(s.shop.send(&format!("m-{n}"), &event).await.0, 200);
    }
    s.posted().await;
    assert_eq!(s.shop.send("m-9", &event).await.0, 200);
    s.posted().await;
    assert_eq!(s.balance(RECEIVABLE).await, 100);
    assert_eq!(s.count("select count(*) from inbox_problem").await, 0);
    println!(
        "one order told {} times in parallel and under four more ids: counted once",
        answers.len()
    );
    s.checked().await;
}

#[tokio::test]
async fn another_content_under_a_known_key_is_a_conflict_and_is_kept() {
    let s = Service::start().await;
    s.shop.send("m-1", &checkout("FR-1", |_| ())).await;
    // Of two contents the one that is posted first counts: this one is.
    s.posted().await;
    let other = checkout("FR-1", |e| e["data"]["donation"]["amount"] = "2.00".into());
    for _ in 0..2 {
        let (status, problem) = s.shop.send("m-1", &other).await;
        assert_eq!(
            (status, &problem["type"]),
            (409, &json!("urn:obole:problem:conflicting-event")),
            "{problem}"
        );
    }
    // The business key: another webhook-id, the same order, another amount.
    assert_eq!(s.shop.send("m-2", &other).await.0, 200);
    s.posted().await;
    assert_eq!(s.balance(RECEIVABLE).await, 100);
    let kept = inbox::list(
        &mut s.world.db.acquire().await.unwrap(),
        Reader::System,
        inbox::EventFilter {
            state: Some(EventState::Conflict),
            after: None,
        },
    )
    .await
    .unwrap();
    assert_eq!(kept.len(), 2, "{kept:#?}");
    assert_eq!(
        s.count("select count(*) from inbox_body").await,
        3,
        "both bodies of each conflict can be compared"
    );
    s.checked().await;
}

#[tokio::test]
async fn what_is_not_signed_leaves_no_trace() {
    let s = Service::start().await;
    let body = checkout("FR-1", |_| ()).to_string().into_bytes();
    let stranger = Shop {
        secret: b"another secret of thirty-two byte".to_vec(),
        ..s.shop.clone()
    };
    assert_eq!(answered(stranger.request("m-1", body.clone())).await.0, 401);
    let (status, problem) = answered(
        s.shop
            .http
            .post(&s.shop.url)
            .header("content-type", "application/json")
            .body(body.clone()),
    )
    .await;
    assert_eq!(status, 401);
    assert!(
        problem["detail"].as_str().unwrap().contains("webhook-id"),
        "{problem}"
    );
    let twice = s
        .shop
        .request("m-1", body.clone())
        .header("webhook-id", "m-1");
    assert_eq!(answered(twice).await.0, 401);
    let spoilt = s
        .shop
        .request("m-1", body.clone())
        .body([body.clone(), b" ".to_vec()].concat());
    assert_eq!(answered(spoilt).await.0, 401);
    let unknown = Shop {
        url: format!("{}/webhooks/ep_{}", s.url, uuid::Uuid::now_v7().simple()),
        ..s.shop.clone()
    };
    assert_eq!(answered(unknown.request("m-1", body.clone())).await.0, 404);
    let nonsense = Shop {
        url: format!("{}/webhooks/nonsense", s.url),
        ..s.shop.clone()
    };
    assert_eq!(answered(nonsense.request("m-1", body.clone())).await.0, 404);
    let zipped = s
        .shop
        .request("m-1", body.clone())
        .header("content-encoding", "gzip");
    assert_eq!(answered(zipped).await.0, 415);
    let text = s
        .shop
        .http
        .post(&s.shop.url)
        .header("content-type", "text/plain")
        .body(body);
    assert_eq!(answered(text).await.0, 415);
    assert_eq!(
        answered(s.shop.request("m-1", vec![b' '; 257 * 1024]))
            .await
            .0,
        413
    );
    assert_eq!(
        s.count("select count(*) from inbox_event").await
            + s.count("select count(*) from inbox_problem").await,
        0
    );
    s.checked().await;
}

async fn dead_letters(s: &Service) -> Vec<inbox::EventSummary> {
    let filter = inbox::EventFilter {
        state: Some(EventState::Dead),
        after: None,
    };
    let mut db = s.world.db.acquire().await.unwrap();
    inbox::list(&mut db, Reader::System, filter).await.unwrap()
}

#[tokio::test]
async fn what_is_authentic_but_not_understood_is_kept_and_can_be_redriven() {
    let s = Service::start().await;
    for (key, field, value) in [("m-1", "amount", "1,00"), ("m-2", "cause", "ocean")] {
        let event = checkout(key, |e| e["data"]["donation"][field] = value.into());
        let (status, problem) = s.shop.send(key, &event).await;
        assert_eq!(
            (status, problem["errors"][0]["field"].as_str()),
            (422, Some(format!("data.donation.{field}").as_str())),
            "{problem}"
        );
    }
    assert_eq!(
        answered(s.shop.request("m-3", b"not json \xff".to_vec()))
            .await
            .0,
        422
    );
    assert_eq!(
        s.shop.send("m-4", &json!({"type": "ping"})).await,
        (200, json!({"status": "pong"}))
    );
    s.posted().await;
    let mut db = s.world.db.acquire().await.unwrap();
    let dead = dead_letters(&s).await;
    assert_eq!(
        dead.len(),
        3,
        "the ping is answered and not stored: {dead:#?}"
    );
    assert_eq!(s.balance(RECEIVABLE).await, 0);

    obole::parties::cause::add(
        &mut db,
        Utc::now(),
        "ocean",
        "environment",
        "foret-vivante",
        "Océan",
    )
    .await
    .unwrap();
    assert_eq!(
        inbox::redrive(&mut db, Reader::System, &Redrive::AllDead)
            .await
            .unwrap()
            .len(),
        3
    );
    drop(db);
    s.posted().await;
    assert_eq!(s.balance(RECEIVABLE).await, 100, "the cause now exists");
    let dead = dead_letters(&s).await;
    assert_eq!(
        dead.iter().map(|d| d.attempts).collect::<Vec<_>>(),
        [2, 2],
        "the others are still not understood"
    );
    s.checked().await;
}

#[tokio::test]
async fn a_refund_gives_the_euro_back_once_even_when_it_comes_first() {
    let s = Service::start().await;
    s.shop.send("r-1", &refund("FR-1")).await;
    s.posted().await;
    let parked = inbox::list(
        &mut s.world.db.acquire().await.unwrap(),
        Reader::System,
        inbox::EventFilter {
            state: Some(EventState::Parked),
            after: None,
        },
    )
    .await
    .unwrap();
    assert_eq!(parked.len(), 1);
    s.shop.send("m-1", &checkout("FR-1", |_| ())).await;
    s.posted().await;
    assert_eq!(
        (
            s.balance(RECEIVABLE).await,
            s.balance("association_pending:foret-vivante").await
        ),
        (0, 0)
    );
    assert_eq!(
        s.count("select count(*) from donation").await,
        1,
        "it happened, and was undone"
    );
    // Again, and in the same batch as its checkout.
    s.shop.send("r-2", &refund("FR-1")).await;
    s.shop.send("r-3", &refund("FR-2")).await;
    s.shop.send("m-3", &checkout("FR-2", |_| ())).await;
    s.shop.send("m-4", &checkout("FR-3", |_| ())).await;
    let kept = json!({"type": "checkout.refunded", "data": {"order_id": "FR-3", "refund_id": "x",
        "donation_refunded": false}});
    s.shop.send("r-4", &kept).await;
    s.posted().await;
    assert_eq!(
        s.balance(RECEIVABLE).await,
        100,
        "only FR-3, whose euro was kept"
    );
    assert_eq!(s.count("select count(*) from inbox_problem").await, 0);
    s.checked().await;
}

#[tokio::test]
async fn the_cause_is_the_orders_else_the_donors_else_the_shops() {
    let s = Service::start().await;
    let unnamed = |n: i32, email: &str| {
        let email = email.to_owned();
        checkout(&format!("FR-{email}-{n}"), move |e| {
            e["data"]["donation"] = Value::Null;
            e["data"]["donor"]["email"] = email.into();
        })
    };
    s.shop.send("m-0", &unnamed(0, "camille@example.org")).await;
    s.posted().await;
    assert_eq!(
        s.balance("association_pending:abri").await,
        100,
        "the shop's default"
    );

    let mut db = s.world.db.acquire().await.unwrap();
    let donor: DonorId = sqlx::query_scalar("select donor_id from donor")
        .fetch_one(&mut *db)
        .await
        .unwrap();
    let causes: Vec<(String, CauseId)> = sqlx::query_as("select slug, cause_id from cause")
        .fetch_all(&mut *db)
        .await
        .unwrap();
    let cause = |slug: &str| causes.iter().find(|c| c.0 == slug).unwrap().1;
    choice::choose(
        &mut db,
        donor,
        &[(cause("foret-vivante"), 2), (cause("rivieres"), 1)],
    )
    .await
    .unwrap();
    for n in 1..=30 {
        s.shop
            .send(&format!("m-{n}"), &unnamed(n, "camille@example.org"))
            .await;
        if n % 7 == 0 {
            s.posted().await;
        }
    }
    // A repetition takes no turn.
    s.shop
        .send("again", &unnamed(3, "camille@example.org"))
        .await;
    s.posted().await;
    let given: Vec<i64> = choice::choices(&mut db, Reader::Donor(donor), donor)
        .await
        .unwrap()
        .iter()
        .map(|c| c.given * 10 / i64::from(c.weight))
        .collect();
    assert_eq!(given, [100, 100], "twenty and ten");
    s.shop
        .send(
            "m-x",
            &checkout("FR-x", |e| e["data"]["donation"] = json!({"cause": "abri"})),
        )
        .await;
    s.posted().await;
    drop(db);
    assert_eq!(
        s.balance("association_pending:abri").await,
        200,
        "what the order names comes first"
    );
    s.checked().await;
}

#[tokio::test]
async fn an_anonymous_donation_can_be_claimed_once() {
    let s = Service::start().await;
    let (_, answer) = s
        .shop
        .send(
            "m-1",
            &checkout("FR-1", |e| e["data"]["donor"] = Value::Null),
        )
        .await;
    assert!(
        answer["claim_url"]
            .as_str()
            .unwrap()
            .starts_with(&format!("{}/claim/", s.url)),
        "{answer}"
    );
    s.posted().await;
    let fields = [
        ("email", "zoe@example.org"),
        ("first_name", "Zoé"),
        ("last_name", "Blanc"),
        ("line1", "1 place du Puits"),
        ("postal_code", "69001"),
        ("city", "Lyon"),
    ];
    let url = answer["claim_url"].as_str().unwrap();
    let claim = async || {
        s.shop
            .http
            .post(url)
            .header("accept-language", "en")
            .form(&fields)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    };
    assert!(
        s.shop
            .http
            .get(url)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
            .contains("Mettez ce don à votre nom")
    );
    assert!(claim().await.contains("in your name"));
    assert!(claim().await.contains("has been used"), "once");
    let claims = "select count(*) from donation_claim join donor using (donor_id)
        where last_name = 'Blanc'";
    assert_eq!(s.count(claims).await, 1);
    assert_eq!(
        s.shop
            .http
            .get(format!("{}x", url))
            .send()
            .await
            .unwrap()
            .status(),
        404
    );
    s.checked().await;
}

#[tokio::test]
async fn what_looks_odd_is_recorded_as_charged_and_flagged() {
    let s = Service::start().await;
    s.shop
        .send(
            "m-2",
            &checkout("FR-2", |e| e["data"]["consent"]["preticked"] = true.into()),
        )
        .await;
    s.shop
        .send(
            "m-3",
            &checkout("FR-3", |e| e["data"]["donation"]["amount"] = "5.00".into()),
        )
        .await;
    s.posted().await;
    let flags: Vec<Vec<String>> =
        sqlx::query_scalar("select flags from donation order by order_id")
            .fetch_all(&s.world.db)
            .await
            .unwrap();
    assert_eq!(
        flags,
        [
            vec!["consent-preticked".to_owned()],
            vec!["amount-off-rule".to_owned()]
        ]
    );
    assert_eq!(s.balance(RECEIVABLE).await, 600, "recorded as charged");
    s.checked().await;
}

#[tokio::test]
async fn a_test_endpoint_never_reaches_the_books_and_a_rotated_secret_overlaps() {
    let s = Service::start().await;
    let mut tx = s.world.db.begin().await.unwrap();
    let new = runs::NewMerchant {
        test: true,
        ..new_merchant("Librairie", None)
    };
    let added = runs::add_merchant(&mut tx, Utc::now(), s.app.key.expose(), &new)
        .await
        .unwrap();
    let (secret, _) =
        endpoint::rotate_secret(&mut tx, Utc::now(), s.app.key.expose(), "librairie", None)
            .await
            .unwrap();
    tx.commit().await.unwrap();
    let (status, answer) = Shop::new(&s.url, &added)
        .send("m-1", &checkout("FR-1", |_| ()))
        .await;
    assert_eq!((status, &answer["test"]), (200, &json!(true)));
    s.posted().await;
    assert_eq!(s.balance(RECEIVABLE).await, 0);
    assert_eq!(
        s.shop.send("m-2", &checkout("FR-2", |_| ())).await.0,
        200,
        "the old secret"
    );
    let added = runs::MerchantCredentials {
        secret,
        endpoint_id: s.shop.url.rsplit('/').next().unwrap().parse().unwrap(),
        ..added
    };
    assert_eq!(
        Shop::new(&s.url, &added)
            .send("m-3", &checkout("FR-3", |_| ()))
            .await
            .0,
        200,
        "the new one"
    );
    s.posted().await;
    assert_eq!(s.balance(RECEIVABLE).await, 200);
    s.checked().await;
}

#[tokio::test]
async fn the_whole_inbox_replayed_into_empty_books_gives_equal_balances() {
    let s = Service::start().await;
    for n in 0..40 {
        s.shop
            .send(
                &format!("m-{n}"),
                &checkout(&format!("FR-{}", n % 30), |e| {
                    e["data"]["donor"]["email"] = format!("d{n}@example.org").into()
                }),
            )
            .await;
        if n % 4 == 0 {
            s.shop
                .send(&format!("r-{n}"), &refund(&format!("FR-{}", n + 1)))
                .await;
        }
    }
    s.posted().await;
    let before = obole::ledger::balances(&mut s.world.db.acquire().await.unwrap(), Reader::System)
        .await
        .unwrap();
    // Triggers refuse what is done here to try the recovery.
    let mut tx = s.world.owner.begin().await.unwrap();
    for sql in [
        "set local session_replication_role = replica",
        "truncate transfer, donation, donation_refund, donation_claim, borne_donation,
           collection_donation,
           collection_credit, payout_donation, receipt_donation, refund_due,
           refund_due_settlement, collection_settled_claim, payout_report_claim, case_file,
           case_decision, case_alert",
        "update account_balance set debits_cents = 0, credits_cents = 0",
        "delete from inbox_problem where state <> 'conflict' or true",
        "insert into inbox_queue select event_id, endpoint_id, received_at from inbox_event",
    ] {
        sqlx::query(sql).execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    // Two processors at once, as two instances would.
    let (one, two) = tokio::join!(worker::process_all(&s.app), worker::process_all(&s.app));
    one.and(two).unwrap();
    s.posted().await;
    let after = obole::ledger::balances(&mut s.world.db.acquire().await.unwrap(), Reader::System)
        .await
        .unwrap();
    assert_eq!(before, after);
    println!(
        "{} events replayed into empty books by two posters: equal balances",
        s.count("select count(*) from inbox_event").await
    );
    s.checked().await;
}
