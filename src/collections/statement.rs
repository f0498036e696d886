//! The shop's statement of a month: each euro, each euro given back, and the entry its accountant copies.

use chrono::{DateTime, NaiveDate, Utc};
use futures_util::Stream;
use sqlx::{FromRow, PgConnection};

use super::Collection;
use crate::values::{CollectionId, csv_field, euros, paris_day};

/// One euro of a statement; a credit is a euro given back after an earlier collection.
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

/// The lines of collections, in order of collection and time. What they are sorted by comes first: of a row, the database finds
/// what stands behind a text only by walking over it, at each comparison.
macro_rules! lines {
    ($links:ident) => {
        concat!(
            "select collection_id, occurred_at, l.donation_id, amount_cents * l.sign as amount_cents, order_id, c.slug as cause, a.name as association
             from (select collection_id, donation_id, 1 as sign from collection_donation where collection_id = any($1)
                   union all select collection_id, donation_id, -1 from collection_credit where collection_id = any($1)) l",
            donation_of!($links),
            "join cause c using (cause_id) join association a on a.association_id = d.association_id
             order by collection_id, occurred_at, l.donation_id"
        )
    };
}

/// The lines of one collection, each found by its key, however many other shops and months the table holds.
pub async fn lines(
    db: &mut PgConnection,
    collection: CollectionId,
) -> Result<Vec<StatementLine>, sqlx::Error> {
    sqlx::query_as(lines!(a_link))
        .bind([collection.0])
        .fetch_all(db)
        .await
}

/// The lines of a month's collections, as they come.
pub fn lines_of_month<'db>(
    db: &'db mut PgConnection,
    collections: &[Collection],
) -> impl Stream<Item = Result<StatementLine, sqlx::Error>> + Unpin + use<'db> {
    sqlx::query_as(lines!(many_links))
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

/// A statement as CSV (RFC 4180), amounts as decimal strings; a credit is negative.
pub struct Csv(String);

impl Default for Csv {
    fn default() -> Self {
        Self("date,order,cause,association,amount\r\n".into())
    }
}

impl Csv {
    /// Adds a line.
    pub fn add(&mut self, l: &StatementLine) {
        let (order, cause, association) = (
            csv_field(&l.order_id),
            csv_field(&l.cause),
            csv_field(&l.association),
        );
        self.0.push_str(&format!(
            "{},{order},{cause},{association},{}\r\n",
            l.day(),
            euros(l.amount_cents)
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
