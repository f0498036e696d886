//! Failing: a request for payment that was refused, money that was taken back after it had come.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::asked::{self, AskedCollection};
use super::settle::{named_by, take_named};
use super::shares::{Share, shares};
use super::state::{self, CollectionState, MoveError};
use super::told;
use crate::cases::{self, CaseKind, NewCase};
use crate::ledger::{self, Account, AssociationShare, Borne, PostError};
use crate::refunds_due::{self, NewRefundDue, Origin, shortfall_id};
use crate::values::{Amount, BankLine, CollectionId, Period, euros};

/// The request for payment was refused before any money moved.
///
/// The caller holds the settlement lock whole.
pub async fn reject(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    id: CollectionId,
) -> Result<(), MoveError> {
    let c = asked::load(tx, id).await?;
    c.state.ensure(CollectionState::Rejected)?;
    state::record(tx, now, &[id.0], &[on], CollectionState::Rejected).await?;
    let amount = Amount::from_cents(c.amount_cents).map_err(|_| PostError::Overflow)?;
    let transfer = ledger::collection_rejected(c.fact(on), c.rail, &c.merchant, amount);
    ledger::post(tx, now, &[transfer]).await?;
    cases::open(tx, now, &[failed_case(&c, on, "was refused")]).await?;
    Ok(())
}

/// Returns each settled collection that a reference of a debit names, if the amount is exactly what
/// had come. A return that a person told of before is only known by its debit, not made again.
/// Returns what each debit took back, in order.
///
/// The caller holds the settlement lock whole, and takes back the prepared payouts of their
/// donations.
pub async fn return_settled(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    debits: &[&BankLine],
) -> Result<Vec<Option<CollectionId>>, PostError> {
    let mut told = told::unshown(tx, debits).await?;
    let mut settled = named_by(tx, debits, CollectionState::Settled).await?;
    let mut outcomes = Vec::with_capacity(debits.len());
    for debit in debits {
        if let Some(told) = told::take_named(&mut told, debit) {
            told::show(tx, now, debit, &told).await?;
            outcomes.push(Some(told.collection_id));
            continue;
        }
        let collection = take_named(&mut settled, debit);
        outcomes.push(collection.as_ref().map(|c| c.collection_id));
        if let Some(collection) = collection {
            let transfers = give_up(tx, now, debit.booked_on, &collection).await?;
            let (fact, rail) = (collection.fact(debit.booked_on), collection.rail);
            let merchant = &collection.merchant;
            let transfers =
                ledger::collection_returned(fact, rail, merchant, debit.amount, &transfers);
            ledger::open_and_post(tx, now, &transfers).await?;
        }
    }
    Ok(outcomes)
}

/// A person says that a settled collection was taken back, before the bank's statement shows it.
///
/// The caller holds the settlement lock whole, and takes back the prepared payouts of its
/// donations.
pub async fn return_told(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    id: CollectionId,
) -> Result<(), MoveError> {
    let c = asked::load(tx, id).await?;
    c.state.ensure(CollectionState::Returned)?;
    let amount = Amount::from_cents(c.amount_cents).map_err(|_| MoveError::NothingCame)?;
    let shares = give_up(tx, now, on, &c).await?;
    told::record(tx, now, on, &c).await?;
    let transfers =
        ledger::collection_return_told(c.fact(on), c.rail, &c.merchant, amount, &shares);
    ledger::open_and_post(tx, now, &transfers).await?;
    Ok(())
}

/// Writes that a settled collection was taken back, opens its case, and says what each association
/// gives up; the caller posts it.
async fn give_up(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    c: &AskedCollection,
) -> Result<Vec<AssociationShare>, PostError> {
    let id = c.collection_id;
    // Before the shares are asked for, which look for paid out donations once this state is there.
    state::record(tx, now, &[id.0], &[on], CollectionState::Returned).await?;
    let held = shares(tx, &[id.0], &[c.merchant_id.0]).await?;
    let held = held.get(&id).map_or(&[][..], Vec::as_slice);
    let fact = c.fact(on);
    let accounts: Vec<Account> = held
        .iter()
        .map(|share| Account::AssociationPayable(share.association.clone()))
        .collect();
    let payable = ledger::lock_balances(tx, &accounts).await?;
    let (mut given_up, mut due) = (Vec::new(), Vec::new());
    for (share, payable) in held.iter().zip(payable) {
        let borne = Borne::of(share.amount.cents(), payable);
        due.extend(shortfall(fact.id, share, borne, fact.occurred_at));
        given_up.push(AssociationShare {
            association: share.association.clone(),
            borne,
        });
    }
    refunds_due::record(tx, now, &due).await?;
    let case = failed_case(c, on, "was taken back after it was paid");
    cases::open(tx, now, &[case]).await?;
    Ok(given_up)
}

fn shortfall(
    fact_id: Uuid,
    share: &Share,
    borne: Borne,
    occurred_at: DateTime<Utc>,
) -> Option<NewRefundDue> {
    (borne.due > 0).then(|| NewRefundDue {
        refund_due_id: shortfall_id(fact_id, share.association_id),
        origin: Origin::Shortfall,
        association: share.association_id,
        amount_cents: borne.due,
        occurred_at,
    })
}

fn failed_case(c: &AskedCollection, on: NaiveDate, what: &str) -> NewCase {
    NewCase {
        merchant: Some(c.merchant_id),
        ..NewCase::new(
            CaseKind::CollectionFailed,
            c.collection_id.0,
            format!(
                "the collection of {} euros from {} for {} ({}) {what} on {on}",
                euros(c.amount_cents),
                c.merchant,
                Period::of(c.period),
                c.reference
            ),
        )
    }
}
