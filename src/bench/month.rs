//! The month's batches at size: collections and payouts over many donations, receipts for many donors.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use chrono::{DateTime, Days, NaiveDate, Utc};
use tokio::process::Command;

use super::posting::{Fill, fill_books};
use crate::app::App;
use crate::gateways::simulated_bank::{Incoming, play_day};
use crate::parties::operator;
use crate::receipts::{self, Printed};
use crate::settings::Secret;
use crate::values::{Amount, Email, Period, paris_day, paris_midnight};
use crate::worker::month;

/// The month before this one, and its run's day.
fn last_month(now: DateTime<Utc>) -> (Period, NaiveDate) {
    let period = Period::of(paris_day(now)).previous();
    (period, period.next().first_day() + Days::new(1))
}

/// Time of `collections run` and `payouts run` over donations, and of one `count(*) group by` over the same rows, the median of three.
pub async fn collect_and_pay(app: &App, donations: usize) -> anyhow::Result<(Duration, Duration)> {
    let now = Utc::now();
    let (period, on) = last_month(now);
    fill_books(app, &Fill { donations, donors: 0, at: Some(paris_midnight(period.first_day())) }).await?;
    sqlx::query("vacuum analyze donation").execute(&mut owner(app).await?).await?;
    let mut grouped = Vec::new();
    for _ in 0..3 {
        let began = Instant::now();
        let groups: Vec<(i64, i64)> =
            sqlx::query_as("select count(*), sum(amount_cents)::bigint from donation group by merchant_id, association_id")
                .fetch_all(&app.db)
                .await?;
        grouped.push(began.elapsed());
        anyhow::ensure!(usize::try_from(groups.iter().map(|g| g.0).sum::<i64>())? == donations, "the books are not full");
    }
    grouped.sort_unstable();
    let began = Instant::now();
    let collections = month::run_collections(app, now, on, period).await?;
    let collected = began.elapsed();
    settle(app, &collections, on).await?;
    let began = Instant::now();
    let payouts = month::run_payouts(app, now, on).await?;
    let paid = began.elapsed();
    let cents: i64 = payouts.iter().map(|p| p.amount_cents).sum();
    anyhow::ensure!(usize::try_from(cents)? == donations * 100, "the payouts are not the donations");
    Ok((collected + paid, grouped[1]))
}

/// Receipts a second, from their data to the mail server; and of the documents alone, on all cores.
pub async fn receipts(app: &App, donors: usize) -> anyhow::Result<(f64, f64)> {
    let now = Utc::now();
    let (period, on) = last_month(now);
    fill_books(app, &Fill { donations: donors, donors, at: Some(paris_midnight(period.first_day())) }).await?;
    let collections = month::run_collections(app, now, on, period).await?;
    settle(app, &collections, on).await?;
    let operators = ["one@example.org", "two@example.org"].map(Email::parse);
    for email in operators.iter().flatten() {
        operator::add(&mut *app.db.acquire().await?, now, email).await?;
    }
    for payout in month::run_payouts(app, now, on).await? {
        for email in operators.iter().flatten() {
            month::approve_payout(app, now, on, payout.payout_id.parse()?, email).await?;
        }
    }
    let statement = play_day(&app.settings.bank_dir, &app.settings.account, on, &[])?.context("the bank has nothing to do")?;
    month::import_statements(app, now, &[statement]).await?;

    let (sink, url) = mail_server().await?;
    let mut settings = (*app.settings).clone();
    settings.smtp_url = Some(Secret::new(url));
    let app = App::with(settings, app.db.clone(), app.cluster.clone())?;
    let began = Instant::now();
    let run = month::run_receipts(&app, now, on, period, month::ReceiptOptions::default()).await?;
    let took = began.elapsed();
    anyhow::ensure!(run.issued == donors && run.mailed == donors, "{} issued and {} mailed of {donors}", run.issued, run.mailed);
    drop(sink);

    let number = &run.receipts.first().context("there are receipts")?.number;
    let one = receipts::find(&mut *app.db.acquire().await?, app.key.expose(), number, None).await?.context("it is in the vault")?.printed;
    let alone = documents_alone(&one, donors.min(2000)).await?;
    Ok((donors as f64 / took.as_secs_f64(), alone))
}

/// Documents a second on all cores, each with another number.
async fn documents_alone(printed: &Printed, count: usize) -> anyhow::Result<f64> {
    let cores = std::thread::available_parallelism()?.get();
    let began = Instant::now();
    let shares: Vec<_> = (0..cores)
        .map(|core| {
            let mut printed = printed.clone();
            tokio::task::spawn_blocking(move || {
                (core..count).step_by(cores).try_for_each(|n| {
                    printed.number = format!("bench-{n}");
                    receipts::render(&printed).map(drop)
                })
            })
        })
        .collect();
    for share in shares {
        share.await??;
    }
    Ok(count as f64 / began.elapsed().as_secs_f64())
}

/// The shops pay, and the statement is imported.
async fn settle(app: &App, collections: &[crate::collections::Collection], on: NaiveDate) -> anyhow::Result<()> {
    let paid = |c: &crate::collections::Collection| {
        Ok(Incoming { from: c.merchant_name.clone(), reference: c.reference.clone(), amount: Amount::from_cents(c.amount_cents)? })
    };
    let incoming = collections.iter().map(paid).collect::<anyhow::Result<Vec<_>>>()?;
    let statement = play_day(&app.settings.bank_dir, &app.settings.account, on, &incoming)?.context("the bank has nothing to do")?;
    month::import_statements(app, Utc::now(), &[statement]).await?;
    Ok(())
}

/// A mail server that takes and forgets.
async fn mail_server() -> anyhow::Result<(tokio::process::Child, String)> {
    let free = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = free.local_addr()?;
    drop(free);
    let child = Command::new("aiosmtpd")
        .args(["-n", "-c", "aiosmtpd.handlers.Sink", "-l", &address.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("aiosmtpd takes the mail (Debian: apt-get install python3-aiosmtpd)")?;
    let began = Instant::now();
    while tokio::net::TcpStream::connect(address).await.is_err() {
        anyhow::ensure!(began.elapsed() < Duration::from_secs(20), "the mail server does not start");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok((child, format!("smtp://{address}")))
}

async fn owner(app: &App) -> anyhow::Result<sqlx::PgConnection> {
    let cluster = app.cluster.as_ref().context("the bench has a PostgreSQL of its own")?;
    Ok(sqlx::ConnectOptions::connect(&cluster.options("obole")).await?)
}
