//! What becomes of a receipt after its issue, by whose decision.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};
use sqlx::{FromRow, PgConnection};

use super::eligibility::WithheldReason;
use super::issue::{IssueError, IssuedReceipt};
use super::mailing::{MailKind, write_message};
use super::standing::ReceiptStanding;
use crate::audit::{self, Act, Actor};
use crate::cases::{self, CaseKind, Decision};
use crate::db::settlement_lock;
use crate::values::{AssociationId, DonorId, MailId, ReceiptId, euros};

/// What a person decides about a receipt.
#[derive(Clone, Copy, Debug)]
pub struct ReceiptDecision<'a> {
    pub number: &'a str,
    pub actor: &'a Actor,
    /// Why, in the person's words.
    pub why: &'a str,
}

/// Why nothing was done with a receipt.
#[derive(Debug, thiserror::Error)]
pub enum DecisionError {
    #[error("no receipt has the number {0}")]
    Unknown(String),
    #[error("the receipt was cancelled already: nothing follows")]
    Cancelled,
    #[error("the receipt was replaced already, by {0}: act on that one")]
    Replaced(String),
    #[error("say why: the reason is kept")]
    WhyMissing,
    #[error("a receipt is not cancelled or replaced before the day of its issue, {0}")]
    BeforeIssue(NaiveDate),
    #[error("nothing remains of its donations: cancel it")]
    NothingRemains,
    #[error(
        "one of its donations would get no receipt today ({}): mend that first, or cancel the \
         receipt",
        .0.word()
    )]
    Withheld(WithheldReason),
    #[error("its donations belong to different tax years: cancel it, and the next run issues anew")]
    TwoTaxYears,
    #[error("it is in question: cancel or replace it; a duplicata is only of a valid receipt")]
    InQuestion,
    #[error("its six years are over, and what it said is destroyed")]
    Destroyed,
    #[error(transparent)]
    Issue(#[from] IssueError),
    #[error("the database refused")]
    Database(#[from] sqlx::Error),
}

/// What was done with a receipt.
#[derive(Clone, Debug)]
pub struct EndedReceipt {
    pub number: String,
    pub standing: ReceiptStanding,
    /// The receipt that replaces it, if one does.
    pub successor: Option<IssuedReceipt>,
    /// The message that tells its donor.
    pub mail_id: MailId,
}

/// A receipt that still stands, under the settlement lock.
#[derive(FromRow)]
pub(super) struct StandingReceipt {
    pub receipt_id: ReceiptId,
    pub number: String,
    pub association_id: AssociationId,
    pub donor_id: DonorId,
    pub amount_cents: i64,
    pub issued_on: NaiveDate,
    pub standing: ReceiptStanding,
    pub successor: Option<String>,
}

/// Finds a receipt that still stands, and locks out refunds and runs until the end of the database
/// transaction.
pub(super) async fn lock_standing(
    tx: &mut PgConnection,
    decision: ReceiptDecision<'_>,
) -> Result<StandingReceipt, DecisionError> {
    if decision.why.trim().is_empty() {
        return Err(DecisionError::WhyMissing);
    }
    settlement_lock::lock_exclusive(tx).await?;
    let found: Option<StandingReceipt> = sqlx::query_as(
        "select receipt_id, number, association_id, donor_id, amount_cents, issued_on, standing,
           successor
         from receipt_register where number = $1",
    )
    .bind(decision.number)
    .fetch_optional(tx)
    .await?;
    let receipt = found.ok_or_else(|| DecisionError::Unknown(decision.number.to_owned()))?;
    match receipt.standing {
        ReceiptStanding::Cancelled => Err(DecisionError::Cancelled),
        ReceiptStanding::Replaced => Err(DecisionError::Replaced(
            receipt.successor.unwrap_or_default(),
        )),
        ReceiptStanding::Valid | ReceiptStanding::InQuestion => Ok(receipt),
    }
}

impl StandingReceipt {
    /// How it is, for the audit log.
    pub fn facts(&self) -> Value {
        json!({"state": self.standing.word(), "amount": euros(self.amount_cents)})
    }

    /// Refuses a day before that of its issue.
    pub fn check_day(&self, on: NaiveDate) -> Result<(), DecisionError> {
        if on < self.issued_on {
            return Err(DecisionError::BeforeIssue(self.issued_on));
        }
        Ok(())
    }

    /// Frees its donations for another receipt.
    pub async fn free_donations(&self, tx: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query("update receipt_donation set live = false where receipt_id = $1 and live")
            .bind(self.receipt_id)
            .execute(tx)
            .await?;
        Ok(())
    }

    /// Records its end, who decided it and why, closes the case about it, and writes the message
    /// that tells its donor. Its donations are free already.
    pub async fn end(
        self,
        tx: &mut PgConnection,
        now: DateTime<Utc>,
        on: NaiveDate,
        decision: ReceiptDecision<'_>,
        successor: Option<IssuedReceipt>,
    ) -> Result<EndedReceipt, DecisionError> {
        let (standing, act, word, kind) = if successor.is_some() {
            let kind = MailKind::Replacement;
            (
                ReceiptStanding::Replaced,
                "receipt.replace",
                "replace",
                kind,
            )
        } else {
            let kind = MailKind::Cancellation;
            (ReceiptStanding::Cancelled, "receipt.cancel", "cancel", kind)
        };
        let who = decision.actor.who.as_str();
        sqlx::query(
            "insert into receipt_state (receipt_id, n, state, successor_id, decided_by, why,
               occurred_on, recorded_at)
             values ($1, 1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(self.receipt_id)
        .bind(standing)
        .bind(successor.as_ref().map(|s| s.receipt_id))
        .bind(who)
        .bind(decision.why)
        .bind(on)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        let after = match &successor {
            None => json!({"state": standing.word()}),
            Some(s) => json!({
                "state": standing.word(),
                "successor": s.number,
                "amount": euros(s.amount_cents),
            }),
        };
        let record = Act {
            act,
            subject: &self.number,
            before: Some(self.facts()),
            after: Some(after),
            why: Some(decision.why),
        };
        audit::record(tx, now, decision.actor, &record).await?;
        let decided = Decision {
            decision: word,
            by: who,
            why: decision.why,
        };
        let subject = [self.receipt_id.0];
        cases::close(tx, now, CaseKind::ReceiptInQuestion, &subject, decided).await?;
        let brings = successor.as_ref().map(|s| s.receipt_id);
        let mail_id = write_message(tx, now, kind, self.donor_id, self.receipt_id, brings).await?;
        Ok(EndedReceipt {
            number: self.number,
            standing,
            successor,
            mail_id,
        })
    }
}
