//! A donor's choice of causes, and whose turn it is.

use std::collections::BTreeMap;

use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::values::{CauseId, DonorId, Reader};

/// A cause in a donor's choice: its weight and the donations it got since the choice was made.
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
    sqlx::query("select 1 from donor where donor_id = $1 for update")
        .bind(donor)
        .execute(&mut *db)
        .await?;
    sqlx::query("delete from donor_choice where donor_id = $1")
        .bind(donor)
        .execute(&mut *db)
        .await?;
    sqlx::query(
        "insert into donor_choice (donor_id, cause_id, weight)
         select $1, cause_id, weight from unnest($2::uuid[], $3::int[]) n(cause_id, weight)",
    )
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
    reader: Reader,
    donor: DonorId,
) -> Result<Vec<CauseChoice>, sqlx::Error> {
    if !reader.donors().includes(donor) {
        return Ok(Vec::new());
    }
    sqlx::query_as(
        "select cause_id, weight, given from donor_choice where donor_id = $1 order by cause_id",
    )
    .bind(donor)
    .fetch_all(db)
    .await
}

/// The choices of a batch's donors, locked until the batch commits; causes that are not live take
/// no turn.
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
         where d.donor_id = any($1) and c.state = 'live' and a.state = 'live'
           order by d.donor_id, d.cause_id for update of d",
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

/// Writes back how many donations each chosen cause has got.
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
        "update donor_choice d set given = n.given
          from unnest($1::uuid[], $2::uuid[], $3::bigint[]) n(donor_id, cause_id, given)
         where d.donor_id = n.donor_id and d.cause_id = n.cause_id and d.given <> n.given",
    )
    .bind(rows.iter().map(|r| r.0).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.1).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.2).collect::<Vec<_>>())
    .execute(db)
    .await?;
    Ok(())
}

/// The cause whose turn it is, counted at once, so that after any number of donations each cause's
/// count is within one of its share.
///
/// A donation goes whole to one cause where shares are fractions: the apportionment problem.
/// Rounding to the largest remainder breaks with three causes or more; the quota method (Balinski
/// and Young 1975; Still 1979) does not: among the causes that a further donation keeps at or under
/// their share rounded up, the one whose next donation falls due first.
#[must_use]
pub fn next_cause(choices: &mut [CauseChoice]) -> Option<CauseId> {
    let weights: i128 = choices.iter().map(|c| i128::from(c.weight)).sum();
    let nth: i128 = choices.iter().map(|c| i128::from(c.given)).sum::<i128>() + 1;
    choices
        .iter_mut()
        // Eligible: given + 1 < share + 1 after this donation, where share = nth * weight /
        // weights.
        .filter(|c| i128::from(c.given) * weights < nth * i128::from(c.weight))
        // Due: the number of donations at which its share reaches given + 1; ties go to the
        // heavier, then to the older cause.
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
    fn after_every_donation_each_cause_is_within_one_of_its_share() {
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
                assert!(
                    next_cause(&mut choices).is_some(),
                    "{weights:?} donation {n}"
                );
                for c in &choices {
                    let distance = c.given * i64::from(total) - n * i64::from(c.weight);
                    assert!(
                        distance.abs() < i64::from(total),
                        "{weights:?} donation {n}: {c:?}"
                    );
                }
            }
        }
        assert_eq!(next_cause(&mut []), None);
    }
}
