//! The month's steps, each in database transactions of its own, then the files. Every step can be cut short and run again.

use std::path::PathBuf;

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::app::App;
use crate::collections::{self, Collection, CollectionFilter};
use crate::concurrent::{for_each_concurrent, parallelism};
use crate::db::Partition;
use crate::gateways::bank::{CreditTransfer, read_statement, write_credit_transfer};
use crate::mailing::{
    document_path, send_receipts, send_reports, send_statements, statement_path, store_documents,
    write_statements,
};
use crate::parties::operator;
use crate::payouts::{self, Payout, PayoutState};
use crate::receipts;
use crate::values::{Amount, Email, PayoutId, Period, Reader};
use crate::{reconciliation, values};

/// Prepares a month's collections and writes their statements; answers all collections of the month.
pub async fn run_collections(
    app: &App,
    now: DateTime<Utc>,
    on: NaiveDate,
    period: Period,
) -> anyhow::Result<Vec<Collection>> {
    let db = app.db.clone();
    for_each_concurrent(
        parallelism(),
        Partition::split(parallelism()),
        move |part| {
            let db = db.clone();
            async move {
                let mut tx = db.begin().await?;
                let merchants = collections::prepare(&mut tx, now, on, period, &part).await?;
                collections::submit(&mut tx, now, on, &merchants).await?;
                Ok(tx.commit().await?)
            }
        },
    )
    .await?;
    let mut prepared = collections::list(
        &mut *app.db.acquire().await?,
        Reader::System,
        CollectionFilter::Month(period),
    )
    .await?;
    write_statements(app, &prepared).await?;
    for collection in &mut prepared {
        collection.file = Some(statement_path(app, collection).display().to_string());
    }
    send_statements(app, now)
        .await
        .context("the collections are prepared; run this again to mail the statements that wait")?;
    Ok(prepared)
}

/// Prepares payouts from what has arrived, and finishes files cut short; answers payouts that are not settled.
pub async fn run_payouts(
    app: &App,
    now: DateTime<Utc>,
    on: NaiveDate,
) -> anyhow::Result<Vec<Payout>> {
    let db = app.db.clone();
    for_each_concurrent(
        parallelism(),
        Partition::split(parallelism()),
        move |part| {
            let db = db.clone();
            async move {
                let mut tx = db.begin().await?;
                payouts::prepare(&mut tx, now, on, &part).await?;
                Ok(tx.commit().await?)
            }
        },
    )
    .await?;
    write_files(app, now).await?;
    let listed = payouts::list(&mut *app.db.acquire().await?, Reader::System, None).await?;
    Ok(listed
        .into_iter()
        .filter(|p| p.state != PayoutState::Settled)
        .collect())
}

/// Counts an approval; with the second the file leaves. Answers the payout.
pub async fn approve_payout(
    app: &App,
    now: DateTime<Utc>,
    on: NaiveDate,
    id: PayoutId,
    email: &Email,
) -> anyhow::Result<Vec<Payout>> {
    let mut tx = app.db.begin().await?;
    let operator = operator::find(&mut tx, email)
        .await?
        .context("no operator has this address; see `obole operator add`")?;
    payouts::approve(&mut tx, now, on, id, operator).await?;
    tx.commit().await?;
    write_files(app, now).await?;
    Ok(payouts::list(&mut *app.db.acquire().await?, Reader::System, Some(id)).await?)
}

async fn write_files(app: &App, now: DateTime<Utc>) -> anyhow::Result<()> {
    let mut db = app.db.acquire().await?;
    for payout in payouts::unwritten_orders(&mut db).await? {
        if !app.settings.account.given {
            tracing::warn!(
                "OBOLE_IBAN is not set: the file carries an example account, which a bank refuses"
            );
        }
        let transfer = CreditTransfer {
            name: payout.name,
            iban: payout.iban,
            bic: payout.bic,
            amount: Amount::from_cents(payout.amount_cents)?,
            text: format!(
                "Obole {} {} dons {}",
                payout.submitted_on.format("%Y-%m"),
                payout.count,
                payout.reference
            ),
            reference: payout.reference,
            on: payout.submitted_on,
        };
        let path = write_credit_transfer(&app.settings.bank_dir, &app.settings.account, &transfer)?;
        payouts::mark_written(&mut db, now, payout.payout_id, &path.display().to_string()).await?;
    }
    Ok(())
}

