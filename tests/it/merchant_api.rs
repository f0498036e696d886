//! The merchant's API: only one's own, nothing personal, and as its description says.

use chrono::Utc;
use obole::cases::CaseKind;
use obole::{runs, worker};
use serde_json::{Value, json};

use crate::month_settles::{day, last_month, settle_month};
use crate::official::folder;
use crate::shop::{Service, Shop, checkout, new_merchant};
use crate::steps::open_cases;
use crate::support::tool;

/// A client of the API with one merchant's key.
struct Client<'s> {
    s: &'s Service,
    key: String,
}

impl Client<'_> {
    async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let method = method.parse().unwrap();
        let mut request = self
            .s
            .shop
            .http
            .request(method, format!("{}{path}", self.s.url))
            .bearer_auth(&self.key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.ask("GET", path, None).await
    }
}

/// Two shops with their keys.
async fn two_shops(s: &Service) -> [(Shop, Client<'_>); 2] {
    let mut shops = Vec::new();
    for name in ["Une", "Autre"] {
        let mut tx = s.world.db.begin().await.unwrap();
        let added = runs::add_merchant(
            &mut tx,
            Utc::now(),
            s.app.key.expose(),
            &new_merchant(name, Some("abri")),
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        shops.push((
            Shop::new(&s.url, &added),
            Client {
                s,
                key: added.api_key,
            },
        ));
    }
    shops.try_into().unwrap_or_else(|_| unreachable!())
}

/// Tells a donation of last month, which is posted; returns its id.
async fn donation_of_last_month(s: &Service, shop: &Shop) -> String {
    let event = checkout("FR-1", |e| {
        e["timestamp"] = format!("{}T10:00:00Z", day(last_month(), 10)).into()
    });
    let id = shop.send("m-1", &event).await.1["donation_id"]
        .as_str()
        .unwrap()
        .to_owned();
    s.posted().await;
    id
}

#[tokio::test]
async fn a_merchant_follows_its_donation_and_nobody_elses() {
    let s = Service::start().await;
    let [(shop, one), (_, other)] = two_shops(&s).await;
    let id = donation_of_last_month(&s, &shop).await;
    let (status, donation) = one.get(&format!("/api/v1/donations/{id}")).await;
    assert_eq!(
        (
            status,
            &donation["status"],
            &donation["amount"],
            &donation["cause"]
        ),
        (
            200,
            &json!("recorded"),
            &json!("1.00"),
            &json!("foret-vivante")
        )
    );
    assert_eq!(
        one.get("/api/v1/donations?order_id=FR-1").await.1,
        json!([donation])
    );
    assert_eq!(other.get(&format!("/api/v1/donations/{id}")).await.0, 404);
    assert_eq!(
        other.get("/api/v1/donations?order_id=FR-1").await,
        (200, json!([]))
    );
    assert_eq!(
        one.get("/api/v1/donations").await.1["errors"][0]["field"],
        "order_id"
    );
    let on = day(last_month().next(), 2);
    settle_month(&s, on).await;
    let (_, donation) = one.get(&format!("/api/v1/donations/{id}")).await;
    assert_eq!(
        (&donation["status"], &donation["paid_out_on"]),
        (&json!("paid_out"), &json!(on))
    );
    s.checked().await;
}

#[tokio::test]
async fn a_key_that_is_nobodys_opens_nothing() {
    let s = Service::start().await;
    let stranger = Client {
        s: &s,
        key: "obk_made-up".into(),
    };
    for path in [
        "/api/v1/donations?order_id=FR-1",
        "/api/v1/events",
        "/api/v1/statements",
    ] {
        let (status, problem) = stranger.get(path).await;
        assert_eq!(
            (status, &problem["type"]),
            (401, &json!("urn:obole:problem:no-api-key"))
        );
    }
    s.checked().await;
}

#[tokio::test]
async fn a_merchant_reads_its_statements_and_nobody_elses() {
    let s = Service::start().await;
    let [(shop, one), (_, other)] = two_shops(&s).await;
    donation_of_last_month(&s, &shop).await;
    settle_month(&s, day(last_month().next(), 2)).await;
    assert_eq!(one.get("/api/v1/statements").await.1[0]["amount"], "1.00");
    let (_, statement) = one
        .get(&format!("/api/v1/statements/{}", last_month()))
        .await;
    assert_eq!(
        (&statement["state"], &statement["lines"][0]["order_id"]),
        (&json!("settled"), &json!("FR-1"))
    );
    assert_eq!(
        other
            .get(&format!("/api/v1/statements/{}", last_month()))
            .await
            .0,
        404
    );
    let csv = s
        .shop
        .http
        .get(format!("{}/api/v1/statements/{}", s.url, last_month()))
        .bearer_auth(&one.key)
        .header("accept", "text/csv")
        .send()
        .await
        .unwrap();
    assert!(csv.text().await.unwrap().starts_with("date,order,cause"));
    s.checked().await;
}

#[tokio::test]
async fn the_delivery_log_shows_why_masks_who_and_drives_again() {
    let s = Service::start().await;
    let [(shop, one), (_, other)] = two_shops(&s).await;
    let late = checkout("FR-1", |e| {
        e["data"]["donation"]["cause"] = "nouvelle".into()
    });
    assert_eq!(shop.send("m-1", &late).await.0, 422);
    let (_, dead) = one.get("/api/v1/events?state=dead").await;
    let id = dead[0]["event_id"].as_str().unwrap().to_owned();
    assert!(
        dead[0]["reason"].as_str().unwrap().contains("nouvelle"),
        "{dead}"
    );
    let (_, detail) = one.get(&format!("/api/v1/events/{id}")).await;
    assert_eq!(
        (
            &detail["body"]["data"]["order_id"],
            &detail["body"]["data"]["donor"]["email"]
        ),
        (&json!("FR-1"), &json!("***"))
    );
    assert!(
        !detail.to_string().contains("amille") && !detail.to_string().contains("Lilas"),
        "{detail}"
    );
    assert_eq!(other.get(&format!("/api/v1/events/{id}")).await.0, 404);
    assert_eq!(
        other
            .ask("POST", &format!("/api/v1/events/{id}/redrive"), None)
            .await
            .0,
        404
    );
    assert_eq!(other.get("/api/v1/events").await.1, json!([]));

    obole::parties::cause::add(
        &mut s.world.db.acquire().await.unwrap(),
        Utc::now(),
        "nouvelle",
        "exclusion",
        "abri",
        "Nouvelle",
    )
    .await
    .unwrap();
    assert_eq!(
        one.ask("POST", &format!("/api/v1/events/{id}/redrive"), None)
            .await
            .1,
        json!({"redriven": [id]})
    );
    s.posted().await;
    assert_eq!(
        one.get(&format!("/api/v1/events/{id}")).await.1["state"],
        "posted"
    );
    assert_eq!(
        one.ask("POST", &format!("/api/v1/events/{id}/redrive"), None)
            .await
            .1,
        json!({"redriven": []}),
        "posted once"
    );
    s.checked().await;
}

#[tokio::test]
async fn the_delivery_log_shows_a_conflict_beside_what_came_first() {
    let s = Service::start().await;
    let [(shop, one), _] = two_shops(&s).await;
    assert_eq!(shop.send("m-1", &checkout("FR-1", |_| ())).await.0, 200);
    s.posted().await;
    let other_body = checkout("FR-1", |e| e["data"]["donation"]["amount"] = "2.00".into());
    assert_eq!(shop.send("m-1", &other_body).await.0, 409);
    let (_, conflicts) = one.get("/api/v1/events?state=conflict").await;
    let (_, both) = one
        .get(&format!(
            "/api/v1/events/{}",
            conflicts[0]["event_id"].as_str().unwrap()
        ))
        .await;
    assert_eq!(
        (
            &both["body"]["data"]["donation"]["amount"],
            &both["came_first"]["data"]["donation"]["amount"]
        ),
        (&json!("2.00"), &json!("1.00"))
    );
    let (_, first) = one.get("/api/v1/events").await;
    let (_, older) = one
        .get(&format!(
            "/api/v1/events?after={}",
            first[0]["event_id"].as_str().unwrap()
        ))
        .await;
    assert_eq!(
        (
            first.as_array().unwrap().len(),
            older.as_array().unwrap().len()
        ),
        (2, 1)
    );
    assert_eq!(one.get("/api/v1/events?state=lost").await, (200, json!([])));
    assert_eq!(one.get("/api/v1/events?state=gone").await.0, 422);
    s.checked().await;
}

/// The orders of a manifest, with their amounts.
fn orders(told: [(&str, &str); 3]) -> Value {
    told.map(|(id, amount)| json!({"order_id": id, "amount": amount}))
        .to_vec()
        .into()
}

#[tokio::test]
async fn the_daily_manifest_names_the_orders_that_never_came() {
    let s = Service::start().await;
    let [(shop, one), _] = two_shops(&s).await;
    let on = day(last_month(), 10);
    let order = |id: &str| checkout(id, |e| e["timestamp"] = format!("{on}T10:00:00Z").into());
    for id in ["A", "B"] {
        shop.send(id, &order(id)).await;
    }
    s.posted().await;
    let path = format!("/api/v1/manifests/{on}");
    let (status, answer) = one
        .ask("PUT", &path, Some(json!({"count": 2, "sum": "2.00"})))
        .await;
    assert_eq!(
        (status, &answer["matches"]),
        (200, &json!(true)),
        "{answer}"
    );
    let told = orders([("A", "1.00"), ("B", "2.00"), ("C", "1.00")]);
    let (_, answer) = one
        .ask(
            "PUT",
            &path,
            Some(json!({"count": 3, "sum": "4.00", "orders": told})),
        )
        .await;
    assert_eq!(
        (
            &answer["matches"],
            &answer["missing_here"],
            &answer["other_amount"]
        ),
        (&json!(false), &json!(["C"]), &json!(["B"])),
        "{answer}"
    );
    assert_eq!(
        (&answer["ours"], &answer["theirs"]["count"]),
        (&json!({"count": 2, "sum": "2.00"}), &json!(3))
    );
    let queue = obole::donations::manifest::differences(
        &mut s.world.db.acquire().await.unwrap(),
        obole::values::Reader::System,
        None,
        on,
    )
    .await
    .unwrap();
    assert_eq!(
        (queue.len(), queue[0].matches, queue[0].merchant.as_str()),
        (1, false, "une"),
        "the team sees it"
    );
    // The lost webhook comes after all, and the shop mends its count of B.
    shop.send("C", &order("C")).await;
    s.posted().await;
    let told = orders([("A", "1.00"), ("B", "1.00"), ("C", "1.00")]);
    assert_eq!(
        one.ask(
            "PUT",
            &path,
            Some(json!({"count": 3, "sum": "3.00", "orders": told}))
        )
        .await
        .1["matches"],
        true
    );
    s.checked().await;
}

/// The open cases of days that differ, in words.
async fn differing_days(s: &Service) -> Vec<String> {
    let open = open_cases(s, CaseKind::ManifestDiffers).await;
    open.into_iter().map(|c| c.what).collect()
}

#[tokio::test]
async fn a_refund_that_the_shop_deleted_surfaces_in_the_daily_manifest_as_a_case() {
    let s = Service::start().await;
    let [(shop, one), _] = two_shops(&s).await;
    let on = day(last_month(), 10);
    let at = format!("{on}T10:00:00Z");
    let order = |id: &str| checkout(id, |e| e["timestamp"] = at.clone().into());
    shop.send("A", &order("A")).await;
    shop.send("B", &order("B")).await;
    let mut back = crate::shop::refund("A");
    back["timestamp"] = at.clone().into();
    assert_eq!(shop.send("back-A", &back).await.0, 200);
    s.posted().await;
    let path = format!("/api/v1/manifests/{on}");
    let told = |refunds: Value| {
        let body = json!({"count": 2, "sum": "2.00", "refunds": refunds});
        one.ask("PUT", &path, Some(body))
    };
    let (_, answer) = told(json!({"count": 1, "sum": "1.00"})).await;
    assert_eq!(answer["matches"], true, "{answer}");
    assert_eq!(differing_days(&s).await, [] as [String; 0]);
    let (_, answer) = told(json!({"count": 0, "sum": "0.00"})).await;
    let both = json!({"theirs": {"count": 0, "sum": "0.00"}, "ours": {"count": 1, "sum": "1.00"}});
    assert_eq!(
        (&answer["matches"], &answer["refunds"]),
        (&json!(false), &both)
    );
    let open = differing_days(&s).await;
    assert_eq!(open.len(), 1);
    assert!(open[0].contains("0 of 0.00 euros given back"), "{open:?}");
    // Without refunds in it, nothing is said about them; the case ends with a day that agrees.
    let (_, answer) = told(Value::Null).await;
    assert_eq!(
        (&answer["matches"], &answer["refunds"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(differing_days(&s).await, [] as [String; 0]);
    // One that was lost comes after all: the next look ends the case.
    let body = json!({"count": 3, "sum": "3.00"});
    one.ask("PUT", &path, Some(body)).await;
    assert_eq!(differing_days(&s).await.len(), 1);
    shop.send("C", &order("C")).await;
    s.posted().await;
    worker::look_again_at_manifests(&s.app, chrono::Utc::now())
        .await
        .unwrap();
    assert_eq!(differing_days(&s).await, [] as [String; 0]);
    s.checked().await;
}

#[tokio::test]
async fn a_manifest_that_cannot_be_read_is_refused_by_its_field() {
    let s = Service::start().await;
    let [(_, one), _] = two_shops(&s).await;
    let path = format!("/api/v1/manifests/{}", day(last_month(), 10));
    for (path, body, field) in [
        (
            "/api/v1/manifests/2026-02-30",
            json!({"count": 1, "sum": "1.00"}),
            "day",
        ),
        (path.as_str(), json!({"count": 1, "sum": "1,00"}), "sum"),
        (path.as_str(), json!({"count": -1, "sum": "0"}), "count"),
        (
            path.as_str(),
            json!({"count": 1, "sum": "1.00", "orders": [{"order_id": "", "amount": "1.00"}]}),
            "orders[0].order_id",
        ),
        (path.as_str(), json!({"sum": "1.00"}), "."),
        (
            path.as_str(),
            json!({"count": 1, "sum": "1.00", "refunds": {"count": 1, "sum": "-1.00"}}),
            "refunds.sum",
        ),
    ] {
        let (status, problem) = one.ask("PUT", path, Some(body)).await;
        assert_eq!(
            (status, &problem["errors"][0]["field"]),
            (422, &json!(field)),
            "{problem}"
        );
    }
    s.checked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_is_as_its_description_says_and_schemathesis_finds_nothing() {
    let s = Service::start().await;
    let served: Value = s
        .shop
        .http
        .get(format!("{}/openapi.json", s.url))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let committed: Value =
        serde_json::from_str(include_str!("../../contracts/openapi.json")).unwrap();
    assert_eq!(
        served, committed,
        "contracts/openapi.json is not what the code says: curl /openapi.json > \
         contracts/openapi.json"
    );
    let [(shop, one), _] = two_shops(&s).await;
    shop.send("m-1", &checkout("FR-1", |_| ())).await;
    s.posted().await;
    let program = folder().join("py/bin/schemathesis");
    let (url, key) = (
        format!("{}/openapi.json", s.url),
        format!("Authorization: Bearer {}", one.key),
    );
    tool(
        program.to_str().unwrap(),
        "(none; ./deploy/install tests)",
        &[
            "run",
            &url,
            "--header",
            &key,
            "--max-examples",
            "15",
            "--seed",
            "1",
            "--exclude-path-regex",
            "^/webhooks",
            "--checks",
            "all",
            "--no-color",
        ],
    );
    s.posted().await;
    s.checked().await;
}
