//! What a person decides about a receipt: it is cancelled, replaced, or given again as a duplicata.
//! Each is one database transaction; then files are written and the donor is told.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::app::App;
use crate::gateways::files::write_whole;
use crate::mailing::{
    duplicate_path, mark_cancelled_documents, receipt_document, receipt_path, send_written,
};
use crate::receipts::{
    self, DecisionError, EndedReceipt, IssueTerms, IssuedReceipt, ReceiptDecision, ReceiptStanding,
};
use crate::values::{EndReason, Reader, euros};

/// What was done with a receipt.
#[derive(Clone, Debug, Serialize)]
pub struct DecidedReceipt {
    pub number: String,
    pub state: &'static str,
    /// Number of the receipt that replaces it.
    pub successor: Option<String>,
    /// What the successor says.
    pub amount: Option<String>,
    /// The successor's document, readable by its owner only.
    pub file: Option<String>,
    /// Messages that left for the donor.
    pub mailed: usize,
    /// Messages that did not leave; the next run of receipts tries them again.
    pub unsent: usize,
}

/// Cancels a receipt, marks its documents and tells its donor. Repeated, it finishes what was cut
/// short; when nothing is left to finish it refuses.
pub async fn cancel_receipt(
    app: &App,
    now: DateTime<Utc>,
    on: NaiveDate,
    decision: ReceiptDecision<'_>,
    reason: Option<EndReason>,
) -> anyhow::Result<DecidedReceipt> {
    let mut tx = app.db.begin().await?;
    match receipts::cancel(&mut tx, now, on, decision, reason).await {
        Ok(ended) => {
            tx.commit().await?;
            Ok(finish(app, now, ended).await?.0)
        }
        Err(refused) => {
            tx.rollback().await?;
            let decided = ReceiptStanding::Cancelled;
            finish_earlier(app, now, decision.number, decided, refused).await
        }
    }
}

/// Replaces a receipt by one for what remains of its donations, with the donor's name and address
/// of today, marks its documents, and sends the new one to the donor. Repeated, it finishes what
/// was cut short; when nothing is left to finish it refuses.
pub async fn replace_receipt(
    app: &App,
    now: DateTime<Utc>,
    on: NaiveDate,
    decision: ReceiptDecision<'_>,
    reason: Option<EndReason>,
) -> anyhow::Result<DecidedReceipt> {
    let terms = IssueTerms {
        now,
        on,
        tax_date: app.settings.tax_date,
        key: app.key.expose(),
    };
    let mut tx = app.db.begin().await?;
    match receipts::replace(&mut tx, terms, decision, reason).await {
        Ok(ended) => {
            tx.commit().await?;
            Ok(finish(app, now, ended).await?.0)
        }
        Err(refused) => {
            tx.rollback().await?;
            let decided = ReceiptStanding::Replaced;
            finish_earlier(app, now, decision.number, decided, refused).await
        }
    }
}

/// Declines the correction that the donor of a receipt asked for, and tells them why.
pub async fn decline_correction(
    app: &App,
    now: DateTime<Utc>,
    decision: ReceiptDecision<'_>,
) -> anyhow::Result<()> {
    let mut tx = app.db.begin().await?;
    let mail_id = receipts::decline_correction(&mut tx, now, decision).await?;
    tx.commit().await?;
    // It is decided whether or not its message leaves: the next run sends what is written down.
    if let Err(error) = send_written(app, now, Some(mail_id)).await {
        tracing::warn!("the donor is told by the next run: {error:#}");
    }
    Ok(())
}

/// Writes a duplicata of a valid receipt into the data folder; returns its path.
pub async fn duplicate_receipt(
    app: &App,
    now: DateTime<Utc>,
    decision: ReceiptDecision<'_>,
) -> anyhow::Result<PathBuf> {
    let mut tx = app.db.begin().await?;
    let receipt = receipts::duplicate(&mut tx, now, app.key.expose(), decision).await?;
    let path = duplicate_path(app, receipt.receipt_id, &receipt.number);
    let pdf = receipts::typeset(receipt.content).await?;
    let written = path.clone();
    tokio::task::spawn_blocking(move || write_whole(&written, &pdf)).await??;
    tx.commit().await?;
    Ok(path)
}

/// Finishes what followed from the same decision of an earlier command that was cut short. Returns
/// the refusal when that was another decision, or when nothing is left to finish.
async fn finish_earlier(
    app: &App,
    now: DateTime<Utc>,
    number: &str,
    decided: ReceiptStanding,
    refused: DecisionError,
) -> anyhow::Result<DecidedReceipt> {
    let ended = receipts::find_ended(&mut *app.db.acquire().await?, number).await?;
    let Some(ended) = ended.filter(|e| e.standing == decided) else {
        return Err(refused.into());
    };
    match finish(app, now, ended).await? {
        (finished, true) => Ok(finished),
        (_, false) => Err(refused.into()),
    }
}

/// Does what follows from a decision. Returns as well whether anything of it was left to do.
///
/// What is decided stays so whether or not its message leaves: a message that is written down is
/// sent by the next run.
async fn finish(
    app: &App,
    now: DateTime<Utc>,
    ended: EndedReceipt,
) -> anyhow::Result<(DecidedReceipt, bool)> {
    let marked = mark_cancelled_documents(app, ended.receipt_id).await;
    let marked = marked.context("it is decided; repeat this to mark its document")?;
    let (mailed, unsent) = match send_written(app, now, Some(ended.mail_id)).await {
        Ok(counts) => (counts.sent, counts.refused),
        Err(error) => {
            tracing::warn!("the donor is told by the next run: {error:#}");
            (0, 1)
        }
    };
    let successor = ended.successor.as_ref();
    let mut stored = false;
    let mut file = None;
    if let Some(successor) = successor {
        let path = receipt_path(app, successor.receipt_id, &successor.number);
        stored = mailed == 0 && store_document(app, successor, &path).await?;
        file = path.exists().then(|| path.display().to_string());
    }
    let decided = DecidedReceipt {
        state: ended.standing.word(),
        successor: successor.map(|s| s.number.clone()),
        amount: successor.map(|s| euros(s.amount_cents)),
        file,
        number: ended.number,
        mailed,
        unsent,
    };
    Ok((decided, marked + mailed + unsent > 0 || stored))
}

/// Writes the document of a receipt that stands, unless it is there. Returns whether it wrote it.
async fn store_document(app: &App, of: &IssuedReceipt, path: &Path) -> anyhow::Result<bool> {
    let mut db = app.db.acquire().await?;
    if path.exists() || receipts::find_ended(&mut db, &of.number).await?.is_some() {
        return Ok(false);
    }
    let ids = [of.receipt_id];
    let contents = receipts::of_ids(&mut db, app.key.expose(), Reader::System, &ids).await?;
    drop(db);
    let stored = !contents.is_empty();
    for receipt in contents {
        receipt_document(app, receipt).await?;
    }
    Ok(stored)
}
