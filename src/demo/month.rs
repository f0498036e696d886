//! A month in one go: the commands of the month, with the simulated bank between them.

use std::sync::Arc;

use anyhow::Context as _;
use chrono::{DateTime, Days, Utc};
use sqlx::PgConnection;

use super::opening::Demo;
use super::play::Play;
use crate::app::App;
use crate::collections::{self, CollectionFilter, CollectionState};
use crate::gateways::bank::simulated::{IncomingTransfer, play_day};
use crate::payouts::PayoutState;
use crate::progress::Progress;
use crate::values::{Amount, Period, Reader, paris_day};
use crate::{runs, worker};

/// The month that is played next: the current one, or the one after the last that was played.
pub async fn next_period(db: &mut PgConnection, now: DateTime<Utc>) -> Result<Period, sqlx::Error> {
    let current = Period::of(paris_day(now));
    let last = collections::list(db, Reader::System, CollectionFilter::All)
        .await?
        .into_iter()
        .map(|c| (c.period, c.state != CollectionState::Settled))
        .max();
    Ok(match last {
        // It was interrupted, and is finished first.
        Some((period, true)) => period,
        Some((period, false)) => current.max(period.next()),
        None => current,
    })
}

impl Demo {
    /// How far the month is.
    #[must_use]
    pub fn play(&self) -> Play {
        *self.play.borrow()
    }

    /// Begins to play the month, unless one is being played, and returns at once.
    pub fn start_month(self: &Arc<Self>, app: &App, now: DateTime<Utc>) {
        let starts = self.play.send_if_modified(|play| {
            let starts = !matches!(play, Play::Running(_));
            if starts {
                *play = Play::Running(None);
            }
            starts
        });
        if !starts {
            return;
        }
        let (demo, receiver) = (self.clone(), self.clone());
        let report = move |step| {
            receiver.play.send_replace(Play::Running(Some(step)));
        };
        let app = App {
            progress: Progress::new(report),
            ..app.clone()
        };
        tokio::spawn(async move {
            let player = demo.clone();
            // In a task of its own, so that a panic ends the play too.
            let played = tokio::spawn(async move { player.play_month(&app, now).await }).await;
            let end = match played.map_err(anyhow::Error::from).flatten() {
                Ok(()) => Play::Idle,
                Err(error) => {
                    tracing::error!(error = %format!("{error:#}"), "the month stopped");
                    Play::Failed
                }
            };
            demo.play.send_replace(end);
        });
    }

    /// Plays a month from the merchants' statements to the receipts.
    async fn play_month(&self, app: &App, now: DateTime<Utc>) -> anyhow::Result<()> {
        worker::process_all(app).await?;
        let period = next_period(&mut *app.db.acquire().await?, now).await?;
        let (bank, account) = (&app.settings.bank_dir, &app.settings.account);
        let day = |n: u64| period.next().first_day() + Days::new(n - 1);

        // The merchant gets its statement, and pays with its reference.
        let mut incoming = Vec::new();
        for collection in runs::run_collections(app, now, day(2), period)
            .await?
            .collections
            .into_iter()
            .filter(|c| c.state == CollectionState::Submitted)
        {
            let amount = Amount::from_cents(collection.amount_cents)?;
            incoming.push(IncomingTransfer {
                from: collection.merchant_name,
                reference: collection.reference,
                amount,
            });
        }
        if let Some(statement) = play_day(bank, account, day(3), &incoming)? {
            runs::import_statements(app, now, &[statement]).await?;
        }

        // What arrived is paid out: two people approve, the bank executes the files.
        for payout in runs::run_payouts(app, now, day(4))
            .await?
            .into_iter()
            .filter(|p| p.state == PayoutState::Prepared)
        {
            let id = payout.payout_id;
            let missing = if payout.approvals == 0 {
                &self.operators[..]
            } else {
                &self.operators[1..]
            };
            for operator in missing {
                runs::approve_payout(app, now, day(4), id, operator)
                    .await
                    .context("a payout was not approved")?;
            }
        }
        if let Some(statement) = play_day(bank, account, day(5), &[])? {
            runs::import_statements(app, now, &[statement]).await?;
        }
        runs::run_receipts(app, now, day(6), period, runs::ReceiptOptions::default()).await?;
        Ok(())
    }
}
