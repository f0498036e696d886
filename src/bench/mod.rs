//! The figures: how fast webhooks are taken and posted, each as a ratio to what PostgreSQL's own `pgbench` does in the same run.
//!
//! The load comes from this process, the service runs in another, and PostgreSQL has its default durability. Before a figure is
//! given, everything that was acknowledged is looked up in the inbox, and in the books where it was posted.
#![expect(
    clippy::float_arithmetic,
    reason = "figures are ratios of times; no money is in them"
)]

mod baseline;
mod load;
mod month;
mod pages;
mod posting;
mod service;
mod sink;
mod world;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;

use crate::app::App;
use crate::db::private::Cluster;
use crate::settings::Settings;

use baseline::Baseline;
use load::{Load, Run};
use posting::Fill;
use service::Service;
use world::World;

/// What is asked of a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Ids such as S1; all that can be measured when empty.
    pub only: Vec<String>,
    /// How long each load lasts.
    pub seconds: u64,
    /// Connections that send at once.
    pub connections: usize,
    /// Events of the full inbox that is posted.
    pub events: usize,
    /// Donations that are in the books already, for the figure on growth; none when zero.
    pub scale: usize,
    /// Donors who get a receipt, for the figure on receipts.
    pub donors: usize,
}

/// One line of the table.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Figure {
    pub id: &'static str,
    pub what: &'static str,
    pub value: f64,
    pub unit: &'static str,
    /// What it is compared with, in the same unit and run.
    pub baseline: Option<f64>,
    pub ratio: Option<f64>,
    pub p50_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    pub rss_mb: Option<f64>,
    /// Bytes of write-ahead log for one event.
    pub wal_bytes: Option<f64>,
}

impl Figure {
    fn compared(id: &'static str, what: &'static str, value: f64, baseline: f64) -> Self {
        Self {
            id,
            what,
            value,
            unit: "/s",
            baseline: Some(baseline),
            ratio: Some(value / baseline),
            ..Self::default()
        }
    }

    fn with(self, run: &Run) -> Self {
        Self {
            p50_ms: Some(run.millis(50)),
            p99_ms: Some(run.millis(99)),
            ..self
        }
    }
}

/// Runs what is asked, each on a database of its own.
pub async fn run(settings: Settings, options: &Options) -> anyhow::Result<Vec<Figure>> {
    anyhow::ensure!(
        settings.database_url.is_none(),
        "the bench fills a database of its own: unset DATABASE_URL and run it again"
    );
    let wanted = |id: &str| {
        options.only.is_empty() || options.only.iter().any(|o| o.eq_ignore_ascii_case(id))
    };
    let bench = Bench {
        settings,
        options: options.clone(),
    };
    let mut figures = Vec::new();
    let mut baseline = 0.0;
    if ["S1", "S2", "S3"].into_iter().any(wanted) {
        let inserted = bench.baseline().await?;
        baseline = inserted.as_it_comes;
        figures.push(Figure {
            id: "pg",
            what: "one-row inserts by pgbench, as it comes",
            value: baseline,
            unit: "/s",
            ..Figure::default()
        });
        figures.push(Figure::compared(
            "pg",
            "… with its statement prepared",
            inserted.prepared,
            baseline,
        ));
    }
    if wanted("S1") {
        figures.extend(bench.taken(baseline).await?);
    }
    if wanted("S2") || wanted("S5") || wanted("S9") {
        figures.extend(
            bench
                .posted(baseline)
                .await?
                .into_iter()
                .filter(|f| wanted(f.id)),
        );
    }
    if wanted("S3") || (wanted("S4") && options.scale > 0) {
        figures.extend(
            bench
                .posting(baseline)
                .await?
                .into_iter()
                .filter(|f| wanted(f.id)),
        );
    }
    // The month's batches take minutes: only when asked for by name.
    let named = |id: &str| options.only.iter().any(|o| o.eq_ignore_ascii_case(id));
    if named("S6") {
        figures.push(bench.month().await?);
    }
    if named("S7") {
        figures.push(bench.receipts().await?);
    }
    if named("S8") {
        figures.extend(bench.pages().await?);
    }
    Ok(figures)
}

