//! A shop as a test plays it: it signs and posts over HTTP, and the commands it needs ran before.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use obole::app::App;
use obole::inbox::endpoint::EndpointSettings;
use obole::inbox::{self, Event, ParseError, Sender, signature};
use obole::parties::{association, cause};
use obole::values::Dialect;
use obole::{runs, service, settings, worker};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::support::World;

/// A running service over a world, with two associations, three causes and one shop.
pub struct Service {
    pub world: World,
    pub app: App,
    pub url: String,
    pub shop: Shop,
    stop: Option<oneshot::Sender<()>>,
    served: tokio::task::JoinHandle<std::io::Result<()>>,
}

/// What the settings say of our own account.
pub fn own_account(name: &str) -> Option<String> {
    let account = OWN_ACCOUNT.iter().find(|(setting, _)| *setting == name);
    account.map(|(_, value)| (*value).to_owned())
}

/// Our own account, at a bank that belongs to nobody.
pub const OWN_ACCOUNT: [(&str, &str); 3] = [
    ("OBOLE_IBAN", "FR1420041010050500013M02606"),
    ("OBOLE_BIC", "PSSTFRPPXXX"),
    ("OBOLE_ACCOUNT_HOLDER", "Obole"),
];

/// One endpoint and its secret.
#[derive(Clone)]
pub struct Shop {
    pub url: String,
    pub secret: Vec<u8>,
    pub http: reqwest::Client,
}

pub fn association(slug: &str, name: &str) -> Value {
    json!({
        "slug": slug, "name": name, "kind": "general-interest",
        "object": "Planter et protéger des forêts",
        "siren": "732829320", "rna": "W751234567", "email": format!("tresorier@{slug}.example"),
        "address": {"line1": "12 rue des Chênes",
            "postal_code": "35000", "city": "Rennes", "country": "FR"},
        "iban": "FR7630006000011234567890189", "bic": "AGRIFRPP",
        "rate": "66", "articles": ["200"], "financial_year_end": "12-31",
        "signatory": {"name": "Anne Le Goff", "capacity": "Présidente"},
        "receipt_mandate": {"signed_on": "2026-01-05", "reference": "MR-2026-001"}})
}

/// A checkout of one euro for an order, with a donor; the test changes what it is about.
pub fn checkout(order_id: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut event = json!({
        "type": "checkout.completed", "timestamp": Utc::now(),
        "data": {"order_id": order_id, "order_total": "45.90", "currency": "EUR",
            "donation": {"amount": "1.00", "cause": "foret-vivante"},
            "consent": {"shown_at": Utc::now(), "text_version": "2026-1", "preticked": false},
            "donor": {
                "email": "camille@example.org", "first_name": "Camille", "last_name": "Durand",
                "address": {"line1": "3 rue des Lilas", "line2": null,
                    "postal_code": "75020", "city": "Paris", "country": "FR"},
                "locale": "fr"}}});
    change(&mut event);
    event
}

pub fn refund(order_id: &str) -> Value {
    json!({"type": "checkout.refunded", "timestamp": Utc::now(),
        "data": {"order_id": order_id, "refund_id": format!("R-{order_id}"),
            "donation_refunded": true}})
}

