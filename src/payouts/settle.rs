//! Settling: the bank shows that the money left for who is paid, or that it came back, or says
//! that it will not leave.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::payee::Payee;
use super::state::{PayoutState, RAIL};
use super::unmake::{UnmadePayout, unmake};
use crate::ledger::{self, Fact, MoneyAt, PostError, Transfer};
use crate::outbox::{self, Announcement, Kind};
use crate::texts::bank_reason;
use crate::values::{Amount, Locale, PayoutId, paris_midnight};

/// A payout with its state, as what happens to it finds it.
#[derive(Clone, Debug, FromRow)]
pub struct SentPayout {
    pub payout_id: PayoutId,
    #[sqlx(flatten)]
    pub payee: Payee,
    pub count: i32,
    pub amount_cents: i64,
    pub reference: String,
    pub state: PayoutState,
}

/// What happens to a payout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PayoutEvent {
    /// It was debited; where the books have the debit.
    Settled(MoneyAt),
    /// It came back after it was debited; where the books have the credit, and why, in words.
    Returned(MoneyAt, String),
    /// The bank refused it before it was debited; why, in words.
    Refused(String),
}

/// A payout's new state.
pub struct PayoutChange {
    pub payout: SentPayout,
    pub event: PayoutEvent,
    pub on: NaiveDate,
}

const SENT: &str = "select payout_id, p.association_id, a.slug as association, p.line_id,
       p.merchant_id, m.slug as merchant, count, amount_cents, reference, s.state
     from payout p left join association a using (association_id)
     left join merchant m on m.merchant_id = p.merchant_id
     cross join lateral (select state from payout_state s
       where s.payout_id = p.payout_id order by s.n desc limit 1) s
     where reference = any($1) or payout_id = any($2)";

/// The payouts with these references.
pub async fn sent_by_reference(
    tx: &mut PgConnection,
    references: &[&str],
) -> Result<Vec<SentPayout>, sqlx::Error> {
    sqlx::query_as(SENT)
        .bind(references)
        .bind(&[] as &[Uuid])
        .fetch_all(tx)
        .await
}

/// The payouts of these ids.
pub async fn sent_by_id(
    tx: &mut PgConnection,
    ids: &[Uuid],
) -> Result<Vec<SentPayout>, sqlx::Error> {
    sqlx::query_as(SENT)
        .bind(&[] as &[&str])
        .bind(ids)
        .fetch_all(tx)
        .await
}

/// Settles, returns and refuses payouts, in this order for each of them.
///
/// The caller holds the settlement lock whole, and each event may follow the payout's state.
pub async fn settle(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    changes: &[PayoutChange],
) -> Result<(), PostError> {
    if changes.is_empty() {
        return Ok(());
    }
    let transfers = changes.iter().map(transfers);
    let transfers = transfers.collect::<Result<Vec<_>, _>>()?.concat();
    record_states(tx, now, changes).await?;
    ledger::open_and_post(tx, now, &transfers).await?;
    let mut unmade = Vec::new();
    for change in changes {
        let (what, why) = match &change.event {
            PayoutEvent::Settled(_) => continue,
            PayoutEvent::Returned(_, why) => ("came back from its bank", why),
            PayoutEvent::Refused(why) => ("was refused by the bank", why),
        };
        let why = if why.is_empty() {
            String::new()
        } else {
            format!(": {}", bank_reason(Locale::En, why))
        };
        unmade.push(UnmadePayout {
            payout_id: change.payout.payout_id,
            on: change.on,
            what: format!("{what}{why}"),
        });
    }
    unmake(tx, now, &unmade).await?;
    let settled = changes
        .iter()
        .filter(|c| matches!(c.event, PayoutEvent::Settled(_)));
    let announcements: Vec<Announcement> = settled.filter_map(announcement).collect();
    outbox::announce(tx, now, Kind::PayoutSettled, &announcements).await?;
    Ok(())
}

async fn record_states(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    changes: &[PayoutChange],
) -> Result<(), sqlx::Error> {
    // A statement may both settle and return a payout: the order of the changes numbers its states.
    sqlx::query(
        "insert into payout_state (payout_id, n, state, occurred_on, recorded_at)
         select s.payout_id, (select max(n) from payout_state o where o.payout_id = s.payout_id)
           + row_number() over (partition by s.payout_id order by s.line), s.state, s.day, $4
         from unnest($1::uuid[], $2::text[], $3::date[]) with ordinality s(payout_id, state,
           day, line) order by s.line",
    )
    .bind(
        changes
            .iter()
            .map(|c| c.payout.payout_id.0)
            .collect::<Vec<_>>(),
    )
    .bind(
        changes
            .iter()
            .map(|c| c.event.state().word())
            .collect::<Vec<_>>(),
    )
    .bind(changes.iter().map(|c| c.on).collect::<Vec<_>>())
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

impl PayoutEvent {
    const fn state(&self) -> PayoutState {
        match self {
            Self::Settled(_) => PayoutState::Settled,
            Self::Returned(..) => PayoutState::Returned,
            Self::Refused(_) => PayoutState::Refused,
        }
    }
}

fn transfers(change: &PayoutChange) -> Result<Vec<Transfer>, PostError> {
    let payout = &change.payout;
    let amount = Amount::from_cents(payout.amount_cents).map_err(|_| PostError::Overflow)?;
    let fact = Fact {
        id: payout.payout_id.0,
        occurred_at: paris_midnight(change.on),
    };
    let of = payout.payee.paid_from();
    Ok(match &change.event {
        PayoutEvent::Settled(from) => vec![ledger::payout_settled(fact, RAIL, *from, amount)],
        PayoutEvent::Returned(at, _) => ledger::payout_returned(fact, RAIL, of, (*at, amount)),
        PayoutEvent::Refused(_) => vec![ledger::payout_refused(fact, RAIL, of, amount)],
    })
}

/// What an association is told; nobody of a give-back.
fn announcement(change: &PayoutChange) -> Option<Announcement> {
    let p = &change.payout;
    let (association, _) = p.payee.association()?;
    Some(Announcement {
        subject: p.payout_id.0,
        merchant: None,
        association: Some(association),
        occurred_at: paris_midnight(change.on),
        data: json!({
            "payout_id": p.payout_id.to_string(),
            "count": p.count,
            "amount": crate::values::euros(p.amount_cents),
            "reference": p.reference,
            "settled_on": change.on,
        }),
    })
}
