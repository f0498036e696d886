//! Deciding an open case, by its kind.

use anyhow::{Context as _, bail, ensure};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use serde_json::json;
use sqlx::PgConnection;

use super::decision::CaseDecision;
use super::{accounts, collections, consent, messages, orders, payouts, refunds};
use crate::app::App;
use crate::audit::{self, Act};
use crate::cases::{self, Case, CaseFilter, CaseKind};
use crate::db::settlement_lock;
use crate::mailing::tell_of_accounts;
use crate::receipts::{self, ReceiptDecision};
use crate::runs::collection_acts::tell;
use crate::runs::{cancel_receipt, decline_correction, replace_receipt};
use crate::values::{CaseId, Reader, ReceiptId};

/// A decided case.
#[derive(Clone, Debug, Serialize)]
pub struct DecidedCase {
    #[serde(serialize_with = "crate::values::as_text")]
    pub case_id: CaseId,
    pub kind: CaseKind,
    pub decision: String,
    /// What followed, in words.
    pub done: String,
}

/// Decides an open case.
///
/// # Errors
/// Fails, and changes nothing, when the case is unknown or decided, when its kind does not offer
/// the decision, or when the subject does not allow it now; says why and what to do.
pub async fn decide_case(
    app: &App,
    now: DateTime<Utc>,
    on: NaiveDate,
    d: CaseDecision<'_>,
) -> anyhow::Result<DecidedCase> {
    let mut db = app.db.acquire().await?;
    let case = open_case(&mut db, d).await?;
    drop(db);
    let done = if is_about_a_receipt(case.kind) {
        decide_receipt(app, now, on, &case, d).await?
    } else {
        let mut tx = app.db.begin().await?;
        settlement_lock::lock_exclusive(&mut tx).await?;
        // Under the lock: two people may decide at once.
        let case = open_case(&mut tx, d).await?;
        let mut stays_open = false;
        let done = match case.kind {
            CaseKind::DonationAboveCeiling
            | CaseKind::SecondOrder
            | CaseKind::DonationRaised
            | CaseKind::OrderDiffers => orders::decide(&mut tx, now, &case, d).await?,
            CaseKind::RefundAfterPayout => {
                let decided = refunds::decide_due(&mut tx, now, on, &case, d).await?;
                stays_open = decided.1;
                decided.0
            }
            CaseKind::RefundBeyondDonation | CaseKind::RefundDiffers => {
                refunds::decide_told(&mut tx, now, &case, d).await?
            }
            CaseKind::CollectionFailed => collections::decide(&mut tx, now, on, &case, d).await?,
            CaseKind::PayoutFailed => payouts::decide(&mut tx, now, on, &case, d).await?,
            CaseKind::IbanChanged => accounts::decide(&mut tx, now, on, &case, d).await?,
            CaseKind::ConsentUnclear => consent::decide(&mut tx, now, &case, d).await?,
            CaseKind::MessageRefused => messages::decide(&mut tx, &case, d).await?,
            CaseKind::StatementGap | CaseKind::EntryUnread | CaseKind::ManifestDiffers => {
                "it is explained".to_owned()
            }
            kind => bail!("a case of kind {kind} is not decided here: {}", kind.way()),
        };
        if !stays_open {
            // The room that owns the subject may have closed it with the fact.
            cases::close(&mut tx, now, case.kind, &[case.subject], d.recorded()).await?;
        }
        write_down(&mut tx, now, &case, d).await?;
        tx.commit().await?;
        done
    };
    match case.kind {
        CaseKind::IbanChanged => drop(tell_of_accounts(app, now).await?),
        CaseKind::CollectionFailed => tell(app, now).await,
        _ => {}
    }
    Ok(DecidedCase {
        case_id: case.case_id,
        kind: case.kind,
        decision: d.decision.to_owned(),
        done,
    })
}

/// The case, if it is open and its kind offers the decision.
async fn open_case(db: &mut PgConnection, d: CaseDecision<'_>) -> anyhow::Result<Case> {
    let filter = CaseFilter {
        case_id: Some(d.case_id),
        ..CaseFilter::default()
    };
    let case = cases::list(db, Reader::System, filter).await?.pop();
    let case = case.context("there is no such case; see `obole cases --open`")?;
    if let (Some(decision), Some(by)) = (&case.decision, &case.decided_by) {
        bail!("this case is decided: {decision}, by {by}");
    }
    ensure!(
        case.decisions.contains(&d.decision),
        "a case of kind {} is decided by {}",
        case.kind,
        match case.decisions {
            [] => "nobody: it closes by itself once what it says is mended".to_owned(),
            decisions => decisions.join(" or "),
        }
    );
    ensure!(
        d.amount.is_none() || CaseKind::needs_amount(d.decision),
        "the decision {} names no amount: leave --amount out",
        d.decision
    );
    Ok(case)
}

/// Writes the decision down.
async fn write_down(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    case: &Case,
    d: CaseDecision<'_>,
) -> anyhow::Result<()> {
    let after = json!({
        "kind": case.kind,
        "decision": d.decision,
        "amount": d.amount.map(|a| a.to_string()),
    });
    let act = Act {
        act: "case.decide",
        subject: &case.case_id.to_string(),
        before: None,
        after: Some(after),
        why: Some(d.why),
    };
    audit::record(tx, now, d.actor, &act).await?;
    Ok(())
}

/// Whether the subject of a kind is a receipt.
const fn is_about_a_receipt(kind: CaseKind) -> bool {
    matches!(
        kind,
        CaseKind::ReceiptInQuestion | CaseKind::ReceiptCorrectionAsked
    )
}

/// Receipts are decided by their number, which also tells their donors, by the reason that the
/// facts have.
async fn decide_receipt(
    app: &App,
    now: DateTime<Utc>,
    on: NaiveDate,
    case: &Case,
    d: CaseDecision<'_>,
) -> anyhow::Result<String> {
    let mut db = app.db.acquire().await?;
    let number = receipts::number_of(&mut db, ReceiptId(case.subject))
        .await?
        .context("the receipt of this case is not there")?;
    drop(db);
    let decision = ReceiptDecision {
        number: &number,
        actor: d.actor,
        why: d.why,
    };
    if d.decision == "decline" {
        decline_correction(app, now, decision).await?;
        return Ok(format!(
            "receipt {number} stays as it is, and its donor is told why"
        ));
    }
    let decided = if d.decision == "cancel" {
        cancel_receipt(app, now, on, decision, None).await?
    } else {
        replace_receipt(app, now, on, decision, None).await?
    };
    Ok(match decided.successor {
        Some(successor) => format!("receipt {number} is replaced by {successor}"),
        None => format!("receipt {number} is {}", decided.state),
    })
}
