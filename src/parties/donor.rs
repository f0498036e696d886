//! Donors: made from what shops tell, completed by themselves, with the causes they chose.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use super::seal;
use crate::values::{CauseId, DonorId, Email, PostalAddress};

const UNSUBSCRIBE: &str = "unsubscribe";

/// What an event says of a donor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DonorDetails {
    pub email: Email,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub address: Option<PostalAddress>,
    pub locale: String,
}

/// Finds or makes the donors of a batch. What a donor already has is kept: a shop fills gaps and overwrites nothing.
pub async fn find_or_create(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    told: impl Iterator<Item = &DonorDetails>,
) -> Result<HashMap<String, DonorId>, sqlx::Error> {
    // One row an address, in order of address, so that two batches never wait for each other in a circle.
    let mut by_email: BTreeMap<&str, &DonorDetails> = BTreeMap::new();
    for t in told {
        by_email.entry(t.email.as_str()).or_insert(t);
    }
    if by_email.is_empty() {
        return Ok(HashMap::new());
    }
    // Customers come again: most are known and complete, and a look takes no lock.
    let mut met = known(db, by_email.keys().copied()).await?;
    let told: Vec<&DonorDetails> = by_email
        .iter()
        .filter(|(email, t)| met.get(**email).is_none_or(|known| known.1.is_filled_by(t)))
        .map(|(_, t)| *t)
        .collect();
    if told.is_empty() {
        return Ok(met
            .into_iter()
            .map(|(email, (id, _))| (email, id))
            .collect());
    }
    sqlx::query(
        "insert into donor (donor_id, email, first_name, last_name, address, locale, created_at)
         select *, $7 from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::text[])
         on conflict (email) do update set first_name = coalesce(donor.first_name, excluded.first_name),
           last_name = coalesce(donor.last_name, excluded.last_name), address = coalesce(donor.address, excluded.address)
         where (donor.first_name is null and excluded.first_name is not null)
            or (donor.last_name is null and excluded.last_name is not null) or (donor.address is null and excluded.address is not null)",
    )
    .bind(told.iter().map(|_| DonorId::new().0).collect::<Vec<_>>())
    .bind(told.iter().map(|t| t.email.as_str()).collect::<Vec<_>>())
    .bind(told.iter().map(|t| t.first_name.clone()).collect::<Vec<_>>())
    .bind(told.iter().map(|t| t.last_name.clone()).collect::<Vec<_>>())
    .bind(told.iter().map(|t| t.address.clone().map(Json)).collect::<Vec<_>>())
    .bind(told.iter().map(|t| t.locale.as_str()).collect::<Vec<_>>())
    .bind(now)
    .execute(&mut *db)
    .await?;
    met.extend(known(db, told.iter().map(|t| t.email.as_str())).await?);
    Ok(met
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

async fn known<'e>(
    db: &mut PgConnection,
    emails: impl Iterator<Item = &'e str>,
) -> Result<HashMap<String, (DonorId, Gaps)>, sqlx::Error> {
    let rows: Vec<(String, DonorId, bool, bool, bool)> =
        sqlx::query_as("select email, donor_id, first_name is null, last_name is null, address is null from donor where email = any($1)")
            .bind(emails.collect::<Vec<_>>())
            .fetch_all(db)
            .await?;
    Ok(rows
        .into_iter()
        .map(|(email, id, first_name, last_name, address)| {
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
        })
        .collect())
}

