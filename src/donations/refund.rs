//! Refunds: the merchant gave back a donation, whole or in part. The fact is recorded whatever the
//! donation's stage, and posted by it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::record::RecordError;
use super::stage::{self, RefundedDonation, Stage};
use crate::cases::{self, CaseKind, NewCase};
use crate::ledger::{self, Account, Borne, Fact, Parties, PostError, Transfer};
use crate::refunds_due::{self, NewRefundDue, Origin, shortfall_id};
use crate::values::{Amount, DonationId, EventId, derived_id, euros};

/// A refund that an event reports.
#[derive(Clone, Debug)]
pub struct NewRefund {
    /// The donation, or the first of its order where the order has several.
    pub donation_id: DonationId,
    /// The merchant's own name for the refund.
    pub refund_id: String,
    /// How much was given back of the order's donations; none for all that is left.
    pub amount: Option<Amount>,
    /// The slug of the cause that it was given back of first, where the order has several.
    pub cause: Option<String>,
    pub event_id: EventId,
    pub occurred_at: DateTime<Utc>,
}

/// What became of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundOutcome {
    Done,
    /// It was told before, or nothing was left to give back; once is enough.
    Already,
    /// Its donation is not here yet.
    Unknown,
}

/// What a batch of refunds did.
#[derive(Clone, Debug, Default)]
pub struct Refunded {
    /// What became of each refund, in order.
    pub outcomes: Vec<RefundOutcome>,
    /// The donations of which something was given back.
    pub donations: Vec<DonationId>,
}

/// A refund about to be written.
struct RefundRow<'a> {
    refund: &'a NewRefund,
    donation_id: DonationId,
    amount: Amount,
    stage: Stage,
    after_collection: bool,
}

impl RefundRow<'_> {
    /// Names the refund in the ledger.
    fn fact_id(&self) -> Uuid {
        fact_id(self.refund, self.donation_id)
    }
}

fn fact_id(refund: &NewRefund, donation: DonationId) -> Uuid {
    derived_id(&format!("refund:{donation}:{}", refund.refund_id))
}

/// What a batch of refunds writes.
#[derive(Default)]
struct Batch<'a> {
    rows: Vec<RefundRow<'a>>,
    transfers: Vec<Transfer>,
    due: Vec<NewRefundDue>,
    cases: Vec<NewCase>,
}

/// Records a batch of refunds and posts them.
///
/// The caller holds the settlement lock shared: a run that prepares collections or payouts waits
/// for it, or it for the run, so that no donation is refunded and collected in the same moment.
/// Afterwards it takes back the prepared payouts of these donations.
///
/// # Errors
/// `RecordError::Known` when another transaction refunded one of these donations meanwhile.
pub async fn refund(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    new: &[NewRefund],
) -> Result<Refunded, RecordError> {
    if new.is_empty() {
        return Ok(Refunded::default());
    }
    let mut orders = stage::load(db, new.iter().map(|r| r.donation_id)).await?;
    let mut payable = lock_payables(db, orders.values().flatten()).await?;
    let mut batch = Batch::default();
    let mut outcomes = Vec::with_capacity(new.len());
    for refund in new {
        outcomes.push(match orders.get_mut(&refund.donation_id) {
            None => RefundOutcome::Unknown,
            Some(order) => batch.add(refund, order, &mut payable)?,
        });
    }
    // In one order everywhere, because writing a refund locks its donation.
    batch.rows.sort_unstable_by_key(|r| r.donation_id);
    insert(db, now, &batch.rows).await?;
    refunds_due::record(db, now, &batch.due).await?;
    if batch.due.is_empty() {
        ledger::post(db, now, &batch.transfers).await?;
    } else {
        ledger::open_and_post(db, now, &batch.transfers).await?;
    }
    cases::open(db, now, &batch.cases).await?;
    Ok(Refunded {
        outcomes,
        donations: batch.rows.iter().map(|r| r.donation_id).collect(),
    })
}

