//! Writing to shops, associations and donors. A message cut short goes again under the same id, which mail programs take for one.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt as _;
use tokio::task::JoinSet;

use crate::concurrent::{for_each_concurrent, parallelism};
mod sign_in;

pub use sign_in::send_link;

use crate::app::App;
use crate::collections::{Collection, CollectionFilter, Csv};
use crate::gateways::bank::write_whole;
use crate::gateways::smtp::{FileAttachment, MAILS_AT_ONCE, MailError, Mailer, OutgoingMail};
use crate::mail::{EnclosedReceipt, ReceiptsMail, ReportMail, StatementMail};
use crate::parties::donor::{self, Donor};
use crate::parties::unsubscribe;
use crate::receipts::{IssuedReceipt, Receipt};
use crate::values::{CollectionId, DonorId, Locale, MailId, Reader, ReceiptId, derived_id};
use crate::{collections, db, payouts, receipts};

/// Sends a message; answers false when the server refused this one, which must not hold up the others.
async fn sent(app: &App, mailer: &Mailer, outgoing: OutgoingMail<'_>) -> Result<bool, MailError> {
    let mail_id = outgoing.mail_id;
    match mailer.send(&app.settings.mail_from, outgoing).await {
        Ok(()) => Ok(true),
        Err(MailError::Refused(code)) => {
            tracing::warn!(%mail_id, code, "a message was refused; the next run tries it again");
            Ok(false)
        }
        Err(away) => Err(away),
    }
}

/// Files on their way to the disk at once.
const FILES_AT_ONCE: usize = 16;

/// Where a collection's statement is kept.
pub fn statement_path(app: &App, c: &Collection) -> PathBuf {
    app.settings.data.join("statements").join(format!(
        "{}-{}-{}.csv",
        c.period, c.merchant, c.collection_id
    ))
}

/// Writes the statements of a month's collections, on all cores.
pub async fn write_statements(app: &App, of: &[Collection]) -> anyhow::Result<()> {
    let shares = of
        .chunks(of.len().div_ceil(parallelism()).max(1))
        .map(<[_]>::to_vec)
        .collect();
    let app = app.clone();
    for_each_concurrent(parallelism(), shares, move |share: Vec<Collection>| {
        let app = app.clone();
        async move { write_share(&app, &share).await }
    })
    .await?;
    Ok(())
}

/// Writes some statements: lines come in order, and each shop's file is written while the next one's come.
async fn write_share(app: &App, of: &[Collection]) -> anyhow::Result<()> {
    let mut paths: BTreeMap<CollectionId, PathBuf> = of
        .iter()
        .map(|c| (c.collection_id, statement_path(app, c)))
        .collect();
    let mut tx = app.db.begin().await?;
    db::disable_parallel_workers(&mut tx).await?;
    let mut writing = JoinSet::new();
    let mut lines = collections::lines_of_month(&mut tx, of);
    let mut open: Option<(CollectionId, Csv)> = None;
    loop {
        let line = lines.try_next().await?;
        let next = line.as_ref().map(|l| l.collection_id);
        if let Some((id, csv)) = open.take_if(|(id, _)| Some(*id) != next)
            && let Some(path) = paths.remove(&id)
        {
            while writing.len() >= FILES_AT_ONCE
                && let Some(written) = writing.join_next().await
            {
                written??;
            }
            writing.spawn_blocking(move || write_whole(&path, csv.text().as_bytes()));
        }
        let Some(line) = line else { break };
        open.get_or_insert_with(|| (line.collection_id, Csv::default()))
            .1
            .add(&line);
    }
    while let Some(written) = writing.join_next().await {
        written??;
    }
    Ok(())
}

/// Sends each statement that has not left, many at once.
pub async fn send_statements(app: &App, now: DateTime<Utc>) -> anyhow::Result<()> {
    let open = collections::list(
        &mut *app.db.acquire().await?,
        Reader::System,
        CollectionFilter::Unmailed,
    )
    .await?;
    let (mailer, app) = (Mailer::of(&app.settings)?, app.clone());
    for_each_concurrent(MAILS_AT_ONCE as usize, open, move |c| {
        let (app, mailer) = (app.clone(), mailer.clone());
        async move { send_statement(&app, &mailer, now, &c).await }
    })
    .await?;
    Ok(())
}

