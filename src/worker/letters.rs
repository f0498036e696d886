//! Writing to shops, associations and donors. A message cut short goes again under the same id, which mail programs take for one.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tokio::task::JoinSet;

use crate::app::App;
use crate::collections::{Collection, StatementLine};
use crate::gateways::bank_files::write_whole;
use crate::gateways::smtp::{Attached, MAILS_AT_ONCE, MailError, Mailer, Outgoing};
use crate::mail::{ReceiptsMail, ReportMail, StatementMail};
use crate::parties::donor;
use crate::receipts::Receipt;
use crate::values::{CollectionId, DonorId, MailId, derived_id, figures, french_day, french_month};
use crate::{collections, payouts, receipts};

/// Sends a message; answers false when the server refused this one, which must not hold up the others.
async fn sent(app: &App, mailer: &Mailer, outgoing: Outgoing<'_>) -> Result<bool, MailError> {
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

/// How many shops' lines are held at once.
pub(super) const SHOPS_AT_ONCE: usize = 100;

/// Where a collection's statement is kept.
pub(super) fn statement_path(app: &App, c: &Collection) -> PathBuf {
    app.settings.data.join("statements").join(format!("{}-{}-{}.csv", c.period, c.merchant, c.collection_id))
}

/// The lines of some collections, by collection.
pub(super) async fn statement_lines(db: &mut PgConnection, of: &[Collection]) -> anyhow::Result<HashMap<String, Vec<StatementLine>>> {
    let ids: Vec<uuid::Uuid> = of.iter().map(|c| c.collection_id.parse().map(|id: CollectionId| id.0)).collect::<Result<_, _>>()?;
    let mut by_collection: HashMap<String, Vec<StatementLine>> = HashMap::new();
    for line in collections::lines(db, &ids).await? {
        by_collection.entry(CollectionId(line.collection_id).to_string()).or_default().push(line);
    }
    Ok(by_collection)
}

/// Sends each statement that has not left.
pub async fn send_statements(app: &App, now: DateTime<Utc>) -> anyhow::Result<()> {
    let mut db = app.db.acquire().await?;
    let mailer = Mailer::of(&app.settings)?;
    let account = &app.settings.account;
    for c in collections::unmailed(&mut db).await? {
        let id: CollectionId = c.collection_id.parse()?;
        // The statement was written when the month was prepared; cut short before that, it is made now.
        let csv = match std::fs::read_to_string(statement_path(app, &c)) {
            Ok(written) => written,
            Err(_) => collections::csv(&collections::lines(&mut db, &[id.0]).await?),
        };
        let message = StatementMail {
            shop: &c.merchant_name,
            month: &french_month(c.period),
            count: c.count,
            amount: &figures(c.amount_cents),
            credited: (c.credited_cents > 0).then(|| figures(c.credited_cents)).as_deref(),
            reference: &c.reference,
            holder: &account.holder,
            iban: account.iban.as_str(),
            bic: account.bic.as_str(),
        }
        .message();
        let file = Attached::csv(format!("releve-{}-{}.csv", c.merchant, c.period), &csv);
        let mail_id = MailId(derived_id(&format!("statement:{id}")));
        let outgoing = Outgoing { mail_id, to: &c.merchant_email, message, files: vec![file], unsubscribe: None };
        if sent(app, &mailer, outgoing).await? {
            collections::mailed(&mut db, now, id).await?;
        }
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
            amount: &figures(p.amount_cents),
            paid_on: &french_day(p.paid_on),
            reference: &p.reference,
        }
        .message();
        let file = Attached::csv(format!("reversement-{}.csv", p.reference), &payouts::report(&mut db, p.payout_id).await?);
        let mail_id = MailId(derived_id(&format!("report:{}", p.payout_id)));
        if sent(app, &mailer, Outgoing { mail_id, to: &p.email, message, files: vec![file], unsubscribe: None }).await? {
            payouts::reported(&mut db, now, p.payout_id).await?;
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
    let (mailer, next) = (Mailer::of(&app.settings)?, Arc::new(Mutex::new(open.into_iter())));
    let mut senders = JoinSet::new();
    // Mail servers answer slowly: many wait for them, and the cores are busy all the same.
    for _ in 0..MAILS_AT_ONCE {
        let (app, mailer, next) = (app.clone(), mailer.clone(), next.clone());
        senders.spawn(async move {
            let (mut mailed, mut refused) = (0, 0);
            loop {
                let one = next.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some((mail_id, donor_id)) = one else { break };
                match send_to_donor(&app, &mailer, now, mail_id, donor_id).await? {
                    Some(true) => mailed += 1,
                    Some(false) => refused += 1,
                    None => {}
                }
            }
            anyhow::Ok((mailed, refused))
        });
    }
    let (mut mailed, mut refused) = (0, 0);
    while let Some(done) = senders.join_next().await {
        let done = done??;
        mailed += done.0;
        refused += done.1;
    }
    Ok((mailed, refused))
}

/// Sends one donor's receipts; answers whether they left, or none for someone who has left and has no address.
async fn send_to_donor(app: &App, mailer: &Mailer, now: DateTime<Utc>, mail_id: MailId, donor_id: DonorId) -> anyhow::Result<Option<bool>> {
    let mut db = app.db.acquire().await?;
    let (url, key) = (&app.settings.public_url, app.key.expose());
    let to = donor::load(&mut db, donor_id).await?;
    // The receipts of someone who has left stay in the vault.
    let Some(email) = &to.email else { return Ok(None) };
    let enclosed = receipts::of_mail(&mut db, key, mail_id).await?;
    // No connection to the database waits for the mail server.
    drop(db);
    let lines: Vec<String> =
        enclosed.iter().map(|r| format!("{} — {} — {}", r.number, r.printed.beneficiary.name, r.printed.figures)).collect();
    let message = ReceiptsMail {
        first_name: to.first_name.as_deref().unwrap_or_default(),
        lines: &lines,
        dashboard: &format!("{url}/donor"),
        english: to.locale == "en",
    }
    .message();
    let folder = app.settings.data.join("receipts");
    // Typesetting takes a while of one core.
    let files = tokio::task::spawn_blocking(move || {
        let file = |r: &Receipt| Ok(Attached::pdf(format!("recu-{}.pdf", r.number), document(&folder, r)?.1));
        enclosed.iter().map(file).collect::<anyhow::Result<Vec<_>>>()
    })
    .await??;
    let unsubscribe = Some(format!("{url}{}", donor::unsubscribe_path(key, donor_id)));
    let left = sent(app, mailer, Outgoing { mail_id, to: email, message, files, unsubscribe }).await?;
    if left {
        receipts::sent(&mut *app.db.acquire().await?, now, mail_id).await?;
    }
    Ok(Some(left))
}

/// How many things can be computed at once.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// A receipt's document and where it is kept; typeset once, because the same data gives the same bytes.
pub(super) fn document(folder: &Path, r: &Receipt) -> anyhow::Result<(PathBuf, Vec<u8>)> {
    let path = folder.join(r.receipt_id.to_string()).join(format!("recu-{}.pdf", r.number));
    if let Ok(kept) = std::fs::read(&path) {
        return Ok((path, kept));
    }
    let pdf = receipts::render(&r.printed)?;
    write_whole(&path, &pdf)?;
    Ok((path, pdf))
}
