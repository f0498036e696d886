//! What the events of a batch call for: each is read, from memory or from its stored body, and
//! sorted by what is to be done.

use std::collections::HashMap;

use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection};

use super::decide::{ReceivedCheckout, occurred_at};
use super::dialects::{Sender, parse};
use super::endpoint::EndpointContext;
use super::event::{Checkout, Event, ParseError, Refund, RefundProof};
use super::order_identity::OrderIdentity;
use super::outcome::{EventOutcome, Outcome};
use super::parsed::ParsedEvents;
use super::problem::{Problem, ProblemState};
use super::queue::{QueuedEvent, WAITS_FOR_A_RUN};
use crate::cases::NewCase;
use crate::donations::NewRefund;
use crate::parties::merchant::Merchant;
use crate::values::{Amount, DonationId, EndpointId, EventId, MerchantId};

/// An event of the batch and whose it is.
#[derive(Clone, Copy)]
pub(super) struct Source<'b> {
    pub event: &'b QueuedEvent,
    pub merchant_id: MerchantId,
}

impl Source<'_> {
    /// Its problem, after this attempt.
    pub fn problem(self, state: ProblemState, reason: impl Into<String>) -> Problem {
        Problem::new(self.event, state, reason.into())
    }

    /// Its problem while it waits for something else: this was no attempt.
    pub fn waiting(self, state: ProblemState, reason: impl Into<String>) -> Problem {
        Problem::waiting(self.event, state, reason.into())
    }

    pub fn outcome(self, outcome: Outcome) -> EventOutcome {
        EventOutcome {
            event_id: self.event.event_id,
            outcome,
        }
    }
}

/// A checkout to decide and record.
pub(super) struct CheckoutTask<'b> {
    pub source: Source<'b>,
    pub donation_id: DonationId,
    /// Its number among the donations of its order, from 0.
    pub ordinal: i16,
    pub checkout: Box<Checkout>,
    /// A person ruled that it counts.
    pub accepted: bool,
}

/// A checkout of an order that is recorded already.
pub(super) struct Repetition<'b> {
    pub task: CheckoutTask<'b>,
    /// It says what the first said.
    pub same_content: bool,
    /// It is another order of the same number, by its address, key, payer or day.
    pub is_another: bool,
}

/// A refund to record.
pub(super) struct RefundTask<'b> {
    pub source: Source<'b>,
    pub refund: NewRefund,
    /// Whether it waits for an order that is not known; otherwise that order gave nothing.
    pub waits: bool,
    /// What tells its order from another of the same number.
    pub identity: Option<OrderIdentity>,
}

/// A refund whose donation is not named in it.
pub(super) struct UnprovenTask<'b> {
    pub source: Source<'b>,
    pub refund: Refund,
}

impl UnprovenTask<'_> {
    pub fn donation_id(&self) -> DonationId {
        DonationId::of_order(self.source.merchant_id, &self.refund.order_id)
    }
}

/// What the events of a batch call for.
#[derive(Default)]
pub(super) struct Tasks<'b> {
    pub checkouts: Vec<CheckoutTask<'b>>,
    pub repetitions: Vec<Repetition<'b>>,
    pub refunds: Vec<RefundTask<'b>>,
    /// Refunds that do not say what they gave back.
    pub unproven: Vec<UnprovenTask<'b>>,
    pub fetches: Vec<&'b QueuedEvent>,
    pub problems: Vec<Problem>,
    pub outcomes: Vec<EventOutcome>,
    /// What a person must decide.
    pub cases: Vec<NewCase>,
    /// Whether the settlement lock is shared, which refunds need.
    pub may_refund: bool,
    /// Checkouts that were set aside before and put back in the queue.
    pub redriven: Vec<EventId>,
}

impl CheckoutTask<'_> {
    /// As the decision takes it.
    pub fn received<'c>(&'c self, content_hash: &'c [u8]) -> ReceivedCheckout<'c> {
        ReceivedCheckout {
            event_id: self.source.event.event_id,
            received_at: self.source.event.received_at,
            merchant_id: self.source.merchant_id,
            donation_id: self.donation_id,
            ordinal: self.ordinal,
            content_hash,
            checkout: &self.checkout,
            accepted: self.accepted,
        }
    }

    /// What the order says was charged, by itself or by the merchant's rule.
    pub fn told_amount(&self, merchants: &HashMap<MerchantId, Merchant>) -> Option<Amount> {
        let by_rule = || {
            let rule = merchants.get(&self.source.merchant_id)?.rule()?;
            Some(rule.amount(self.checkout.order_total_cents))
        };
        self.checkout.amount.or_else(by_rule)
    }
}

