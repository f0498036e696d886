//! The report of each settled payout to its association, and the message that one came back.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::send::Postbox;
use crate::app::App;
use crate::db::AdvisoryLock;
use crate::gateways::mailer::{FileAttachment, OutgoingMail};
use crate::mail::{AccountSums, ClaimLine, ReportMail, ReturnedMail};
use crate::payouts::{
    self, OpenClaim, PayoutReport, PayoutState, ReportAccount, ReportLine, ReportLineKind,
};
use crate::progress::Step;
use crate::values::{Locale, MailContent, MailId, PayoutId, Reader, SetAside, derived_id};

/// Tells associations of each payout that settled or came back and is not marked as told. Returns
/// the payouts whose message was refused.
pub async fn send_reports(app: &App, now: DateTime<Utc>) -> anyhow::Result<Vec<SetAside>> {
    // A mail is marked after it left: two runs at once would both send it.
    let lock = AdvisoryLock::acquire(&app.db, "sending reports").await?;
    let mut db = app.db.acquire().await?;
    let postbox = Postbox::open(app, now).await?;
    let mut refused = Vec::new();
    let unreported = payouts::unreported(&mut db).await?;
    let sent = app.progress.count(Step::MailReports, unreported.len());
    for p in unreported {
        let mail_id = report_mail(p.payout_id, p.n);
        if postbox.is_left(mail_id) {
            sent.add_one();
            continue;
        }
        payouts::write_report(&mut db, now, &p).await?;
        let account = account_sums(payouts::report_account(&mut db, &p).await?);
        let claims = payouts::open_claims(&mut db, p.association_id).await?;
        let claims: Vec<ClaimLine<'_>> = claims.iter().map(claim_line).collect();
        let (content, attachments) = if p.state == PayoutState::Settled {
            let (content, csv) = report(&mut db, &p, account, &claims).await?;
            (content, vec![csv])
        } else {
            (returned(&p, account, &claims), Vec::new())
        };
        let mail = OutgoingMail {
            mail_id,
            to: &p.email,
            content,
            attachments,
            unsubscribe_url: None,
        };
        let about = format!("the report of payout {} to its association", p.reference);
        match postbox.send(about, mail).await? {
            Ok(()) => payouts::mark_reported(&mut db, now, &p).await?,
            Err(refusal) => refused.push(SetAside::new(p.reference, refusal.reason)),
        }
        sent.add_one();
    }
    lock.release().await?;
    Ok(refused)
}

/// The report of a payout that settled, with its lines.
async fn report(
    db: &mut PgConnection,
    p: &PayoutReport,
    account: AccountSums,
    claims: &[ClaimLine<'_>],
) -> anyhow::Result<(MailContent, FileAttachment)> {
    let lines = payouts::report_lines(db, Reader::System, p.payout_id).await?;
    let sum = |kind| -> i64 { of_kind(&lines, kind).map(|l| l.amount_cents).sum() };
    let count = of_kind(&lines, ReportLineKind::Donation).count();
    let earlier = sum(ReportLineKind::EarlierRefund) + sum(ReportLineKind::Deducted);
    let content = ReportMail {
        association: &p.association,
        count: i32::try_from(count)?,
        donated_cents: sum(ReportLineKind::Donation),
        refunded_cents: -sum(ReportLineKind::Refund),
        deducted_cents: -earlier,
        amount_cents: p.amount_cents,
        paid_on: p.paid_on,
        reference: &p.reference,
        account,
        claims,
        // Associations are in France.
        locale: Locale::Fr,
    }
    .message();
    let file_name = format!("reversement-{}.csv", p.reference);
    let csv = FileAttachment::csv(file_name, &payouts::report_csv(&lines));
    Ok((content, csv))
}

fn of_kind(lines: &[ReportLine], kind: ReportLineKind) -> impl Iterator<Item = &ReportLine> {
    lines.iter().filter(move |l| l.kind == kind)
}

/// The message that a payout came back.
fn returned(p: &PayoutReport, account: AccountSums, claims: &[ClaimLine<'_>]) -> MailContent {
    ReturnedMail {
        association: &p.association,
        amount_cents: p.amount_cents,
        paid_on: p.paid_on,
        returned_on: p.occurred_on,
        reference: &p.reference,
        reason: p.reason.as_deref(),
        account,
        claims,
        locale: Locale::Fr,
    }
    .message()
}

fn claim_line(claim: &OpenClaim) -> ClaimLine<'_> {
    ClaimLine {
        order: &claim.order_id,
        merchant: &claim.merchant,
        on: claim.refunded_on,
        amount_cents: claim.open_cents,
    }
}

const fn account_sums(a: ReportAccount) -> AccountSums {
    AccountSums {
        opening_cents: a.opening_cents,
        arrived_cents: a.arrived_cents,
        refunded_cents: a.refunded_cents,
        claimed_cents: a.claimed_cents,
        withdrawn_cents: a.withdrawn_cents,
        returned_cents: a.returned_cents,
        paid_cents: a.paid_cents,
        closing_cents: a.closing_cents,
        undecided_cents: a.undecided_cents,
    }
}

/// The message with the report of a payout's state, by the number of that state.
pub(super) fn report_mail(id: PayoutId, n: i16) -> MailId {
    MailId(derived_id(&format!("report:{id}:{n}")))
}
