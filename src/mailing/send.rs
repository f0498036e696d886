//! Sending one mail of many: what is refused of one must not stop the others.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::app::App;
use crate::cases::{self, RefusedMail};
use crate::gateways::mailer::{MailError, Mailer, OutgoingMail, Refusal};
use crate::values::MailId;

/// The mailer of the settings.
pub(super) fn mailer(app: &App) -> Result<Mailer, MailError> {
    let smtp_url = app.settings.smtp_url.as_ref().map(|u| u.expose().as_str());
    Mailer::new(smtp_url, &app.settings.data.join("mail"))
}

/// Where a run puts its mails. Clones share its connections.
#[derive(Clone)]
pub(super) struct Postbox {
    app: App,
    mailer: Mailer,
    now: DateTime<Utc>,
    /// The mails that a case is open for, which closes when they leave.
    refused_before: Arc<HashSet<MailId>>,
    /// The mails that a person decided to leave.
    left: Arc<HashSet<MailId>>,
}

impl Postbox {
    /// A postbox for a run that began at `now`.
    pub async fn open(app: &App, now: DateTime<Utc>) -> anyhow::Result<Self> {
        let mut db = app.db.acquire().await?;
        let refused_before = cases::refused_mails(&mut db).await?;
        let left = cases::left_mails(&mut db).await?;
        Ok(Self {
            mailer: mailer(app)?,
            app: app.clone(),
            now,
            refused_before: Arc::new(refused_before),
            left: Arc::new(left),
        })
    }

    /// Whether a person decided to leave a mail: it is neither tried nor told of any more.
    pub fn is_left(&self, mail_id: MailId) -> bool {
        self.left.contains(&mail_id)
    }

    /// Sends a mail. Returns why, when this one mail was refused; that is noted, and the next run
    /// tries again. `about` says what it is and for whom, without an address.
    ///
    /// # Errors
    /// Fails for what concerns every mail: a server that is away, or that refuses us.
    pub async fn send(
        &self,
        about: String,
        mail: OutgoingMail<'_>,
    ) -> anyhow::Result<Result<(), Refusal>> {
        let mail_id = mail.mail_id;
        match self.mailer.send(&self.app.settings.mail_from, mail).await {
            Ok(()) => {
                if self.refused_before.contains(&mail_id) {
                    let mut tx = self.app.db.begin().await?;
                    cases::note_sent(&mut tx, self.now, mail_id).await?;
                    tx.commit().await?;
                }
                Ok(Ok(()))
            }
            Err(MailError::Refused(refusal)) => {
                self.refuse(about, mail_id, &refusal).await?;
                Ok(Err(refusal))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Notes that a mail cannot be sent.
    pub async fn refuse(
        &self,
        about: String,
        mail_id: MailId,
        refusal: &Refusal,
    ) -> anyhow::Result<()> {
        let Refusal { reason, permanent } = refusal;
        tracing::warn!(%mail_id, reason, "a message was refused; the next run tries it again");
        let refused = RefusedMail {
            mail_id,
            about,
            reason: reason.clone(),
            permanent: *permanent,
        };
        let mut tx = self.app.db.begin().await?;
        cases::note_refusal(&mut tx, self.now, &refused).await?;
        tx.commit().await?;
        Ok(())
    }
}
