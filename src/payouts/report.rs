//! The payout report: each donation of a payout, for the association's treasurer. It names no
//! donor.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};

use crate::values::{PayoutId, Reader, csv_field, euros};

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
        "select payout_id, a.name as association, a.email, count, amount_cents, reference,
           s.occurred_on as paid_on
         from payout p join association a using (association_id)
         join payout_current_state s using (payout_id)
         where s.state = 'settled' and not exists (
           select 1 from payout_mail m where m.payout_id = p.payout_id)
         order by payout_id",
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
    sqlx::query(
        "insert into payout_mail (payout_id, sent_at) values ($1, $2) on conflict do nothing",
    )
    .bind(payout)
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct Line {
    day: NaiveDate,
    merchant: String,
    order_id: String,
    cause: String,
    amount_cents: i64,
}

/// The report of a payout that the reader may see, as CSV (RFC 4180), amounts as decimal strings.
pub async fn report(
    db: &mut PgConnection,
    reader: Reader,
    payout: PayoutId,
) -> Result<String, sqlx::Error> {
    let scope = reader.associations();
    let lines: Vec<Line> = sqlx::query_as(
        "select (d.occurred_at at time zone 'Europe/Paris')::date as day, d.occurred_at as at,
           m.name as merchant, d.order_id,
           c.title as cause, d.amount_cents - coalesce(r.taken_cents, 0) as amount_cents
         from payout p join payout_donation l using (payout_id) cross join lateral (
           select d.donation_id, d.occurred_at, d.merchant_id, d.cause_id, d.order_id,
             d.amount_cents
           from donation d where d.donation_id = l.donation_id limit 1) d
         left join lateral (select t.taken_cents from refund_taken t
           where t.donation_id = l.donation_id) r on true
         join merchant m using (merchant_id) join cause c using (cause_id)
         where payout_id = $1 and ($2 or p.association_id = $3)
         union all
         select p.prepared_on, null, '', '', 'given back of earlier payouts', -p.deducted_cents
         from payout p where payout_id = $1 and ($2 or p.association_id = $3)
           and p.deducted_cents > 0
         order by at nulls last, order_id",
    )
    .bind(payout)
    .bind(scope.sees_all())
    .bind(scope.only())
    .fetch_all(db)
    .await?;
    let mut out = String::from("date,shop,order,cause,amount\r\n");
    for l in lines {
        let (merchant, order) = (csv_field(&l.merchant), csv_field(&l.order_id));
        let (cause, amount) = (csv_field(&l.cause), euros(l.amount_cents));
        out.push_str(&format!(
            "{},{merchant},{order},{cause},{amount}\r\n",
            l.day
        ));
    }
    Ok(out)
}
