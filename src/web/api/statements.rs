//! `/api/v1/statements`: what the merchant owes and has paid, month by month.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::collections::{self, Collection, CollectionFilter, StatementLine};
use crate::values::{Period, euros};
use crate::web::access::KeyHolder;
use crate::web::problem::ProblemDocument;
use crate::web::{Problem, Web};

/// A month's statement.
#[derive(Serialize, ToSchema)]
pub struct Statement {
    #[schema(examples("2026-11"))]
    period: String,
    count: i32,
    /// To pay, in euros as a decimal string.
    amount: String,
    /// Refunds of its donations and of earlier ones, which it takes off.
    credited: String,
    /// Credit that the statement before left, which it takes off.
    credit_before: String,
    /// Credit that is left for the next statement.
    credit_left: String,
    method: String,
    /// To be given with the transfer.
    reference: String,
    /// submitted, settled, rejected or returned.
    state: String,
}

/// A month's statement with its lines.
#[derive(Serialize, ToSchema)]
pub struct StatementDetail {
    #[serde(flatten)]
    statement: Statement,
    lines: Vec<Line>,
}

/// One line of a statement; all together are what it asks for.
#[derive(Serialize, ToSchema)]
pub struct Line {
    /// Of the order, of the refund, or of the bank's taking back.
    day: NaiveDate,
    /// donation; refund, late_refund (of a donation that its association had), credit_before and
    /// other_credit, which are negative; taken_elsewhere and credit_left, which are not;
    /// payment_returned (by the bank) and asked_apart, which takes it off again.
    kind: String,
    /// Of the order; for a payment, its reference; else empty.
    order_id: String,
    cause: String,
    association: String,
    amount: String,
}

impl From<Collection> for Statement {
    fn from(c: Collection) -> Self {
        Self {
            period: c.period.to_string(),
            count: c.count,
            amount: c.amount,
            credited: c.credited,
            credit_before: c.credit_before,
            credit_left: c.credit_left,
            method: c.rail.word().to_owned(),
            reference: c.reference,
            state: c.state.word().to_owned(),
        }
    }
}

impl From<StatementLine> for Line {
    fn from(l: StatementLine) -> Self {
        Self {
            day: l.day(),
            kind: l.kind.word().to_owned(),
            order_id: l.order_id,
            cause: l.cause,
            association: l.association,
            amount: euros(l.amount_cents),
        }
    }
}

/// Every month's statement, oldest first.
#[utoipa::path(
    get, path = "/api/v1/statements", tag = "statements", security(("api_key" = [])),
    responses(
        (status = 200, body = Vec<Statement>),
        (status = 401, body = ProblemDocument, content_type = "application/problem+json")
    )
)]
pub async fn list(
    State(web): State<Web>,
    holder: KeyHolder,
) -> Result<Json<Vec<Statement>>, Problem> {
    let all = collections::list(
        &mut *web.app.db.acquire().await?,
        holder.reader(),
        CollectionFilter::All,
    )
    .await?;
    Ok(Json(all.into_iter().map(Statement::from).collect()))
}

/// One month's statement with its lines, as JSON, or as CSV for `Accept: text/csv`.
#[utoipa::path(
    get, path = "/api/v1/statements/{period}", tag = "statements", security(("api_key" = [])),
    params(
        ("period" = String, Path, description = "A month, such as 2026-11")
    ),
    responses(
        (status = 200, content((StatementDetail = "application/json"), (String = "text/csv"))),
        (status = 401, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json")
    )
)]
pub async fn show(
    State(web): State<Web>,
    holder: KeyHolder,
    Path(period): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let period: Period = period.parse().map_err(|_| Problem::NotFound)?;
    let mut db = web.app.db.acquire().await?;
    let found = collections::list(&mut db, holder.reader(), CollectionFilter::Month(period))
        .await?
        .pop()
        .ok_or(Problem::NotFound)?;
    let lines = collections::lines(&mut db, holder.reader(), found.collection_id).await?;
    let wants_csv = headers
        .get(header::ACCEPT)
        .and_then(|a| a.to_str().ok())
        .is_some_and(|a| a.starts_with("text/csv"));
    if wants_csv {
        return Ok((
            [(header::CONTENT_TYPE, "text/csv; charset=utf-8")],
            collections::csv(&lines),
        )
            .into_response());
    }
    Ok(Json(StatementDetail {
        statement: found.into(),
        lines: lines.into_iter().map(Line::from).collect(),
    })
    .into_response())
}
