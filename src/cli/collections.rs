//! `obole collections`.

use chrono::NaiveDate;
use clap::Subcommand;
use obole::runs;
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
    },
}

/// Runs one command.
pub async fn run(command: Command, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    let Command::Run { period, on } = command;
    let on = context.business_date(on);
    let run = runs::run_collections(&context.app, context.now, on, period).await?;
    let total: i64 = run.collections.iter().map(|c| c.amount_cents).sum();
    let text = Outcome::list(&run.collections)?.text + &set_aside_lines(&run.set_aside);
    Ok(Outcome {
        document: json!({
            "period": period.to_string(),
            "collections": run.collections,
            "total": euros(total),
            "set_aside": run.set_aside,
        }),
        text,
        ok: run.set_aside.is_empty(),
    })
}
