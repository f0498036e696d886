//! `obole bench`.

use clap::Args;
use obole::bench::{self, Figure};
use obole::settings::Settings;
use serde_json::json;

use super::outcome::Outcome;

/// Arguments of `obole bench`.
#[derive(Args)]
pub struct Arguments {
    /// Figures such as S1,S2,S3; all by default.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// How long each load lasts.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=200))]
    seconds: u64,
    #[arg(long, default_value_t = 128)]
    connections: usize,
    /// Events of the full inbox that is posted (S3, S4).
    #[arg(long, default_value_t = 500_000)]
    events: usize,
    /// Donors who get a receipt (S7).
    #[arg(long, default_value_t = 20_000)]
    donors: usize,
    /// Donations in the ledger beforehand (S4, S8), or collected and paid out (S6): 10000000.
    #[arg(long, default_value_t = 0)]
    scale: usize,
}

/// Measures the figures asked for.
pub async fn run(settings: Settings, arguments: Arguments) -> anyhow::Result<Outcome> {
    let options = bench::Options {
        only: arguments.only,
        seconds: arguments.seconds,
        connections: arguments.connections,
        events: arguments.events,
        scale: arguments.scale,
        donors: arguments.donors,
    };
    let figures = bench::run(settings, &options).await?;
    Ok(Outcome {
        text: table(&figures),
        document: json!({"results": figures}),
        ok: true,
    })
}

fn table(figures: &[Figure]) -> String {
    let optional = |n: Option<f64>| n.map_or_else(|| "-".into(), |n| format!("{n:.2}"));
    let head = format!(
        "{:<4} {:<46} {:>8} {:<5} {:>10} {:>7} {:>8} {:>8} {:>7} {:>9}\n",
        "id", "what", "value", "unit", "baseline", "ratio", "p50 ms", "p99 ms", "MB", "log bytes"
    );
    let line = |f: &Figure| {
        let [baseline, ratio, p50, p99, rss, wal] = [
            f.baseline,
            f.ratio,
            f.p50_ms,
            f.p99_ms,
            f.rss_mb,
            f.wal_bytes,
        ]
        .map(optional);
        format!(
            "{:<4} {:<46} {:>8.0} {:<5} {:>10} {:>7} {:>8} {:>8} {:>7} {:>9}\n",
            f.id, f.what, f.value, f.unit, baseline, ratio, p50, p99, rss, wal
        )
    };
    head + &figures.iter().map(line).collect::<String>()
}
