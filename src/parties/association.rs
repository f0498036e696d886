//! Associations and their gate: identity, bank account, receipt mandate and signatory, or nothing.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgConnection, types::Json};

use super::{AddError, PartyState};
use crate::ledger::{self, Account};
use crate::values::{
    AssociationId, Bic, Email, FieldError, Iban, PostalAddress, Reader, Rna, Siren,
    is_named_by_978, line_fits, paris_day, slug_is_valid,
};

/// The longest text of an association's file, in characters.
const MAX_TEXT_CHARS: usize = 500;

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

/// What of the file has a form of its own, read.
struct Identity {
    siren: Option<Siren>,
    rna: Option<Rna>,
    email: Email,
    iban: Iban,
    bic: Bic,
}

impl AssociationFile {
    /// The gate: everything that payouts and receipts need is there, or each mistake by its field.
    fn check(&self, now: DateTime<Utc>) -> Result<Identity, AddError> {
        let mut wrong = Vec::new();
        let siren = self
            .siren
            .as_deref()
            .and_then(|s| take(&mut wrong, "siren", Siren::parse(s)));
        let rna = self
            .rna
            .as_deref()
            .and_then(|s| take(&mut wrong, "rna", Rna::parse(s)));
        let email = take(&mut wrong, "email", Email::parse(&self.email));
        let iban = take(&mut wrong, "iban", Iban::parse(&self.iban));
        let bic = take(&mut wrong, "bic", Bic::parse(&self.bic));
        let texts = self.texts().into_iter().map(|(field, text)| {
            let message = "between 1 and 500 characters are needed, on one line";
            (line_fits(text, MAX_TEXT_CHARS), field, message)
        });
        for (right, field, message) in self.rules(now).into_iter().chain(texts) {
            if !right {
                wrong.push(FieldError::new(field, message));
            }
        }
        match (email, iban, bic) {
            (Some(email), Some(iban), Some(bic)) if wrong.is_empty() => Ok(Identity {
                siren,
                rna,
                email,
                iban,
                bic,
            }),
            _ => Err(AddError::Invalid(wrong)),
        }
    }

    /// The rules of the other fields: whether each holds, its field, and how to mend it.
    fn rules(&self, now: DateTime<Utc>) -> [(bool, &'static str, &'static str); 8] {
        let year_end = format!("2024-{}", self.financial_year_end);
        let is_day = NaiveDate::parse_from_str(&year_end, "%Y-%m-%d").is_ok();
        [
            (
                slug_is_valid(&self.slug),
                "slug",
                "lower-case letters, digits and hyphens, such as foret-vivante",
            ),
            (
                self.siren.is_some() || self.rna.is_some(),
                "siren",
                "a SIREN or an RNA number is needed: receipts must carry one",
            ),
            (
                self.address_fits(),
                "address",
                "line1, postal_code, city and country are needed, each on one line: receipts must \
                 carry them",
            ),
            (
                matches!(self.rate.as_str(), "66" | "75"),
                "rate",
                "the tax reduction is \"66\" or \"75\" percent",
            ),
            (
                !self.articles.is_empty() && self.articles.iter().all(|a| line_fits(a, 100)),
                "articles",
                "the articles of the tax code (CGI) that receipts name, such as [\"200\"]",
            ),
            (
                is_named_by_978(&self.kind) || !self.articles.iter().any(|a| a.trim() == "978"),
                "articles",
                "article 978 (tax on real estate) is only for the bodies on its closed list, such \
                 as kind \"public-utility-foundation\"; associations of general interest and \
                 endowment funds are not on it, so give [\"200\"]",
            ),
            (
                is_day && self.financial_year_end.len() == 5,
                "financial_year_end",
                "a month and day such as 12-31",
            ),
            (
                self.receipt_mandate.signed_on <= paris_day(now),
                "receipt_mandate.signed_on",
                "the mandate is not signed yet",
            ),
        ]
    }

    /// Whether the address is complete, and each of its lines can be stored and printed.
    fn address_fits(&self) -> bool {
        let a = &self.address;
        let line2 = a.line2.as_deref().filter(|l| !l.is_empty());
        [&a.line1, &a.postal_code, &a.city, &a.country]
            .into_iter()
            .map(String::as_str)
            .chain(line2)
            .all(|line| line_fits(line, MAX_TEXT_CHARS))
    }

    /// The texts that receipts print as they are given.
    fn texts(&self) -> [(&'static str, &str); 6] {
        [
            ("name", &self.name),
            ("kind", &self.kind),
            ("object", &self.object),
            ("signatory.name", &self.signatory.name),
            ("signatory.capacity", &self.signatory.capacity),
            ("receipt_mandate.reference", &self.receipt_mandate.reference),
        ]
    }
}

/// Adds an association that passes the gate, with its accounts.
pub async fn add(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    file: &AssociationFile,
) -> Result<AssociationId, AddError> {
    let identity = file.check(now)?;
    let id = AssociationId::new();
    sqlx::query(
        "insert into association (association_id, slug, name, kind, object, siren, rna, email,
           address, iban, bic, rate_percent, articles, financial_year_end, signatory_name,
           signatory_capacity, receipt_mandate_signed_on, receipt_mandate_reference, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::text::smallint, $13, $14, $15,
           $16, $17, $18, $19)",
    )
    .bind(id)
    .bind(&file.slug)
    .bind(file.name.trim())
    .bind(&file.kind)
    .bind(file.object.trim())
    .bind(identity.siren.map(|s| s.as_str().to_owned()))
    .bind(identity.rna.map(|s| s.as_str().to_owned()))
    .bind(identity.email.as_str())
    .bind(Json(&file.address))
    .bind(identity.iban.as_str())
    .bind(identity.bic.as_str())
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
    let slug = || file.slug.clone();
    ledger::open(
        db,
        &[
            Account::AssociationPending(slug()),
            Account::AssociationPayable(slug()),
        ],
    )
    .await?;
    Ok(id)
}

/// The value of a field, or its mistake noted.
fn take<T>(wrong: &mut Vec<FieldError>, field: &str, value: Result<T, impl ToString>) -> Option<T> {
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
        "select association_id, slug, a.name, state, rate_percent::text as rate,
           left(c.iban, 2) || '…' || right(c.iban, 4) as iban
         from association a join association_account c using (association_id)
         where $1 or association_id = $2 order by slug",
    )
    .bind(scope.sees_all())
    .bind(scope.only())
    .fetch_all(db)
    .await
}
