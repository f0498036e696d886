//! The report of each settled payout to its association.

use chrono::{DateTime, Utc};

use super::send::Postbox;
use crate::app::App;
use crate::db::AdvisoryLock;
use crate::gateways::mailer::{FileAttachment, OutgoingMail};
use crate::mail::ReportMail;
use crate::payouts;
use crate::progress::Step;
use crate::values::{Locale, MailId, PayoutId, Reader, SetAside, derived_id};

/// Sends the report of each settled payout that is not marked as reported. Returns the associations
/// whose report was refused.
pub async fn send_reports(app: &App, now: DateTime<Utc>) -> anyhow::Result<Vec<SetAside>> {
    // A mail is marked after it left: two runs at once would both send it.
    let lock = AdvisoryLock::acquire(&app.db, "sending reports").await?;
    let mut db = app.db.acquire().await?;
    let postbox = Postbox::open(app, now).await?;
    let mut refused = Vec::new();
    let unreported = payouts::unreported(&mut db).await?;
    let sent = app.progress.count(Step::MailReports, unreported.len());
    for p in unreported {
        let mail_id = report_mail(p.payout_id);
        if postbox.is_left(mail_id) {
            sent.add_one();
            continue;
        }
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
            mail_id,
            to: &p.email,
            content,
            attachments: vec![FileAttachment::csv(file_name, &csv)],
            unsubscribe_url: None,
        };
        let about = format!("the report of payout {} to its association", p.reference);
        match postbox.send(about, mail).await? {
            Ok(()) => payouts::mark_reported(&mut db, now, p.payout_id).await?,
            Err(refusal) => refused.push(SetAside::new(p.reference, refusal.reason)),
        }
        sent.add_one();
    }
    lock.release().await?;
    Ok(refused)
}

/// The message with the report of a payout.
pub(super) fn report_mail(id: PayoutId) -> MailId {
    MailId(derived_id(&format!("report:{id}")))
}
