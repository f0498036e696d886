//! What merchants are told of their collections beside the statements: that a payment was taken
//! back, or is asked for again.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};

use super::CollectionState;
use crate::values::{CollectionId, MerchantId};

/// A state of a collection that its merchant was not told of, and that still stands.
#[derive(Clone, Debug, FromRow)]
pub struct UntoldCollection {
    pub collection_id: CollectionId,
    /// The number of the state.
    pub n: i16,
    /// Returned, or submitted once more.
    pub state: CollectionState,
    pub occurred_on: NaiveDate,
    pub merchant_id: MerchantId,
    pub merchant: String,
    pub merchant_name: String,
    pub merchant_email: String,
    /// The first day of the month.
    pub period: NaiveDate,
    /// What was taken back, or is asked for now.
    pub amount_cents: i64,
    pub reference: String,
    /// Why the bank took it back, word for word, if it says.
    pub reason: Option<String>,
}

/// What merchants were not told of, oldest first.
pub async fn untold(db: &mut PgConnection) -> Result<Vec<UntoldCollection>, sqlx::Error> {
    sqlx::query_as(
        "select u.collection_id, u.n, u.state, u.occurred_on, c.merchant_id, m.slug as merchant,
           m.name as merchant_name, m.email as merchant_email, c.period, u.amount_cents,
           c.reference,
           (select l.return_reason from bank_match x join bank_line l using (line_id)
            where x.collection_id = u.collection_id and x.meaning = 'collection_returned'
              and u.state = 'returned' and not exists (
                select 1 from bank_match_undone d where d.match_id = x.match_id)
            order by x.matched_at desc limit 1) as reason
         from untold_collection_state u join collection c using (collection_id)
         join merchant m using (merchant_id) order by u.occurred_on, u.collection_id",
    )
    .fetch_all(db)
    .await
}

/// Notes that a merchant was told.
pub async fn mark_told(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    of: &UntoldCollection,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into collection_state_mail (collection_id, n, sent_at) values ($1, $2, $3)
         on conflict do nothing",
    )
    .bind(of.collection_id)
    .bind(of.n)
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}
