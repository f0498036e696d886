//! Associations and their gate: identity, bank account, receipt mandate and signatory, or nothing.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgConnection, types::Json};

use super::{AddError, PartyState};
use crate::ledger::{self, Account};
use crate::values::{
    AssociationId, Bic, Email, FieldError, Iban, PostalAddress, Reader, Rna, Siren, slug_is_valid,
};

/// The file that presents an association (`contracts/association.schema.json`).
#[derive(Clone, Debug, Deserialize)]
pub struct AssociationFile {
    pub slug: String,
    pub name: String,
    pub kind: String,
    pub object: String,
    pub siren: Option<String>,
    pub rna: Option<String>,
    pub email: String,
    pub address: PostalAddress,
    pub iban: String,
    pub bic: String,
    pub rate: String,
    pub articles: Vec<String>,
    pub financial_year_end: String,
    pub signatory: Signatory,
    pub receipt_mandate: ReceiptMandate,
}

/// Who signs receipts for the association, and in what capacity.
#[derive(Clone, Debug, Deserialize)]
pub struct Signatory {
    pub name: String,
    pub capacity: String,
}

/// The association's mandate to issue receipts in its name.
#[derive(Clone, Debug, Deserialize)]
pub struct ReceiptMandate {
    pub signed_on: NaiveDate,
    pub reference: String,
}

/// Reads the file, telling where it cannot be understood.
pub fn read(text: &[u8]) -> Result<AssociationFile, AddError> {
    let file = &mut serde_json::Deserializer::from_slice(text);
    serde_path_to_error::deserialize(file)
        .map_err(|e| AddError::field(&e.path().to_string(), e.inner().to_string()))
}

/// Adds an association that passes the gate, with its accounts.
pub async fn add(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    file: &AssociationFile,
) -> Result<AssociationId, AddError> {
    let mut wrong = Vec::new();
    let siren = file
        .siren
        .as_deref()
        .and_then(|s| checked(&mut wrong, "siren", Siren::parse(s)));
    let rna = file
        .rna
        .as_deref()
        .and_then(|s| checked(&mut wrong, "rna", Rna::parse(s)));
    let email = checked(&mut wrong, "email", Email::parse(&file.email));
    let iban = checked(&mut wrong, "iban", Iban::parse(&file.iban));
    let bic = checked(&mut wrong, "bic", Bic::parse(&file.bic));
    let mut need = |ok: bool, field: &str, message: &str| {
        if !ok {
            wrong.push(FieldError::new(field, message));
        }
    };
    need(
        slug_is_valid(&file.slug),
        "slug",
        "lower-case letters, digits and hyphens, such as foret-vivante",
    );
    need(
        file.siren.is_some() || file.rna.is_some(),
        "siren",
        "a SIREN or an RNA number is needed: receipts must carry one",
    );
    need(
        file.address.is_complete(),
        "address",
        "line1, postal_code, city and country are needed: receipts must carry them",
    );
    need(
        matches!(file.rate.as_str(), "66" | "75"),
        "rate",
        "the tax reduction is \"66\" or \"75\" percent",
    );
    need(
        !file.articles.is_empty(),
        "articles",
        "the articles of the tax code (CGI) that receipts name, such as [\"200\"]",
    );
    let day = NaiveDate::parse_from_str(&format!("2024-{}", file.financial_year_end), "%Y-%m-%d");
    need(
        day.is_ok() && file.financial_year_end.len() == 5,
        "financial_year_end",
        "a month and day such as 12-31",
    );
    for (field, text) in [
        ("name", &file.name),
        ("kind", &file.kind),
        ("object", &file.object),
        ("signatory.name", &file.signatory.name),
        ("signatory.capacity", &file.signatory.capacity),
        ("receipt_mandate.reference", &file.receipt_mandate.reference),
    ] {
        need(
            !text.trim().is_empty() && text.len() <= 500,
            field,
            "between 1 and 500 characters are needed",
        );
    }
    need(
        file.receipt_mandate.signed_on <= crate::values::paris_day(now),
        "receipt_mandate.signed_on",
        "the mandate is not signed yet",
    );
    let (Some(email), Some(iban), Some(bic), true) = (email, iban, bic, wrong.is_empty()) else {
        return Err(AddError::Invalid(wrong));
    };

    let id = AssociationId::new();
    sqlx::query(
        "insert into association (association_id, slug, name, kind, object, siren, rna, email,
          address, iban, bic, rate_percent, articles,
           financial_year_end, signatory_name, signatory_capacity, receipt_mandate_signed_on,
             receipt_mandate_reference, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::text::smallint, $13, $14, $15,
           $16, $17, $18, $19)",
    )
    .bind(id)
    .bind(&file.slug)
    .bind(file.name.trim())
    .bind(&file.kind)
    .bind(file.object.trim())
    .bind(siren.map(|s| s.as_str().to_owned()))
    .bind(rna.map(|s| s.as_str().to_owned()))
    .bind(email.as_str())
    .bind(Json(&file.address))
    .bind(iban.as_str())
    .bind(bic.as_str())
    .bind(&file.rate)
    .bind(&file.articles)
    .bind(&file.financial_year_end)
    .bind(file.signatory.name.trim())
    .bind(file.signatory.capacity.trim())
    .bind(file.receipt_mandate.signed_on)
    .bind(&file.receipt_mandate.reference)
    .bind(now)
    .execute(&mut *db)
    .await
    .map_err(AddError::taken(&file.slug))?;
    ledger::open(
        db,
        &[
            Account::AssociationPending(file.slug.clone()),
            Account::AssociationPayable(file.slug.clone()),
        ],
    )
    .await?;
    Ok(id)
}

fn checked<T>(
    wrong: &mut Vec<FieldError>,
    field: &str,
    value: Result<T, impl ToString>,
) -> Option<T> {
    value
        .map_err(|e| wrong.push(FieldError::new(field, e.to_string())))
        .ok()
}

/// An association in a list; the bank account is masked.
#[derive(Clone, Debug, Serialize, FromRow)]
pub struct AssociationSummary {
    #[serde(serialize_with = "crate::values::as_text")]
    pub association_id: AssociationId,
    pub slug: String,
    pub name: String,
    pub state: PartyState,
    pub rate: String,
    pub iban: String,
}

/// The associations that a reader may see, by slug.
pub async fn list(
    db: &mut PgConnection,
    reader: Reader,
) -> Result<Vec<AssociationSummary>, sqlx::Error> {
    let scope = reader.associations();
    sqlx::query_as(
        "select association_id, slug, name, state, rate_percent::text as rate,
           left(iban, 2) || '…' || right(iban, 4) as iban
         from association where $1 or association_id = $2 order by slug",
    )
    .bind(scope.sees_all())
    .bind(scope.only())
    .fetch_all(db)
    .await
}