/// What the associations of donations that arrived are owed, locked: by slug, in cents.
async fn lock_payables(
    db: &mut PgConnection,
    donations: impl Iterator<Item = &RefundedDonation>,
) -> Result<BTreeMap<String, i64>, sqlx::Error> {
    let arrived = donations.filter(|d| d.stage() == Stage::Arrived);
    let slugs: BTreeSet<String> = arrived.map(|d| d.association.clone()).collect();
    let accounts: Vec<Account> = slugs
        .iter()
        .cloned()
        .map(Account::AssociationPayable)
        .collect();
    if accounts.is_empty() {
        return Ok(BTreeMap::new());
    }
    let held = ledger::lock_balances(db, &accounts).await?;
    Ok(slugs.into_iter().zip(held).collect())
}

impl<'a> Batch<'a> {
    /// Adds a refund of what it says, at most what is left of its order's donations, the latest
    /// first; a case says what is beyond.
    fn add(
        &mut self,
        refund: &'a NewRefund,
        order: &mut [RefundedDonation],
        payable: &mut BTreeMap<String, i64>,
    ) -> Result<RefundOutcome, PostError> {
        let Some(first) = order.first() else {
            return Ok(RefundOutcome::Unknown);
        };
        let recorded = order
            .iter()
            .filter_map(|d| d.refunded_as(&refund.refund_id));
        if let Some(cents) = recorded.reduce(|sum, cents| sum + cents) {
            if refund.amount.is_some_and(|told| told.cents() != cents) {
                self.cases.push(differs_case(refund, first, cents));
            }
            return Ok(RefundOutcome::Already);
        }
        let left = order.iter().map(RefundedDonation::left_cents).sum();
        let told = refund.amount.map_or(left, Amount::cents);
        if told > left {
            self.cases.push(beyond_case(refund, first, told, left));
        }
        if left == 0 {
            if told == 0 && first.has_order_set_aside {
                self.cases.push(set_aside_case(refund, first));
            }
            return Ok(RefundOutcome::Already);
        }
        let mut rest = told.min(left);
        let mut latest_first: Vec<&mut RefundedDonation> = order.iter_mut().rev().collect();
        // A stable sort: those of its cause come first, the others stay in order.
        latest_first.sort_by_key(|d| refund.cause.as_ref() != Some(&d.cause));
        for d in latest_first {
            let Ok(amount) = Amount::from_cents(rest.min(d.left_cents())) else {
                continue;
            };
            rest -= amount.cents();
            d.refunded_cents += amount.cents();
            d.refund_ids.push(refund.refund_id.clone());
            d.refund_cents.push(amount.cents());
            self.post(refund, d, amount, payable);
            self.rows.push(RefundRow {
                refund,
                donation_id: d.donation_id,
                amount,
                stage: d.stage(),
                after_collection: d.collection_state.is_some(),
            });
        }
        Ok(RefundOutcome::Done)
    }

    /// Posts a refund by the stage of its donation.
    fn post(
        &mut self,
        refund: &NewRefund,
        d: &RefundedDonation,
        amount: Amount,
        payable: &mut BTreeMap<String, i64>,
    ) {
        let fact = Fact {
            id: fact_id(refund, d.donation_id),
            occurred_at: refund.occurred_at,
        };
        let of = Parties {
            merchant: &d.merchant,
            association: &d.association,
        };
        match d.stage() {
            Stage::Pending => self
                .transfers
                .push(ledger::donation_refunded(fact, of, amount)),
            Stage::Arrived => {
                let held = payable.entry(d.association.clone()).or_default();
                let borne = Borne::of(amount.cents(), *held);
                *held -= borne.by_payable;
                self.transfers
                    .extend(ledger::donation_refunded_late(fact, of, borne));
                if borne.due > 0 {
                    self.due.push(NewRefundDue {
                        refund_due_id: shortfall_id(fact.id, d.association_id),
                        origin: Origin::Shortfall,
                        association: d.association_id,
                        amount_cents: borne.due,
                        occurred_at: refund.occurred_at,
                    });
                }
            }
            Stage::PaidOut => {
                self.transfers
                    .push(ledger::donation_refunded_after_payout(fact, of, amount));
                self.due.push(NewRefundDue {
                    refund_due_id: fact.id,
                    origin: Origin::Refund {
                        merchant: d.merchant_id,
                        donation: d.donation_id,
                    },
                    association: d.association_id,
                    amount_cents: amount.cents(),
                    occurred_at: refund.occurred_at,
                });
                self.cases.push(claim_case(fact.id, d, amount));
            }
            // The money never came and is given up: nobody owes it, so there is nothing to post.
            Stage::WrittenOff => {}
        }
    }
}

