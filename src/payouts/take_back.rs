//! Taking back: a payout that did not leave is given up, its approvals are void, and its donations
//! are free for the next.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::state::{MoveError, PayoutState, Standing};
use crate::values::{AssociationId, CollectionId, DonationId, PayoutId, paris_day};

/// Takes back the prepared payouts that hold one of these donations, because something was given
/// back of it. What remains goes with the next payout.
///
/// The caller holds the settlement lock, at least shared.
pub async fn take_back_prepared(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    donations: &[DonationId],
) -> Result<(), sqlx::Error> {
    if donations.is_empty() {
        return Ok(());
    }
    let payouts: Vec<Uuid> = sqlx::query_scalar(
        "select distinct l.payout_id from payout_donation l
           join payout_current_state s using (payout_id)
         where l.donation_id = any($1) and l.live and s.state = 'prepared' order by l.payout_id",
    )
    .bind(donations.iter().map(|d| d.0).collect::<Vec<_>>())
    .fetch_all(&mut *tx)
    .await?;
    take_back(tx, now, &payouts).await
}

/// A person takes a prepared payout back.
///
/// The caller holds the settlement lock whole.
pub async fn take_back_one(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    id: PayoutId,
) -> Result<(), MoveError> {
    let payout = Standing::load(tx, id).await?;
    payout.state.ensure(PayoutState::TakenBack)?;
    take_back(tx, now, &[id.0]).await?;
    Ok(())
}

/// Takes back what is prepared for an association: it is suspended. Returns the payouts.
///
/// The caller holds the settlement lock whole.
pub async fn take_back_of_association(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    slug: &str,
) -> Result<Vec<PayoutId>, sqlx::Error> {
    let payouts: Vec<Uuid> = sqlx::query_scalar(
        "select p.payout_id from payout p join association a using (association_id)
           join payout_current_state s using (payout_id)
         where a.slug = $1 and s.state = 'prepared' order by p.payout_id",
    )
    .bind(slug)
    .fetch_all(&mut *tx)
    .await?;
    take_back(tx, now, &payouts).await?;
    Ok(payouts.into_iter().map(PayoutId).collect())
}

/// Takes back prepared payouts.
pub(super) async fn take_back(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    payouts: &[Uuid],
) -> Result<(), sqlx::Error> {
    if payouts.is_empty() {
        return Ok(());
    }
    // Two refunds may take back one payout at the same moment: the first does.
    let taken_back: Vec<Uuid> = sqlx::query_scalar(
        "insert into payout_state (payout_id, n, state, occurred_on, recorded_at)
         select payout_id, n + 1, 'taken_back', $2, $3 from payout_current_state
         where payout_id = any($1) and state = 'prepared'
         on conflict do nothing returning payout_id",
    )
    .bind(payouts)
    .bind(paris_day(now))
    .bind(now)
    .fetch_all(&mut *tx)
    .await?;
    sqlx::query("update payout_donation set live = false where payout_id = any($1) and live")
        .bind(&taken_back)
        .execute(tx)
        .await?;
    Ok(())
}

/// Takes back the prepared payouts that hold donations of those of these collections whose money
/// was taken back, and did not come again since.
///
/// The caller holds the settlement lock whole.
pub async fn take_back_of_collections(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    collections: &[CollectionId],
) -> Result<(), sqlx::Error> {
    if collections.is_empty() {
        return Ok(());
    }
    let payouts: Vec<Uuid> = sqlx::query_scalar(
        "select distinct l.payout_id from collection_donation c
           join payout_donation l using (donation_id)
           join payout_current_state s using (payout_id)
           join collection_current_state t using (collection_id)
         where c.collection_id = any($1) and l.live and s.state = 'prepared'
           and t.state not in ('settled', 'written_off')
         order by l.payout_id",
    )
    .bind(collections.iter().map(|c| c.0).collect::<Vec<_>>())
    .fetch_all(&mut *tx)
    .await?;
    take_back(tx, now, &payouts).await
}

/// Takes back the prepared payouts of those of these associations that are owed less than their
/// prepared payouts together.
///
/// The caller holds the settlement lock of their partition.
pub(super) async fn take_back_unowed(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    associations: &[AssociationId],
) -> Result<(), sqlx::Error> {
    let payouts: Vec<Uuid> = sqlx::query_scalar(
        "with prepared as (
           select p.payout_id, p.association_id, p.amount_cents
           from payout p join payout_current_state s using (payout_id)
           where p.association_id = any($1) and s.state = 'prepared'),
         wanted as (
           select association_id, sum(amount_cents) as cents from prepared
           group by association_id)
         select p.payout_id from prepared p join wanted w using (association_id)
         join association a using (association_id)
         join account k on k.kind = 'association_payable' and k.owner = a.slug
         join account_balance b using (account_id)
         where w.cents > b.credits_cents - b.debits_cents order by p.payout_id",
    )
    .bind(associations.iter().map(|a| a.0).collect::<Vec<_>>())
    .fetch_all(&mut *tx)
    .await?;
    take_back(tx, now, &payouts).await
}
