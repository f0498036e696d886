//! `/demo/shop`: the checkout of a small shop, with the unticked box. Placing an order signs and
//! posts the webhook, as the shop's own server would.

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
use crate::web::page::{IdentityFields, page};
use crate::web::{Problem, Shell, Web};

/// Books to buy: a title and a price in cents.
const BOOKS: [(&str, i64); 3] = [
    ("Le Jardin d'hiver", 1890),
    ("Atlas des vents", 2700),
    ("Petit traité du pain", 1250),
];

/// The value of the choice that leaves the cause to the donor's own choices at Obole.
const OWN_CHOICE: &str = "own";

#[derive(Template)]
#[template(path = "demo/shop.html", config = ".askama.toml")]
struct Page<'a> {
    shell: Shell,
    causes: Vec<Cause>,
    form: &'a Fields,
    identity: &'a IdentityFields,
    /// The form came back because a field is missing or not valid.
    wrong: bool,
}

#[derive(Template)]
#[template(path = "demo/thanks.html", config = ".askama.toml")]
struct Thanks {
    shell: Shell,
    order_id: String,
    sent: Option<Exchange>,
}

/// The webhook that the shop sent, and the response to it.
struct Exchange {
    url: String,
    event: String,
    status: u16,
    response: String,
    /// Where an anonymous donation can be put in its donor's name.
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
    #[serde(rename = "euro")]
    gives: Option<String>,
    cause: String,
    anonymous: Option<String>,
}

/// `GET /demo/shop`: the checkout, filled in.
pub async fn show(State(web): State<Web>, shell: Shell) -> Result<Response, Problem> {
    let causes = cause::live(&mut *web.app.db.acquire().await?).await?;
    let identity = camille();
    let form = Fields {
        book: 0,
        email: demo(&web)?.donor.to_string(),
        identity: identity.clone(),
        gives: None,
        cause: "haies".into(),
        anonymous: None,
    };
    page(&Page {
        shell,
        causes,
        form: &form,
        identity: &identity,
        wrong: false,
    })
}

/// The customer whom the form is filled in with.
fn camille() -> IdentityFields {
    IdentityFields {
        first_name: "Camille".to_owned(),
        last_name: "Durand".to_owned(),
        line1: "3 rue des Lilas".to_owned(),
        line2: String::new(),
        postal_code: "75020".to_owned(),
        city: "Paris".to_owned(),
        country: "FR".to_owned(),
    }
}

/// `POST /demo/shop`: places the order.
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
        return page(&Page {
            shell,
            causes,
            form: &form,
            identity: &form.identity,
            wrong: true,
        });
    };
    let order_id = format!("LL-{}", now.timestamp_millis());
    if form.gives.is_none() {
        return page(&Thanks {
            shell,
            order_id,
            sent: None,
        });
    }
    let donor = json!({"email": email.as_str(), "first_name": identity.first_name,
        "last_name": identity.last_name,
        "address": identity.address, "locale": shell.locale.as_str()});
    let order = Order {
        order_id: order_id.clone(),
        at: now,
        total_cents: *price,
        cause: (form.cause != OWN_CHOICE).then(|| form.cause.clone()),
        donor: form.anonymous.is_none().then_some(donor),
    };
    let (shop, event) = (&demo(&web)?.shop, order.checkout());
    let (status, response) = shop
        .send(&format!("order-{order_id}"), &event)
        .await
        .map_err(failed)?;
    page(&Thanks {
        shell,
        order_id,
        sent: Some(Exchange {
            url: shop.webhook_url.clone(),
            event: indented(&event),
            status,
            claim_url: response
                .get("claim_url")
                .and_then(Value::as_str)
                .map(str::to_owned),
            accepted: status == 200,
            response: indented(&response),
        }),
    })
}

/// JSON as a person reads it.
fn indented(document: &Value) -> String {
    serde_json::to_string_pretty(document).unwrap_or_default()
}
