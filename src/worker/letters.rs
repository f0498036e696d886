//! Writing to shops, associations and donors. A message cut short goes again under the same id, which mail programs take for one.

use chrono::{DateTime, Utc};

use crate::app::App;
use crate::gateways::smtp::{Attached, MailError, Mailer, Outgoing};
use crate::mail::{ReceiptsMail, ReportMail, StatementMail};
use crate::parties::donor;
use crate::values::{CollectionId, MailId, derived_id, figures, french_day, french_month};
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

/// Sends each statement that has not left.
pub async fn send_statements(app: &App, now: DateTime<Utc>) -> anyhow::Result<()> {
    let mut db = app.db.acquire().await?;
    let mailer = Mailer::of(&app.settings)?;
    let account = &app.settings.account;
    for c in collections::unmailed(&mut db).await? {
        let id: CollectionId = c.collection_id.parse()?;
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
        let lines = collections::lines(&mut db, &[id.0]).await?;
        let file = Attached::csv(format!("releve-{}-{}.csv", c.merchant, c.period), &collections::csv(&lines));
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

/// Sends each message of receipts that has not left; answers how many left, and how many were refused.
pub async fn send_receipts(app: &App, now: DateTime<Utc>) -> anyhow::Result<(usize, usize)> {
    let mut tx = app.db.begin().await?;
    receipts::prepare_mailings(&mut tx, now).await?;
    tx.commit().await?;
    let mailer = Mailer::of(&app.settings)?;
    let mut db = app.db.acquire().await?;
    let (url, key) = (&app.settings.public_url, app.key.expose());
    let (mut mailed, mut refused) = (0, 0);
    for (mail_id, donor_id) in receipts::open_mailings(&mut db).await? {
        let to = donor::load(&mut db, donor_id).await?;
        // Someone who has left has no address: the receipts stay in the vault.
        let Some(email) = &to.email else { continue };
        let enclosed = receipts::of_mail(&mut db, key, mail_id).await?;
        let lines: Vec<String> =
            enclosed.iter().map(|r| format!("{} — {} — {}", r.number, r.printed.beneficiary.name, r.printed.figures)).collect();
        let message = ReceiptsMail {
            first_name: to.first_name.as_deref().unwrap_or_default(),
            lines: &lines,
            dashboard: &format!("{url}/donor"),
            english: to.locale == "en",
        }
        .message();
        let mut files = Vec::with_capacity(enclosed.len());
        for receipt in &enclosed {
            files.push(Attached::pdf(format!("recu-{}.pdf", receipt.number), receipts::render(&receipt.printed)?));
        }
        let unsubscribe = Some(format!("{url}{}", donor::unsubscribe_path(key, donor_id)));
        if sent(app, &mailer, Outgoing { mail_id, to: email, message, files, unsubscribe }).await? {
            receipts::sent(&mut db, now, mail_id).await?;
            mailed += 1;
        } else {
            refused += 1;
        }
    }
    Ok((mailed, refused))
}
