//! The figures, each on a database of its own. What each means is said in `README.md`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;

use super::baseline::{self, Baseline};
use super::books::{BookFill, fill_books, vacuum_and_checkpoint};
use super::figure::Figure;
use super::load::{Load, LoadResult};
use super::merchants::Merchants;
use super::service_process::{ServiceProcess, own_memory_mb, own_peak_mb};
use super::{month, pages, posting, statement};
use crate::app::App;
use crate::db::private::Cluster;
use crate::settings::Settings;

/// Merchants and associations, where a figure does not need others.
const MERCHANTS: usize = 50;
const ASSOCIATIONS: usize = 12;
/// The same for a month.
const MONTH_MERCHANTS: usize = 2000;
const MONTH_ASSOCIATIONS: usize = 50;
/// Donations of full books, unless the options give a scale.
const DONATIONS: usize = 1_000_000;

/// What to measure, and with how much.
#[derive(Clone, Debug)]
pub struct Options {
    /// Figures such as S1; empty for all that take seconds.
    pub only: Vec<String>,
    /// How long each load lasts.
    pub seconds: u64,
    /// Connections that send at the same time.
    pub connections: usize,
    /// Events of the full inbox (S3, S4).
    pub events: usize,
    /// Donations in the books beforehand (S4, S8), or of the month (S6); zero leaves S4 out.
    pub scale: usize,
    /// Donors who get a receipt (S7).
    pub donors: usize,
}

/// Measures the figures that the options name.
pub async fn run(settings: Settings, options: &Options) -> anyhow::Result<Vec<Figure>> {
    anyhow::ensure!(
        settings.database_url.is_none(),
        "the bench fills a database of its own: unset DATABASE_URL and run it again"
    );
    let named = |id: &str| options.only.iter().any(|o| o.eq_ignore_ascii_case(id));
    let wanted = |id: &str| options.only.is_empty() || named(id);
    let suite = Suite {
        settings,
        options: options.clone(),
    };
    let mut figures = Vec::new();
    let mut baseline = 0.0;
    if ["S1", "S2", "S3"].into_iter().any(wanted) {
        let inserts = suite.baseline().await?;
        baseline = inserts.as_it_comes;
        figures.extend(inserts_by_pgbench(inserts));
    }
    if wanted("S1") {
        figures.extend(suite.webhooks(baseline).await?);
    }
    if ["S2", "S5", "S9"].into_iter().any(wanted) {
        let measured = suite.posted_webhooks(baseline).await?;
        figures.extend(measured.into_iter().filter(|f| wanted(f.id)));
    }
    if wanted("S3") || (wanted("S4") && options.scale > 0) {
        let measured = suite.posting(baseline).await?;
        figures.extend(measured.into_iter().filter(|f| wanted(f.id)));
    }
    // These take minutes: only when they are named.
    if named("S6") {
        figures.push(suite.month().await?);
    }
    if named("S7") {
        figures.push(suite.receipts().await?);
    }
    if named("S8") {
        figures.extend(suite.pages().await?);
    }
    if named("S12") {
        figures.push(suite.statement().await?);
    }
    Ok(figures)
}

fn inserts_by_pgbench(inserts: Baseline) -> [Figure; 2] {
    let (as_it_comes, prepared) = (inserts.as_it_comes, inserts.prepared);
    [
        Figure::rate("pg", "one-row inserts by pgbench, as it comes", as_it_comes),
        Figure::compared("pg", "… with its statement prepared", prepared, as_it_comes),
    ]
}

struct Suite {
    settings: Settings,
    options: Options,
}

impl Suite {
    fn data(&self) -> PathBuf {
        self.settings.data.join("bench")
    }

    /// An empty system.
    async fn fresh(&self) -> anyhow::Result<App> {
        let mut settings = self.settings.clone();
        settings.data = self.data();
        settings.smtp_url = None;
        // No bank reads what is measured.
        settings.account.given = true;
        let cluster = Cluster::attach(&settings.data, &[]).await?;
        match cluster.drop_database().await {
            // There was no database yet.
            Err(sqlx::Error::Database(e)) if e.code().as_deref() == Some("3D000") => {}
            dropped => dropped.context("another bench is running")?,
        }
        let app = App::open(settings).await?;
        drop(cluster);
        Ok(app)
    }

    async fn baseline(&self) -> anyhow::Result<Baseline> {
        let app = self.fresh().await?;
        baseline::one_row_inserts(&app, self.options.seconds).await
    }

    /// S1.
    async fn webhooks(&self, baseline: f64) -> anyhow::Result<Vec<Figure>> {
        let app = self.fresh().await?;
        let merchants = Merchants::add(&app, MERCHANTS, ASSOCIATIONS).await?;
        let mut service = ServiceProcess::start(&app, Some("intake")).await?;
        let load = Load::prepare(&merchants, self.requests(60_000), service.address);
        let stored = self.at_full_speed(load).await?;
        stored.ensure_in_inbox(&app).await?;
        let rss = service.memory_mb();
        let load = Load::refused_at_once(&merchants, self.requests(120_000), service.address);
        let refused = self.at_full_speed(load).await?;
        service.stop().await?;
        let what = "webhooks taken, posting off";
        let stored = Figure::compared("S1", what, stored.rate(), baseline).with_latency(&stored);
        let what = "… the same requests, refused at once";
        let refused = Figure::compared("S1", what, refused.rate(), baseline).with_latency(&refused);
        Ok(vec![
            Figure {
                rss_mb: rss,
                ..stored
            },
            refused,
        ])
    }

