//! Approving: two different operators, then the money leaves; never more than is there, decided
//! under lock.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::cover::{Cover, causes_of_shortage, cover};
use super::state::{self, PayoutState, RAIL};
use crate::cases::{self, CaseKind, Decision, NewCase};
use crate::db::settlement_lock;
use crate::ledger::{self, Account, Fact, PostError};
use crate::parties::account;
use crate::values::{Amount, AssociationId, OperatorId, PayoutId, euros, paris_midnight};

/// Why an approval does not count.
#[derive(Debug, thiserror::Error)]
pub enum ApproveError {
    #[error("there is no such payout; see `obole payouts run`")]
    Unknown,
    #[error("you have already approved this payout: another operator is needed")]
    SamePerson,
    #[error("this payout has already left")]
    AlreadyLeft,
    #[error(
        "this payout was taken back, because something of it was given back or did not stay, or \
         its association is suspended; `obole payouts run` prepares what remains"
    )]
    TakenBack,
    #[error("not approved: {0}")]
    Held(String),
    #[error(transparent)]
    Post(#[from] PostError),
    #[error("the database refused")]
    Database(#[from] sqlx::Error),
}

/// What an approval led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Approval {
    /// Another person must approve.
    First,
    /// What was approved before has changed since: those approvals are void, this one is the first
    /// of a new round, and whoever approved before must approve again.
    FirstAgain,
    /// The order leaves.
    Leaves,
    /// Two people approved, and it waits until the account covers it; why, in words.
    Waits(String),
}

#[derive(FromRow)]
struct ApprovedPayout {
    payout_id: PayoutId,
    association_id: AssociationId,
    association: String,
    amount_cents: i64,
    state: PayoutState,
    /// Approvals that count.
    approvals: i64,
    /// The last round of approvals, from 1; 0 before the first.
    round: i16,
}

/// One payout, or all that two people approved and that have not left.
const PAYOUTS: &str = "select payout_id, association_id, a.slug as association, amount_cents,
       s.state, v.approvals, v.round
     from payout p join association a using (association_id)
     cross join lateral (select state from payout_state s
       where s.payout_id = p.payout_id order by s.n desc limit 1) s
     cross join lateral (
       select (select count(*) from payout_valid_approval w
           where w.payout_id = p.payout_id) as approvals,
         (select coalesce(max(w.round), 0) from payout_approval w
           where w.payout_id = p.payout_id)::smallint as round) v
     where payout_id = $1 or ($1 is null and s.state = 'prepared' and v.approvals >= 2)
     order by p.prepared_at, p.payout_id";

/// Counts an operator's approval of the payout as it is: its account, the account's holder, its
/// amount. With the second of the same, it is posted as submitted, or waits for cover, which is a
/// case. Returns which.
pub async fn approve(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    payout: PayoutId,
    operator: OperatorId,
) -> Result<Approval, ApproveError> {
    // The lock also keeps two approvals of one payout from each seeing itself as the first.
    settlement_lock::lock_exclusive(tx).await?;
    let found: Option<ApprovedPayout> = sqlx::query_as(PAYOUTS)
        .bind(Some(payout))
        .fetch_optional(&mut *tx)
        .await?;
    let mut found = found.ok_or(ApproveError::Unknown)?;
    match found.state {
        PayoutState::Prepared => {}
        PayoutState::TakenBack => return Err(ApproveError::TakenBack),
        _ => return Err(ApproveError::AlreadyLeft),
    }
    if let Some(held) = account::held(tx, on, &[found.association_id]).await?.pop() {
        return Err(ApproveError::Held(held.reason()));
    }
    let void = found.round > 0 && found.approvals == 0;
    let round = found.round.max(1) + i16::from(void);
    let counted = sqlx::query(
        "insert into payout_approval (payout_id, round, operator_id, name, iban, bic, amount_cents,
           changes, approved_at)
         select p.payout_id, $2, $3, a.name, a.iban, a.bic, p.amount_cents, a.changes, $4
         from payout p join association_account a using (association_id) where p.payout_id = $1
         on conflict do nothing",
    )
    .bind(payout)
    .bind(round)
    .bind(operator)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    if counted.rows_affected() == 0 {
        return Err(ApproveError::SamePerson);
    }
    found.approvals += 1;
    match found.approvals {
        ..=1 if void => Ok(Approval::FirstAgain),
        ..=1 => Ok(Approval::First),
        _ => Ok(submit_covered(tx, now, on, &found).await?),
    }
}

