//! Failing: a request for payment that was refused, money that was taken back after it had come.

use chrono::{DateTime, Days, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::asked::{self, AskedCollection};
use super::shares::{Share, shares};
use super::state::{self, CollectionState, MoveError};
use super::submit::attempt_again;
use super::told;
use crate::cases::{self, CaseKind, NewCase};
use crate::ledger::{self, Account, AssociationShare, Borne, MoneyAt, PostError};
use crate::refunds_due::{self, NewRefundDue, Origin, shortfall_id};
use crate::values::{Amount, CollectionId, Period, euros, paris_day};

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
    post_rejection(tx, now, on, &c).await?;
    cases::open(tx, now, &[failed_case(&c, on, "was refused")]).await?;
    Ok(())
}

/// Waits no more for a collection that is not paid: it can be asked for again, or given up.
pub async fn stop_waiting(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    id: CollectionId,
) -> Result<(), MoveError> {
    let c = asked::load(tx, id).await?;
    if c.state == CollectionState::Submitted {
        reject(tx, now, on, id).await?;
    }
    Ok(())
}

/// What was asked for is owed again.
pub(super) async fn post_rejection(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    c: &AskedCollection,
) -> Result<(), PostError> {
    let amount = Amount::from_cents(c.amount_cents).map_err(|_| PostError::Overflow)?;
    let transfer = ledger::collection_rejected(c.fact(on), c.rail, &c.merchant, amount);
    ledger::post(tx, now, &[transfer]).await
}

/// A settled collection whose money was taken back, whole.
pub struct Return {
    pub collection: AskedCollection,
    pub on: NaiveDate,
    /// Where the books have the debit that took it.
    pub from: MoneyAt,
}

/// Returns settled collections.
///
/// The caller holds the settlement lock whole, and takes back the prepared payouts of their
/// donations.
pub async fn return_settled(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    returns: &[Return],
) -> Result<(), PostError> {
    for r in returns {
        return_one(tx, now, r, None).await?;
        let case = failed_case(&r.collection, r.on, "was taken back after it was paid");
        cases::open(tx, now, &[case]).await?;
    }
    Ok(())
}

/// Undoes a settlement that rested on a mistake: its money is in suspense, and the collection is
/// asked for as before.
///
/// The caller holds the settlement lock whole, and takes back the prepared payouts of its
/// donations.
pub async fn undo_settlement(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    collection: AskedCollection,
) -> Result<(), PostError> {
    let (id, asked) = (collection.collection_id, collection.amount_cents);
    let corrected = collection.fact_id;
    let returned = Return {
        collection,
        on,
        from: MoneyAt::Suspense,
    };
    return_one(tx, now, &returned, Some(corrected)).await?;
    attempt_again(tx, now, on, id, asked).await
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
    let case = failed_case(&c, on, "was taken back after it was paid");
    cases::open(tx, now, &[case]).await?;
    let transfers =
        ledger::collection_return_told(c.fact(on), c.rail, &c.merchant, amount, &shares);
    ledger::open_and_post(tx, now, &transfers).await?;
    Ok(())
}

async fn return_one(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    returned: &Return,
    corrects: Option<Uuid>,
) -> Result<(), PostError> {
    let (c, on) = (&returned.collection, returned.on);
    let given_up = give_up(tx, now, on, c).await?;
    let amount = Amount::from_cents(c.amount_cents).map_err(|_| PostError::Overflow)?;
    let (fact, money) = (c.fact(on), (returned.from, amount));
    let mut transfers = ledger::collection_returned(fact, c.rail, &c.merchant, money, &given_up);
    if let Some(corrected) = corrects {
        let correcting = transfers.into_iter().map(|t| t.correcting(corrected));
        transfers = correcting.collect();
    }
    ledger::open_and_post(tx, now, &transfers).await
}

/// Writes that a settled collection was taken back, and says what each association gives up; the
/// caller posts it.
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

/// How long a merchant may take to pay what it is asked for before a person looks at it.
const UNPAID_DAYS: Days = Days::new(30);

/// Opens a case for each collection that was asked for thirty days ago and is not paid.
pub async fn open_unpaid_cases(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let on = paris_day(now);
    let unpaid: Vec<Uuid> = sqlx::query_scalar(
        "select c.collection_id from collection c join collection_current_state s
           using (collection_id)
         join collection_last_attempt t using (collection_id)
         join collection_attempt a on a.collection_id = c.collection_id and a.fact_id = t.fact_id
         where s.state = 'submitted' and a.submitted_at <= $1 and a.amount_cents > 0
         order by c.collection_id",
    )
    .bind(now - UNPAID_DAYS)
    .fetch_all(&mut *tx)
    .await?;
    let unpaid = asked::asked_by_id(tx, &unpaid).await?;
    let what = "is not paid, thirty days after it was asked for, as seen";
    let new: Vec<NewCase> = unpaid.iter().map(|c| failed_case(c, on, what)).collect();
    cases::open(tx, now, &new).await
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
