//! `/api/v1/manifests/{day}`: the merchant's own count of a day, compared with ours.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::donations::manifest::{self, DayCount, Manifest};
use crate::values::{Amount, FieldError, line_fits, parse_cents};
use crate::web::access::KeyHolder;
use crate::web::problem::ProblemDocument;
use crate::web::{Problem, Web};

/// A merchant's own count of a day.
#[derive(Deserialize, ToSchema)]
pub struct ManifestBody {
    /// Donations charged on that Paris day, including those refunded later.
    #[schema(value_type = i32, minimum = 0, maximum = 1_000_000)]
    count: serde_json::Number,
    /// Their sum in euros, as a decimal string.
    #[schema(examples("12.00"), pattern = "^(0|[1-9][0-9]{0,9})(\\.[0-9]{1,2})?$")]
    sum: String,
    /// Each order with its donation. With them, the response names the orders that differ.
    #[serde(default)]
    orders: Option<Vec<ManifestOrder>>,
    /// Refunds of donations that were made on that Paris day. With them, the response tells a
    /// refund that was deleted, or never told.
    #[serde(default)]
    refunds: Option<ManifestRefunds>,
}

/// A number of refunds and what they gave back of donations.
#[derive(Deserialize, ToSchema)]
pub struct ManifestRefunds {
    #[schema(value_type = i32, minimum = 0, maximum = 1_000_000)]
    count: serde_json::Number,
    #[schema(examples("1.00"), pattern = "^(0|[1-9][0-9]{0,9})(\\.[0-9]{1,2})?$")]
    sum: String,
}

/// One order with a donation.
#[derive(Deserialize, ToSchema)]
pub struct ManifestOrder {
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]+$"
    )]
    order_id: String,
    #[schema(
        examples("1.00"),
        pattern = "^(0\\.0[1-9]|0\\.[1-9][0-9]?|[1-9][0-9]{0,9}(\\.[0-9]{1,2})?)$"
    )]
    amount: String,
}

/// The two counts of a day and what differs between them; nothing does when `matches` is true.
#[derive(Serialize, ToSchema)]
pub struct ManifestComparison {
    day: NaiveDate,
    matches: bool,
    theirs: ManifestTotal,
    ours: ManifestTotal,
    /// Orders that the manifest names and that are not recorded on that day.
    missing_here: Vec<String>,
    /// Orders recorded on that day that the manifest does not name.
    missing_there: Vec<String>,
    /// Orders recorded with another amount.
    other_amount: Vec<String>,
    /// The day's refunds by both counts, where the manifest says them.
    refunds: Option<ManifestRefundComparison>,
}

/// The refunds of a day by both counts.
#[derive(Serialize, ToSchema)]
pub struct ManifestRefundComparison {
    theirs: ManifestTotal,
    ours: ManifestTotal,
}

/// A number of donations or refunds and their sum.
#[derive(Serialize, ToSchema)]
pub struct ManifestTotal {
    count: i64,
    sum: String,
}

/// Stores a merchant's count of a day, in place of an earlier one, and compares it with ours.
#[utoipa::path(
    put,
    path = "/api/v1/manifests/{day}",
    tag = "manifests",
    security(("api_key" = [])),
    request_body = ManifestBody,
    params(
        ("day" = NaiveDate, Path, description = "A Paris day, such as 2026-11-24")
    ),
    responses(
        (status = 200, body = ManifestComparison),
        (status = 401, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json")
    )
)]
pub async fn store(
    State(web): State<Web>,
    holder: KeyHolder,
    Path(day): Path<String>,
    body: Bytes,
) -> Result<Json<ManifestComparison>, Problem> {
    let now = chrono::Utc::now();
    let manifest = read(&day, &body).map_err(Problem::Invalid)?;
    let day = manifest.day;
    let mut tx = web.app.db.begin().await?;
    manifest::store(&mut tx, now, holder.0, &manifest).await?;
    let found = manifest::differences(&mut tx, holder.reader(), Some(day), day)
        .await?
        .pop()
        .ok_or(Problem::Internal)?;
    manifest::note_differences(&mut tx, now, std::slice::from_ref(&found)).await?;
    tx.commit().await?;
    let total = |t: manifest::Total| ManifestTotal {
        count: t.count,
        sum: t.sum,
    };
    Ok(Json(ManifestComparison {
        day,
        matches: found.matches,
        theirs: total(found.theirs),
        ours: total(found.ours),
        missing_here: found.missing_here,
        missing_there: found.missing_there,
        other_amount: found.other_amount,
        refunds: found.refunds.map(|r| ManifestRefundComparison {
            theirs: total(r.theirs),
            ours: total(r.ours),
        }),
    }))
}

