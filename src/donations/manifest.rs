//! The daily manifest: what a merchant charged and gave back on a day by its own count, against
//! what is recorded here. A day that differs is a case, which ends by itself once it agrees.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use crate::cases::{self, CaseFilter, CaseKind, Decision, NewCase};
use crate::values::{Amount, MerchantId, Reader, derived_id, euros, paris_midnight};

/// A merchant's own count of a Paris day: donations charged, whether or not they were refunded
/// later.
#[derive(Clone, Debug)]
pub struct Manifest {
    pub day: NaiveDate,
    pub count: i32,
    pub sum_cents: i64,
    /// Orders with their donations, if the merchant sends them.
    pub orders: Option<BTreeMap<String, Amount>>,
    /// Refunds of donations that were made that day, if the merchant says them.
    pub refunds: Option<DayCount>,
}

/// How many donations or refunds there were, and their sum in cents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayCount {
    pub count: i32,
    pub sum_cents: i64,
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
    /// The day's refunds, where the merchant says its own: one that it deleted, or never told.
    pub refunds: Option<RefundDifference>,
    #[serde(skip)]
    merchant_id: MerchantId,
}

/// The refunds of a day by both counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefundDifference {
    pub theirs: Total,
    pub ours: Total,
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
        "insert into manifest (merchant_id, day, count, sum_cents, orders, received_at,
           refund_count, refund_cents)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (merchant_id, day) do update
           set count = excluded.count, sum_cents = excluded.sum_cents, orders = excluded.orders,
           received_at = excluded.received_at, refund_count = excluded.refund_count,
           refund_cents = excluded.refund_cents",
    )
    .bind(merchant)
    .bind(manifest.day)
    .bind(manifest.count)
    .bind(manifest.sum_cents)
    .bind(orders)
    .bind(now)
    .bind(manifest.refunds.map(|r| r.count))
    .bind(manifest.refunds.map(|r| r.sum_cents))
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
    refund_count: Option<i32>,
    refund_cents: Option<i64>,
}

/// What is recorded of a day: how many donations, each order with what was charged for all of its
/// donations in cents, and the refunds.
struct Recorded {
    donations: i64,
    orders: BTreeMap<String, i64>,
    refunds: (i64, i64),
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
        "select merchant_id, m.slug as merchant, day, count, sum_cents, orders, refund_count,
           refund_cents
         from manifest join merchant m using (merchant_id)
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
        let recorded = recorded(db, row.merchant_id, row.day).await?;
        found.push(compare(row, &recorded));
    }
    Ok(found)
}

/// Opens a case for each of these days that differs, and closes those of the days that agree.
pub async fn note_differences(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    days: &[Difference],
) -> Result<(), sqlx::Error> {
    let (agreeing, differing): (Vec<_>, Vec<_>) = days.iter().partition(|d| d.matches);
    let new: Vec<NewCase> = differing.into_iter().map(Difference::case).collect();
    cases::open(tx, now, &new).await?;
    let mended: Vec<Uuid> = agreeing.into_iter().map(Difference::subject).collect();
    let agrees = Decision {
        decision: "agrees",
        by: "obole",
        why: "the day's two counts agree",
    };
    cases::close(tx, now, CaseKind::ManifestDiffers, &mended, agrees).await?;
    Ok(())
}

/// Looks again at the days whose counts differed: what was missing may have come.
pub async fn look_again(tx: &mut PgConnection, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let open = CaseFilter::open(CaseKind::ManifestDiffers);
    let open = cases::list(tx, Reader::System, open).await?;
    if open.is_empty() {
        return Ok(());
    }
    let mut days = differences(tx, Reader::System, None, NaiveDate::default()).await?;
    days.retain(|d| d.matches && open.iter().any(|c| c.subject == d.subject()));
    note_differences(tx, now, &days).await
}

impl Difference {
    /// Names the day of the merchant among cases.
    fn subject(&self) -> Uuid {
        derived_id(&format!("manifest:{}:{}", self.merchant_id, self.day))
    }

    fn case(&self) -> NewCase {
        let said = |t: &Total| format!("{} of {} euros", t.count, t.sum);
        let refunds = self.refunds.as_ref().filter(|r| r.theirs != r.ours);
        let refunds = refunds.map(|r| {
            let (theirs, ours) = (said(&r.theirs), said(&r.ours));
            format!("; it counts {theirs} given back, and {ours} are recorded here")
        });
        NewCase {
            merchant: Some(self.merchant_id),
            ..NewCase::new(
                CaseKind::ManifestDiffers,
                self.subject(),
                format!(
                    "{} counts {} charged on {}, and {} are recorded here; {} orders are missing \
                     here, {} there, {} have another amount{}",
                    self.merchant,
                    said(&self.theirs),
                    self.day,
                    said(&self.ours),
                    self.missing_here.len(),
                    self.missing_there.len(),
                    self.other_amount.len(),
                    refunds.unwrap_or_default()
                ),
            )
        }
    }
}

async fn recorded(
    db: &mut PgConnection,
    merchant: MerchantId,
    day: NaiveDate,
) -> Result<Recorded, sqlx::Error> {
    let (from, to) = (
        paris_midnight(day),
        paris_midnight(day.succ_opt().unwrap_or(day)),
    );
    let orders: Vec<(String, i64, i64)> = sqlx::query_as(
        "select order_id, count(*), sum(amount_cents)::bigint from donation
         where merchant_id = $1 and occurred_at >= $2 and occurred_at < $3
         group by order_id order by order_id",
    )
    .bind(merchant)
    .bind(from)
    .bind(to)
    .fetch_all(&mut *db)
    .await?;
    // One refund may be of several donations of its order.
    let refunds = sqlx::query_as(
        "select count(distinct (d.order_id, r.refund_id)), coalesce(sum(r.amount_cents), 0)::bigint
         from donation_refund r join donation d using (donation_id)
         where d.merchant_id = $1 and r.occurred_at >= $2 and r.occurred_at < $3",
    )
    .bind(merchant)
    .bind(from)
    .bind(to)
    .fetch_one(db)
    .await?;
    Ok(Recorded {
        donations: orders.iter().map(|(_, count, _)| count).sum(),
        orders: orders.into_iter().map(|(o, _, cents)| (o, cents)).collect(),
        refunds,
    })
}

fn compare(row: Row, recorded: &Recorded) -> Difference {
    let ours = &recorded.orders;
    let theirs = Total {
        count: row.count.into(),
        sum: euros(row.sum_cents),
    };
    let total = Total {
        count: recorded.donations,
        sum: euros(ours.values().sum()),
    };
    let refunds = row.refund_count.zip(row.refund_cents);
    let refunds = refunds.map(|(count, cents)| RefundDifference {
        theirs: Total {
            count: count.into(),
            sum: euros(cents),
        },
        ours: Total {
            count: recorded.refunds.0,
            sum: euros(recorded.refunds.1),
        },
    });
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
        && refunds.as_ref().is_none_or(|r| r.theirs == r.ours)
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
        refunds,
        merchant_id: row.merchant_id,
    }
}