/// What a statement's import found.
#[derive(Clone, Debug, Serialize)]
pub struct ImportedStatement {
    pub file: String,
    #[serde(flatten)]
    pub imported: reconciliation::ImportSummary,
}

/// Imports statements, each whole or not at all. All are read before the first is imported.
pub async fn import_statements(
    app: &App,
    now: DateTime<Utc>,
    files: &[PathBuf],
) -> anyhow::Result<Vec<ImportedStatement>> {
    let mut read = Vec::with_capacity(files.len());
    for path in files {
        let name = path.display().to_string();
        let xml = std::fs::read_to_string(path).with_context(|| name.clone())?;
        let lines = read_statement(&name, &xml)?;
        let own = &app.settings.account;
        if let Some(other) = lines
            .iter()
            .find(|l| own.given && l.account != own.iban.as_str())
        {
            let masked = values::Iban::parse(&other.account)
                .map_or_else(|_| "without IBAN".into(), |i| i.masked());
            anyhow::bail!(
                "{name} is a statement of another account ({masked}) than OBOLE_IBAN ({})",
                own.iban.masked()
            );
        }
        read.push((name, lines));
    }
    let mut imported = Vec::with_capacity(read.len());
    for (file, lines) in read {
        let mut tx = app.db.begin().await?;
        let found = reconciliation::import(&mut tx, now, &lines)
            .await
            .with_context(|| file.clone())?;
        tx.commit().await?;
        imported.push(ImportedStatement {
            file,
            imported: found,
        });
    }
    send_reports(app, now).await.context(
        "the statements are imported; import them again to mail the payout reports that wait",
    )?;
    Ok(imported)
}

/// How receipts are to be run.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReceiptOptions {
    /// Tell what would be issued; write nothing.
    pub dry_run: bool,
    /// Issue, and leave the messages for a later run.
    pub no_mail: bool,
}

/// What a run of receipts did.
#[derive(Clone, Debug, Serialize)]
pub struct ReceiptRun {
    pub period: String,
    pub issued: usize,
    pub amount: String,
    pub held: Vec<HeldGifts>,
    pub mailed: usize,
    /// Messages that the mail server refused; the next run tries again.
    pub unsent: usize,
    pub receipts: Vec<ListedReceipt>,
}

/// Gifts that wait, and what for.
#[derive(Clone, Debug, Serialize)]
pub struct HeldGifts {
    pub reason: &'static str,
    pub count: i64,
}

/// A receipt of a run. `file` is the document, readable by its owner only.
#[derive(Clone, Debug, Serialize)]
pub struct ListedReceipt {
    pub number: String,
    pub association: String,
    pub donor_id: String,
    pub amount: String,
    pub file: Option<String>,
}

/// Issues and mails receipts for gifts whose payout has settled, and finishes messages cut short.
pub async fn run_receipts(
    app: &App,
    now: DateTime<Utc>,
    on: NaiveDate,
    period: Period,
    options: ReceiptOptions,
) -> anyhow::Result<ReceiptRun> {
    let mut tx = app.db.begin().await?;
    let issued = receipts::issue(&mut tx, now, on, period, app.key.expose()).await?;
    if options.dry_run {
        tx.rollback().await?;
    } else {
        tx.commit().await?;
    }
    let total: i64 = issued.receipts.iter().map(|r| r.amount_cents).sum();
    let mut run = ReceiptRun {
        period: period.to_string(),
        issued: issued.receipts.len(),
        amount: values::euros(total),
        held: issued
            .withheld
            .into_iter()
            .map(|(reason, count)| HeldGifts {
                reason: reason.word(),
                count,
            })
            .collect(),
        mailed: 0,
        unsent: 0,
        receipts: Vec::new(),
    };
    run.receipts = issued
        .receipts
        .iter()
        .map(|r| ListedReceipt {
            number: r.number.clone(),
            association: r.association.clone(),
            donor_id: r.donor_id.to_string(),
            amount: values::euros(r.amount_cents),
            file: None,
        })
        .collect();
    if !options.dry_run && !options.no_mail {
        (run.mailed, run.unsent) = send_receipts(app, now)
            .await
            .context("the receipts are issued; run this again to mail those that wait")?;
    }
    if !options.dry_run {
        store_documents(app, &issued.receipts).await?;
        for (listed, r) in run.receipts.iter_mut().zip(&issued.receipts) {
            listed.file = Some(
                document_path(app, r.receipt_id, &r.number)
                    .display()
                    .to_string(),
            );
        }
    }
    Ok(run)
}
