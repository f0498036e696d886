//! Paying again: what a payout held that was refused or came back goes with a new one, to the
//! account on file now, which two people approve again.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

use super::give_back::give_back_again;
use super::state::{self, MoveError, PayoutState, Standing};
use crate::cases::{self, CaseKind, Decision};
use crate::rails::transfer;
use crate::values::{PayoutId, euros};

/// What of a payout is still its association's: donations that arrived, that no other payout holds.
/// The new payout is never more than the association is owed beside its prepared payouts.
const PREPARE: &str = "with arrived as (
       select l.donation_id, d.amount_cents - coalesce(r.taken_cents, 0) as due_cents
       from payout_donation l join donation d using (donation_id)
       left join lateral (select t.taken_cents from refund_taken t
         where t.donation_id = l.donation_id) r on true
       where l.payout_id = $1 and d.amount_cents > coalesce(r.taken_cents, 0)
         and exists (
           select 1 from collection_donation c join collection_current_state s
             using (collection_id)
           where c.donation_id = l.donation_id and c.live and (s.state = 'settled'
             or exists (select 1 from borne_donation b where b.donation_id = l.donation_id)))
         and not exists (
           select 1 from payout_donation p where p.donation_id = l.donation_id and p.live)),
     owed as (
       select b.credits_cents - b.debits_cents - coalesce((
           select sum(p.amount_cents) from payout p join payout_current_state s using (payout_id)
           where p.association_id = $3 and s.state = 'prepared'), 0) as cents
       from association a
       join account k on k.kind = 'association_payable' and k.owner = a.slug
       join account_balance b using (account_id) where a.association_id = $3),
     due as (
       select g.count, least(g.cents, o.cents) as cents,
         g.cents - least(g.cents, o.cents) as deducted_cents
       from (select count(*)::int as count, sum(due_cents)::bigint as cents from arrived) g
       cross join owed o where g.count > 0 and least(g.cents, o.cents) > 0),
     prepared as (
       insert into payout
         (payout_id, association_id, count, amount_cents, deducted_cents, reference, prepared_on,
           prepared_at, again_of)
       select $2, $3, count, cents, deducted_cents, $4, $5, $6, $1 from due),
     stated as (
       insert into payout_state (payout_id, n, state, occurred_on, recorded_at)
       select $2, 1, 'prepared', $5, $6 from due)
     insert into payout_donation (donation_id, payout_id)
     select donation_id, $2 from arrived cross join due order by donation_id";

/// Pays a refused or returned payout again. Returns the new payout; none when nothing of the old
/// one is left to pay now: its donations then go with the next payout once their money is there.
///
/// The caller holds the settlement lock whole.
pub async fn pay_again(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    id: PayoutId,
    decision: Decision<'_>,
) -> Result<Option<PayoutId>, MoveError> {
    let payout = Standing::load(tx, id).await?;
    payout.state.ensure(PayoutState::PaidAgain)?;
    refuse_if_it_left(tx, id).await?;
    let Some((association, slug)) = payout.payee.association() else {
        return give_back_again(tx, now, on, (id, &payout.payee), decision).await;
    };
    if payout.is_suspended {
        return Err(MoveError::Suspended(slug.to_owned()));
    }
    state::record(tx, now, on, id, PayoutState::PaidAgain).await?;
    let again = PayoutId::new();
    let linked = sqlx::query(PREPARE)
        .bind(id)
        .bind(again)
        .bind(association)
        .bind(transfer::end_to_end_id(again))
        .bind(on)
        .bind(now)
        .execute(&mut *tx)
        .await?;
    cases::close(tx, now, CaseKind::PayoutFailed, &[id.0], decision).await?;
    Ok((linked.rows_affected() > 0).then_some(again))
}

/// Refuses while a debit stands in suspense that names the payout: its money is not back with us.
async fn refuse_if_it_left(tx: &mut PgConnection, id: PayoutId) -> Result<(), MoveError> {
    let left: Option<i64> = sqlx::query_scalar(
        "select l.open_cents from bank_hold_current h join bank_line_position l using (line_id)
         where h.payout_id = $1 and l.side = 'debit' and l.open_cents > 0
         order by l.line_id limit 1",
    )
    .bind(id)
    .fetch_optional(tx)
    .await?;
    match left {
        Some(cents) => Err(MoveError::LeftAfterAll(euros(cents))),
        None => Ok(()),
    }
}
