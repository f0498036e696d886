//! Settling: the bank shows that the money left for the association, or that it came back.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use sqlx::{FromRow, PgConnection};

use crate::ledger::{self, Fact, PostError};
use crate::outbox::{self, Announcement, Kind};
use crate::values::{Amount, AssociationId, BankSide, PayoutId, paris_midnight};

/// What a line turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    Paid(PayoutId),
    Returned(PayoutId),
    /// No payout of this reference and amount waits for such a line.
    No,
}

#[derive(FromRow)]
struct Row {
    payout_id: PayoutId,
    association_id: AssociationId,
    association: String,
    count: i32,
    reference: String,
    settled: bool,
}

/// Under the settlement gate, settles (debit) or returns (credit) the payout that one of the references names, if the amount is exactly its own.
pub async fn settle(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    side: BankSide,
    references: &[String],
    amount: Amount,
) -> Result<Settled, PostError> {
    let found: Option<Row> = sqlx::query_as(
        "select payout_id, association_id, a.slug as association, count, reference, exists (select from payout_state s where s.payout_id = p.payout_id and state = 'settled') as settled
         from payout p join association a using (association_id)
         where reference = any($1) and amount_cents = $2
           and exists (select from payout_state s where s.payout_id = p.payout_id and state = 'submitted')
           and not exists (select from payout_state s where s.payout_id = p.payout_id and state = 'returned')",
    )
    .bind(references)
    .bind(amount.cents())
    .fetch_optional(&mut *tx)
    .await?;
    let Some(row) = found else { return Ok(Settled::No) };
    let id = row.payout_id;
    let fact = Fact { id: id.0, occurred_at: paris_midnight(on) };
    let (state, transfer, settled) = match (side, row.settled) {
        (BankSide::Debit, false) => ("settled", ledger::payout_settled(fact, amount), Settled::Paid(id)),
        // Debited twice: not ours to understand.
        (BankSide::Debit, true) => return Ok(Settled::No),
        (BankSide::Credit, true) => ("returned", ledger::payout_returned(fact, &row.association, amount), Settled::Returned(id)),
        (BankSide::Credit, false) => return Ok(Settled::No),
    };
    sqlx::query("insert into payout_state values ($1, $2, $3, $4)").bind(id).bind(state).bind(on).bind(now).execute(&mut *tx).await?;
    if matches!(settled, Settled::Returned(_)) {
        // Its gifts wait for a next payout.
        sqlx::query("update payout_donation set live = false where payout_id = $1").bind(id).execute(&mut *tx).await?;
    }
    ledger::post(tx, now, &[transfer]).await?;
    if matches!(settled, Settled::Paid(_)) {
        let data = json!({"payout_id": id.to_string(), "count": row.count, "amount": amount.to_string(), "reference": row.reference, "settled_on": on});
        let told =
            Announcement { subject: id.0, merchant: None, association: Some(row.association_id), occurred_at: paris_midnight(on), data };
        outbox::announce(tx, now, Kind::PayoutSettled, &[told]).await?;
    }
    Ok(settled)
}
