//! The message to each donor whose receipts wait for their identity, once.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::receipts::MailCounts;
use super::send::Postbox;
use crate::app::App;
use crate::concurrent::for_each_concurrent;
use crate::db::AdvisoryLock;
use crate::gateways::mailer::{MAX_CONNECTIONS, OutgoingMail};
use crate::mail::IncompleteMail;
use crate::parties::donor::{self, Donor, ReceiptFrequency};
use crate::parties::donor_link::DonorLink;
use crate::receipts::{self, IdentityGaps};
use crate::values::{DonorId, MailId, Reader};

/// Asks the donors whose receipts a run withheld for what lacks, and those whom an earlier run
/// could not ask. Nobody is asked twice until they have completed it.
pub async fn ask_for_identities(
    app: &App,
    now: DateTime<Utc>,
    incomplete: &BTreeSet<DonorId>,
) -> anyhow::Result<MailCounts> {
    // A mail is marked after it left: two runs at once would both send it.
    let lock = AdvisoryLock::acquire(&app.db, "asking for identities").await?;
    let mut tx = app.db.begin().await?;
    receipts::prepare_requests(&mut tx, now, incomplete).await?;
    tx.commit().await?;
    let requests = receipts::open_requests(&mut *app.db.acquire().await?).await?;
    let (postbox, app) = (Postbox::open(app, now).await?, app.clone());
    let sent = for_each_concurrent(MAX_CONNECTIONS as usize, requests, move |(mail, donor)| {
        let (app, postbox) = (app.clone(), postbox.clone());
        async move { ask(&app, &postbox, now, mail, donor).await }
    })
    .await?;
    lock.release().await?;
    Ok(MailCounts {
        sent: sent.iter().filter(|s| **s == Some(true)).count(),
        refused: sent.iter().filter(|s| **s == Some(false)).count(),
    })
}

/// Asks one donor; returns whether the mail left. None when there is nobody to ask, or nothing any
/// more.
async fn ask(
    app: &App,
    postbox: &Postbox,
    now: DateTime<Utc>,
    mail_id: MailId,
    donor_id: DonorId,
) -> anyhow::Result<Option<bool>> {
    let donor = donor::load(&mut *app.db.acquire().await?, Reader::System, donor_id).await?;
    let gaps = IdentityGaps::of(&donor);
    let Some(to) = donor
        .email
        .as_deref()
        .filter(|_| is_to_be_asked(&donor, gaps) && !postbox.is_left(mail_id))
    else {
        return Ok(None);
    };
    let (url, key) = (&app.settings.public_url, app.key.expose());
    let content = IncompleteMail {
        first_name: donor.first_name.as_deref(),
        name: gaps.name,
        address: gaps.address,
        unprintable: gaps.unprintable,
        link: &format!("{url}{}", DonorLink::Complete.path(key, donor_id)),
        locale: donor.locale,
    }
    .message();
    let mail = OutgoingMail {
        mail_id,
        to,
        content,
        attachments: Vec::new(),
        unsubscribe_url: Some(format!(
            "{url}{}",
            DonorLink::Unsubscribe.path(key, donor_id)
        )),
    };
    let about = format!("what the receipts of {donor_id} lack");
    let sent = postbox.send(about, mail).await?.is_ok();
    if sent {
        receipts::mark_requested(&mut *app.db.acquire().await?, now, mail_id).await?;
    }
    Ok(Some(sent))
}

fn is_to_be_asked(donor: &Donor, gaps: IdentityGaps) -> bool {
    donor.receipt_frequency != ReceiptFrequency::None && !gaps.is_none()
}