    /// S2, S5 and S9.
    async fn posted_webhooks(&self, baseline: f64) -> anyhow::Result<Vec<Figure>> {
        let app = self.fresh().await?;
        let merchants = Merchants::add(&app, MERCHANTS, ASSOCIATIONS).await?;
        let mut service = ServiceProcess::start(&app, None).await?;
        let load = Load::prepare(&merchants, self.requests(40_000), service.address);
        let full = self.at_full_speed(load).await?;
        let rss = service.memory_mb();
        let behind = posting::until_empty(&app).await?;
        full.ensure_in_books(&app).await?;
        // Posting has not kept up with what is queued at the end: the time to post it counts too.
        let rate = full.count() / (full.duration() + behind).as_secs_f64();

        let load = Load::prepare(&merchants, self.requests(20_000), service.address);
        let connections = self.options.connections;
        let (half, seen) = load
            .at_a_rate(&app, rate / 2.0, connections, self.duration())
            .await?;
        half.ensure_in_inbox(&app).await?;
        let ready_ms = service.ready_after.as_secs_f64() * 1000.0;
        service.stop().await?;
        Ok(vec![
            Figure {
                rss_mb: rss,
                ..Figure::compared("S2", "webhooks taken and posted", rate, baseline)
                    .with_latency(&full)
            },
            Figure::rate("S5", "answered, at half the S2 rate", half.rate()).with_latency(&half),
            Figure {
                unit: "seen",
                ..Figure::rate("S5", "… until it is on the donor's page", seen.count())
                    .with_latency(&seen)
            },
            Figure {
                unit: "ms",
                rss_mb: rss,
                ..Figure::rate("S9", "start to ready", ready_ms)
            },
        ])
    }

    /// S3 and S4.
    async fn posting(&self, baseline: f64) -> anyhow::Result<Vec<Figure>> {
        let app = self.fresh().await?;
        let merchants = Merchants::add(&app, MERCHANTS, ASSOCIATIONS).await?;
        let (events, scale) = (self.options.events, self.options.scale);
        let empty = posting::rate(&app, &merchants, events).await?;
        let what = "events posted from a full inbox";
        let mut figures = vec![Figure {
            wal_bytes: Some(empty.wal_bytes),
            ..Figure::compared("S3", what, empty.events, baseline)
        }];
        if scale == 0 {
            return Ok(figures);
        }
        fill_books(&app, &BookFill::anonymous(scale)).await?;
        // Real books fill over months: what a sudden fill leaves to the database is not part of the
        // figure.
        vacuum_and_checkpoint(&app).await?;
        // The first change of a page after a checkpoint, four an hour, logs the whole page.
        for what in [
            "the same, books full, right after a checkpoint",
            "… and after that",
        ] {
            let full = posting::rate(&app, &merchants, events).await?;
            figures.push(Figure {
                wal_bytes: Some(full.wal_bytes),
                ..Figure::compared("S4", what, full.events, empty.events)
            });
        }
        Ok(figures)
    }

    /// S6.
    async fn month(&self) -> anyhow::Result<Figure> {
        let app = self.fresh().await?;
        Merchants::add(&app, MONTH_MERCHANTS, MONTH_ASSOCIATIONS).await?;
        let times = month::collect_and_pay(&app, self.donations()).await?;
        let what = "collections and payouts, against one group by";
        let (took, grouped) = (times.runs.as_secs_f64(), times.grouping.as_secs_f64());
        Ok(Figure {
            unit: "s",
            ..Figure::compared("S6", what, took, grouped)
        })
    }

    /// S7.
    async fn receipts(&self) -> anyhow::Result<Figure> {
        let app = self.fresh().await?;
        Merchants::add(&app, MERCHANTS, ASSOCIATIONS).await?;
        let rates = month::receipts(&app, self.options.donors).await?;
        let what = "receipts issued and mailed";
        Ok(Figure {
            rss_mb: own_memory_mb(),
            ..Figure::compared("S7", what, rates.mailed, rates.typeset)
        })
    }

    /// S8.
    async fn pages(&self) -> anyhow::Result<Vec<Figure>> {
        let app = self.fresh().await?;
        let merchants = Merchants::add(&app, MERCHANTS, ASSOCIATIONS).await?;
        let results = pages::measure(&app, &merchants, self.donations(), self.duration()).await?;
        let figure =
            |(page, r): (_, LoadResult)| Figure::rate("S8", page, r.rate()).with_latency(&r);
        Ok(results.into_iter().map(figure).collect())
    }

    /// S12.
    async fn statement(&self) -> anyhow::Result<Figure> {
        let app = self.fresh().await?;
        Merchants::add(&app, MERCHANTS, ASSOCIATIONS).await?;
        let times = statement::import(&app).await?;
        let what = "a large statement imported, against reading it";
        let (took, read) = (times.import.as_secs_f64(), times.reading.as_secs_f64());
        Ok(Figure {
            unit: "s",
            rss_mb: own_peak_mb(),
            ..Figure::compared("S12", what, took, read)
        })
    }

    async fn at_full_speed(&self, load: Load) -> anyhow::Result<LoadResult> {
        load.at_full_speed(self.options.connections, self.duration())
            .await
    }

    /// How long a load lasts.
    fn duration(&self) -> Duration {
        Duration::from_secs(self.options.seconds)
    }

    /// Donations of full books.
    fn donations(&self) -> usize {
        match self.options.scale {
            0 => DONATIONS,
            scale => scale,
        }
    }

    /// Enough requests for a load of so many a second.
    fn requests(&self, a_second: usize) -> usize {
        a_second * usize::try_from(self.options.seconds).unwrap_or(1)
    }
}
