//! Donors: made from what events say of them, completed by themselves.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection, types::Json};

use crate::values::{DonorId, Email, Locale, PostalAddress, Reader};

/// How often a donor wants receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum ReceiptFrequency {
    Monthly,
    Annual,
    None,
}

impl ReceiptFrequency {
    /// The stored word, which forms send as well.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Monthly => "monthly",
            Self::Annual => "annual",
            Self::None => "none",
        }
    }
}

impl std::str::FromStr for ReceiptFrequency {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Monthly, Self::Annual, Self::None]
            .into_iter()
            .find(|f| f.word() == text)
            .ok_or(())
    }
}

/// What an event says of a donor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DonorDetails {
    pub email: Email,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub address: Option<PostalAddress>,
    pub locale: Locale,
}

/// Finds or makes the donors of a batch. What is known of a donor stays: an event
/// fills gaps and overwrites nothing.
pub async fn find_or_create(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    details: impl Iterator<Item = &DonorDetails>,
) -> Result<HashMap<String, DonorId>, sqlx::Error> {
    // One row an address, in order of address, so that two batches never deadlock.
    let mut by_email: BTreeMap<&str, &DonorDetails> = BTreeMap::new();
    for t in details {
        by_email.entry(t.email.as_str()).or_insert(t);
    }
    if by_email.is_empty() {
        return Ok(HashMap::new());
    }
    // Customers come again: most are known and complete, and reading takes no lock.
    let mut known = load_known(db, by_email.keys().copied()).await?;
    let new: Vec<&DonorDetails> = by_email
        .iter()
        .filter(|(email, t)| {
            known
                .get(**email)
                .is_none_or(|(_, gaps)| gaps.is_filled_by(t))
        })
        .map(|(_, t)| *t)
        .collect();
    if new.is_empty() {
        return Ok(known
            .into_iter()
            .map(|(email, (id, _))| (email, id))
            .collect());
    }
    sqlx::query(
        "insert into donor (donor_id, email, first_name, last_name, address, locale, created_at)
         select n.*, $7
         from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::text[]) n
         on conflict (email) do update set
           first_name = coalesce(donor.first_name, excluded.first_name),
           last_name = coalesce(donor.last_name, excluded.last_name),
           address = coalesce(donor.address, excluded.address)
         where (donor.first_name is null and excluded.first_name is not null)
            or (donor.last_name is null and excluded.last_name is not null)
            or (donor.address is null and excluded.address is not null)",
    )
    .bind(new.iter().map(|_| DonorId::new().0).collect::<Vec<_>>())
    .bind(new.iter().map(|t| t.email.as_str()).collect::<Vec<_>>())
    .bind(new.iter().map(|t| t.first_name.clone()).collect::<Vec<_>>())
    .bind(new.iter().map(|t| t.last_name.clone()).collect::<Vec<_>>())
    .bind(
        new.iter()
            .map(|t| t.address.clone().map(Json))
            .collect::<Vec<_>>(),
    )
    .bind(new.iter().map(|t| t.locale.as_str()).collect::<Vec<_>>())
    .bind(now)
    .execute(&mut *db)
    .await?;
    known.extend(load_known(db, new.iter().map(|t| t.email.as_str())).await?);
    Ok(known
        .into_iter()
        .map(|(email, (id, _))| (email, id))
        .collect())
}

/// What of a donor is not known yet.
#[derive(Clone, Copy)]
struct Gaps {
    first_name: bool,
    last_name: bool,
    address: bool,
}

impl Gaps {
    const fn is_filled_by(self, t: &DonorDetails) -> bool {
        (self.first_name && t.first_name.is_some())
            || (self.last_name && t.last_name.is_some())
            || (self.address && t.address.is_some())
    }
}

async fn load_known<'e>(
    db: &mut PgConnection,
    emails: impl Iterator<Item = &'e str>,
) -> Result<HashMap<String, (DonorId, Gaps)>, sqlx::Error> {
    let rows: Vec<(String, DonorId, bool, bool, bool)> = sqlx::query_as(
        "select email, donor_id, first_name is null, last_name is null, address is null
         from donor where email = any($1)",
    )
    .bind(emails.collect::<Vec<_>>())
    .fetch_all(db)
    .await?;
    let known = |(email, id, first_name, last_name, address)| {
        (
            email,
            (
                id,
                Gaps {
                    first_name,
                    last_name,
                    address,
                },
            ),
        )
    };
    Ok(rows.into_iter().map(known).collect())
}

/// A donor's profile.
#[derive(Clone, Debug, FromRow)]
pub struct Donor {
    pub donor_id: DonorId,
    pub email: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub address: Option<Json<PostalAddress>>,
    pub locale: Locale,
    pub receipt_frequency: ReceiptFrequency,
}

impl Donor {
    /// Whether all that a receipt prints of a donor is there.
    #[must_use]
    pub fn identity_is_complete(&self) -> bool {
        self.first_name.is_some()
            && self.last_name.is_some()
            && self.address.as_ref().is_some_and(|a| a.is_complete())
    }
}

/// Some donors, those that the reader may see.
pub async fn of_ids(
    db: &mut PgConnection,
    reader: Reader,
    ids: impl Iterator<Item = DonorId>,
) -> Result<HashMap<DonorId, Donor>, sqlx::Error> {
    let scope = reader.donors();
    let rows: Vec<Donor> = sqlx::query_as(
        "select donor_id, email, first_name, last_name, address, locale, receipt_frequency
         from donor where donor_id = any($1) and ($2 or donor_id = $3)",
    )
    .bind(ids.map(|d| d.0).collect::<Vec<_>>())
    .bind(scope.sees_all())
    .bind(scope.only())
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|d| (d.donor_id, d)).collect())
}

/// One donor.
///
/// # Errors
/// `RowNotFound` when there is no such donor that the reader may see.
pub async fn load(
    db: &mut PgConnection,
    reader: Reader,
    id: DonorId,
) -> Result<Donor, sqlx::Error> {
    let mut found = of_ids(db, reader, std::iter::once(id)).await?;
    found.remove(&id).ok_or(sqlx::Error::RowNotFound)
}

/// What a donor says of themselves.
#[derive(Clone, Debug)]
pub struct Profile {
    pub first_name: String,
    pub last_name: String,
    pub address: PostalAddress,
    pub locale: Locale,
    pub receipt_frequency: ReceiptFrequency,
}

/// Writes what a donor says of themselves over what events said.
pub async fn update(
    db: &mut PgConnection,
    id: DonorId,
    profile: &Profile,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update donor set first_name = $2, last_name = $3, address = $4, locale = $5,
           receipt_frequency = $6
         where donor_id = $1",
    )
    .bind(id)
    .bind(&profile.first_name)
    .bind(&profile.last_name)
    .bind(Json(&profile.address))
    .bind(profile.locale)
    .bind(profile.receipt_frequency)
    .execute(db)
    .await?;
    Ok(())
}

/// A donor wants no receipts any more.
pub async fn leave_receipts(db: &mut PgConnection, id: DonorId) -> Result<(), sqlx::Error> {
    sqlx::query("update donor set receipt_frequency = 'none' where donor_id = $1")
        .bind(id)
        .execute(db)
        .await?;
    Ok(())
}
