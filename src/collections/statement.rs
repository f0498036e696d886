//! The shop's statement of a month: each euro, each euro given back, and the entry its accountant copies.

use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::values::{csv_field, euros};

/// One euro of a statement; a credit is a euro given back after an earlier collection.
#[derive(Clone, Debug, FromRow)]
pub struct StatementLine {
    pub collection_id: Uuid,
    pub day: chrono::NaiveDate,
    pub order_id: String,
    pub cause: String,
    pub association: String,
    pub amount_cents: i64,
}

/// The lines of a set of collections, in order of collection and time.
pub async fn lines(db: &mut PgConnection, collections: &[Uuid]) -> Result<Vec<StatementLine>, sqlx::Error> {
    sqlx::query_as(
        "select collection_id, (occurred_at at time zone 'Europe/Paris')::date as day, order_id, c.slug as cause, a.name as association, cents as amount_cents
         from (select collection_id, donation_id, 1 as sign from collection_donation where collection_id = any($1)
               union all select collection_id, donation_id, -1 from collection_credit where collection_id = any($1)) l
         -- Each by its key, however many other months the table holds.
         cross join lateral (select * from donation d where d.donation_id = l.donation_id limit 1) d
         join cause c using (cause_id) join association a on a.association_id = d.association_id
         cross join lateral (select d.amount_cents * l.sign as cents) s
         order by collection_id, occurred_at, l.donation_id",
    )
    .bind(collections)
    .fetch_all(db)
    .await
}

/// A statement as CSV (RFC 4180), amounts as decimal strings; a credit is negative.
#[must_use]
pub fn csv(lines: &[StatementLine]) -> String {
    let mut out = String::from("date,order,cause,association,amount\r\n");
    for l in lines {
        let row = [l.day.to_string(), csv_field(&l.order_id), csv_field(&l.cause), csv_field(&l.association), euros(l.amount_cents)];
        out.push_str(&row.join(","));
        out.push_str("\r\n");
    }
    out
}
