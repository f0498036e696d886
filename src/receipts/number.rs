//! Numbers: each association has a series of its own for a year, without a gap.

use chrono::{Datelike, NaiveDate};
use sqlx::PgConnection;
use std::collections::BTreeMap;

use crate::values::AssociationId;

/// The series that a run takes numbers from. Its counters stay locked until the database
/// transaction ends, so that a run that fails gives no number away.
pub(super) struct Numbers {
    year: i32,
    last: BTreeMap<AssociationId, i32>,
}

impl Numbers {
    /// The series of the year of a day.
    pub fn of_year(on: NaiveDate) -> Self {
        Self {
            year: on.year(),
            last: BTreeMap::new(),
        }
    }

    /// The next number of an association's series.
    pub async fn take(
        &mut self,
        tx: &mut PgConnection,
        association: AssociationId,
    ) -> Result<i32, sqlx::Error> {
        let last = match self.last.get(&association) {
            Some(last) => *last,
            None => lock_last(tx, association, self.year).await?,
        };
        self.last.insert(association, last + 1);
        Ok(last + 1)
    }

    /// Writes the last numbers taken.
    pub async fn store(&self, tx: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "update receipt_counter c set last = n.last
             from unnest($1::uuid[], $2::int[]) n(association_id, last)
             where c.association_id = n.association_id and c.year = $3",
        )
        .bind(self.last.keys().map(|a| a.0).collect::<Vec<_>>())
        .bind(self.last.values().copied().collect::<Vec<_>>())
        .bind(self.year)
        .execute(tx)
        .await?;
        Ok(())
    }
}

async fn lock_last(
    tx: &mut PgConnection,
    association: AssociationId,
    year: i32,
) -> Result<i32, sqlx::Error> {
    sqlx::query(
        "insert into receipt_counter (association_id, year, last) values ($1, $2, 0)
         on conflict do nothing",
    )
    .bind(association)
    .bind(year)
    .execute(&mut *tx)
    .await?;
    sqlx::query_scalar(
        "select last from receipt_counter where association_id = $1 and year = $2 for update",
    )
    .bind(association)
    .bind(year)
    .fetch_one(tx)
    .await
}
