//! `obole collections`.

use chrono::NaiveDate;
use clap::Subcommand;
use obole::runs::{self, CollectionRun};
use obole::values::{Period, euros};
use serde_json::json;

use super::context::CommandContext;
use super::day::day;
use super::outcome::{Outcome, set_aside_lines};

/// What can be done with collections.
#[derive(Subcommand)]
pub enum Command {
    /// Prepare one collection per merchant over a month that is over.
    ///
    /// Running it again changes nothing.
    Run {
        /// The month, such as 2026-11.
        #[arg(long)]
        period: Period,
        /// The business date; today in Paris by default.
        #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
        on: Option<NaiveDate>,
        /// Print what would be asked for; write nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

/// Runs one command.
pub async fn run(command: Command, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    let Command::Run {
        period,
        on,
        dry_run,
    } = command;
    let (app, now, on) = (&context.app, context.now, context.business_date(on));
    if dry_run {
        let run = runs::preview_collections(app, now, on, period).await?;
        return Ok(outcome(period, &run)?.dry());
    }
    let run = runs::run_collections(app, now, on, period).await;
    let nothing = outcome(period, &CollectionRun::default())?.document;
    Outcome::of_run(run, nothing, |run| outcome(period, &run))
}

fn outcome(period: Period, run: &CollectionRun) -> anyhow::Result<Outcome> {
    let text = Outcome::list(&run.collections)?.text + &set_aside_lines(&run.set_aside);
    Ok(Outcome {
        document: json!({
            "period": period.to_string(),
            "collections": run.collections,
            "total": euros(run.total_cents()),
            "set_aside": run.set_aside,
        }),
        text,
        ok: run.set_aside.is_empty(),
    })
}
