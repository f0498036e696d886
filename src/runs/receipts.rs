//! Receipts: issued for donations whose payout has settled, mailed, and kept as files.

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use serde_json::json;

use super::run::{Asked, recorded};
use crate::app::App;
use crate::concurrent::{for_each_concurrent, parallelism};
use crate::donations;
use crate::mailing::{
    ask_for_identities, mark_cancelled_documents, receipt_document, receipt_path, send_receipts,
};
use crate::progress::Step;
use crate::receipts::{
    self, ContentError, IssueSummary, IssueTerms, IssuedReceipt, Receipt, WithheldReason,
};
use crate::run_log::RunKind;
use crate::values::{Period, Reader, ReceiptId, euros};

/// Receipts whose contents are loaded by one query.
const GROUP: usize = 50;

/// Options of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReceiptOptions {
    /// Returns what would be issued and writes nothing.
    pub dry_run: bool,
    /// Leaves the mails to a later run.
    pub no_mail: bool,
}

/// The outcome of a run.
#[derive(Clone, Debug, Serialize)]
pub struct ReceiptRun {
    pub period: String,
    pub issued: usize,
    pub amount: String,
    pub held: Vec<WithheldDonations>,
    pub mailed: usize,
    /// Mails that the mail server refused; the next run tries them again.
    pub unsent: usize,
    /// Donors who were asked, by one mail, for what their receipts lack.
    pub told: usize,
    pub receipts: Vec<RunReceipt>,
}

/// The number of donations without a receipt, for one reason.
#[derive(Clone, Debug, Serialize)]
pub struct WithheldDonations {
    pub reason: &'static str,
    pub count: i64,
}

/// A receipt of a run.
#[derive(Clone, Debug, Serialize)]
pub struct RunReceipt {
    pub number: String,
    pub association: String,
    pub donor_id: String,
    pub amount: String,
    /// Numbers of the receipts that it cancels and replaces.
    pub replaces: Vec<String>,
    /// The document, readable by its owner only; none in a dry run.
    pub file: Option<String>,
}

/// Issues receipts for donations up to the end of a month whose payout has settled, mails those
/// that were not mailed before, and writes the documents of those it issued. A dry run is no run:
/// it is written down nowhere.
///
/// # Errors
/// `RunUnderWay` when another run of receipts is.
pub async fn run_receipts(
    app: &App,
    now: DateTime<Utc>,
    on: NaiveDate,
    period: Period,
    options: ReceiptOptions,
) -> anyhow::Result<ReceiptRun> {
    let work = issue(app, now, on, period, options);
    if options.dry_run {
        return work.await;
    }
    let asked = Asked {
        kind: RunKind::Receipts,
        arguments: json!({"period": period.to_string(), "no_mail": options.no_mail}),
        on,
    };
    let sums = |run: &ReceiptRun| {
        json!({
            "issued": run.issued,
            "amount": run.amount,
            "held": run.held.iter().map(|h| h.count).sum::<i64>(),
            "mailed": run.mailed,
            "told": run.told,
            "unsent": run.unsent,
        })
    };
    recorded(app, now, asked, work, sums).await
}

async fn issue(
    app: &App,
    now: DateTime<Utc>,
    on: NaiveDate,
    period: Period,
    options: ReceiptOptions,
) -> anyhow::Result<ReceiptRun> {
    app.progress.start(Step::IssueReceipts);
    let mut tx = app.db.begin().await?;
    let terms = IssueTerms {
        now,
        on,
        tax_date: app.settings.tax_date,
        key: app.key.expose(),
    };
    let issued = receipts::issue(&mut tx, terms, period).await?;
    if options.dry_run {
        tx.rollback().await?;
        return Ok(summary(period, &issued));
    }
    if issued
        .withheld
        .contains_key(&WithheldReason::ConsentUnclear)
    {
        donations::open_consent_cases(&mut tx, now).await?;
    }
    tx.commit().await?;
    mark_ended(app).await?;
    let mut run = summary(period, &issued);
    if !options.no_mail {
        let mails = send_receipts(app, now)
            .await
            .context("the receipts are issued; run this again to mail those that wait")?;
        let asked = ask_for_identities(app, now, &issued.incomplete)
            .await
            .context("the receipts are issued and mailed; run this again to ask for what lacks")?;
        (run.mailed, run.told) = (mails.sent, asked.sent);
        run.unsent = mails.refused + asked.refused;
    }
    store_documents(app, &issued.receipts).await?;
    for (listed, r) in run.receipts.iter_mut().zip(&issued.receipts) {
        let path = receipt_path(app, r.receipt_id, &r.number);
        listed.file = path.exists().then(|| path.display().to_string());
    }
    Ok(run)
}