/// Reads what each event calls for, from memory where this process has parsed it, else from its
/// stored body.
pub(super) async fn understand<'b>(
    db: &mut PgConnection,
    parsed_events: &ParsedEvents,
    events: &'b [QueuedEvent],
    contexts: &HashMap<EndpointId, EndpointContext>,
) -> Result<Tasks<'b>, sqlx::Error> {
    let mut parsed = parsed_events.remove(events.iter().map(|e| e.event_id));
    let unparsed: Vec<&QueuedEvent> = events
        .iter()
        .filter(|e| !parsed.contains_key(&e.event_id))
        .collect();
    let rows = load_bodies(db, &unparsed).await?;
    let mut bodies = HashMap::with_capacity(rows.len());
    for row in &rows {
        let body = StoredBody::from_row(row)?;
        bodies.insert(body.event_id, body);
    }
    let mut tasks = Tasks::default();
    for event in events {
        let Some(context) = contexts.get(&event.endpoint_id) else {
            let reason = "its endpoint is not a merchant's".to_owned();
            tasks
                .problems
                .push(Problem::new(event, ProblemState::Dead, reason));
            continue;
        };
        if context.test {
            // However it came to the queue: it is kept and shown, and that is all.
            continue;
        }
        let source = Source {
            event,
            merchant_id: context.merchant_id,
        };
        match parsed.remove(&event.event_id) {
            Some(event) => tasks.add(source, Ok(event)),
            None => match bodies.get(&event.event_id) {
                Some(b) => {
                    let sender = Sender {
                        dialect: context.dialect,
                        settings: &context.settings,
                        test: context.test,
                        topic: b.topic,
                        source: b.source,
                    };
                    tasks.add(source, parse(&sender, b.body));
                }
                None => {
                    let problem = source.problem(ProblemState::Dead, "its body is no longer kept");
                    tasks.problems.push(problem);
                }
            },
        }
    }
    Ok(tasks)
}

/// A body, in the row that the database returned.
#[derive(FromRow)]
struct StoredBody<'r> {
    event_id: EventId,
    topic: Option<&'r str>,
    source: Option<&'r str>,
    body: &'r [u8],
}

async fn load_bodies(
    db: &mut PgConnection,
    events: &[&QueuedEvent],
) -> Result<Vec<PgRow>, sqlx::Error> {
    let times = || events.iter().map(|e| e.received_at);
    let (Some(first), Some(last)) = (times().min(), times().max()) else {
        return Ok(Vec::new());
    };
    // The range of times picks the partitions once, and the ids are looked up in each.
    sqlx::query(
        "select event_id, headers->>'topic' as topic, headers->>'source' as source, body
         from inbox_body
         where event_id = any($1) and received_at between $2 and $3",
    )
    .bind(events.iter().map(|e| e.event_id.0).collect::<Vec<_>>())
    .bind(first)
    .bind(last)
    .fetch_all(db)
    .await
}

impl<'b> Tasks<'b> {
    /// Parks the refunds, because a run holds the settlement lock.
    pub fn park_refunds(&mut self) {
        for task in std::mem::take(&mut self.refunds) {
            self.park(task.source, task.refund.donation_id, WAITS_FOR_A_RUN);
        }
        for task in std::mem::take(&mut self.unproven) {
            self.park(task.source, task.donation_id(), WAITS_FOR_A_RUN);
        }
    }

    /// Parks an event until something of this donation is done, or a run has ended: it is tried
    /// again each second (`requeue_parked`).
    pub fn park(&mut self, source: Source<'b>, donation_id: DonationId, reason: &str) {
        let state = ProblemState::Parked(donation_id);
        self.problems.push(source.waiting(state, reason));
    }

    fn add(&mut self, source: Source<'b>, event: Result<Event, ParseError>) {
        match event {
            Ok(Event::Checkout(checkout)) => {
                if source.event.attempts > 0 {
                    self.redriven.push(source.event.event_id);
                }
                let (order_id, ordinal) = (&checkout.order_id, checkout.ordinal);
                self.checkouts.push(CheckoutTask {
                    source,
                    donation_id: DonationId::of(source.merchant_id, order_id, ordinal),
                    ordinal,
                    checkout,
                    accepted: false,
                });
            }
            Ok(Event::Refund(refund)) if refund.proof != RefundProof::Proven => {
                self.unproven.push(UnprovenTask { source, refund });
            }
            Ok(Event::Refund(refund)) if refund.donation_refunded => {
                self.refunds.push(RefundTask::new(source, refund));
            }
            Ok(Event::Order(parts)) if !parts.is_empty() => {
                for part in parts {
                    self.add(source, Ok(part));
                }
            }
            Ok(Event::Refund(_)) => self.outcomes.push(source.outcome(Outcome::NothingRefunded)),
            Ok(Event::OrderReference { .. }) => self.fetches.push(source.event),
            Ok(Event::Ping | Event::Ignored(_) | Event::Order(_)) => {
                self.outcomes.push(source.outcome(Outcome::Ignored));
            }
            Err(error) => {
                let problem = source.problem(ProblemState::Dead, error.to_string());
                self.problems.push(problem);
            }
        }
    }
}

impl<'b> RefundTask<'b> {
    pub fn new(source: Source<'b>, refund: Refund) -> Self {
        Self {
            source,
            waits: refund.waits,
            identity: refund.identity,
            refund: NewRefund {
                donation_id: DonationId::of_order(source.merchant_id, &refund.order_id),
                refund_id: refund.refund_id,
                amount: refund.amount,
                cause: refund.cause,
                event_id: source.event.event_id,
                occurred_at: occurred_at(refund.at, source.event.received_at),
            },
        }
    }
}
