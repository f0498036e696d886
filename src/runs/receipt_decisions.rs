//! What a person decides about a receipt: it is cancelled, replaced, or given again as a duplicata.
//! Each is one database transaction; then files are written and the donor is told.

use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::app::App;
use crate::gateways::files::write_whole;
use crate::mailing::{duplicate_path, receipt_document, receipt_path, send_written};
use crate::receipts::{self, EndedReceipt, IssueTerms, IssuedReceipt, ReceiptDecision};
use crate::values::{Reader, euros};

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

/// Cancels a receipt and tells its donor.
pub async fn cancel_receipt(
    app: &App,
    now: DateTime<Utc>,
    on: NaiveDate,
    decision: ReceiptDecision<'_>,
) -> anyhow::Result<DecidedReceipt> {
    let mut tx = app.db.begin().await?;
    let ended = receipts::cancel(&mut tx, now, on, decision).await?;
    tx.commit().await?;
    told(app, now, ended).await
}

/// Replaces a receipt by one for what remains of its donations, with the donor's name and address
/// of today, and sends it to the donor.
pub async fn replace_receipt(
    app: &App,
    now: DateTime<Utc>,
    on: NaiveDate,
    decision: ReceiptDecision<'_>,
) -> anyhow::Result<DecidedReceipt> {
    let terms = IssueTerms {
        now,
        on,
        tax_date: app.settings.tax_date,
        key: app.key.expose(),
    };
    let mut tx = app.db.begin().await?;
    let ended = receipts::replace(&mut tx, terms, decision).await?;
    tx.commit().await?;
    told(app, now, ended).await
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

/// What is decided stays so whether or not its message leaves: a message that is written down is
/// sent by the next run.
async fn told(
    app: &App,
    now: DateTime<Utc>,
    ended: EndedReceipt,
) -> anyhow::Result<DecidedReceipt> {
    let (mailed, unsent) = match send_written(app, now, Some(ended.mail_id)).await {
        Ok(counts) => (counts.sent, counts.refused),
        Err(error) => {
            tracing::warn!("the donor is told by the next run: {error:#}");
            (0, 1)
        }
    };
    if let Some(successor) = &ended.successor {
        store_document(app, successor).await?;
    }
    let successor = ended.successor.as_ref();
    let path = |s: &IssuedReceipt| receipt_path(app, s.receipt_id, &s.number);
    Ok(DecidedReceipt {
        number: ended.number,
        state: ended.standing.word(),
        successor: successor.map(|s| s.number.clone()),
        amount: successor.map(|s| euros(s.amount_cents)),
        file: successor.map(|s| path(s).display().to_string()),
        mailed,
        unsent,
    })
}

/// Writes a receipt's document, unless the message that brought it did.
async fn store_document(app: &App, of: &IssuedReceipt) -> anyhow::Result<()> {
    let mut db = app.db.acquire().await?;
    let ids = [of.receipt_id];
    let contents = receipts::of_ids(&mut db, app.key.expose(), Reader::System, &ids).await?;
    drop(db);
    for receipt in contents {
        receipt_document(app, receipt).await?;
    }
    Ok(())
}
