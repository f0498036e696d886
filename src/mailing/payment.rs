//! What a merchant is told of a payment beside the monthly statements.

use chrono::{DateTime, Utc};

use super::send::Postbox;
use crate::app::App;
use crate::collections::{self, CollectionState, UntoldCollection};
use crate::db::AdvisoryLock;
use crate::gateways::mailer::OutgoingMail;
use crate::mail::{PaymentMail, PaymentTold};
use crate::values::{CollectionId, Locale, MailContent, MailId, Period, SetAside, derived_id};

/// Tells merchants that a payment was taken back, or that it is asked for again, each once and as
/// far as it still stands. Returns the merchants whose message was refused.
pub async fn tell_of_payments(app: &App, now: DateTime<Utc>) -> anyhow::Result<Vec<SetAside>> {
    // A mail is marked after it left: two runs at once would both send it.
    let lock = AdvisoryLock::acquire(&app.db, "telling of payments").await?;
    let untold = collections::untold(&mut *app.db.acquire().await?).await?;
    let mut refused = Vec::new();
    if !untold.is_empty() {
        let postbox = Postbox::open(app, now).await?;
        for of in untold {
            refused.extend(tell(app, &postbox, now, &of).await?);
        }
    }
    lock.release().await?;
    Ok(refused)
}

async fn tell(
    app: &App,
    postbox: &Postbox,
    now: DateTime<Utc>,
    of: &UntoldCollection,
) -> anyhow::Result<Option<SetAside>> {
    let mail_id = payment_mail(of.collection_id, of.n);
    if postbox.is_left(mail_id) {
        return Ok(None);
    }
    let mail = OutgoingMail {
        mail_id,
        to: &of.merchant_email,
        content: message(app, of),
        attachments: Vec::new(),
        unsubscribe_url: None,
    };
    let about = format!(
        "the message to {} about payment {}",
        of.merchant, of.reference
    );
    Ok(match postbox.send(about, mail).await? {
        Ok(()) => {
            collections::mark_told(&mut *app.db.acquire().await?, now, of).await?;
            None
        }
        Err(refusal) => Some(SetAside::new(&of.merchant, refusal.reason)),
    })
}

fn message(app: &App, of: &UntoldCollection) -> MailContent {
    let account = &app.settings.account;
    let told = match of.state {
        CollectionState::Returned => PaymentTold::Returned {
            on: of.occurred_on,
            reason: of.reason.as_deref(),
        },
        _ => PaymentTold::AskedAgain,
    };
    PaymentMail {
        merchant: &of.merchant_name,
        told,
        period: Period::of(of.period),
        amount_cents: of.amount_cents,
        reference: &of.reference,
        holder: &account.holder,
        iban: account.iban.as_str(),
        bic: account.bic.as_str(),
        // Merchants and their accountants are in France.
        locale: Locale::Fr,
    }
    .message()
}

/// The message about a state of a collection, by the number of that state.
pub(super) fn payment_mail(id: CollectionId, n: i16) -> MailId {
    MailId(derived_id(&format!("payment:{id}:{n}")))
}
