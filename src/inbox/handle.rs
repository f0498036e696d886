//! Handling: the poster takes a set of waiting events, decides for each, and records all in one database transaction.
//! A crash anywhere leaves nothing or everything.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row as _};
use uuid::Uuid;

use super::dialects::parse;
use super::event::{Checkout, Event, ParseError, Refund};
use super::parsed::ParsedEvents;
use crate::db;
use crate::donations::{self, NewDonation, NewRefund, RecordError, RefundOutcome};
use crate::parties::cause::{self, Cause};
use crate::parties::choice::{self, CauseChoice};
use crate::parties::donor;
use crate::parties::endpoint::{self, Phrasing};
use crate::parties::merchant::{self, Merchant};
use crate::values::{CauseId, DonationId, DonorId, EndpointId, EventId, MerchantId};

/// Why a set was not handled; all of it still waits.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("the database refused")]
    Database(#[from] sqlx::Error),
}

/// What a set took from the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessedBatch {
    pub count: usize,
    pub last: EventId,
}

/// An event out of the queue, and where it came in.
struct Taken<'p> {
    event_id: EventId,
    endpoint_id: EndpointId,
    phrasing: &'p Phrasing,
    received_at: DateTime<Utc>,
    attempts: i32,
}

impl Taken<'_> {
    /// When it happened: nothing happens after it was told, whatever the shop's clock says.
    fn occurred_at(&self, told: Option<DateTime<Utc>>) -> DateTime<Utc> {
        told.map_or(self.received_at, |at| at.min(self.received_at))
    }
}

/// An event that leaves the queue without being posted, and why.
struct Problem {
    taken: usize,
    state: &'static str,
    reason: String,
    waits_for: Option<DonationId>,
}

/// Takes up to `limit` events after one, oldest first, and posts them. Answers what it took; none when nothing waits.
///
/// Beginning after the last that was taken spares the walk over the index's entries of all that left the queue before. Most
/// orders are told once: unless `look` says so, none is looked for before it is recorded, and one that was recorded before
/// refuses the set (`RecordError::Known`).
pub async fn handle(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    parsed_events: &ParsedEvents,
    after: EventId,
    limit: i64,
    look: bool,
) -> Result<Option<ProcessedBatch>, ProcessError> {
    let mut rows: Vec<(EventId, EndpointId, DateTime<Utc>, i32)> = sqlx::query_as(
        "delete from inbox_queue where ctid = any(array(
           select ctid from inbox_queue where event_id > $2 order by event_id for update skip locked limit $1))
         returning event_id, endpoint_id, received_at, attempts",
    )
    .bind(limit)
    .bind(after)
    .fetch_all(&mut *tx)
    .await?;
    rows.sort_unstable_by_key(|r| r.0);
    let Some(handled) = rows.last().map(|r| ProcessedBatch {
        count: rows.len(),
        last: r.0,
    }) else {
        return Ok(None);
    };
    let endpoints = endpoint::phrasings(tx, rows.iter().map(|r| r.1)).await?;
    let mut taken = Vec::with_capacity(rows.len());
    for (event_id, endpoint_id, received_at, attempts) in rows {
        // The queue takes only what came in at an endpoint, and endpoints stay.
        let phrasing = endpoints
            .get(&endpoint_id)
            .ok_or(sqlx::Error::RowNotFound)?;
        taken.push(Taken {
            event_id,
            endpoint_id,
            phrasing,
            received_at,
            attempts,
        });
    }
    let mut problems = Vec::new();
    let (mut checkouts, mut refunds, mut thin) = (Vec::new(), Vec::new(), Vec::new());
    for (n, event) in understand(tx, parsed_events, &taken)
        .await?
        .into_iter()
        .enumerate()
    {
        match (taken.get(n), event) {
            (Some(t), Some(Ok(Event::Checkout(c)))) => checkouts.push((
                n,
                DonationId::of_order(t.phrasing.merchant_id, &c.order_id),
                c,
            )),
            (_, Some(Ok(Event::Refund(r)))) => refunds.push((n, r)),
            (_, Some(Ok(Event::Thin { .. }))) => thin.push(n),
            (_, Some(Ok(_))) => {}
            (_, Some(Err(unread))) => problems.push(dead(n, unread.to_string())),
            (_, None) => problems.push(dead(n, "its body is no longer kept".into())),
        }
    }
    if !refunds.is_empty() {
        // Before any balance moves, as runs do: two that lock in one order never wait for each other in a circle.
        db::settlement_lock::lock_shared(tx).await?;
    }
    let recorded = record(tx, now, &taken, &checkouts, look, &mut problems).await?;
    refund(tx, now, &taken, &refunds, &mut problems).await?;
    let thin: Vec<&Taken<'_>> = thin.iter().filter_map(|n| taken.get(*n)).collect();
    super::order_fetch::put(
        tx,
        now,
        &thin
            .iter()
            .map(|t| (t.event_id, t.endpoint_id, t.received_at))
            .collect::<Vec<_>>(),
    )
    .await?;
    set_aside(tx, &taken, &problems).await?;
    requeue_parked(tx, &recorded).await?;
    Ok(Some(handled))
}

