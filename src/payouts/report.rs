//! The payout report: each gift of a payout, for the association's treasurer. It names no donor.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};

use crate::values::{PayoutId, csv_field, euros};

/// A settled payout whose report has not left.
#[derive(Clone, Debug, FromRow)]
pub struct PayoutReport {
    pub payout_id: PayoutId,
    pub association: String,
    pub email: String,
    pub count: i32,
    pub amount_cents: i64,
    pub reference: String,
    pub paid_on: NaiveDate,
}

/// Settled payouts whose associations were not written to.
pub async fn unreported(db: &mut PgConnection) -> Result<Vec<PayoutReport>, sqlx::Error> {
    sqlx::query_as(
        "select payout_id, a.name as association, a.email, count, amount_cents, reference, s.occurred_on as paid_on
         from payout p join association a using (association_id) join payout_state s using (payout_id)
         where s.state = 'settled' and not exists (select from payout_mail m where m.payout_id = p.payout_id) order by payout_id",
    )
    .fetch_all(db)
    .await
}

/// Notes that a report was sent.
pub async fn mark_reported(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    payout: PayoutId,
) -> Result<(), sqlx::Error> {
    sqlx::query("insert into payout_mail values ($1, $2) on conflict do nothing")
        .bind(payout)
        .bind(now)
        .execute(db)
        .await?;
    Ok(())
}

/// The report's lines as CSV (RFC 4180), amounts as decimal strings.
pub async fn report(db: &mut PgConnection, payout: PayoutId) -> Result<String, sqlx::Error> {
    let lines: Vec<(NaiveDate, String, String, String, i64)> = sqlx::query_as(
        "select (occurred_at at time zone 'Europe/Paris')::date, m.name, order_id, c.title, amount_cents
         from payout_donation l cross join lateral (select * from donation d where d.donation_id = l.donation_id limit 1) d join merchant m using (merchant_id) join cause c using (cause_id)
         where payout_id = $1 order by occurred_at, d.donation_id",
    )
    .bind(payout)
    .fetch_all(db)
    .await?;
    let mut out = String::from("date,shop,order,cause,amount\r\n");
    for (day, shop, order, cause, cents) in lines {
        out.push_str(
            &[
                day.to_string(),
                csv_field(&shop),
                csv_field(&order),
                csv_field(&cause),
                euros(cents),
            ]
            .join(","),
        );
        out.push_str("\r\n");
    }
    Ok(out)
}