/// Submits the payouts that two people approved and that waited for cover, oldest first, as far as
/// it now reaches.
pub async fn submit_waiting(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
) -> Result<(), PostError> {
    settlement_lock::lock_exclusive(tx).await?;
    let waiting: Vec<ApprovedPayout> = sqlx::query_as(PAYOUTS)
        .bind(None::<PayoutId>)
        .fetch_all(&mut *tx)
        .await?;
    let associations: Vec<AssociationId> = waiting.iter().map(|p| p.association_id).collect();
    let held = account::held(tx, on, &associations).await?;
    let is_held = |a: AssociationId| held.iter().any(|h| h.association_id == a);
    for payout in waiting.iter().filter(|p| !is_held(p.association_id)) {
        submit_covered(tx, now, on, payout).await?;
    }
    Ok(())
}

/// Posts a payout as submitted, if the account covers everything that may be asked of it and holds
/// what it needs. Otherwise a case holds it.
async fn submit_covered(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    payout: &ApprovedPayout,
) -> Result<Approval, PostError> {
    let payable = Account::AssociationPayable(payout.association.clone());
    let cash = Account::SafeguardedCash(RAIL.cash_account());
    let held = ledger::lock_balances(tx, &[payable, cash]).await?;
    let payable_cents = held.first().copied().unwrap_or(0);
    let cover = cover(tx).await?;
    if let Some(mut why) = obstacle(payout.amount_cents, payable_cents, &cover) {
        let causes = causes_of_shortage(tx).await?;
        if !causes.is_empty() {
            why = format!("{why}: {causes}");
        }
        let case = NewCase::new(CaseKind::ShortOfCover, Uuid::nil(), why.clone());
        cases::open(tx, now, &[case]).await?;
        return Ok(Approval::Waits(why));
    }
    state::record(tx, now, on, payout.payout_id, PayoutState::Submitted).await?;
    let amount = Amount::from_cents(payout.amount_cents).map_err(|_| PostError::Overflow)?;
    let fact = Fact {
        id: payout.payout_id.0,
        occurred_at: paris_midnight(on),
    };
    let transfer = ledger::payout_submitted(fact, RAIL, &payout.association, amount);
    ledger::post(tx, now, &[transfer]).await?;
    let decision = Decision {
        decision: "covered",
        by: "obole",
        why: "the account covers what is asked of it",
    };
    cases::close(tx, now, CaseKind::ShortOfCover, &[Uuid::nil()], decision).await?;
    Ok(Approval::Leaves)
}

/// Why a payout may not leave now, in words; none when it may.
fn obstacle(wanted_cents: i64, payable_cents: i64, cover: &Cover) -> Option<String> {
    if cover.left_cents() < 0 {
        return Some(format!(
            "the account is {} euros short of what may be asked of it",
            euros(-cover.left_cents())
        ));
    }
    let held = payable_cents.min(cover.cash_cents);
    (held < wanted_cents).then(|| {
        format!(
            "the account holds {} euros for this payout, and {} are wanted",
            euros(held),
            euros(wanted_cents)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(cash: i64, owed: i64, credit: i64) -> Cover {
        Cover {
            cash_cents: cash,
            owed_cents: owed,
            credit_cents: credit,
            unexplained_cents: 0,
        }
    }

    #[test]
    fn nothing_leaves_while_something_is_missing_for_anybody() {
        assert_eq!(obstacle(2000, 2000, &account(4000, 4000, 0)), None);
        // A bank fee took five: neither association is paid with the other's money.
        let short = obstacle(2000, 2000, &account(3500, 4000, 0)).unwrap();
        assert!(short.contains("5.00 euros short"), "{short}");
        // A shop's credit is nobody's to spend.
        assert!(obstacle(2000, 2000, &account(4000, 3500, 600)).is_some());
        let owed_less = obstacle(2000, 1500, &account(4000, 4000, 0)).unwrap();
        assert!(owed_less.contains("15.00"), "{owed_less}");
    }
}
