//! The monthly statement to each merchant.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::attachments::statement_path;
use super::send::Postbox;
use crate::app::App;
use crate::collections::{
    self, Collection, CollectionFilter, FailedPayment, ReturnedPayment, StatementSums,
};
use crate::concurrent::for_each_concurrent;
use crate::db::AdvisoryLock;
use crate::gateways::mailer::{FileAttachment, MAX_CONNECTIONS, OutgoingMail};
use crate::mail::{FailedPaymentLine, ReturnedPaymentLine, StatementMail};
use crate::progress::Step;
use crate::values::{
    CollectionId, Locale, MailContent, MailId, MerchantId, Period, Reader, SetAside, derived_id,
};

/// What the statements of a run say beside their collections.
struct Accounts {
    sums: HashMap<CollectionId, StatementSums>,
    failed: Vec<FailedPayment>,
    returned: Vec<ReturnedPayment>,
    waiting: HashMap<MerchantId, i64>,
}

impl Accounts {
    async fn load(db: &mut PgConnection, of: &[Collection]) -> Result<Self, sqlx::Error> {
        let collections: Vec<CollectionId> = of.iter().map(|c| c.collection_id).collect();
        let merchants: Vec<MerchantId> = of.iter().map(|c| c.merchant_id).collect();
        Ok(Self {
            sums: collections::sums(db, &collections).await?,
            failed: collections::failed_payments(db, &merchants).await?,
            returned: collections::returned_payments(db, &collections).await?,
            waiting: collections::waiting_credits(db, &merchants).await?,
        })
    }
}

/// Sends each statement that is not marked as mailed. Returns the merchants whose statement was
/// refused.
pub async fn send_statements(app: &App, now: DateTime<Utc>) -> anyhow::Result<Vec<SetAside>> {
    // A mail is marked after it left: two runs at once would both send it.
    let lock = AdvisoryLock::acquire(&app.db, "sending statements").await?;
    let mut db = app.db.acquire().await?;
    let unmailed = collections::list(&mut db, Reader::System, CollectionFilter::Unmailed).await?;
    let accounts = Arc::new(Accounts::load(&mut db, &unmailed).await?);
    drop(db);
    let sent = app.progress.count(Step::MailStatements, unmailed.len());
    let (postbox, app) = (Postbox::open(app, now).await?, app.clone());
    let refused = for_each_concurrent(MAX_CONNECTIONS as usize, unmailed, move |c| {
        let (app, postbox, sent) = (app.clone(), postbox.clone(), sent.clone());
        let accounts = accounts.clone();
        async move {
            let content = message(&app, &c, &accounts);
            let refused = send_statement(&app, &postbox, now, &c, content).await?;
            sent.add_one();
            Ok(refused)
        }
    })
    .await?;
    lock.release().await?;
    Ok(refused.into_iter().flatten().collect())
}

/// The message with the statement of a collection.
pub(super) fn statement_mail(id: CollectionId) -> MailId {
    MailId(derived_id(&format!("statement:{id}")))
}

/// Sends one statement. Returns the merchant when it was refused.
async fn send_statement(
    app: &App,
    postbox: &Postbox,
    now: DateTime<Utc>,
    c: &Collection,
    content: MailContent,
) -> anyhow::Result<Option<SetAside>> {
    let id = c.collection_id;
    let mail_id = statement_mail(id);
    if postbox.is_left(mail_id) {
        return Ok(None);
    }
    // The run that prepared the collection wrote the file, unless it was cut short before.
    let csv = match tokio::fs::read_to_string(statement_path(app, c)).await {
        Ok(written) => written,
        Err(_) => collections::csv(
            &collections::lines(&mut *app.db.acquire().await?, Reader::System, id).await?,
        ),
    };
    let file_name = format!("releve-{}-{}.csv", c.merchant, c.period);
    let mail = OutgoingMail {
        mail_id,
        to: &c.merchant_email,
        content,
        attachments: vec![FileAttachment::csv(file_name, &csv)],
        unsubscribe_url: None,
    };
    let about = format!("the statement of {} for {}", c.merchant, c.period);
    Ok(match postbox.send(about, mail).await? {
        Ok(()) => {
            collections::mark_mailed(&mut *app.db.acquire().await?, now, id).await?;
            None
        }
        Err(refusal) => Some(SetAside::new(&c.merchant, refusal.reason)),
    })
}

/// What a statement says.
fn message(app: &App, c: &Collection, accounts: &Accounts) -> MailContent {
    let account = &app.settings.account;
    let sums = accounts.sums.get(&c.collection_id).copied();
    let sums = sums.unwrap_or_default();
    let failed = accounts.failed.iter();
    let failed = failed.filter(|f| f.merchant_id == c.merchant_id);
    let returned = accounts.returned.iter();
    let returned = returned.filter(|r| r.collection_id == c.collection_id);
    StatementMail {
        merchant: &c.merchant_name,
        period: c.period,
        count: sums.donations,
        donated_cents: sums.donated_cents,
        refunded_cents: sums.refunded_cents,
        refunded_earlier_cents: sums.refunded_earlier_cents,
        refunded_late_cents: sums.refunded_late_cents,
        returned: returned
            .map(|r| ReturnedPaymentLine {
                on: r.occurred_on,
                amount_cents: r.amount_cents,
                reference: &r.reference,
            })
            .collect(),
        credit_before_cents: sums.credit_before_cents,
        taken_elsewhere_cents: sums.taken_elsewhere_cents,
        other_credit_cents: sums.other_credit_cents,
        credit_left_cents: sums.credit_left_cents,
        amount_cents: c.amount_cents,
        failed: failed
            .map(|f| FailedPaymentLine {
                period: Period::of(f.period),
                amount_cents: f.amount_cents,
                reference: &f.reference,
                returned_on: f.returned_on,
            })
            .collect(),
        waiting_cents: accounts.waiting.get(&c.merchant_id).copied().unwrap_or(0),
        reference: &c.reference,
        holder: &account.holder,
        iban: account.iban.as_str(),
        bic: account.bic.as_str(),
        // Merchants and their accountants are in France.
        locale: Locale::Fr,
    }
    .message()
}
