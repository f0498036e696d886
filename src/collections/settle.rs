//! Settling: the merchants' money is on the account, so what was promised can be paid out.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::db;
use crate::ledger::{self, Fact, PostError};
use crate::outbox::{self, Announcement, Kind};
use crate::rails::{Rail, transfer};
use crate::values::{Amount, BankLine, CollectionId, MerchantId, Period, paris_midnight};

/// From so many collections on, the month's donations are read whole rather than one by one.
const MANY: usize = 50;

/// Cents of each association in each collection, each donation found by its key, however large the
/// planner believes the tables to be.
const SHARES_BY_KEY: &str = "select collection_id, a.slug, sum(amount_cents)::bigint
     from collection_donation l
     cross join lateral (select d.association_id, d.amount_cents from donation d
       where d.donation_id = l.donation_id limit 1) d
     join association a using (association_id)
     where collection_id = any($1) and live group by collection_id, a.slug order by 1, 2";

/// The same for many collections, in one reading of their merchants' donations ($2).
const SHARES_BY_MERCHANT: &str = "select collection_id, a.slug, sum(amount_cents)::bigint
     from collection_donation l
     join (select donation_id, association_id, amount_cents from donation
           where merchant_id = any($2)) d using (donation_id)
     join association a using (association_id)
     where collection_id = any($1) and live group by collection_id, a.slug order by 1, 2";

/// A collection that was asked for and waits for its money.
#[derive(FromRow)]
struct SubmittedCollection {
    collection_id: CollectionId,
    merchant_id: MerchantId,
    period: NaiveDate,
    count: i32,
    amount_cents: i64,
    rail: Rail,
    reference: String,
}

/// A collection whose money came.
struct Settlement {
    collection: SubmittedCollection,
    on: NaiveDate,
    amount: Amount,
}

/// Settles each submitted collection that a reference of a credit names, if the amount is exactly
/// what was asked for. Returns what each credit settled, in order.
///
/// The caller holds the settlement lock whole.
pub async fn settle(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    credits: &[&BankLine],
) -> Result<Vec<Option<CollectionId>>, PostError> {
    let mut submitted = load_submitted(tx, credits).await?;
    let mut settlements: Vec<Settlement> = Vec::new();
    let mut outcomes = Vec::with_capacity(credits.len());
    for credit in credits {
        let amount_of = |reference: &str| {
            submitted
                .get(reference)
                .and_then(|c| Amount::from_cents(c.amount_cents).ok())
        };
        let named = transfer::named_reference(credit, amount_of);
        let collection = named.and_then(|reference| submitted.remove(reference));
        outcomes.push(collection.as_ref().map(|c| c.collection_id));
        settlements.extend(collection.map(|collection| Settlement {
            collection,
            on: credit.booked_on,
            amount: credit.amount,
        }));
    }
    if !settlements.is_empty() {
        record(tx, now, &settlements).await?;
    }
    Ok(outcomes)
}

/// The submitted collections that the references of these lines name, by reference.
async fn load_submitted(
    tx: &mut PgConnection,
    credits: &[&BankLine],
) -> Result<HashMap<String, SubmittedCollection>, sqlx::Error> {
    let found: Vec<SubmittedCollection> = sqlx::query_as(
        "select collection_id, merchant_id, period, count, amount_cents, a.rail, reference
         from collection c
         cross join lateral (select state from collection_state s
           where s.collection_id = c.collection_id order by s.n desc limit 1) s
         cross join lateral (select rail from collection_attempt a
           where a.collection_id = c.collection_id order by a.n desc limit 1) a
         where reference = any($1) and s.state = 'submitted'",
    )
    .bind(
        credits
            .iter()
            .flat_map(|c| &c.references)
            .map(String::as_str)
            .collect::<Vec<_>>(),
    )
    .fetch_all(tx)
    .await?;
    Ok(found
        .into_iter()
        .map(|c| (c.reference.clone(), c))
        .collect())
}

/// Writes the new states, posts the money and what it makes payable, and announces it.
async fn record(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    settlements: &[Settlement],
) -> Result<(), PostError> {
    let ids: Vec<Uuid> = settlements
        .iter()
        .map(|s| s.collection.collection_id.0)
        .collect();
    sqlx::query(
        "insert into collection_state (collection_id, n, state, occurred_on, recorded_at)
         select collection_id, (select max(n) + 1 from collection_state o
           where o.collection_id = s.collection_id), 'settled', day, $3
         from unnest($1::uuid[], $2::date[]) s(collection_id, day)",
    )
    .bind(&ids)
    .bind(settlements.iter().map(|s| s.on).collect::<Vec<_>>())
    .bind(now)
    .execute(&mut *tx)
    .await?;
    let merchants: Vec<Uuid> = settlements
        .iter()
        .map(|s| s.collection.merchant_id.0)
        .collect();
    let shares = shares(tx, &ids, &merchants).await?;
    let mut transfers = Vec::new();
    for s in settlements {
        let id = s.collection.collection_id;
        let fact = Fact {
            id: id.0,
            occurred_at: paris_midnight(s.on),
        };
        let associations = shares.get(&id).map_or(&[][..], Vec::as_slice);
        let rail = s.collection.rail;
        transfers.extend(ledger::collection_settled(
            fact,
            rail,
            s.amount,
            associations,
        ));
    }
    ledger::post(tx, now, &transfers).await?;
    let announcements: Vec<Announcement> = settlements.iter().map(announcement).collect();
    outbox::announce(tx, now, Kind::CollectionSettled, &announcements).await?;
    Ok(())
}

/// What each association gets of each collection of these merchants.
async fn shares(
    tx: &mut PgConnection,
    collections: &[Uuid],
    merchants: &[Uuid],
) -> Result<BTreeMap<CollectionId, Vec<(String, Amount)>>, PostError> {
    let sums: Vec<(CollectionId, String, i64)> = if collections.len() < MANY {
        sqlx::query_as(SHARES_BY_KEY)
            .bind(collections)
            .fetch_all(&mut *tx)
            .await?
    } else {
        db::disable_nested_loops(tx).await?;
        let query = sqlx::query_as(SHARES_BY_MERCHANT)
            .bind(collections)
            .bind(merchants);
        let sums = query.fetch_all(&mut *tx).await?;
        db::enable_nested_loops(tx).await?;
        sums
    };
    let mut shares: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (id, slug, cents) in sums {
        let amount = Amount::from_cents(cents).map_err(|_| PostError::Overflow)?;
        shares.entry(id).or_default().push((slug, amount));
    }
    Ok(shares)
}

fn announcement(s: &Settlement) -> Announcement {
    let c = &s.collection;
    Announcement {
        subject: c.collection_id.0,
        merchant: Some(c.merchant_id),
        association: None,
        occurred_at: paris_midnight(s.on),
        data: json!({
            "collection_id": c.collection_id.to_string(),
            "period": Period::of(c.period).to_string(),
            "count": c.count,
            "amount": s.amount.to_string(),
            "reference": c.reference,
            "settled_on": s.on,
        }),
    }
}