async fn send_statement(
    app: &App,
    mailer: &Mailer,
    now: DateTime<Utc>,
    c: &Collection,
) -> anyhow::Result<()> {
    let id = c.collection_id;
    let account = &app.settings.account;
    // The statement was written when the month was prepared; cut short before that, it is made now.
    let csv = match tokio::fs::read_to_string(statement_path(app, c)).await {
        Ok(written) => written,
        Err(_) => collections::csv(
            &collections::lines(&mut *app.db.acquire().await?, Reader::System, id).await?,
        ),
    };
    let message = StatementMail {
        merchant: &c.merchant_name,
        period: c.period,
        count: c.count,
        amount_cents: c.amount_cents,
        credited_cents: c.credited_cents,
        reference: &c.reference,
        holder: &account.holder,
        iban: account.iban.as_str(),
        bic: account.bic.as_str(),
        // Merchants and their accountants are in France.
        locale: Locale::Fr,
    }
    .message();
    let file = FileAttachment::csv(format!("releve-{}-{}.csv", c.merchant, c.period), &csv);
    let mail_id = MailId(derived_id(&format!("statement:{id}")));
    let outgoing = OutgoingMail {
        mail_id,
        to: &c.merchant_email,
        message,
        files: vec![file],
        unsubscribe: None,
    };
    if sent(app, mailer, outgoing).await? {
        collections::mark_mailed(&mut *app.db.acquire().await?, now, id).await?;
    }
    Ok(())
}

/// Sends the report of each settled payout that has not left.
pub async fn send_reports(app: &App, now: DateTime<Utc>) -> anyhow::Result<()> {
    let mut db = app.db.acquire().await?;
    let mailer = Mailer::of(&app.settings)?;
    for p in payouts::unreported(&mut db).await? {
        let message = ReportMail {
            association: &p.association,
            count: p.count,
            amount_cents: p.amount_cents,
            paid_on: p.paid_on,
            reference: &p.reference,
            // Associations are in France.
            locale: Locale::Fr,
        }
        .message();
        let file = FileAttachment::csv(
            format!("reversement-{}.csv", p.reference),
            &payouts::report(&mut db, Reader::System, p.payout_id).await?,
        );
        let mail_id = MailId(derived_id(&format!("report:{}", p.payout_id)));
        if sent(
            app,
            &mailer,
            OutgoingMail {
                mail_id,
                to: &p.email,
                message,
                files: vec![file],
                unsubscribe: None,
            },
        )
        .await?
        {
            payouts::mark_reported(&mut db, now, p.payout_id).await?;
        }
    }
    Ok(())
}

/// Sends each message of receipts that has not left, on all cores; answers how many left, and how many were refused.
pub async fn send_receipts(app: &App, now: DateTime<Utc>) -> anyhow::Result<(usize, usize)> {
    let mut tx = app.db.begin().await?;
    receipts::prepare_mailings(&mut tx, now).await?;
    tx.commit().await?;
    let open = receipts::open_mailings(&mut *app.db.acquire().await?).await?;
    let (mailer, app) = (Mailer::of(&app.settings)?, app.clone());
    // Mail servers answer slowly: many messages wait for them while the cores typeset others. What a few are made of is asked
    // for at once, of so few that none is left alone with the rest.
    let a_few = (open.len() / (4 * MAILS_AT_ONCE as usize)).clamp(1, 20);
    let left = for_each_concurrent(
        MAILS_AT_ONCE as usize,
        open.chunks(a_few).map(<[_]>::to_vec).collect(),
        move |some: Vec<(MailId, DonorId)>| {
            let (app, mailer) = (app.clone(), mailer.clone());
            async move { send_to_donors(&app, &mailer, now, &some).await }
        },
    )
    .await?;
    Ok((
        left.iter().map(|l| l.0).sum(),
        left.iter().map(|l| l.1).sum(),
    ))
}