impl Service {
    pub async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    pub async fn start_with(change: impl FnOnce(&mut settings::Settings)) -> Self {
        let world = World::new().await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let data = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("data-{}", address.port()));
        drop(std::fs::remove_dir_all(&data));
        let mut settings = settings::read(|name| match name {
            "OBOLE_DATA" => data.to_str().map(str::to_owned),
            "OBOLE_LISTEN" => Some(address.to_string()),
            // Tests run in December and January as well.
            "OBOLE_GIFT_DATE" => Some("donor-payment".into()),
            name => own_account(name),
        })
        .unwrap();
        change(&mut settings);
        let app = App::with(settings, world.db.clone(), None).await.unwrap();
        let now = Utc::now();
        let mut tx = world.db.begin().await.unwrap();
        for (slug, name) in [("foret-vivante", "Forêt Vivante"), ("abri", "Abri & Cœur")] {
            let file = association::read(association(slug, name).to_string().as_bytes()).unwrap();
            association::add(&mut tx, now, &file).await.unwrap();
        }
        for (slug, theme, of) in [
            ("foret-vivante", "environment", "foret-vivante"),
            ("rivieres", "environment", "foret-vivante"),
            ("abri", "exclusion", "abri"),
        ] {
            cause::add(&mut tx, now, slug, theme, of, &format!("Cause {slug}"))
                .await
                .unwrap();
        }
        let new = new_merchant("Librairie", Some("abri"));
        let added = runs::add_merchant(&mut tx, now, app.key.expose(), &new)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let url = format!("http://{address}");
        let shop = Shop::new(&url, &added);
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = app.clone();
        let served = tokio::spawn(async move {
            service::serve(serving, service::ServiceParts::ALL, None, listener, async {
                drop(stopped.await);
            })
            .await
        });
        Self {
            world,
            app,
            url,
            shop,
            stop: Some(stop),
            served,
        }
    }

    /// Posts all that waits, now.
    pub async fn posted(&self) {
        loop {
            worker::process_all(&self.app).await.unwrap();
            // The service's own poster may hold the rest: waiting for its row locks is waiting for
            // its commit.
            sqlx::query("select from inbox_queue for update")
                .fetch_all(&self.world.db)
                .await
                .unwrap();
            // It parks refunds while a run holds the settlement lock.
            let waiting = "select (select count(*) from inbox_queue) + (select count(*)
                from inbox_problem p join donation using (donation_id)
                join endpoint e using (endpoint_id) where p.state = 'parked' and not e.test)";
            if self.count(waiting).await == 0 {
                return;
            }
        }
    }

    pub async fn balance(&self, name: &str) -> i64 {
        let all = obole::ledger::balances(
            &mut self.world.db.acquire().await.unwrap(),
            obole::values::Reader::System,
        )
        .await
        .unwrap();
        all.iter()
            .find(|b| b.name == name)
            .map_or(0, |b| b.balance_cents)
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql)
            .fetch_one(&self.world.db)
            .await
            .unwrap()
    }

    /// Two operators, as a payout needs.
    pub async fn operators(&self) -> [obole::values::Email; 2] {
        let emails = ["lea@obole.example", "hugo@obole.example"]
            .map(|e| obole::values::Email::parse(e).unwrap());
        for email in &emails {
            obole::parties::operator::add(
                &mut self.world.db.acquire().await.unwrap(),
                Utc::now(),
                email,
            )
            .await
            .unwrap();
        }
        emails
    }

    /// Every test with a service ends here: it stops in good order and all checks hold.
    pub async fn checked(self) {
        self.checked_but(&[]).await;
    }

    /// As `checked`, for tests that break what they name.
    pub async fn checked_but(mut self, broken: &[&str]) {
        self.stop.take().unwrap().send(()).unwrap();
        drop(self.shop);
        tokio::time::timeout(Duration::from_secs(20), self.served)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        drop(self.app);
        self.world.checked_but(broken).await;
    }
}

pub fn new_merchant(name: &str, default_cause: Option<&str>) -> runs::NewMerchant {
    runs::NewMerchant {
        default_cause: default_cause.map(str::to_owned),
        ..runs::NewMerchant::named(name, "compta@librairie.example")
    }
}

impl Shop {
    pub fn new(url: &str, added: &runs::MerchantCredentials) -> Self {
        Self::of(
            &format!("{url}/webhooks/{}", added.endpoint_id),
            &added.secret,
        )
    }

    /// The shop of an address and a `whsec_…` secret.
    pub fn of(webhook_url: &str, secret: &str) -> Self {
        let secret = STANDARD
            .decode(secret.strip_prefix("whsec_").unwrap())
            .unwrap();
        Self {
            url: webhook_url.to_owned(),
            secret,
            http: obole::gateways::http::client(Duration::from_secs(30)).unwrap(),
        }
    }

    /// A signed request, ready to be sent or spoilt.
    pub fn request(&self, webhook_id: &str, body: Vec<u8>) -> reqwest::RequestBuilder {
        let at = Utc::now().timestamp().to_string();
        let signature = signature::sign(&self.secret, webhook_id, &at, &body);
        self.http
            .post(&self.url)
            .header("content-type", "application/json")
            .header("webhook-id", webhook_id)
            .header("webhook-timestamp", at)
            .header("webhook-signature", signature)
            .body(body)
    }

    /// Sends an event; answers status and document.
    pub async fn send(&self, webhook_id: &str, event: &Value) -> (u16, Value) {
        answered(self.request(webhook_id, event.to_string().into_bytes())).await
    }
}

/// A body as its dialect reads it.
pub fn parsed(
    dialect: Dialect,
    settings: &EndpointSettings,
    topic: Option<&str>,
    body: &[u8],
) -> Result<Event, ParseError> {
    let sender = Sender {
        dialect,
        settings,
        test: false,
        topic,
        source: None,
    };
    inbox::parse(&sender, body)
}

/// Status and document of an answer.
pub async fn answered(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let kind = response.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        kind,
        if status < 300 {
            "application/json"
        } else {
            "application/problem+json"
        }
    );
    (status, response.json().await.unwrap())
}