/// What each event says: as it was understood when it came in, else as its body reads; none whose body is no longer kept.
async fn understand(
    db: &mut PgConnection,
    parsed_events: &ParsedEvents,
    taken: &[Taken<'_>],
) -> Result<Vec<Option<Result<Event, ParseError>>>, sqlx::Error> {
    let mut known = parsed_events.remove(taken.iter().map(|t| t.event_id));
    let mut events: Vec<_> = taken
        .iter()
        .map(|t| known.remove(&t.event_id).map(Ok))
        .collect();
    let unread = || {
        taken
            .iter()
            .zip(&events)
            .filter(|(_, e)| e.is_none())
            .map(|(t, _)| t)
    };
    let (Some(first), Some(latest)) = (
        unread().map(|t| t.received_at).min(),
        unread().map(|t| t.received_at).max(),
    ) else {
        return Ok(events);
    };
    // The times name the partitions; an array of ids is looked up in each without looking for its partition again.
    let bodies =
        sqlx::query("select event_id, headers->>'topic', body from inbox_body where event_id = any($1) and received_at between $2 and $3")
            .bind(unread().map(|t| t.event_id.0).collect::<Vec<_>>())
            .bind(first)
            .bind(latest)
            .fetch_all(db)
            .await?;
    for row in &bodies {
        let (event_id, topic, body): (EventId, Option<&str>, &[u8]) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        if let Ok(n) = taken.binary_search_by_key(&event_id, |t| t.event_id)
            && let (Some(place), Some(phrasing)) =
                (events.get_mut(n), taken.get(n).map(|t| t.phrasing))
        {
            *place = Some(parse(phrasing.dialect, &phrasing.settings, topic, body));
        }
    }
    Ok(events)
}

fn dead(taken: usize, reason: String) -> Problem {
    Problem {
        taken,
        state: "dead",
        reason,
        waits_for: None,
    }
}

/// What a set of checkouts is decided with.
struct Known {
    merchants: HashMap<MerchantId, Merchant>,
    causes: HashMap<CauseId, Cause>,
    slugs: HashMap<String, CauseId>,
    donors: HashMap<String, DonorId>,
    choices: BTreeMap<DonorId, Vec<CauseChoice>>,
}

async fn record(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    taken: &[Taken<'_>],
    checkouts: &[(usize, DonationId, Box<Checkout>)],
    look: bool,
    problems: &mut Vec<Problem>,
) -> Result<Vec<DonationId>, ProcessError> {
    if checkouts.is_empty() {
        return Ok(Vec::new());
    }
    let mut counted = BTreeMap::new();
    if look {
        counted = donations::known(tx, &checkouts.iter().map(|c| c.1).collect::<Vec<_>>()).await?;
    }
    let merchants: Vec<MerchantId> = checkouts
        .iter()
        .filter_map(|c| taken.get(c.0))
        .map(|t| t.phrasing.merchant_id)
        .collect();
    let donors =
        donor::find_or_create(tx, now, checkouts.iter().filter_map(|c| c.2.donor.as_ref())).await?;
    let choosing: Vec<DonorId> = checkouts
        .iter()
        .filter(|(_, id, c)| c.cause.is_none() && !counted.contains_key(id))
        .filter_map(|c| donors.get(c.2.donor.as_ref()?.email.as_str()).copied())
        .collect();
    let causes = cause::list(tx).await?;
    let mut known = Known {
        merchants: merchant::of_ids(tx, &merchants)
            .await?
            .into_iter()
            .map(|m| (m.merchant_id, m))
            .collect(),
        slugs: causes
            .iter()
            .map(|c| (c.slug.clone(), c.cause_id))
            .collect(),
        causes: causes.into_iter().map(|c| (c.cause_id, c)).collect(),
        choices: choice::lock_choices(tx, &choosing).await?,
        donors,
    };
    let mut new = Vec::new();
    for (n, donation_id, checkout) in checkouts {
        let Some(t) = taken.get(*n) else { continue };
        let hash = checkout.content_hash();
        match counted.get(donation_id) {
            Some(before) if *before == hash => {}
            Some(_) => problems.push(Problem {
                taken: *n,
                state: "conflict",
                reason: "this order was already counted with another content: compare the two, then ask the shop which is true".into(),
                waits_for: None,
            }),
            None => match decide(t, *donation_id, checkout, &hash, &mut known) {
                Ok(donation) => {
                    counted.insert(*donation_id, hash);
                    new.push(donation);
                }
                Err(reason) if look => problems.push(dead(*n, reason)),
                // Perhaps it was counted before, and need not be decided again.
                Err(_) => return Err(RecordError::Known.into()),
            },
        }
    }
    choice::save_choices(tx, &known.choices).await?;
    // In the order of the index: neighbours are written together, and two sets never wait for each other in a circle.
    new.sort_unstable_by_key(|d| d.donation_id);
    donations::record(tx, now, &new).await?;
    Ok(new.into_iter().map(|d| d.donation_id).collect())
}

/// The amount the shop charged and the cause it goes to: the one named, else the donor's choice, else the shop's default.
fn decide(
    t: &Taken<'_>,
    donation_id: DonationId,
    c: &Checkout,
    hash: &[u8],
    known: &mut Known,
) -> Result<NewDonation, String> {
    let merchant = known
        .merchants
        .get(&t.phrasing.merchant_id)
        .ok_or("its merchant is not known")?;
    let rule = merchant
        .rule()
        .ok_or("the merchant's rule cannot be read")?;
    let by_rule = rule.amount(c.order_total_cents);
    let amount = c.amount.unwrap_or(by_rule);
    let donor_id = c
        .donor
        .as_ref()
        .and_then(|d| known.donors.get(d.email.as_str()))
        .copied();
    let cause_id = match &c.cause {
        Some(slug) => *known.slugs.get(slug).ok_or_else(|| format!("no cause is called {slug:?}: add it, then redrive this event"))?,
        None => donor_id.and_then(|d| choice::next_cause(known.choices.get_mut(&d)?)).or(merchant.default_cause_id).ok_or(
            "no cause: the order names none, the donor chose none and the shop has no default; give it one, then redrive this event",
        )?,
    };
    let cause = known
        .causes
        .get(&cause_id)
        .ok_or("its cause is not known")?;
    let mut flags = Vec::new();
    match &c.consent {
        None => flags.push("consent-missing"),
        Some(consent) if consent.preticked => flags.push("consent-preticked"),
        Some(_) => {}
    }
    for (raised, flag) in [
        (amount != by_rule, "amount-off-rule"),
        (!merchant.live, "merchant-suspended"),
        (!cause.live, "association-suspended"),
    ] {
        if raised {
            flags.push(flag);
        }
    }
    Ok(NewDonation {
        donation_id,
        merchant_id: t.phrasing.merchant_id,
        merchant: merchant.slug.clone(),
        order_id: c.order_id.clone(),
        event_id: t.event_id,
        content_hash: hash.to_vec(),
        amount,
        order_total_cents: c.order_total_cents,
        cause_id,
        association_id: cause.association_id,
        association: cause.association_slug.clone(),
        donor_id,
        consent: c.consent.clone(),
        funded_by: c.funded_by,
        flags,
        occurred_at: t.occurred_at(c.at),
    })
}

async fn refund(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    taken: &[Taken<'_>],
    refunds: &[(usize, Refund)],
    problems: &mut Vec<Problem>,
) -> Result<(), ProcessError> {
    let mut new = Vec::new();
    for (n, r) in refunds.iter().filter(|(_, r)| r.donation_refunded) {
        let Some(t) = taken.get(*n) else { continue };
        let donation_id = DonationId::of_order(t.phrasing.merchant_id, &r.order_id);
        new.push((
            *n,
            NewRefund {
                donation_id,
                refund_id: r.refund_id.clone(),
                event_id: t.event_id,
                occurred_at: t.occurred_at(r.at),
            },
        ));
    }
    let outcomes = donations::refund(
        tx,
        now,
        &new.iter().map(|(_, r)| r.clone()).collect::<Vec<_>>(),
    )
    .await?;
    for ((n, r), outcome) in new.iter().zip(outcomes) {
        match outcome {
            RefundOutcome::Done | RefundOutcome::Already => {}
            RefundOutcome::Unknown => problems.push(Problem {
                taken: *n,
                state: "parked",
                reason: "waits for its checkout.completed".into(),
                waits_for: Some(r.donation_id),
            }),
            RefundOutcome::PaidOut => problems.push(dead(
                *n,
                "the euro is already with the association: agree with it first".into(),
            )),
        }
    }
    Ok(())
}

async fn set_aside(
    tx: &mut PgConnection,
    taken: &[Taken<'_>],
    problems: &[Problem],
) -> Result<(), sqlx::Error> {
    let rows: Vec<(&Taken<'_>, &Problem)> = problems
        .iter()
        .filter_map(|p| Some((taken.get(p.taken)?, p)))
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into inbox_problem (event_id, endpoint_id, delivery_key, state, reason, order_key, attempts, received_at)
         select e, p, coalesce((select delivery_key from inbox_event i where i.event_id = e), ''), s, r, o, a, at
         from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::int[], $7::timestamptz[]) x(e, p, s, r, o, a, at)",
    )
    .bind(rows.iter().map(|(t, _)| t.event_id.0).collect::<Vec<_>>())
    .bind(rows.iter().map(|(t, _)| t.endpoint_id.0).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, p)| p.state).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, p)| p.reason.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, p)| p.waits_for.map(|d| d.0.to_string())).collect::<Vec<_>>())
    .bind(rows.iter().map(|(t, _)| t.attempts.saturating_add(1)).collect::<Vec<_>>())
    .bind(rows.iter().map(|(t, _)| t.received_at).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// Refunds that waited for these donations wait for the poster again.
async fn requeue_parked(tx: &mut PgConnection, recorded: &[DonationId]) -> Result<(), sqlx::Error> {
    if recorded.is_empty() {
        return Ok(());
    }
    sqlx::query(requeue!("state = 'parked' and order_key = any($1)"))
        .bind(recorded.iter().map(|d| d.0.to_string()).collect::<Vec<_>>())
        .execute(tx)
        .await?;
    Ok(())
}

/// The net under `requeue_parked`: a refund parked in the very moment its donation was recorded. Answers how many.
pub async fn unpark(tx: &mut PgConnection) -> Result<u64, sqlx::Error> {
    let back = sqlx::query(requeue!("state = 'parked' and exists (select from donation d where d.donation_id = p.order_key::uuid)"))
        .execute(tx)
        .await?;
    Ok(back.rows_affected())
}

/// Sets the oldest waiting event after one aside, after it alone could not be handled.
pub async fn dead_letter(
    tx: &mut PgConnection,
    after: EventId,
    reason: &str,
) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "with taken as (
           delete from inbox_queue where event_id = (
             select event_id from inbox_queue where event_id > $2 order by event_id for update skip locked limit 1)
           returning event_id, endpoint_id, received_at, attempts)
         insert into inbox_problem (event_id, endpoint_id, delivery_key, state, reason, attempts, received_at)
         select event_id, endpoint_id, coalesce((select delivery_key from inbox_event i where i.event_id = taken.event_id), ''),
           'dead', $1, attempts + 1, received_at from taken returning event_id",
    )
    .bind(reason)
    .bind(after)
    .fetch_optional(tx)
    .await
}
