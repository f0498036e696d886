//! `/demo/shop`: a small shop's checkout with the unticked euro. Its server signs and posts the webhook, then thanks.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{demo, failed};
use crate::demo::Order;
use crate::parties::cause::{self, Cause};
use crate::values::Email;
use crate::web::page::IdentityFields;
use crate::web::page::page;
use crate::web::{Problem, Shell, Web};

/// Books to buy: a title and a price in cents.
const BOOKS: [(&str, i64); 3] = [
    ("Le Jardin d'hiver", 1890),
    ("Atlas des vents", 2700),
    ("Petit traité du pain", 1250),
];

/// Stands for the cause chosen on the donor's own page.
const OWN_CHOICE: &str = "own";

#[derive(Template)]
#[template(path = "demo/shop.html", config = ".askama.toml")]
struct Page<'a> {
    shell: Shell,
    causes: Vec<Cause>,
    form: &'a Fields,
    identity: &'a IdentityFields,
    wrong: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "demo/thanks.html", config = ".askama.toml")]
struct Thanks {
    shell: Shell,
    order_id: String,
    sent: Option<Sent>,
}

/// What the shop told Obole, and what it was answered.
struct Sent {
    url: String,
    event: String,
    status: u16,
    answer: String,
    claim_url: Option<String>,
    accepted: bool,
}

/// The checkout form. An unticked box sends nothing.
#[derive(Debug, Deserialize)]
pub struct Fields {
    book: usize,
    email: String,
    #[serde(flatten)]
    identity: IdentityFields,
    euro: Option<String>,
    cause: String,
    anonymous: Option<String>,
}

pub async fn show(State(web): State<Web>, shell: Shell) -> Result<Response, Problem> {
    let causes = cause::live(&mut *web.app.db.acquire().await?).await?;
    let text = str::to_owned;
    let identity = IdentityFields {
        first_name: text("Camille"),
        last_name: text("Durand"),
        line1: text("3 rue des Lilas"),
        line2: String::new(),
        postal_code: text("75020"),
        city: text("Paris"),
        country: text("FR"),
    };
    let form = Fields {
        book: 0,
        email: demo(&web)?.donor.to_string(),
        identity: identity.clone(),
        euro: None,
        cause: "haies".into(),
        anonymous: None,
    };
    page(&Page {
        shell,
        causes,
        form: &form,
        identity: &identity,
        wrong: None,
    })
}

/// `POST /demo/shop`: the order is placed.
pub async fn order(
    State(web): State<Web>,
    shell: Shell,
    Form(form): Form<Fields>,
) -> Result<Response, Problem> {
    let now = chrono::Utc::now();
    let causes = cause::live(&mut *web.app.db.acquire().await?).await?;
    let (Some((_, price)), Ok(email), Some(identity)) = (
        BOOKS.get(form.book),
        Email::parse(&form.email),
        form.identity.read(),
    ) else {
        let wrong = shell.t(
            "Il nous faut un livre, une adresse e-mail et une adresse complète.",
            "We need a book, an e-mail address and a complete address.",
        );
        return page(&Page {
            shell,
            causes,
            form: &form,
            identity: &form.identity,
            wrong: Some(wrong),
        });
    };
    let order_id = format!("LL-{}", now.timestamp_millis());
    if form.euro.is_none() {
        return page(&Thanks {
            shell,
            order_id,
            sent: None,
        });
    }
    let donor = json!({"email": email.as_str(), "first_name": identity.first_name, "last_name": identity.last_name,
        "address": identity.address, "locale": shell.lang});
    let order = Order {
        order_id: order_id.clone(),
        at: now,
        total_cents: *price,
        cause: (form.cause != OWN_CHOICE).then(|| form.cause.clone()),
        donor: form.anonymous.is_none().then_some(donor),
    };
    let (shop, event) = (&demo(&web)?.shop, order.checkout());
    let (status, answer) = shop
        .send(&format!("order-{order_id}"), &event)
        .await
        .map_err(failed)?;
    page(&Thanks {
        shell,
        order_id,
        sent: Some(Sent {
            url: shop.webhook_url.clone(),
            event: indented(&event),
            status,
            claim_url: answer
                .get("claim_url")
                .and_then(Value::as_str)
                .map(str::to_owned),
            accepted: status == 200,
            answer: indented(&answer),
        }),
    })
}

fn indented(document: &Value) -> String {
    serde_json::to_string_pretty(document).unwrap_or_default()
}
