//! The baseline: one-row inserts by `pgbench`, 64 clients, into a table of the inbox's shape.

use std::path::Path;

use anyhow::Context as _;
use tokio::process::Command;

use crate::app::App;
use crate::db::private::{Cluster, find_binaries};

/// The columns of an event and of its body in one row, with the indexes of `inbox_event`.
const TABLE: &str =
    "create table one_row (endpoint_id uuid not null, delivery_key text collate \"C\" not null,
      event_id uuid not null, body_hash bytea not null,
       received_at timestamptz not null, body bytea not null, headers jsonb not null,
         primary key (endpoint_id, delivery_key));
     create index on one_row using brin (event_id) with (pages_per_range = 32);
     create index on one_row (endpoint_id, received_at, event_id)";

/// Rows inserted a second.
#[derive(Clone, Copy, Debug, Default)]
pub struct Baseline {
    /// In `pgbench`'s default mode, in which each insert is parsed and planned.
    pub as_it_comes: f64,
    /// With the insert prepared once a connection.
    pub prepared: f64,
}

/// Measures both modes, each for so many seconds.
pub async fn one_row_inserts(app: &App, seconds: u64) -> anyhow::Result<Baseline> {
    let cluster = app
        .cluster
        .as_ref()
        .context("the bench has a private PostgreSQL")?;
    let mut owner = sqlx::ConnectOptions::connect(&cluster.options("obole")).await?;
    sqlx::raw_sql(TABLE).execute(&mut owner).await?;
    let body = "7b".repeat(super::merchants::BODY_BYTES);
    let script = format!(
        "insert into one_row
           (endpoint_id, delivery_key, event_id, body_hash, received_at, body, headers)
         values (gen_random_uuid(), gen_random_uuid()::text, gen_random_uuid(), sha256('x'),
           now(), '\\x{body}', '{{}}');\n"
    );
    let path = app.settings.data.join("one_row.sql");
    std::fs::write(&path, script)?;
    Ok(Baseline {
        as_it_comes: pgbench(cluster, &path, "simple", seconds).await?,
        prepared: pgbench(cluster, &path, "prepared", seconds).await?,
    })
}

/// Runs a script by 64 clients in one of `pgbench`'s query modes (its option `-M`).
async fn pgbench(
    cluster: &Cluster,
    script: &Path,
    mode: &str,
    seconds: u64,
) -> anyhow::Result<f64> {
    let program = find_binaries()
        .context("PostgreSQL's programs were not found")?
        .join("pgbench");
    let output = Command::new(&program)
        .args([
            "-n",
            "-M",
            mode,
            "-c",
            "64",
            "-j",
            "2",
            "-U",
            "obole",
            "-p",
            "5432",
            "-T",
            &seconds.to_string(),
        ])
        .arg("-h")
        .arg(cluster.socket())
        .arg("-f")
        .arg(script)
        .arg("obole")
        .output()
        .await
        .with_context(|| {
            format!(
                "{} (Debian: apt-get install postgresql-contrib)",
                program.display()
            )
        })?;
    let report = String::from_utf8_lossy(&output.stdout);
    let tps = report
        .lines()
        .find_map(|l| l.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    tps.with_context(|| {
        format!(
            "pgbench did not finish: {report}{}",
            String::from_utf8_lossy(&output.stderr)
        )
    })
}
