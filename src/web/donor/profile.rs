//! `/donor/profile`: the donor's name, address and language, and how often receipts are sent.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use sqlx::PgConnection;

use crate::parties::donor::{self, Profile};
use crate::receipts::{self, ReceiptStanding};
use crate::values::{DonorId, Locale, Reader};
use crate::web::access::SignedInDonor;
use crate::web::page::{IdentityFields, page};
use crate::web::{Problem, Shell, Web};

/// The form of the profile.
#[derive(Debug, Deserialize)]
pub struct Fields {
    #[serde(flatten)]
    identity: IdentityFields,
    locale: String,
    receipts: String,
}

#[derive(Template)]
#[template(path = "donor/profile.html", config = ".askama.toml")]
struct Page<'a> {
    shell: Shell,
    email: &'a str,
    identity: &'a IdentityFields,
    locale: Option<Locale>,
    receipts: &'a str,
    /// Receipts print the name and the address as they were.
    receipted: bool,
    /// The form came back because a field is missing or not valid.
    wrong: bool,
}

impl Page<'_> {
    fn is_chosen(&self, locale: &Locale) -> bool {
        self.locale == Some(*locale)
    }
}

/// Whether a donor has receipts that a correction would replace.
async fn is_receipted(db: &mut PgConnection, id: DonorId) -> Result<bool, sqlx::Error> {
    let (now, reader) = (chrono::Utc::now(), Reader::Donor(id));
    let receipts = receipts::of_donor(db, reader, id).await?;
    let stands = [ReceiptStanding::Valid, ReceiptStanding::InQuestion];
    Ok(receipts
        .iter()
        .any(|r| stands.contains(&r.standing) && receipts::is_of_use(r.tax_year, now)))
}

/// `GET /donor/profile`.
pub async fn show(
    State(web): State<Web>,
    shell: Shell,
    SignedInDonor(id): SignedInDonor,
) -> Result<Response, Problem> {
    let mut db = web.app.db.acquire().await?;
    let receipted = is_receipted(&mut db, id).await?;
    let donor = donor::load(&mut db, Reader::Donor(id), id).await?;
    let address = donor.address.map(|a| a.0);
    let of_address = |field: fn(&crate::values::PostalAddress) -> String| {
        address.as_ref().map(field).unwrap_or_default()
    };
    let identity = IdentityFields {
        first_name: donor.first_name.unwrap_or_default(),
        last_name: donor.last_name.unwrap_or_default(),
        line1: of_address(|a| a.line1.clone()),
        line2: of_address(|a| a.line2.clone().unwrap_or_default()),
        postal_code: of_address(|a| a.postal_code.clone()),
        city: of_address(|a| a.city.clone()),
        country: of_address(|a| a.country.clone()),
    };
    let email = donor.email.unwrap_or_default();
    page(&Page {
        shell,
        email: &email,
        identity: &identity,
        locale: Some(donor.locale),
        receipts: donor.receipt_frequency.word(),
        receipted,
        wrong: false,
    })
}

/// `POST /donor/profile`.
pub async fn save(
    State(web): State<Web>,
    shell: Shell,
    SignedInDonor(id): SignedInDonor,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    let locale: Option<Locale> = fields.locale.parse().ok();
    match (fields.identity.read(), locale, fields.receipts.parse()) {
        (Some(identity), Some(locale), Ok(receipt_frequency)) => {
            let profile = Profile {
                first_name: identity.first_name,
                last_name: identity.last_name,
                address: identity.address,
                locale,
                receipt_frequency,
            };
            let (now, key) = (chrono::Utc::now(), web.app.key.expose());
            let mut tx = web.app.db.begin().await?;
            receipts::correct(&mut tx, now, key, id, &profile).await?;
            tx.commit().await?;
            Ok(Redirect::to("/donor").into_response())
        }
        _ => {
            let mut db = web.app.db.acquire().await?;
            let receipted = is_receipted(&mut db, id).await?;
            let donor = donor::load(&mut db, Reader::Donor(id), id).await?;
            let email = donor.email.unwrap_or_default();
            page(&Page {
                shell,
                email: &email,
                identity: &fields.identity,
                locale,
                receipts: &fields.receipts,
                receipted,
                wrong: true,
            })
        }
    }
}
