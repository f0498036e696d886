//! The month's batches at size: collections and payouts over many donations, receipts for many donors.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use chrono::{DateTime, Days, NaiveDate, Utc};

use tokio::task::JoinSet;

use super::posting::{Fill, fill_books, settled_down};
use super::sink::Sink;
use crate::app::App;
use crate::gateways::bank::simulated::{IncomingTransfer, play_day};
use crate::parties::operator;
use crate::receipts::{self, ReceiptContent};
use crate::runs;
use crate::values::{Amount, Email, Period, Secret, paris_day, paris_midnight};

/// The month before this one, and its run's day.
fn last_month(now: DateTime<Utc>) -> (Period, NaiveDate) {
    let period = Period::of(paris_day(now)).previous();
    (period, period.next().first_day() + Days::new(1))
}

/// Time of `collections run` and `payouts run` over donations, and of one `count(*) group by` over the same rows, the median of three.
pub async fn collect_and_pay(app: &App, donations: usize) -> anyhow::Result<(Duration, Duration)> {
    let now = Utc::now();
    let (period, on) = last_month(now);
    fill_books(
        app,
        &Fill {
            donations,
            donors: 0,
            at: Some(paris_midnight(period.first_day())),
        },
    )
    .await?;
    settled_down(app).await?;
    let mut grouped = Vec::new();
    for _ in 0..3 {
        let began = Instant::now();
        let groups: Vec<(i64, i64)> =
            sqlx::query_as("select count(*), sum(amount_cents)::bigint from donation group by merchant_id, association_id")
                .fetch_all(&app.db)
                .await?;
        grouped.push(began.elapsed());
        anyhow::ensure!(
            usize::try_from(groups.iter().map(|g| g.0).sum::<i64>())? == donations,
            "the books are not full"
        );
    }
    grouped.sort_unstable();
    let began = Instant::now();
    let collections = runs::run_collections(app, now, on, period).await?;
    let collected = began.elapsed();
    settle(app, &collections, on).await?;
    let began = Instant::now();
    let payouts = runs::run_payouts(app, now, on).await?;
    let paid = began.elapsed();
    let cents: i64 = payouts.iter().map(|p| p.amount_cents).sum();
    anyhow::ensure!(
        usize::try_from(cents)? == donations * 100,
        "the payouts are not the donations"
    );
    Ok((collected + paid, grouped[1]))
}

/// Receipts a second, from their data to the mail server; and of the documents alone, on all cores.
pub async fn receipts(app: &App, donors: usize) -> anyhow::Result<(f64, f64)> {
    let now = Utc::now();
    let (period, on) = last_month(now);
    fill_books(
        app,
        &Fill {
            donations: donors,
            donors,
            at: Some(paris_midnight(period.first_day())),
        },
    )
    .await?;
    let collections = runs::run_collections(app, now, on, period).await?;
    settle(app, &collections, on).await?;
    let operators = ["one@example.org", "two@example.org"].map(Email::parse);
    for email in operators.iter().flatten() {
        operator::add(&mut *app.db.acquire().await?, now, email).await?;
    }
    for payout in runs::run_payouts(app, now, on).await? {
        for email in operators.iter().flatten() {
            runs::approve_payout(app, now, on, payout.payout_id, email).await?;
        }
    }
    let statement = play_day(&app.settings.bank_dir, &app.settings.account, on, &[])?
        .context("the bank has nothing to do")?;
    runs::import_statements(app, now, &[statement]).await?;

    let sink = Sink::open().await?;
    let mut settings = (*app.settings).clone();
    settings.smtp_url = Some(Secret::new(sink.url.clone()));
    let app = App::with(settings, app.db.clone(), app.cluster.clone()).await?;
    let began = Instant::now();
    let run = runs::run_receipts(&app, now, on, period, runs::ReceiptOptions::default()).await?;
    let took = began.elapsed();
    anyhow::ensure!(
        run.issued == donors && run.mailed == donors,
        "{} issued and {} mailed of {donors}",
        run.issued,
        run.mailed
    );
    anyhow::ensure!(
        sink.taken() == donors,
        "the mail server has {} messages of {donors}",
        sink.taken()
    );

    let mut printed = Vec::new();
    let mut db = app.db.acquire().await?;
    for r in run.receipts.iter().take(2000) {
        printed.push(
            receipts::find(
                &mut db,
                app.key.expose(),
                crate::values::Reader::System,
                &r.number,
            )
            .await?
            .context("it is in the vault")?
            .content,
        );
    }
    Ok((
        donors as f64 / took.as_secs_f64(),
        documents_alone(printed).await?,
    ))
}

/// Documents a second on all cores, each typeset from what is printed on it.
async fn documents_alone(printed: Vec<ReceiptContent>) -> anyhow::Result<f64> {
    let (count, began) = (printed.len(), Instant::now());
    let mut documents: JoinSet<_> = printed.into_iter().map(receipts::typeset).collect();
    while let Some(document) = documents.join_next().await {
        document??;
    }
    Ok(count as f64 / began.elapsed().as_secs_f64())
}

/// The shops pay, and the statement is imported.
async fn settle(
    app: &App,
    collections: &[crate::collections::Collection],
    on: NaiveDate,
) -> anyhow::Result<()> {
    let paid = |c: &crate::collections::Collection| {
        Ok(IncomingTransfer {
            from: c.merchant_name.clone(),
            reference: c.reference.clone(),
            amount: Amount::from_cents(c.amount_cents)?,
        })
    };
    let incoming = collections
        .iter()
        .map(paid)
        .collect::<anyhow::Result<Vec<_>>>()?;
    let statement = play_day(&app.settings.bank_dir, &app.settings.account, on, &incoming)?
        .context("the bank has nothing to do")?;
    runs::import_statements(app, Utc::now(), &[statement]).await?;
    Ok(())
}