struct Bench {
    settings: Settings,
    options: Options,
}

impl Bench {
    fn data(&self) -> PathBuf {
        self.settings.data.join("bench")
    }

    /// An empty system.
    async fn fresh(&self) -> anyhow::Result<App> {
        let mut settings = self.settings.clone();
        settings.data = self.data();
        settings.smtp_url = None;
        let cluster = Cluster::attach(&settings.data, &[]).await?;
        match cluster.drop_database().await {
            Err(sqlx::Error::Database(e)) if e.code().as_deref() == Some("3D000") => {}
            gone => gone.context("another bench is running")?,
        }
        let app = App::open(settings).await?;
        drop(cluster);
        Ok(app)
    }

    /// One-row inserts by `pgbench`, a second.
    async fn baseline(&self) -> anyhow::Result<Baseline> {
        let app = self.fresh().await?;
        baseline::one_row_inserts(&app, self.options.seconds).await
    }

    /// S1: webhooks durable before their answer, posting off; and, to read it by, the same requests with nothing kept.
    async fn taken(&self, baseline: f64) -> anyhow::Result<Vec<Figure>> {
        let app = self.fresh().await?;
        let world = World::open(&app, 50, 12).await?;
        let mut service = Service::start(&app, Some("intake")).await?;
        let load = Load::prepare(&world, self.requests(60_000), service.address);
        let run = load
            .until_tired(
                self.options.connections,
                Duration::from_secs(self.options.seconds),
            )
            .await?;
        run.all_in_the_inbox(&app).await?;
        let rss = service.memory_mb();
        let idle = Load::refused_at_once(&world, self.requests(120_000), service.address);
        let idle = idle
            .until_tired(
                self.options.connections,
                Duration::from_secs(self.options.seconds),
            )
            .await?;
        service.stop().await?;
        Ok(vec![
            Figure {
                rss_mb: rss,
                ..Figure::compared("S1", "webhooks taken, posting off", run.rate(), baseline)
                    .with(&run)
            },
            Figure::compared(
                "S1",
                "… the same requests, refused at once",
                idle.rate(),
                baseline,
            )
            .with(&idle),
        ])
    }

    /// S2: the same with posting keeping up; S5: latency at half that rate; S9: memory at full load, and start to ready.
    async fn posted(&self, baseline: f64) -> anyhow::Result<Vec<Figure>> {
        let app = self.fresh().await?;
        let world = World::open(&app, 50, 12).await?;
        let mut service = Service::start(&app, None).await?;
        let load = Load::prepare(&world, self.requests(40_000), service.address);
        let run = load
            .until_tired(
                self.options.connections,
                Duration::from_secs(self.options.seconds),
            )
            .await?;
        let rss = service.memory_mb();
        let behind = posting::until_empty(&app).await?;
        run.all_in_the_books(&app).await?;
        // What was left at the end counts as not kept up with: the time to post it is added.
        let rate = run.count() / (run.lasted() + behind).as_secs_f64();
        let mut figures = vec![Figure {
            rss_mb: rss,
            ..Figure::compared("S2", "webhooks taken and posted", rate, baseline).with(&run)
        }];

        let half = Load::prepare(&world, self.requests(20_000), service.address);
        let (steady, shown) = half
            .at_a_rate(
                &app,
                rate / 2.0,
                self.options.connections,
                Duration::from_secs(self.options.seconds),
            )
            .await?;
        steady.all_in_the_inbox(&app).await?;
        figures.push(
            Figure {
                id: "S5",
                what: "answered, at half the S2 rate",
                value: steady.rate(),
                unit: "/s",
                ..Figure::default()
            }
            .with(&steady),
        );
        figures.push(
            Figure {
                id: "S5",
                what: "… until it is on the donor's page",
                value: shown.count(),
                unit: "seen",
                ..Figure::default()
            }
            .with(&shown),
        );
        figures.push(Figure {
            id: "S9",
            what: "start to ready",
            value: service.ready_after.as_secs_f64() * 1000.0,
            unit: "ms",
            rss_mb: rss,
            ..Figure::default()
        });
        service.stop().await?;
        Ok(figures)
    }