/// The manifest that a request sends, or each mistake in it.
fn read(day: &str, body: &[u8]) -> Result<Manifest, Vec<FieldError>> {
    let mut wrong = Vec::new();
    let day = NaiveDate::parse_from_str(day, "%Y-%m-%d").ok();
    let day = day.filter(|d| (1..=9999).contains(&chrono::Datelike::year(d)));
    if day.is_none() {
        wrong.push(FieldError::new("day", "a day such as 2026-11-24"));
    }
    let json = &mut serde_json::Deserializer::from_slice(body);
    let sent: ManifestBody = serde_path_to_error::deserialize(json)
        .map_err(|e| vec![FieldError::new(e.path().to_string(), e.inner().to_string())])?;
    let total = read_total("", &sent.count, &sent.sum, &mut wrong);
    let refunds = sent.refunds.as_ref();
    let refunds = refunds.and_then(|r| read_total("refunds.", &r.count, &r.sum, &mut wrong));
    let orders = sent
        .orders
        .as_deref()
        .map(|orders| read_orders(orders, &mut wrong));
    match (day, total) {
        (Some(day), Some(total)) if wrong.is_empty() => Ok(Manifest {
            day,
            count: total.count,
            sum_cents: total.sum_cents,
            orders,
            refunds,
        }),
        _ => Err(wrong),
    }
}

/// A count and a sum; each mistake goes to `wrong`.
fn read_total(
    within: &str,
    count: &serde_json::Number,
    sum: &str,
    wrong: &mut Vec<FieldError>,
) -> Option<DayCount> {
    let sum_cents = parse_cents(sum)
        .map_err(|e| wrong.push(FieldError::new(format!("{within}sum"), e.to_string())))
        .ok();
    let count = whole_number(count).filter(|c| (0..=1_000_000).contains(c));
    if count.is_none() {
        wrong.push(FieldError::new(
            format!("{within}count"),
            "a whole number between 0 and 1000000",
        ));
    }
    let (count, sum_cents) = count.zip(sum_cents)?;
    Some(DayCount { count, sum_cents })
}

/// JSON does not tell whole numbers from others, so 12.0 is accepted as 12.
fn whole_number(number: &serde_json::Number) -> Option<i32> {
    number
        .to_string()
        .parse::<Decimal>()
        .ok()
        .filter(Decimal::is_integer)?
        .to_i32()
}

/// The orders of a manifest with their amounts; each mistake goes to `wrong`.
fn read_orders(sent: &[ManifestOrder], wrong: &mut Vec<FieldError>) -> BTreeMap<String, Amount> {
    let mut orders = BTreeMap::new();
    for (n, order) in sent.iter().enumerate() {
        let id = &order.order_id;
        match Amount::parse(&order.amount) {
            Ok(amount) if line_fits(id, 200) => {
                orders.insert(id.clone(), amount);
            }
            Ok(_) => wrong.push(FieldError::new(
                format!("orders[{n}].order_id"),
                "1 to 200 characters are needed, without control characters",
            )),
            Err(e) => {
                wrong.push(FieldError::new(
                    format!("orders[{n}].amount"),
                    e.to_string(),
                ));
            }
        }
    }
    orders
}
