//! Settling: the shops' money is on the account, so what was promised can be paid out.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::db;
use crate::ledger::{self, Fact, PostError};
use crate::outbox::{self, Announcement, Kind};
use crate::values::{Amount, BankLine, CollectionId, MerchantId, Period, paris_midnight};

/// From so many collections on, the month's gifts are read whole rather than one by one.
const MANY: usize = 50;

/// Cents of each association in each collection.
macro_rules! shares {
    ($links:ident) => {
        concat!(
            "select collection_id, a.slug, sum(amount_cents)::bigint from collection_donation l",
            donation_of!($links),
            "join association a using (association_id) where collection_id = any($1) and live group by collection_id, a.slug order by 1, 2"
        )
    };
}

/// A collection that was asked for and has no answer yet.
#[derive(FromRow)]
struct Open {
    collection_id: CollectionId,
    merchant_id: MerchantId,
    period: NaiveDate,
    count: i32,
    amount_cents: i64,
    reference: String,
}

/// Settles, under the settlement gate, each open collection that a reference of a credit names, if the amount is exactly what
/// was asked for. Answers what each credit settled, in order.
pub async fn settle(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    credits: &[&BankLine],
) -> Result<Vec<Option<CollectionId>>, PostError> {
    let open: Vec<Open> = sqlx::query_as(
        "select collection_id, merchant_id, period, count, amount_cents, reference from collection c where reference = any($1)
           and not exists (select from collection_state s where s.collection_id = c.collection_id and state <> 'submitted')",
    )
    .bind(credits.iter().flat_map(|c| &c.references).map(String::as_str).collect::<Vec<_>>())
    .fetch_all(&mut *tx)
    .await?;
    let mut open: HashMap<String, Open> =
        open.into_iter().map(|c| (c.reference.clone(), c)).collect();
    let mut settled: Vec<(Open, NaiveDate, Amount)> = Vec::new();
    let mut answers = Vec::with_capacity(credits.len());
    for credit in credits {
        let named = credit.references.iter().find(|r| {
            open.get(*r)
                .is_some_and(|c| c.amount_cents == credit.amount.cents())
        });
        let collection = named.and_then(|r| open.remove(r));
        answers.push(collection.as_ref().map(|c| c.collection_id));
        settled.extend(collection.map(|c| (c, credit.booked_on, credit.amount)));
    }
    if settled.is_empty() {
        return Ok(answers);
    }
    let ids: Vec<Uuid> = settled.iter().map(|(c, ..)| c.collection_id.0).collect();
    let merchants: Vec<Uuid> = settled.iter().map(|(c, ..)| c.merchant_id.0).collect();
    sqlx::query(
        "insert into collection_state (collection_id, state, occurred_on, recorded_at)
         select id, 'settled', day, $3 from unnest($1::uuid[], $2::date[]) s(id, day)",
    )
    .bind(&ids)
    .bind(settled.iter().map(|(_, on, _)| *on).collect::<Vec<_>>())
    .bind(now)
    .execute(&mut *tx)
    .await?;
    let shares = shares(tx, &ids, &merchants).await?;
    let mut transfers = Vec::new();
    for (c, on, amount) in &settled {
        let fact = Fact {
            id: c.collection_id.0,
            occurred_at: paris_midnight(*on),
        };
        transfers.extend(ledger::collection_settled(
            fact,
            *amount,
            shares.get(&c.collection_id).map_or(&[], Vec::as_slice),
        ));
    }
    ledger::post(tx, now, &transfers).await?;
    outbox::announce(
        tx,
        now,
        Kind::CollectionSettled,
        &settled.iter().map(announcement).collect::<Vec<_>>(),
    )
    .await?;
    Ok(answers)
}

/// What each association gets of each collection of these shops.
async fn shares(
    tx: &mut PgConnection,
    of: &[Uuid],
    merchants: &[Uuid],
) -> Result<BTreeMap<CollectionId, Vec<(String, Amount)>>, PostError> {
    let sums: Vec<(CollectionId, String, i64)> = if of.len() < MANY {
        sqlx::query_as(shares!(a_link))
            .bind(of)
            .fetch_all(&mut *tx)
            .await?
    } else {
        db::disable_nested_loops(tx).await?;
        let sums = sqlx::query_as(shares!(many_links))
            .bind(of)
            .bind(merchants)
            .fetch_all(&mut *tx)
            .await?;
        db::enable_nested_loops(tx).await?;
        sums
    };
    let mut shares: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (id, slug, cents) in sums {
        shares.entry(id).or_default().push((
            slug,
            Amount::from_cents(cents).map_err(|_| PostError::Overflow)?,
        ));
    }
    Ok(shares)
}

fn announcement((c, on, amount): &(Open, NaiveDate, Amount)) -> Announcement {
    Announcement {
        subject: c.collection_id.0,
        merchant: Some(c.merchant_id),
        association: None,
        occurred_at: paris_midnight(*on),
        data: json!({"collection_id": c.collection_id.to_string(), "period": Period::of(c.period).to_string(), "count": c.count,
            "amount": amount.to_string(), "reference": c.reference, "settled_on": on}),
    }
}