    /// S3: posting a full inbox; S4: the same on books that are full already.
    async fn posting(&self, baseline: f64) -> anyhow::Result<Vec<Figure>> {
        let app = self.fresh().await?;
        let world = World::open(&app, 50, 12).await?;
        let (empty, logged) = posting::rate(&app, &world, self.options.events).await?;
        let mut figures = vec![Figure {
            wal_bytes: Some(logged),
            ..Figure::compared("S3", "events posted from a full inbox", empty, baseline)
        }];
        if self.options.scale > 0 {
            posting::fill_books(
                &app,
                &Fill {
                    donations: self.options.scale,
                    donors: 0,
                    at: None,
                },
            )
            .await?;
            // The books filled over months: the work that a sudden fill leaves to the database is not part of the figure.
            posting::settled_down(&app).await?;
            // After a checkpoint, once in a quarter of an hour, the first touch of each page is logged whole.
            for what in [
                "the same, books full, right after a checkpoint",
                "… and after that",
            ] {
                let (full, logged) = posting::rate(&app, &world, self.options.events).await?;
                figures.push(Figure {
                    wal_bytes: Some(logged),
                    ..Figure::compared("S4", what, full, empty)
                });
            }
        }
        Ok(figures)
    }

    /// S6: collections and payouts over a million donations, two thousand shops and fifty associations.
    async fn month(&self) -> anyhow::Result<Figure> {
        let app = self.fresh().await?;
        World::open(&app, 2000, 50).await?;
        let donations = if self.options.scale > 0 {
            self.options.scale
        } else {
            1_000_000
        };
        let (took, grouped) = month::collect_and_pay(&app, donations).await?;
        let (took, grouped) = (took.as_secs_f64(), grouped.as_secs_f64());
        let what = "collections and payouts, against one group by";
        Ok(Figure {
            id: "S6",
            what,
            value: took,
            unit: "s",
            baseline: Some(grouped),
            ratio: Some(took / grouped),
            ..Figure::default()
        })
    }

    /// S7: receipts from their data to the mail server, against the documents alone.
    async fn receipts(&self) -> anyhow::Result<Figure> {
        let app = self.fresh().await?;
        World::open(&app, 50, 12).await?;
        let (rate, alone) = month::receipts(&app, self.options.donors).await?;
        Ok(Figure {
            rss_mb: service::own_memory_mb(),
            ..Figure::compared("S7", "receipts issued and mailed", rate, alone)
        })
    }

    /// S8: each page on full books, at fifty requests a second.
    async fn pages(&self) -> anyhow::Result<Vec<Figure>> {
        let app = self.fresh().await?;
        let world = World::open(&app, 50, 12).await?;
        let donations = if self.options.scale > 0 {
            self.options.scale
        } else {
            1_000_000
        };
        let shown = pages::shown(
            &app,
            &world,
            donations,
            Duration::from_secs(self.options.seconds),
        )
        .await?;
        let figure = |(page, run): (&'static str, Run)| {
            Figure {
                id: "S8",
                what: page,
                value: run.rate(),
                unit: "/s",
                ..Figure::default()
            }
            .with(&run)
        };
        Ok(shown.into_iter().map(figure).collect())
    }

    /// Requests enough that the load never runs out of them.
    fn requests(&self, a_second: usize) -> usize {
        a_second * usize::try_from(self.options.seconds).unwrap_or(1)
    }
}
