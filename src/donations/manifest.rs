//! The daily manifest: what a merchant charged on a day by its own count, against what is recorded
//! here.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgConnection, types::Json};

use crate::values::{Amount, MerchantId, Reader, euros, paris_midnight};

/// A merchant's own count of a Paris day: donations charged, whether or not they were refunded
/// later.
#[derive(Clone, Debug)]
pub struct Manifest {
    pub day: NaiveDate,
    pub count: i32,
    pub sum_cents: i64,
    /// Orders with their donations, if the merchant sends them.
    pub orders: Option<BTreeMap<String, Amount>>,
}

/// What differs on a day; nothing does when `matches`.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    pub day: NaiveDate,
    pub merchant: String,
    pub matches: bool,
    pub theirs: Total,
    pub ours: Total,
    /// Orders that the merchant names and that are not recorded here on that day: their webhooks
    /// were lost, or wait.
    pub missing_here: Vec<String>,
    /// Orders recorded here that the merchant does not name.
    pub missing_there: Vec<String>,
    /// Orders recorded with another amount.
    pub other_amount: Vec<String>,
}

/// A count and its sum as a decimal string.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Total {
    pub count: i64,
    pub sum: String,
}

/// Stores a manifest; a second one for a day replaces the first.
pub async fn store(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    merchant: MerchantId,
    manifest: &Manifest,
) -> Result<(), sqlx::Error> {
    let orders = manifest.orders.as_ref().map(|all| {
        Json(
            all.iter()
                .map(|(o, a)| (o.clone(), a.cents()))
                .collect::<BTreeMap<_, _>>(),
        )
    });
    sqlx::query(
        "insert into manifest (merchant_id, day, count, sum_cents, orders, received_at)
          values ($1, $2, $3, $4, $5, $6)
         on conflict (merchant_id, day) do update
           set count = excluded.count, sum_cents = excluded.sum_cents, orders = excluded.orders,
           received_at = excluded.received_at",
    )
    .bind(merchant)
    .bind(manifest.day)
    .bind(manifest.count)
    .bind(manifest.sum_cents)
    .bind(orders)
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct Row {
    merchant_id: MerchantId,
    merchant: String,
    day: NaiveDate,
    count: i32,
    sum_cents: i64,
    orders: Option<Json<BTreeMap<String, i64>>>,
}

/// The manifests of a merchant's day, or of every merchant's days since `since`, each held against
/// the books.
pub async fn differences(
    db: &mut PgConnection,
    reader: Reader,
    day: Option<NaiveDate>,
    since: NaiveDate,
) -> Result<Vec<Difference>, sqlx::Error> {
    let scope = reader.merchants();
    let rows: Vec<Row> = sqlx::query_as(
        "select merchant_id, m.slug as merchant, day, count, sum_cents, orders from manifest
          join merchant m using (merchant_id)
         where ($1 or merchant_id = $2) and ($3::date is null or day = $3) and day >= $4
         order by day desc, m.slug",
    )
    .bind(scope.sees_all())
    .bind(scope.only())
    .bind(day)
    .bind(since)
    .fetch_all(&mut *db)
    .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let recorded: Vec<(String, i64)> = sqlx::query_as(
            "select order_id, amount_cents from donation where merchant_id = $1
              and occurred_at >= $2 and occurred_at < $3 order by order_id",
        )
        .bind(row.merchant_id)
        .bind(paris_midnight(row.day))
        .bind(paris_midnight(row.day.succ_opt().unwrap_or(row.day)))
        .fetch_all(&mut *db)
        .await?;
        found.push(compare(row, &recorded.into_iter().collect()));
    }
    Ok(found)
}

fn compare(row: Row, ours: &BTreeMap<String, i64>) -> Difference {
    let theirs = Total {
        count: row.count.into(),
        sum: euros(row.sum_cents),
    };
    let total = Total {
        count: i64::try_from(ours.len()).unwrap_or(i64::MAX),
        sum: euros(ours.values().sum()),
    };
    let (mut missing_here, mut missing_there, mut other_amount) =
        (Vec::new(), Vec::new(), Vec::new());
    if let Some(Json(named)) = &row.orders {
        missing_here.extend(named.keys().filter(|o| !ours.contains_key(*o)).cloned());
        missing_there.extend(ours.keys().filter(|o| !named.contains_key(*o)).cloned());
        other_amount.extend(
            named
                .iter()
                .filter(|(o, cents)| ours.get(*o).is_some_and(|c| c != *cents))
                .map(|(o, _)| o.clone()),
        );
    }
    let matches = theirs == total
        && missing_here.is_empty()
        && missing_there.is_empty()
        && other_amount.is_empty();
    Difference {
        day: row.day,
        merchant: row.merchant,
        matches,
        theirs,
        ours: total,
        missing_here,
        missing_there,
        other_amount,
    }
}
