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
use crate::values::{AssociationId, DonorId, EndReason, MailId, ReceiptId, euros};

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
    #[error("the receipt was cancelled already")]
    Cancelled,
    #[error("the receipt was replaced already, by {0}: act on that one")]
    Replaced(String),
    #[error("say why: the words are kept")]
    WhyMissing,
    #[error(
        "no fact says why: use `obole receipts cancel` or `obole receipts replace` with --reason \
         correction, mistake or payment-returned"
    )]
    ReasonMissing,
    #[error("no donation of it was given back: the reason is another than refund")]
    NoRefund,
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
    pub receipt_id: ReceiptId,
    pub number: String,
    /// Cancelled or replaced, as it was decided.
    pub standing: ReceiptStanding,
    /// The receipt that replaces it, if one was issued with the decision.
    pub successor: Option<IssuedReceipt>,
    /// The message that tells its donor.
    pub mail_id: MailId,
}

/// How a receipt ends.
pub(super) struct ReceiptEnd<'a> {
    pub decision: ReceiptDecision<'a>,
    pub reason: EndReason,
    /// The receipt that replaces it, if one does.
    pub successor: Option<IssuedReceipt>,
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
    pub successors: Vec<String>,
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
           successors
         from receipt_register where number = $1",
    )
    .bind(decision.number)
    .fetch_optional(tx)
    .await?;
    let receipt = found.ok_or_else(|| DecisionError::Unknown(decision.number.to_owned()))?;
    match receipt.standing {
        ReceiptStanding::Cancelled => Err(DecisionError::Cancelled),
        ReceiptStanding::Replaced => Err(DecisionError::Replaced(receipt.successors.join(", "))),
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

    /// Why it ends: as is said, or as the facts have it. The donor is told of no refund where there
    /// was none.
    pub async fn reason(
        &self,
        tx: &mut PgConnection,
        said: Option<EndReason>,
    ) -> Result<EndReason, DecisionError> {
        let (refunded, returned, corrected): (bool, bool, bool) = sqlx::query_as(
            "select exists (select 1 from receipt_donation l join donation d using (donation_id)
               where l.receipt_id = r.receipt_id and d.amount_cents - coalesce((
                 select sum(f.amount_cents) from donation_refund f
                 where f.donation_id = l.donation_id), 0) < l.amount_cents),
             exists (select 1 from receipt_donation l join payout_donation p using (donation_id)
               join payout_state s using (payout_id) where l.receipt_id = r.receipt_id
                 and s.state = 'returned' and s.recorded_at > r.issued_at),
             exists (select 1 from open_case o
               where o.kind = $2 and o.subject = r.receipt_id)
             from receipt r where r.receipt_id = $1",
        )
        .bind(self.receipt_id)
        .bind(CaseKind::ReceiptCorrectionAsked.word())
        .fetch_one(tx)
        .await?;
        match said {
            Some(EndReason::Refund) if !refunded => Err(DecisionError::NoRefund),
            Some(said) => Ok(said),
            None if refunded => Ok(EndReason::Refund),
            None if returned => Ok(EndReason::PaymentReturned),
            None if corrected => Ok(EndReason::Correction),
            None => Err(DecisionError::ReasonMissing),
        }
    }

    /// Frees its donations for another receipt.
    pub async fn free_donations(&self, tx: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query("update receipt_donation set live = false where receipt_id = $1 and live")
            .bind(self.receipt_id)
            .execute(tx)
            .await?;
        Ok(())
    }

    /// Records its end, who decided it and why, closes the cases about it, and writes the message
    /// that tells its donor. Its donations are free already.
    pub async fn end(
        self,
        tx: &mut PgConnection,
        now: DateTime<Utc>,
        on: NaiveDate,
        end: ReceiptEnd<'_>,
    ) -> Result<EndedReceipt, DecisionError> {
        self.record(tx, now, on, &end).await?;
        self.close_cases(tx, now, &end).await?;
        let kind = match &end.successor {
            Some(_) => MailKind::Replacement,
            None => MailKind::Cancellation,
        };
        let brings = end.successor.as_ref().map(|s| s.receipt_id);
        let mail_id = write_message(tx, now, kind, self.donor_id, self.receipt_id, brings).await?;
        Ok(EndedReceipt {
            receipt_id: self.receipt_id,
            number: self.number,
            standing: end.standing(),
            successor: end.successor,
            mail_id,
        })
    }

    /// Writes the end into the book, and the act into the audit log.
    async fn record(
        &self,
        tx: &mut PgConnection,
        now: DateTime<Utc>,
        on: NaiveDate,
        end: &ReceiptEnd<'_>,
    ) -> Result<(), sqlx::Error> {
        let (decision, standing) = (end.decision, end.standing());
        sqlx::query(
            "insert into receipt_state (receipt_id, n, state, successor_id, decided_by, reason, why,
               occurred_on, recorded_at)
             values ($1, 1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(self.receipt_id)
        .bind(standing)
        .bind(end.successor.as_ref().map(|s| s.receipt_id))
        .bind(&decision.actor.who)
        .bind(end.reason)
        .bind(decision.why)
        .bind(on)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        let mut after = json!({"state": standing.word(), "reason": end.reason.word()});
        if let Some(successor) = &end.successor {
            after["successor"] = successor.number.as_str().into();
            after["amount"] = euros(successor.amount_cents).into();
        }
        let record = Act {
            act: end.act(),
            subject: &self.number,
            before: Some(self.facts()),
            after: Some(after),
            why: Some(decision.why),
        };
        audit::record(tx, now, decision.actor, &record).await
    }

    /// Closes whatever waited for the decision.
    async fn close_cases(
        &self,
        tx: &mut PgConnection,
        now: DateTime<Utc>,
        end: &ReceiptEnd<'_>,
    ) -> Result<(), sqlx::Error> {
        let decided = Decision {
            decision: end.word(),
            by: &end.decision.actor.who,
            why: end.decision.why,
        };
        let subject = [self.receipt_id.0];
        for kind in [
            CaseKind::ReceiptInQuestion,
            CaseKind::ReceiptCorrectionAsked,
        ] {
            cases::close(tx, now, kind, &subject, decided).await?;
        }
        Ok(())
    }
}

