//! Settling: the bank shows that the money left for the association, or that it came back.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use sqlx::{FromRow, PgConnection};

use super::state::{PayoutState, RAIL};
use super::unmake::{UnmadePayout, unmake};
use crate::ledger::{self, Fact, PostError, Transfer};
use crate::outbox::{self, Announcement, Kind};
use crate::rails::transfer;
use crate::values::{Amount, AssociationId, BankLine, BankSide, PayoutId, paris_midnight};

/// What a bank line turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettleOutcome {
    Paid(PayoutId),
    Returned(PayoutId),
    /// No payout of this reference and amount waits for such a line.
    NotAPayout,
}

/// A payout that left for the bank and did not come back.
#[derive(FromRow)]
struct SubmittedPayout {
    payout_id: PayoutId,
    association_id: AssociationId,
    association: String,
    count: i32,
    amount_cents: i64,
    reference: String,
    state: PayoutState,
}

/// A payout's new state, by a bank line.
struct Change {
    payout_id: PayoutId,
    state: PayoutState,
    on: NaiveDate,
}

/// What a statement's lines do to payouts.
#[derive(Default)]
struct Changes {
    states: Vec<Change>,
    transfers: Vec<Transfer>,
    announcements: Vec<Announcement>,
}

/// Settles (debit) or returns (credit) each payout that a reference of a line names, if the amount
/// is exactly its own. Returns what each line turned out to be, in order.
///
/// The caller holds the settlement lock whole.
pub async fn settle(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    lines: &[&BankLine],
) -> Result<Vec<SettleOutcome>, PostError> {
    let mut payouts = load_submitted(tx, lines).await?;
    let mut outcomes = Vec::with_capacity(lines.len());
    let mut changes = Changes::default();
    for line in lines {
        let amount_of = |reference: &str| {
            payouts
                .get(reference)
                .and_then(|p| Amount::from_cents(p.amount_cents).ok())
        };
        let payout = match transfer::named_reference(line, amount_of) {
            Some(reference) => payouts.get_mut(reference),
            None => None,
        };
        outcomes.push(payout.map_or(SettleOutcome::NotAPayout, |p| changes.add(p, line)));
    }
    if !changes.states.is_empty() {
        changes.record(tx, now).await?;
    }
    Ok(outcomes)
}

async fn load_submitted(
    tx: &mut PgConnection,
    lines: &[&BankLine],
) -> Result<HashMap<String, SubmittedPayout>, sqlx::Error> {
    let found: Vec<SubmittedPayout> = sqlx::query_as(
        "select payout_id, association_id, a.slug as association, count, amount_cents, reference,
          s.state
         from payout p join association a using (association_id)
         cross join lateral (select state from payout_state s
           where s.payout_id = p.payout_id order by s.n desc limit 1) s
         where reference = any($1) and s.state in ('submitted', 'settled')",
    )
    .bind(
        lines
            .iter()
            .flat_map(|l| &l.references)
            .map(String::as_str)
            .collect::<Vec<_>>(),
    )
    .fetch_all(tx)
    .await?;
    Ok(found
        .into_iter()
        .map(|p| (p.reference.clone(), p))
        .collect())
}

impl Changes {
    /// What a line does to the payout that it names.
    fn add(&mut self, p: &mut SubmittedPayout, line: &BankLine) -> SettleOutcome {
        let (payout_id, on) = (p.payout_id, line.booked_on);
        let fact = Fact {
            id: payout_id.0,
            occurred_at: paris_midnight(on),
        };
        match (line.side, p.state) {
            (BankSide::Debit, PayoutState::Submitted) => {
                p.state = PayoutState::Settled;
                self.transfers
                    .push(ledger::payout_settled(fact, RAIL, line.amount));
                self.announcements.push(announcement(p, line));
                self.states.push(Change {
                    payout_id,
                    state: p.state,
                    on,
                });
                SettleOutcome::Paid(payout_id)
            }
            (BankSide::Credit, PayoutState::Settled) => {
                p.state = PayoutState::Returned;
                let returned = ledger::payout_returned(fact, RAIL, &p.association, line.amount);
                self.transfers.push(returned);
                self.states.push(Change {
                    payout_id,
                    state: p.state,
                    on,
                });
                SettleOutcome::Returned(payout_id)
            }
            // Debited twice, or back before it left: a person must look at it.
            (BankSide::Debit | BankSide::Credit, _) => SettleOutcome::NotAPayout,
        }
    }

    async fn record(self, tx: &mut PgConnection, now: DateTime<Utc>) -> Result<(), PostError> {
        // A statement may both settle and return a payout: the order of the lines numbers its
        // states.
        sqlx::query(
            "insert into payout_state (payout_id, n, state, occurred_on, recorded_at)
             select s.payout_id, (select max(n) from payout_state o where o.payout_id = s.payout_id)
               + row_number() over (partition by s.payout_id order by s.line), s.state, s.day, $4
             from unnest($1::uuid[], $2::text[], $3::date[]) with ordinality s(payout_id, state,
               day, line)",
        )
        .bind(
            self.states
                .iter()
                .map(|s| s.payout_id.0)
                .collect::<Vec<_>>(),
        )
        .bind(
            self.states
                .iter()
                .map(|s| s.state.word())
                .collect::<Vec<_>>(),
        )
        .bind(self.states.iter().map(|s| s.on).collect::<Vec<_>>())
        .bind(now)
        .execute(&mut *tx)
        .await?;
        ledger::post(tx, now, &self.transfers).await?;
        let returned = self
            .states
            .iter()
            .filter(|s| s.state == PayoutState::Returned);
        let returned: Vec<UnmadePayout> = returned
            .map(|s| UnmadePayout {
                payout_id: s.payout_id,
                on: s.on,
                what: "came back from its bank",
            })
            .collect();
        unmake(tx, now, &returned).await?;
        outbox::announce(tx, now, Kind::PayoutSettled, &self.announcements).await?;
        Ok(())
    }
}

fn announcement(p: &SubmittedPayout, line: &BankLine) -> Announcement {
    Announcement {
        subject: p.payout_id.0,
        merchant: None,
        association: Some(p.association_id),
        occurred_at: paris_midnight(line.booked_on),
        data: json!({
            "payout_id": p.payout_id.to_string(),
            "count": p.count,
            "amount": line.amount.to_string(),
            "reference": p.reference,
            "settled_on": line.booked_on,
        }),
    }
}
