//! Messages about another account: to the association, at the address on file, and to the team.

use chrono::{DateTime, Utc};

use super::send::Postbox;
use crate::app::App;
use crate::db::AdvisoryLock;
use crate::gateways::mailer::OutgoingMail;
use crate::mail::{AccountMail, AccountTelling};
use crate::parties::account_mail::{self, AccountNews, AccountStep};
use crate::values::{Locale, SetAside};

/// Tells everybody concerned what they were not told yet. Returns the associations of which a
/// message was refused.
pub async fn tell_of_accounts(app: &App, now: DateTime<Utc>) -> anyhow::Result<Vec<SetAside>> {
    if account_mail::untold(&mut *app.db.acquire().await?)
        .await?
        .is_empty()
    {
        return Ok(Vec::new());
    }
    // A mail is marked after it left: two runs at once would both send it.
    let lock = AdvisoryLock::acquire(&app.db, "telling of accounts").await?;
    let mut db = app.db.acquire().await?;
    let postbox = Postbox::open(app, now).await?;
    let mut refused = Vec::new();
    for news in account_mail::untold(&mut db).await? {
        let mail = OutgoingMail {
            mail_id: news.mail_id,
            to: &news.email,
            content: message(&news),
            attachments: Vec::new(),
            unsubscribe_url: None,
        };
        let about = format!("the account of {}", news.slug);
        match postbox.send(about, mail).await? {
            Ok(()) => account_mail::mark_told(&mut db, now, &news).await?,
            Err(refusal) => refused.push(SetAside::new(news.slug, refusal.reason)),
        }
    }
    lock.release().await?;
    Ok(refused)
}

fn message(news: &AccountNews) -> crate::values::MailContent {
    AccountMail {
        association: &news.association,
        iban: &news.iban,
        previous_iban: &news.previous_iban,
        telling: match news.step {
            AccountStep::Asked => AccountTelling::Asked,
            AccountStep::Confirmed => AccountTelling::Confirmed,
            AccountStep::Refused => AccountTelling::Refused,
        },
        on: news.on,
        // Associations and the team are in France.
        locale: Locale::Fr,
    }
    .message()
}