impl ReceiptEnd<'_> {
    const fn standing(&self) -> ReceiptStanding {
        match self.successor {
            Some(_) => ReceiptStanding::Replaced,
            None => ReceiptStanding::Cancelled,
        }
    }

    /// The act as the audit log names it.
    const fn act(&self) -> &'static str {
        match self.successor {
            Some(_) => "receipt.replace",
            None => "receipt.cancel",
        }
    }

    /// The decision as cases name it.
    const fn word(&self) -> &'static str {
        match self.successor {
            Some(_) => "replace",
            None => "cancel",
        }
    }
}

#[derive(FromRow)]
struct EndedRow {
    receipt_id: ReceiptId,
    state: ReceiptStanding,
    mail_id: MailId,
    successor_id: Option<ReceiptId>,
    successor: Option<String>,
    association: String,
    donor_id: DonorId,
    successor_cents: Option<i64>,
}

/// A receipt that was cancelled or replaced before, as the decision left it; none for another. Who
/// finds it can finish what was cut short after the decision.
pub async fn find_ended(
    db: &mut PgConnection,
    number: &str,
) -> Result<Option<EndedReceipt>, sqlx::Error> {
    let row: Option<EndedRow> = sqlx::query_as(
        "select r.receipt_id, s.state, m.mail_id, s.successor_id, n.number as successor,
           a.slug as association, r.donor_id, n.amount_cents as successor_cents
         from receipt r join receipt_state s using (receipt_id)
           join mailing m on m.about = r.receipt_id and m.kind <> 'declined'
           join association a using (association_id)
           left join receipt n on n.receipt_id = s.successor_id
         where r.number = $1",
    )
    .bind(number)
    .fetch_optional(db)
    .await?;
    Ok(row.map(|r| EndedReceipt {
        receipt_id: r.receipt_id,
        number: number.to_owned(),
        standing: r.state,
        mail_id: r.mail_id,
        successor: match (r.successor_id, r.successor, r.successor_cents) {
            (Some(receipt_id), Some(successor), Some(amount_cents)) => Some(IssuedReceipt {
                receipt_id,
                number: successor,
                association: r.association,
                donor_id: r.donor_id,
                amount_cents,
                replaces: vec![number.to_owned()],
            }),
            _ => None,
        },
    }))
}

/// Every receipt that was cancelled or replaced and whose content is still kept.
pub async fn ended(db: &mut PgConnection) -> Result<Vec<ReceiptId>, sqlx::Error> {
    sqlx::query_scalar(
        "select receipt_id from receipt_state s
         where exists (select 1 from receipt_content c where c.receipt_id = s.receipt_id)
         order by receipt_id",
    )
    .fetch_all(db)
    .await
}
