//! The merchant's statement of a month: each donation, each refund, and the entry its accountant
//! copies.

use chrono::{DateTime, NaiveDate, Utc};
use futures_util::Stream;
use sqlx::{FromRow, PgConnection};

use super::Collection;
use crate::values::{CollectionId, Reader, csv_field, euros, paris_day};

/// One line of a statement: a donation, a refund, which is negative, or the credit that an earlier
/// statement left (negative) or that this one leaves to the next.
#[derive(Clone, Debug, FromRow)]
pub struct StatementLine {
    pub collection_id: CollectionId,
    occurred_at: DateTime<Utc>,
    pub order_id: String,
    pub cause: String,
    pub association: String,
    pub amount_cents: i64,
}

impl StatementLine {
    /// The day of the order, in Paris.
    #[must_use]
    pub fn day(&self) -> NaiveDate {
        paris_day(self.occurred_at)
    }
}

/// The lines of one collection, in order of time, each donation found by its key, however many
/// other merchants and months the table holds.
const LINES_BY_KEY: &str = "select l.collection_id, d.occurred_at, l.donation_id,
       coalesce(l.credit_cents, d.amount_cents) as amount_cents, d.order_id, c.slug as cause,
       a.name as association
     from (
       select collection_id, donation_id, null::bigint as credit_cents from collection_donation
       where collection_id = any($1)
       union all
       select x.collection_id, r.donation_id, -r.amount_cents
       from collection_credit x join donation_refund r using (fact_id)
       where x.collection_id = any($1)) l
     cross join lateral (
       select d.occurred_at, d.amount_cents, d.order_id, d.cause_id, d.association_id
       from donation d where d.donation_id = l.donation_id limit 1) d
     join cause c using (cause_id) join association a on a.association_id = d.association_id
     where exists (select 1 from collection o
       where o.collection_id = any($1) and ($2 or o.merchant_id = $3))
     union all
     select collection_id, prepared_on::timestamp at time zone 'Europe/Paris', null,
       carried_cents, 'credit carried over', '', ''
     from collection where collection_id = any($1) and carried_cents <> 0
       and ($2 or merchant_id = $3)
     order by collection_id, occurred_at, donation_id";

/// The lines of a month's collections, in order of collection and time, in one reading of their
/// merchants' donations ($2). The columns it is sorted by come before the texts, which the database
/// skips by their lengths at each comparison.
const LINES_OF_MONTH: &str = "select collection_id, occurred_at, l.donation_id,
       coalesce(l.credit_cents, d.amount_cents) as amount_cents, order_id, c.slug as cause,
       a.name as association
     from (
       select collection_id, donation_id, null::bigint as credit_cents from collection_donation
       where collection_id = any($1)
       union all
       select x.collection_id, r.donation_id, -r.amount_cents
       from collection_credit x join donation_refund r using (fact_id)
       where x.collection_id = any($1)) l
     join (select donation_id, occurred_at, amount_cents, order_id, cause_id, association_id
           from donation where merchant_id = any($2)) d using (donation_id)
     join cause c using (cause_id) join association a on a.association_id = d.association_id
     union all
     select collection_id, prepared_on::timestamp at time zone 'Europe/Paris', null,
       carried_cents, 'credit carried over', '', ''
     from collection where collection_id = any($1) and carried_cents <> 0
     order by collection_id, occurred_at, donation_id";

/// The lines of a collection that the reader may see.
pub async fn lines(
    db: &mut PgConnection,
    reader: Reader,
    collection: CollectionId,
) -> Result<Vec<StatementLine>, sqlx::Error> {
    let scope = reader.merchants();
    sqlx::query_as(LINES_BY_KEY)
        .bind([collection.0])
        .bind(scope.sees_all())
        .bind(scope.only())
        .fetch_all(db)
        .await
}

/// The lines of a month's collections, as the database finds them.
pub fn lines_of_month<'db>(
    db: &'db mut PgConnection,
    collections: &[Collection],
) -> impl Stream<Item = Result<StatementLine, sqlx::Error>> + Unpin + use<'db> {
    sqlx::query_as(LINES_OF_MONTH)
        .bind(
            collections
                .iter()
                .map(|c| c.collection_id.0)
                .collect::<Vec<_>>(),
        )
        .bind(
            collections
                .iter()
                .map(|c| c.merchant_id.0)
                .collect::<Vec<_>>(),
        )
        .persistent(false)
        .fetch(db)
}

/// A statement as CSV (RFC 4180), amounts as decimal strings; a refund is negative.
pub struct Csv(String);

impl Default for Csv {
    fn default() -> Self {
        Self("date,order,cause,association,amount\r\n".into())
    }
}

impl Csv {
    /// Adds a line.
    pub fn add(&mut self, l: &StatementLine) {
        let (order, cause) = (csv_field(&l.order_id), csv_field(&l.cause));
        let (association, amount) = (csv_field(&l.association), euros(l.amount_cents));
        self.0.push_str(&format!(
            "{},{order},{cause},{association},{amount}\r\n",
            l.day()
        ));
    }

    /// The whole text.
    #[must_use]
    pub fn text(self) -> String {
        self.0
    }
}

/// The statement of these lines as CSV.
#[must_use]
pub fn csv(lines: &[StatementLine]) -> String {
    let mut csv = Csv::default();
    lines.iter().for_each(|l| csv.add(l));
    csv.text()
}
