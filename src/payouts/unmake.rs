//! Unmaking: what a payout that came back, or was refused, does to its donations. They are free
//! for the next payout; what was given back of them meanwhile is nobody's any more; and those whose
//! own money was taken back meanwhile are promised again.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::cases::{self, CaseKind, NewCase};
use crate::ledger::{self, Account, AssociationShare, Borne, Fact, PostError};
use crate::refunds_due::{self, NewRefundDue, Origin, shortfall_id};
use crate::values::{AssociationId, PayoutId, euros, paris_midnight};

/// A payout whose money is back with us.
pub(super) struct UnmadePayout {
    pub payout_id: PayoutId,
    pub on: NaiveDate,
    /// What happened, in words.
    pub what: String,
}

#[derive(FromRow)]
struct Unarrived {
    association_id: AssociationId,
    association: String,
    cents: i64,
}

/// Unmakes payouts, one after the other. Their money is posted already.
///
/// The caller holds the settlement lock whole.
pub(super) async fn unmake(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    payouts: &[UnmadePayout],
) -> Result<(), PostError> {
    for payout in payouts {
        let donations: Vec<Uuid> = sqlx::query_scalar(
            "update payout_donation set live = false where payout_id = $1 and live
             returning donation_id",
        )
        .bind(payout.payout_id)
        .fetch_all(&mut *tx)
        .await?;
        let due = refunds_due::open_of_donations(tx, &donations).await?;
        if !due.is_empty() {
            refunds_due::settle_unmade(tx, now, payout.on, &due).await?;
        }
        promise_again(tx, now, payout, &donations).await?;
        open_case(tx, now, payout).await?;
    }
    Ok(())
}

/// Donations whose collection was taken back while they were with the association are promised
/// again, as far as the association still holds their money.
async fn promise_again(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    payout: &UnmadePayout,
    donations: &[Uuid],
) -> Result<(), PostError> {
    let unarrived: Vec<Unarrived> = sqlx::query_as(
        "select d.association_id, a.slug as association,
           sum(d.amount_cents - coalesce(r.taken_cents, 0))::bigint as cents
         from donation d join association a using (association_id)
         left join lateral (select t.taken_cents from refund_taken t
           where t.donation_id = d.donation_id) r on true
         cross join lateral (
           select (select s.state from collection_state s
             where s.collection_id = l.collection_id order by s.n desc limit 1) as state
           from collection_donation l where l.donation_id = d.donation_id and l.live) c
         where d.donation_id = any($1) and c.state not in ('settled', 'written_off')
           and not exists (select 1 from borne_donation b where b.donation_id = d.donation_id)
         group by d.association_id, a.slug
         having sum(d.amount_cents - coalesce(r.taken_cents, 0)) > 0",
    )
    .bind(donations)
    .fetch_all(&mut *tx)
    .await?;
    let fact = Fact {
        id: payout.payout_id.0,
        occurred_at: paris_midnight(payout.on),
    };
    for u in unarrived {
        let payable = Account::AssociationPayable(u.association.clone());
        let held = ledger::lock_balances(tx, &[payable]).await?;
        let borne = Borne::of(u.cents, held.first().copied().unwrap_or(0));
        if borne.due > 0 {
            let due = NewRefundDue {
                refund_due_id: shortfall_id(fact.id, u.association_id),
                origin: Origin::Shortfall,
                association: u.association_id,
                amount_cents: borne.due,
                occurred_at: fact.occurred_at,
            };
            refunds_due::record(tx, now, &[due]).await?;
        }
        let share = AssociationShare {
            association: u.association,
            borne,
        };
        let transfers = ledger::payout_unmade_promise(fact, &share);
        ledger::open_and_post(tx, now, &transfers).await?;
    }
    Ok(())
}

async fn open_case(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    payout: &UnmadePayout,
) -> Result<(), sqlx::Error> {
    let (association_id, association, amount_cents, reference): (
        AssociationId,
        String,
        i64,
        String,
    ) = sqlx::query_as(
        "select p.association_id, a.slug, p.amount_cents, p.reference
             from payout p join association a using (association_id) where p.payout_id = $1",
    )
    .bind(payout.payout_id)
    .fetch_one(&mut *tx)
    .await?;
    let case = NewCase {
        association: Some(association_id),
        ..NewCase::new(
            CaseKind::PayoutFailed,
            payout.payout_id.0,
            format!(
                "the payout of {} euros to {association} ({reference}) {} on {}",
                euros(amount_cents),
                payout.what,
                payout.on
            ),
        )
    };
    cases::open(tx, now, &[case]).await
}