/// A donor's profile.
#[derive(Clone, Debug, FromRow)]
pub struct Donor {
    pub donor_id: DonorId,
    pub email: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub address: Option<Json<PostalAddress>>,
    pub locale: String,
    pub receipts: String,
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

/// Some donors.
pub async fn of_ids(
    db: &mut PgConnection,
    ids: impl Iterator<Item = DonorId>,
) -> Result<HashMap<DonorId, Donor>, sqlx::Error> {
    let rows: Vec<Donor> =
        sqlx::query_as("select donor_id, email, first_name, last_name, address, locale, receipts from donor where donor_id = any($1)")
            .bind(ids.map(|d| d.0).collect::<Vec<_>>())
            .fetch_all(db)
            .await?;
    Ok(rows.into_iter().map(|d| (d.donor_id, d)).collect())
}

/// One donor.
pub async fn load(db: &mut PgConnection, id: DonorId) -> Result<Donor, sqlx::Error> {
    sqlx::query_as("select donor_id, email, first_name, last_name, address, locale, receipts from donor where donor_id = $1")
        .bind(id)
        .fetch_one(db)
        .await
}

/// What a donor says of themselves.
#[derive(Clone, Debug)]
pub struct Profile {
    pub first_name: String,
    pub last_name: String,
    pub address: PostalAddress,
    pub locale: String,
    pub receipts: String,
}

/// Writes a donor's own words over what shops told.
pub async fn update(
    db: &mut PgConnection,
    id: DonorId,
    profile: &Profile,
) -> Result<(), sqlx::Error> {
    sqlx::query("update donor set first_name = $2, last_name = $3, address = $4, locale = $5, receipts = $6 where donor_id = $1")
        .bind(id)
        .bind(&profile.first_name)
        .bind(&profile.last_name)
        .bind(Json(&profile.address))
        .bind(&profile.locale)
        .bind(&profile.receipts)
        .execute(db)
        .await?;
    Ok(())
}

/// The path under which a donor leaves the receipts' message; only the key's holder can make it.
#[must_use]
pub fn unsubscribe_path(key: &[u8; 32], id: DonorId) -> String {
    format!(
        "/unsubscribe/{id}/{}",
        seal::derived_token(key, UNSUBSCRIBE, id.0.as_bytes())
    )
}

/// The donor that such a path names, if it is ours.
#[must_use]
pub fn of_unsubscribe_path(key: &[u8; 32], donor: &str, token: &str) -> Option<DonorId> {
    let id: DonorId = donor.parse().ok()?;
    seal::is_derived_token(key, UNSUBSCRIBE, id.0.as_bytes(), token).then_some(id)
}

/// A donor wants no receipts any more.
pub async fn leave_receipts(db: &mut PgConnection, id: DonorId) -> Result<(), sqlx::Error> {
    sqlx::query("update donor set receipts = 'none' where donor_id = $1")
        .bind(id)
        .execute(db)
        .await?;
    Ok(())
}

/// A cause in a donor's choice: its weight and the gifts it got since the choice was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
pub struct CauseChoice {
    pub cause_id: CauseId,
    pub weight: i32,
    pub given: i64,
}

/// Replaces a donor's choice. Counting starts anew: the past is not balanced against a new wish.
pub async fn choose(
    db: &mut PgConnection,
    donor: DonorId,
    choices: &[(CauseId, i32)],
) -> Result<(), sqlx::Error> {
    sqlx::query("select from donor where donor_id = $1 for update")
        .bind(donor)
        .execute(&mut *db)
        .await?;
    sqlx::query("delete from donor_choice where donor_id = $1")
        .bind(donor)
        .execute(&mut *db)
        .await?;
    sqlx::query("insert into donor_choice (donor_id, cause_id, weight) select $1, * from unnest($2::uuid[], $3::int[])")
        .bind(donor)
        .bind(choices.iter().map(|c| c.0.0).collect::<Vec<_>>())
        .bind(choices.iter().map(|c| c.1).collect::<Vec<_>>())
        .execute(db)
        .await?;
    Ok(())
}

/// A donor's choice as it stands.
pub async fn choices(
    db: &mut PgConnection,
    donor: DonorId,
) -> Result<Vec<CauseChoice>, sqlx::Error> {
    sqlx::query_as(
        "select cause_id, weight, given from donor_choice where donor_id = $1 order by cause_id",
    )
    .bind(donor)
    .fetch_all(db)
    .await
}

/// The choices of a batch's donors, locked until the batch commits; causes that are not live take no turn.
pub async fn lock_choices(
    db: &mut PgConnection,
    donors: &[DonorId],
) -> Result<BTreeMap<DonorId, Vec<CauseChoice>>, sqlx::Error> {
    let mut ids: Vec<Uuid> = donors.iter().map(|d| d.0).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<(DonorId, CauseId, i32, i64)> = sqlx::query_as(
        "select d.donor_id, d.cause_id, weight, given from donor_choice d
         join cause c using (cause_id) join association a using (association_id)
         where d.donor_id = any($1) and c.state = 'live' and a.state = 'live' order by d.donor_id, d.cause_id for update of d",
    )
    .bind(ids)
    .fetch_all(db)
    .await?;
    let mut choices: BTreeMap<DonorId, Vec<CauseChoice>> = BTreeMap::new();
    for (donor, cause_id, weight, given) in rows {
        choices.entry(donor).or_default().push(CauseChoice {
            cause_id,
            weight,
            given,
        });
    }
    Ok(choices)
}

/// Writes back how many gifts each chosen cause has got.
pub async fn save_choices(
    db: &mut PgConnection,
    choices: &BTreeMap<DonorId, Vec<CauseChoice>>,
) -> Result<(), sqlx::Error> {
    let rows: Vec<(Uuid, Uuid, i64)> = choices
        .iter()
        .flat_map(|(donor, cs)| cs.iter().map(|c| (donor.0, c.cause_id.0, c.given)))
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "update donor_choice d set given = n.given from unnest($1::uuid[], $2::uuid[], $3::bigint[]) n(donor_id, cause_id, given)
         where d.donor_id = n.donor_id and d.cause_id = n.cause_id and d.given <> n.given",
    )
    .bind(rows.iter().map(|r| r.0).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.1).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.2).collect::<Vec<_>>())
    .execute(db)
    .await?;
    Ok(())
}