/// A refund of a donation that its association has: somebody must say who bears it.
fn claim_case(fact_id: Uuid, d: &RefundedDonation, amount: Amount) -> NewCase {
    NewCase {
        merchant: Some(d.merchant_id),
        association: Some(d.association_id),
        donation: Some(d.donation_id),
        ..NewCase::new(
            CaseKind::RefundAfterPayout,
            fact_id,
            format!(
                "{} gave back {amount} euros of order {:?}, whose donation {} already has",
                d.merchant, d.order_id, d.association
            ),
        )
    }
}

/// A refund of all while another order of the same number waits for a person: it may be of that.
fn set_aside_case(refund: &NewRefund, d: &RefundedDonation) -> NewCase {
    NewCase {
        merchant: Some(d.merchant_id),
        association: Some(d.association_id),
        donation: Some(d.donation_id),
        ..NewCase::new(
            CaseKind::RefundBeyondDonation,
            refund.event_id.0,
            format!(
                "{} gave back all of order {:?}, of whose donation nothing was left, while the \
                 same order waits for a decision: it may be of that one",
                d.merchant, d.order_id
            ),
        )
    }
}

/// A refund that was told with another amount before: somebody must ask which is true.
fn differs_case(refund: &NewRefund, d: &RefundedDonation, recorded_cents: i64) -> NewCase {
    let told = refund.amount.map_or(0, Amount::cents);
    NewCase {
        merchant: Some(d.merchant_id),
        association: Some(d.association_id),
        donation: Some(d.donation_id),
        ..NewCase::new(
            CaseKind::RefundDiffers,
            refund.event_id.0,
            format!(
                "{} told of one refund of order {:?} twice: first {} euros, which are posted, then \
                 {} euros",
                d.merchant,
                d.order_id,
                euros(recorded_cents),
                euros(told)
            ),
        )
    }
}

/// A refund of more than is left: somebody must ask the merchant.
fn beyond_case(refund: &NewRefund, d: &RefundedDonation, told: i64, left: i64) -> NewCase {
    NewCase {
        merchant: Some(d.merchant_id),
        association: Some(d.association_id),
        donation: Some(d.donation_id),
        ..NewCase::new(
            CaseKind::RefundBeyondDonation,
            refund.event_id.0,
            format!(
                "{} says that it gave back {} euros of order {:?}, of whose donation {} were left: \
                 {} is posted as given back, {} is not proven",
                d.merchant,
                euros(told),
                d.order_id,
                euros(left),
                euros(left),
                euros(told - left)
            ),
        )
    }
}

async fn insert(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    rows: &[RefundRow<'_>],
) -> Result<(), RecordError> {
    let refunds = || rows.iter().map(|r| r.refund);
    sqlx::query(
        "insert into donation_refund
           (donation_id, refund_id, fact_id, amount_cents, event_id, after_collection, stage,
             occurred_at, recorded_at)
         select n.donation_id, n.refund_id, n.fact_id, n.amount_cents, n.event_id, n.late,
           n.stage, n.occurred_at, $9
         from unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::uuid[], $6::boolean[],
           $7::text[], $8::timestamptz[])
           n(donation_id, refund_id, fact_id, amount_cents, event_id, late, stage, occurred_at)",
    )
    .bind(rows.iter().map(|r| r.donation_id.0).collect::<Vec<_>>())
    .bind(refunds().map(|r| r.refund_id.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(RefundRow::fact_id).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.amount.cents()).collect::<Vec<_>>())
    .bind(refunds().map(|r| r.event_id.0).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.after_collection).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.stage.word()).collect::<Vec<_>>())
    .bind(refunds().map(|r| r.occurred_at).collect::<Vec<_>>())
    .bind(now)
    .execute(db)
    .await
    .map_err(|error| match &error {
        sqlx::Error::Database(e)
            if e.is_unique_violation()
                || e.constraint() == Some("donation_refund_within_donation") =>
        {
            RecordError::Known
        }
        _ => RecordError::Database(error),
    })?;
    Ok(())
}
