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

impl DonorDetails {
    /// Which parts of an identity it tells.
    const fn parts(&self) -> Parts {
        Parts {
            first_name: self.first_name.is_some(),
            last_name: self.last_name.is_some(),
            address: self.address.is_some(),
        }
    }

    /// Whether this telling takes the place of an earlier one of the same batch, by the rule that
    /// the database holds stored ones to.
    fn replaces(&self, earlier: &Self) -> bool {
        let same_name = |earlier: &Option<String>, name: &Option<String>| {
            let lower = |n: &Option<String>| n.as_ref().map(|n| n.to_lowercase());
            earlier.is_none() || lower(earlier) == lower(name)
        };
        let says_the_same = || {
            same_name(&earlier.first_name, &self.first_name)
                && same_name(&earlier.last_name, &self.last_name)
                && (earlier.address.is_none() || earlier.address == self.address)
        };
        // Most tellings repeat a complete one: no name is compared then.
        self.parts().may_replace(earlier.parts())
            && (self.parts().are_complete() || says_the_same())
    }
}

/// Finds or makes the donors of a batch.
///
/// What an event tells of a donor is one telling, by one person: people who share an address must
/// not be mixed on a receipt. So a telling is kept or replaced as a whole. An incomplete one is
/// replaced by a complete one, or by one that says all that it said and more; a complete one stays,
/// and so does what donors said of themselves.
pub async fn find_or_create(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    details: impl Iterator<Item = &DonorDetails>,
) -> Result<HashMap<String, DonorId>, sqlx::Error> {
    // One row an address, in order of address, so that two batches never deadlock.
    let mut by_email: BTreeMap<&str, &DonorDetails> = BTreeMap::new();
    for t in details {
        let kept = by_email.entry(t.email.as_str()).or_insert(t);
        if t.replaces(kept) {
            *kept = t;
        }
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
                .is_none_or(|(_, told)| told.is_some_and(|earlier| t.parts().may_replace(earlier)))
        })
        .map(|(_, t)| *t)
        .collect();
    if !new.is_empty() {
        insert_or_replace(db, now, &new).await?;
        known.extend(load_known(db, new.iter().map(|t| t.email.as_str())).await?);
    }
    Ok(known
        .into_iter()
        .map(|(email, (id, _))| (email, id))
        .collect())
}

async fn insert_or_replace(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    new: &[&DonorDetails],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into donor (donor_id, email, first_name, last_name, address, locale, created_at)
         select n.*, $7
         from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::text[]) n
         on conflict (email) do update set first_name = excluded.first_name,
           last_name = excluded.last_name, address = excluded.address
         where donor.told_by = 'event'
           and num_nulls(donor.first_name, donor.last_name, donor.address) > 0
           and (num_nulls(excluded.first_name, excluded.last_name, excluded.address) = 0
             or (donor.first_name is null
                   or lower(donor.first_name) = lower(excluded.first_name))
                and (donor.last_name is null or lower(donor.last_name) = lower(excluded.last_name))
                and (donor.address is null or donor.address = excluded.address))",
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
    .execute(db)
    .await?;
    Ok(())
}

/// Which parts of an identity a telling has.
#[derive(Clone, Copy)]
struct Parts {
    first_name: bool,
    last_name: bool,
    address: bool,
}

impl Parts {
    const fn are_complete(self) -> bool {
        self.first_name && self.last_name && self.address
    }

    /// Whether a telling of these parts may take the place of one of those, as far as this shows:
    /// it has all that the earlier one has, and more.
    const fn may_replace(self, earlier: Self) -> bool {
        let has_all = (self.first_name || !earlier.first_name)
            && (self.last_name || !earlier.last_name)
            && (self.address || !earlier.address);
        let has_more = (self.first_name && !earlier.first_name)
            || (self.last_name && !earlier.last_name)
            || (self.address && !earlier.address);
        has_all && has_more
    }
}

/// The donors that are known, each with the parts of the telling that an event may replace; none
/// where the donor spoke for themselves.
async fn load_known<'e>(
    db: &mut PgConnection,
    emails: impl Iterator<Item = &'e str>,
) -> Result<HashMap<String, (DonorId, Option<Parts>)>, sqlx::Error> {
    let rows: Vec<(String, DonorId, bool, bool, bool, bool)> = sqlx::query_as(
        "select email, donor_id, told_by = 'event', first_name is not null, last_name is not null,
           address is not null
         from donor where email = any($1)",
    )
    .bind(emails.collect::<Vec<_>>())
    .fetch_all(db)
    .await?;
    let mut known = HashMap::with_capacity(rows.len());
    for (email, id, by_event, first_name, last_name, address) in rows {
        let parts = Parts {
            first_name,
            last_name,
            address,
        };
        known.insert(email, (id, by_event.then_some(parts)));
    }
    Ok(known)
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

/// Writes what a donor says of themselves over what events said, for good.
pub async fn update(
    db: &mut PgConnection,
    id: DonorId,
    profile: &Profile,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update donor set first_name = $2, last_name = $3, address = $4, locale = $5,
           receipt_frequency = $6, told_by = 'donor'
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

#[cfg(test)]
mod tests {
    use super::*;

    fn told(
        first_name: Option<&str>,
        last_name: Option<&str>,
        line1: Option<&str>,
    ) -> DonorDetails {
        DonorDetails {
            email: Email::parse("durand@example.org").unwrap(),
            first_name: first_name.map(str::to_owned),
            last_name: last_name.map(str::to_owned),
            address: line1.map(|line1| PostalAddress {
                line1: line1.into(),
                line2: None,
                postal_code: "75020".into(),
                city: "Paris".into(),
                country: "FR".into(),
            }),
            locale: Locale::default(),
        }
    }

    #[test]
    fn a_telling_takes_the_place_of_another_as_a_whole_or_not_at_all() {
        let [camille, paul, durand] = [Some("Camille"), Some("Paul"), Some("Durand")];
        let [here, there] = [Some("3 rue des Lilas"), Some("1 place du Puits")];
        let nothing = told(None, None, None);
        let whole = told(paul, durand, there);
        for (earlier, later, replaced) in [
            (nothing.clone(), told(camille, None, None), true),
            (told(camille, None, None), whole.clone(), true),
            (told(camille, durand, None), whole.clone(), true),
            (told(camille, durand, here), whole.clone(), false),
            (told(camille, durand, None), told(paul, None, there), false),
            (told(camille, None, None), told(None, durand, there), false),
            (told(camille, None, None), told(paul, durand, None), false),
            (
                told(camille, None, None),
                told(Some("CAMILLE"), durand, None),
                true,
            ),
            (told(None, None, here), told(camille, durand, None), false),
            (told(camille, None, None), nothing.clone(), false),
        ] {
            assert_eq!(later.replaces(&earlier), replaced, "{earlier:?} {later:?}");
        }
    }
}
