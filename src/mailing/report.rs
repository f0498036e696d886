//! The report of each settled payout to its association.

use chrono::{DateTime, Utc};

use super::send::{mailer, send_or_log_refusal};
use crate::app::App;
use crate::db::AdvisoryLock;
use crate::gateways::mailer::{FileAttachment, OutgoingMail};
use crate::mail::ReportMail;
use crate::payouts;
use crate::progress::Step;
use crate::values::{Locale, MailId, Reader, derived_id};

/// Sends the report of each settled payout that is not marked as reported.
pub async fn send_reports(app: &App, now: DateTime<Utc>) -> anyhow::Result<()> {
    // A mail is marked after it left: two runs at once would both send it.
    let lock = AdvisoryLock::acquire(&app.db, "sending reports").await?;
    let mut db = app.db.acquire().await?;
    let mailer = mailer(app)?;
    let unreported = payouts::unreported(&mut db).await?;
    let sent = app.progress.count(Step::MailReports, unreported.len());
    for p in unreported {
        let content = ReportMail {
            association: &p.association,
            count: p.count,
            amount_cents: p.amount_cents,
            paid_on: p.paid_on,
            reference: &p.reference,
            // Associations are in France.
            locale: Locale::Fr,
        }
        .message();
        let csv = payouts::report(&mut db, Reader::System, p.payout_id).await?;
        let file_name = format!("reversement-{}.csv", p.reference);
        let mail = OutgoingMail {
            mail_id: MailId(derived_id(&format!("report:{}", p.payout_id))),
            to: &p.email,
            content,
            attachments: vec![FileAttachment::csv(file_name, &csv)],
            unsubscribe_url: None,
        };
        if send_or_log_refusal(app, &mailer, mail).await? {
            payouts::mark_reported(&mut db, now, p.payout_id).await?;
        }
        sent.add_one();
    }
    lock.release().await?;
    Ok(())
}