/// The cause whose turn it is, counted at once, so that after any number of gifts each cause's count is within one of its share.
///
/// A whole gift is to be given where shares are fractions: the apportionment problem. Rounding to the largest remainder
/// breaks with three causes or more; the quota method (Balinski and Young 1975; Still 1979) does not: among the causes that
/// a further gift keeps at or under their share rounded up, the one whose next gift falls due first.
#[must_use]
pub fn next_cause(choices: &mut [CauseChoice]) -> Option<CauseId> {
    let weights: i128 = choices.iter().map(|c| i128::from(c.weight)).sum();
    let nth: i128 = choices.iter().map(|c| i128::from(c.given)).sum::<i128>() + 1;
    choices
        .iter_mut()
        // Eligible: given + 1 < share + 1 after this gift, where share = nth * weight / weights.
        .filter(|c| i128::from(c.given) * weights < nth * i128::from(c.weight))
        // Due: the number of gifts at which its share reaches given + 1; ties go to the heavier, then to the older cause.
        .min_by_key(|c| {
            let (given, weight) = (i128::from(c.given), i128::from(c.weight));
            (
                ((given + 1) * weights + weight - 1) / weight,
                -weight,
                c.cause_id,
            )
        })
        .map(|c| {
            c.given += 1;
            c.cause_id
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_every_gift_each_cause_is_within_one_of_its_share() {
        for weights in [
            vec![1],
            vec![1, 1],
            vec![2, 1],
            vec![3, 2, 1],
            vec![100, 1, 1, 1, 1],
            vec![7, 7, 5, 1],
            vec![100, 99, 98, 1],
            vec![1; 9],
        ] {
            let total: i32 = weights.iter().sum();
            let mut choices: Vec<CauseChoice> = weights
                .iter()
                .enumerate()
                .map(|(i, w)| CauseChoice {
                    cause_id: CauseId(Uuid::from_u128(i as u128)),
                    weight: *w,
                    given: 0,
                })
                .collect();
            for n in 1..=1000_i64 {
                assert!(next_cause(&mut choices).is_some(), "{weights:?} gift {n}");
                for c in &choices {
                    let distance = c.given * i64::from(total) - n * i64::from(c.weight);
                    assert!(
                        distance.abs() < i64::from(total),
                        "{weights:?} gift {n}: {c:?}"
                    );
                }
            }
        }
        assert_eq!(next_cause(&mut []), None);
    }
}
