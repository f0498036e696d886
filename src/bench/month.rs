//! The month's runs at size: collections and payouts over many donations, receipts for many donors.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use chrono::{DateTime, Days, NaiveDate, Utc};
use tokio::task::JoinSet;

use super::books::{BookFill, fill_books, vacuum_and_checkpoint};
use super::mail_sink::MailSink;
use crate::app::App;
use crate::collections::Collection;
use crate::gateways::bank::simulated::{IncomingTransfer, play_day};
use crate::parties::operator;
use crate::receipts::{self, ReceiptContent};
use crate::runs::{self, ReceiptOptions};
use crate::values::{Amount, Email, Period, Reader, Secret, TaxDate, paris_day, paris_midnight};

/// Documents from which the rate of typesetting alone is measured.
const SAMPLE: usize = 2000;

/// Times of a month's collections and payouts.
pub struct MonthTimes {
    /// Of both runs.
    pub runs: Duration,
    /// Of one `count(*) group by` over the same rows, the median of three.
    pub grouping: Duration,
}

/// Rates of receipts a second.
pub struct ReceiptRates {
    /// From the donations to the mail server.
    pub mailed: f64,
    /// Typesetting alone, on all cores.
    pub typeset: f64,
}

/// The month before this one, and the day of its runs.
fn last_month(now: DateTime<Utc>) -> (Period, NaiveDate) {
    let period = Period::of(paris_day(now)).previous();
    (period, period.next().first_day() + Days::new(1))
}

/// Measures the runs of collections and payouts over a month's donations.
pub async fn collect_and_pay(app: &App, donations: usize) -> anyhow::Result<MonthTimes> {
    let now = Utc::now();
    let (period, on) = last_month(now);
    let fill = BookFill {
        at: Some(paris_midnight(period.first_day())),
        ..BookFill::anonymous(donations)
    };
    fill_books(app, &fill).await?;
    vacuum_and_checkpoint(app).await?;
    let grouping = grouping_time(app, donations).await?;
    let began = Instant::now();
    let collections = runs::run_collections(app, now, on, period)
        .await?
        .collections;
    let collecting = began.elapsed();
    settle(app, &collections, on).await?;
    let began = Instant::now();
    let payouts = runs::run_payouts(app, now, on).await?;
    let paying = began.elapsed();
    let cents: i64 = payouts.iter().map(|p| p.amount_cents).sum();
    anyhow::ensure!(
        usize::try_from(cents)? == donations * 100,
        "the payouts are not the donations"
    );
    Ok(MonthTimes {
        runs: collecting + paying,
        grouping,
    })
}

/// The median time of a query that reads each donation once.
async fn grouping_time(app: &App, donations: usize) -> anyhow::Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..3 {
        let began = Instant::now();
        let groups: Vec<(i64, i64)> = sqlx::query_as(
            "select count(*), sum(amount_cents)::bigint from donation
             group by merchant_id, association_id",
        )
        .fetch_all(&app.db)
        .await?;
        times.push(began.elapsed());
        anyhow::ensure!(
            usize::try_from(groups.iter().map(|g| g.0).sum::<i64>())? == donations,
            "the books are not full"
        );
    }
    times.sort_unstable();
    Ok(times[1])
}

/// Measures receipts for donors who each gave one donation, from issuing them to the mail server.
pub async fn receipts(app: &App, donors: usize) -> anyhow::Result<ReceiptRates> {
    let now = Utc::now();
    let (period, on) = last_month(now);
    let fill = BookFill {
        donations: donors,
        donors,
        at: Some(paris_midnight(period.first_day())),
    };
    fill_books(app, &fill).await?;
    settle_month(app, now, on, period).await?;

    let sink = MailSink::open().await?;
    let mut settings = (*app.settings).clone();
    settings.smtp_url = Some(Secret::new(sink.url.clone()));
    settings.tax_date = Some(TaxDate::DonorPayment);
    let app = App::with(settings, app.db.clone(), app.cluster.clone()).await?;
    let began = Instant::now();
    let run = runs::run_receipts(&app, now, on, period, ReceiptOptions::default()).await?;
    let took = began.elapsed();
    let (issued, mailed, accepted) = (run.issued, run.mailed, sink.accepted());
    anyhow::ensure!(
        issued == donors && mailed == donors && accepted == donors,
        "of {donors}, {issued} were issued, {mailed} mailed and {accepted} accepted by the mail \
         server"
    );

    let mut contents = Vec::new();
    let mut db = app.db.acquire().await?;
    for r in run.receipts.iter().take(SAMPLE) {
        let found = receipts::find(&mut db, app.key.expose(), Reader::System, &r.number).await?;
        contents.push(found.context("the receipt was just issued")?.content);
    }
    Ok(ReceiptRates {
        mailed: donors as f64 / took.as_secs_f64(),
        typeset: typesetting_rate(contents).await?,
    })
}

/// Collects and pays out a month, with two approvals.
async fn settle_month(
    app: &App,
    now: DateTime<Utc>,
    on: NaiveDate,
    period: Period,
) -> anyhow::Result<()> {
    let collections = runs::run_collections(app, now, on, period)
        .await?
        .collections;
    settle(app, &collections, on).await?;
    let mut operators = Vec::new();
    for email in ["one@example.org", "two@example.org"] {
        let email = Email::parse(email).map_err(anyhow::Error::msg)?;
        operator::add(&mut *app.db.acquire().await?, now, &email).await?;
        operators.push(email);
    }
    for payout in runs::run_payouts(app, now, on).await? {
        for email in &operators {
            runs::approve_payout(app, now, on, payout.payout_id, email).await?;
        }
    }
    play_and_import(app, on, &[]).await
}

/// Documents a second, each typeset from its content.
async fn typesetting_rate(contents: Vec<ReceiptContent>) -> anyhow::Result<f64> {
    let (count, began) = (contents.len(), Instant::now());
    let mut documents: JoinSet<_> = contents.into_iter().map(receipts::typeset).collect();
    while let Some(document) = documents.join_next().await {
        document??;
    }
    Ok(count as f64 / began.elapsed().as_secs_f64())
}

/// Plays the merchants, who pay their collections by transfer.
async fn settle(app: &App, collections: &[Collection], on: NaiveDate) -> anyhow::Result<()> {
    let incoming = collections
        .iter()
        .map(|c| {
            Ok(IncomingTransfer {
                from: c.merchant_name.clone(),
                reference: c.reference.clone(),
                amount: Amount::from_cents(c.amount_cents)?,
            })
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    play_and_import(app, on, &incoming).await
}

/// Plays a day at the bank and imports its statement.
async fn play_and_import(
    app: &App,
    on: NaiveDate,
    incoming: &[IncomingTransfer],
) -> anyhow::Result<()> {
    let statement = play_day(&app.settings.bank_dir, &app.settings.account, on, incoming)?
        .context("the bank has nothing to do")?;
    runs::import_statements(app, Utc::now(), &[statement]).await?;
    Ok(())
}