impl ReceiptRun {
    /// A run that found nothing to do.
    #[must_use]
    pub fn nothing(period: Period) -> Self {
        summary(period, &IssueSummary::default())
    }
}

/// Marks the documents of receipts that ended, where that was cut short.
async fn mark_ended(app: &App) -> anyhow::Result<()> {
    for receipt in receipts::ended(&mut *app.db.acquire().await?).await? {
        let marked = mark_cancelled_documents(app, receipt).await;
        marked.context("the receipts are issued; run this again to mark those that ended")?;
    }
    Ok(())
}

/// The outcome so far: what was issued, before mails and files.
fn summary(period: Period, issued: &IssueSummary) -> ReceiptRun {
    let cents: i64 = issued.receipts.iter().map(|r| r.amount_cents).sum();
    ReceiptRun {
        period: period.to_string(),
        issued: issued.receipts.len(),
        amount: euros(cents),
        held: issued
            .withheld
            .iter()
            .map(|(reason, count)| WithheldDonations {
                reason: reason.word(),
                count: *count,
            })
            .collect(),
        mailed: 0,
        unsent: 0,
        told: 0,
        receipts: issued
            .receipts
            .iter()
            .map(|r| RunReceipt {
                number: r.number.clone(),
                association: r.association.clone(),
                donor_id: r.donor_id.to_string(),
                amount: euros(r.amount_cents),
                replaces: r.replaces.clone(),
                file: None,
            })
            .collect(),
    }
}

/// Writes the documents of receipts into the data folder, on all cores. Those that were mailed are
/// there already. One that cannot be made stops no other.
async fn store_documents(app: &App, of: &[IssuedReceipt]) -> anyhow::Result<()> {
    let missing: Vec<ReceiptId> = of
        .iter()
        .filter(|r| !receipt_path(app, r.receipt_id, &r.number).exists())
        .map(|r| r.receipt_id)
        .collect();
    let stored = app.progress.count(Step::StoreReceipts, missing.len());
    let groups = missing.chunks(GROUP).map(<[_]>::to_vec).collect();
    let app = app.clone();
    // One group more than cores, so that no core waits while a group is loaded.
    for_each_concurrent(parallelism() + 1, groups, move |group: Vec<ReceiptId>| {
        let (app, stored) = (app.clone(), stored.clone());
        async move {
            for receipt in contents(&app, &group).await? {
                let number = receipt.number.clone();
                if let Err(error) = receipt_document(&app, receipt).await {
                    let error = format!("{error:#}");
                    tracing::error!(number, error, "a receipt has no document");
                }
                stored.add_one();
            }
            Ok(())
        }
    })
    .await?;
    Ok(())
}

/// The receipts of a group. Where one cannot be opened, the others are loaded without it.
async fn contents(app: &App, group: &[ReceiptId]) -> anyhow::Result<Vec<Receipt>> {
    let (mut db, key) = (app.db.acquire().await?, app.key.expose());
    match receipts::of_ids(&mut db, key, Reader::System, group).await {
        Err(ContentError::Seal(_) | ContentError::Read(_)) => {}
        all => return Ok(all?),
    }
    let mut found = Vec::new();
    for id in group {
        match receipts::of_ids(&mut db, key, Reader::System, &[*id]).await {
            Err(ContentError::Database(error)) => return Err(error.into()),
            Err(error) => tracing::error!(receipt = %id, %error, "a receipt has no document"),
            Ok(receipt) => found.extend(receipt),
        }
    }
    Ok(found)
}