/// Sends some donors' receipts; answers how many messages left, and how many were refused.
async fn send_to_donors(
    app: &App,
    mailer: &Mailer,
    now: DateTime<Utc>,
    some: &[(MailId, DonorId)],
) -> anyhow::Result<(usize, usize)> {
    let mut db = app.db.acquire().await?;
    let donors = donor::of_ids(
        &mut db,
        Reader::System,
        some.iter().map(|(_, donor)| *donor),
    )
    .await?;
    let mut enclosed = receipts::of_mails(
        &mut db,
        app.key.expose(),
        some.iter().map(|(mail, _)| *mail),
    )
    .await?;
    // No connection to the database waits for the mail server.
    drop(db);
    let (mut left, mut refused) = (0, 0);
    for (mail_id, donor_id) in some {
        // The receipts of someone who has left stay in the vault.
        let Some(to) = donors.get(donor_id).filter(|d| d.email.is_some()) else {
            continue;
        };
        if send_to_donor(
            app,
            mailer,
            *mail_id,
            to,
            enclosed.remove(mail_id).unwrap_or_default(),
        )
        .await?
        {
            receipts::mark_sent(&mut *app.db.acquire().await?, now, *mail_id).await?;
            left += 1;
        } else {
            refused += 1;
        }
    }
    Ok((left, refused))
}

/// Sends one donor's receipts; answers whether they left.
async fn send_to_donor(
    app: &App,
    mailer: &Mailer,
    mail_id: MailId,
    to: &Donor,
    enclosed: Vec<Receipt>,
) -> anyhow::Result<bool> {
    let url = &app.settings.public_url;
    let lines: Vec<EnclosedReceipt<'_>> = enclosed
        .iter()
        .map(|r| EnclosedReceipt {
            number: &r.number,
            association: &r.content.beneficiary.name,
            amount_cents: r.amount_cents,
        })
        .collect();
    let message = ReceiptsMail {
        first_name: to.first_name.as_deref(),
        receipts: &lines,
        dashboard: &format!("{url}/donor"),
        locale: to.locale,
    }
    .message();
    let mut files = Vec::with_capacity(enclosed.len());
    for r in enclosed {
        files.push(FileAttachment::pdf(
            format!("recu-{}.pdf", r.number),
            document(app, r).await?,
        ));
    }
    let unsubscribe = Some(format!(
        "{url}{}",
        unsubscribe::unsubscribe_path(app.key.expose(), to.donor_id)
    ));
    Ok(sent(
        app,
        mailer,
        OutgoingMail {
            mail_id,
            to: to.email.as_deref().unwrap_or_default(),
            message,
            files,
            unsubscribe,
        },
    )
    .await?)
}

/// Receipts whose documents are made at a time.
const DOCUMENTS_AT_ONCE: usize = 50;

/// Where a receipt's document is kept.
pub fn document_path(app: &App, receipt_id: ReceiptId, number: &str) -> PathBuf {
    app.settings
        .data
        .join("receipts")
        .join(receipt_id.to_string())
        .join(format!("recu-{number}.pdf"))
}

/// Keeps the documents of receipts in the data folder, on all cores; what was mailed is there already.
pub async fn store_documents(app: &App, of: &[IssuedReceipt]) -> anyhow::Result<()> {
    let missing: Vec<ReceiptId> = of
        .iter()
        .filter(|r| !document_path(app, r.receipt_id, &r.number).exists())
        .map(|r| r.receipt_id)
        .collect();
    let app = app.clone();
    for_each_concurrent(
        parallelism() + 1,
        missing
            .chunks(DOCUMENTS_AT_ONCE)
            .map(<[_]>::to_vec)
            .collect(),
        move |some: Vec<ReceiptId>| {
            let app = app.clone();
            async move {
                for r in receipts::of_ids(
                    &mut *app.db.acquire().await?,
                    app.key.expose(),
                    Reader::System,
                    &some,
                )
                .await?
                {
                    document(&app, r).await?;
                }
                Ok(())
            }
        },
    )
    .await?;
    Ok(())
}

/// A receipt's document; typeset once, because the same data gives the same bytes.
async fn document(app: &App, r: Receipt) -> anyhow::Result<Vec<u8>> {
    let path = document_path(app, r.receipt_id, &r.number);
    if let Ok(kept) = tokio::fs::read(&path).await {
        return Ok(kept);
    }
    let pdf = receipts::typeset(r.content).await?;
    Ok(tokio::task::spawn_blocking(move || write_whole(&path, &pdf).map(|()| pdf)).await??)
}
