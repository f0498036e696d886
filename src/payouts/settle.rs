//! Settling: the bank shows that the money left for the association, or that it came back.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use sqlx::{FromRow, PgConnection};

use crate::ledger::{self, Fact, PostError};
use crate::outbox::{self, Announcement, Kind};
use crate::values::{AssociationId, BankLine, BankSide, PayoutId, paris_midnight};

/// What a line turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettleOutcome {
    Paid(PayoutId),
    Returned(PayoutId),
    /// No payout of this reference and amount waits for such a line.
    No,
}

/// A payout that left for the bank and did not come back.
#[derive(FromRow)]
struct Left {
    payout_id: PayoutId,
    association_id: AssociationId,
    association: String,
    count: i32,
    amount_cents: i64,
    reference: String,
    settled: bool,
}

/// Under the settlement gate, settles (debit) or returns (credit) each payout that a reference of a line names, if the amount is
/// exactly its own. Answers what each line turned out to be, in order.
pub async fn settle(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    lines: &[&BankLine],
) -> Result<Vec<SettleOutcome>, PostError> {
    let left: Vec<Left> = sqlx::query_as(
        "select payout_id, association_id, a.slug as association, count, amount_cents, reference,
           exists (select from payout_state s where s.payout_id = p.payout_id and state = 'settled') as settled
         from payout p join association a using (association_id)
         where reference = any($1)
           and exists (select from payout_state s where s.payout_id = p.payout_id and state = 'submitted')
           and not exists (select from payout_state s where s.payout_id = p.payout_id and state = 'returned')",
    )
    .bind(lines.iter().flat_map(|l| &l.references).map(String::as_str).collect::<Vec<_>>())
    .fetch_all(&mut *tx)
    .await?;
    let mut left: HashMap<String, Left> =
        left.into_iter().map(|p| (p.reference.clone(), p)).collect();
    let mut answers = Vec::with_capacity(lines.len());
    let mut states: Vec<(PayoutId, &str, NaiveDate)> = Vec::new();
    let (mut transfers, mut told) = (Vec::new(), Vec::new());
    for line in lines {
        let named = line.references.iter().find(|r| {
            left.get(*r)
                .is_some_and(|p| p.amount_cents == line.amount.cents())
        });
        let Some(p) = named.and_then(|r| left.get_mut(r)) else {
            answers.push(SettleOutcome::No);
            continue;
        };
        let fact = Fact {
            id: p.payout_id.0,
            occurred_at: paris_midnight(line.booked_on),
        };
        answers.push(match (line.side, p.settled) {
            (BankSide::Debit, false) => {
                p.settled = true;
                states.push((p.payout_id, "settled", line.booked_on));
                transfers.push(ledger::payout_settled(fact, line.amount));
                told.push(announcement(p, line));
                SettleOutcome::Paid(p.payout_id)
            }
            (BankSide::Credit, true) => {
                let id = p.payout_id;
                states.push((id, "returned", line.booked_on));
                transfers.push(ledger::payout_returned(fact, &p.association, line.amount));
                left.retain(|_, other| other.payout_id != id);
                SettleOutcome::Returned(id)
            }
            // Debited twice, or back before it left: not ours to understand.
            (BankSide::Debit, true) | (BankSide::Credit, false) => SettleOutcome::No,
        });
    }
    if states.is_empty() {
        return Ok(answers);
    }
    sqlx::query(
        "insert into payout_state (payout_id, state, occurred_on, recorded_at)
         select id, state, day, $4 from unnest($1::uuid[], $2::text[], $3::date[]) s(id, state, day)",
    )
    .bind(states.iter().map(|s| s.0.0).collect::<Vec<_>>())
    .bind(states.iter().map(|s| s.1).collect::<Vec<_>>())
    .bind(states.iter().map(|s| s.2).collect::<Vec<_>>())
    .bind(now)
    .execute(&mut *tx)
    .await?;
    let returned: Vec<_> = states
        .iter()
        .filter(|s| s.1 == "returned")
        .map(|s| s.0.0)
        .collect();
    if !returned.is_empty() {
        // Their gifts wait for a next payout.
        sqlx::query("update payout_donation set live = false where payout_id = any($1)")
            .bind(returned)
            .execute(&mut *tx)
            .await?;
    }
    ledger::post(tx, now, &transfers).await?;
    outbox::announce(tx, now, Kind::PayoutSettled, &told).await?;
    Ok(answers)
}

fn announcement(p: &Left, line: &BankLine) -> Announcement {
    Announcement {
        subject: p.payout_id.0,
        merchant: None,
        association: Some(p.association_id),
        occurred_at: paris_midnight(line.booked_on),
        data: json!({"payout_id": p.payout_id.to_string(), "count": p.count, "amount": line.amount.to_string(), "reference": p.reference,
            "settled_on": line.booked_on}),
    }
}
