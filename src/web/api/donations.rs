//! `/api/v1/donations`: how far the donation of an order has come.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::donations::{self, MerchantDonation};
use crate::values::{DonationId, FieldError, euros, line_fits};
use crate::web::access::KeyHolder;
use crate::web::problem::ProblemDocument;
use crate::web::{Problem, Web, query_params};

/// A donation, as its merchant may see it.
#[derive(Serialize, ToSchema)]
pub struct Donation {
    #[schema(examples("don_d2927fbe157650c599d72de9fbc544c3"))]
    donation_id: String,
    #[schema(examples("FR-1001"))]
    order_id: String,
    /// Euros, as a decimal string.
    #[schema(examples("1.00"))]
    amount: String,
    /// What of it was given back, as a decimal string.
    #[schema(examples("0.00"))]
    amount_refunded: String,
    cause: String,
    association: String,
    /// The last station that it reached: recorded, refunded (given back whole), collected, paid_out
    /// or receipted.
    #[schema(examples("collected"))]
    status: &'static str,
    occurred_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    /// When something of it was last given back.
    refunded_at: Option<DateTime<Utc>>,
    collected_on: Option<NaiveDate>,
    paid_out_on: Option<NaiveDate>,
    receipted_on: Option<NaiveDate>,
}

impl From<MerchantDonation> for Donation {
    fn from(d: MerchantDonation) -> Self {
        Self {
            status: d.stage().word(),
            donation_id: d.donation_id.to_string(),
            order_id: d.order_id,
            amount: euros(d.amount_cents),
            amount_refunded: euros(d.refunded_cents),
            cause: d.cause,
            association: d.association,
            occurred_at: d.occurred_at,
            recorded_at: d.recorded_at,
            refunded_at: d.refunded_at,
            collected_on: d.collected_on,
            paid_out_on: d.paid_out_on,
            receipted_on: d.receipted_on,
        }
    }
}

/// One donation by its id.
#[utoipa::path(
    get, path = "/api/v1/donations/{id}", tag = "donations", security(("api_key" = [])),
    params(
        ("id" = String, Path,
            description = "The `donation_id` that the response to the webhook gave")
    ),
    responses(
        (status = 200, body = Donation),
        (status = 401, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "No such donation of this merchant")
    )
)]
pub async fn show(
    State(web): State<Web>,
    holder: KeyHolder,
    Path(id): Path<String>,
) -> Result<Json<Donation>, Problem> {
    let id: DonationId = id.parse().map_err(|_| Problem::NotFound)?;
    let found = donations::find(&mut *web.app.db.acquire().await?, holder.reader(), id).await?;
    Ok(Json(found.ok_or(Problem::NotFound)?.into()))
}

/// The donations of an order: most often one, or none.
#[utoipa::path(
    get, path = "/api/v1/donations", tag = "donations", security(("api_key" = [])),
    params(
        ("order_id" = String, Query, description = "The merchant's order",
            min_length = 1, max_length = 255, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]+$")
    ),
    responses(
        (status = 200, body = Vec<Donation>),
        (status = 401, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`order_id` is missing, or cannot be an order's")
    )
)]
pub async fn of_order(
    State(web): State<Web>,
    holder: KeyHolder,
    uri: Uri,
) -> Result<Json<Vec<Donation>>, Problem> {
    let query = query_params(&uri);
    let order = query
        .get("order_id")
        .filter(|order| line_fits(order, 255))
        .ok_or_else(|| {
            Problem::Invalid(vec![FieldError::new(
                "order_id",
                "the order whose donation is wanted, such as ?order_id=FR-1001",
            )])
        })?;
    let found = donations::find_by_order(
        &mut *web.app.db.acquire().await?,
        holder.reader(),
        holder.0,
        order,
    )
    .await?;
    Ok(Json(found.into_iter().map(Donation::from).collect()))
}
