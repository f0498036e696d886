//! `obole collections`.

use chrono::NaiveDate;
use clap::Subcommand;
use obole::rails::Rail;
use obole::runs::{self, CollectionAct, CollectionRun};
use obole::values::{Period, euros};
use serde_json::json;

use super::context::CommandContext;
use super::day::day;
use super::decision::DecisionArguments;
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
    /// Say that a collection was refused before any money moved.
    Reject {
        /// The collection's id, or its reference.
        id: String,
        #[command(flatten)]
        by: DecisionArguments,
    },
    /// Say that the money of a collection was taken back; the bank's statement will show it.
    Return {
        /// The collection's id, or its reference.
        id: String,
        /// Say that it did not happen: the collection is paid as before.
        #[arg(long)]
        withdraw: bool,
        #[command(flatten)]
        by: DecisionArguments,
    },
    /// Ask again for a collection that failed or was written off.
    Retry {
        /// The collection's id, or its reference.
        id: String,
        /// Another way than before.
        #[arg(long)]
        rail: Option<Rail>,
        #[command(flatten)]
        by: DecisionArguments,
    },
    /// Give up a collection that failed.
    WriteOff {
        /// The collection's id, or its reference.
        id: String,
        #[command(flatten)]
        by: DecisionArguments,
    },
}

/// Runs one command.
pub async fn run(command: Command, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    let (id, act, by) = match command {
        Command::Run {
            period,
            on,
            dry_run,
        } => return run_month(context, period, on, dry_run).await,
        Command::Reject { id, by } => (id, CollectionAct::Reject, by),
        Command::Return {
            id,
            withdraw: true,
            by,
        } => (id, CollectionAct::WithdrawReturn, by),
        Command::Return { id, by, .. } => (id, CollectionAct::Return, by),
        Command::Retry { id, rail, by } => (id, CollectionAct::Retry(rail), by),
        Command::WriteOff { id, by } => (id, CollectionAct::WriteOff, by),
    };
    let actor = context.operator(&by.operator).await?;
    let (on, who) = (context.business_date(by.on), (&actor, by.why.as_str()));
    let done = runs::act_on_collection(&context.app, context.now, on, &id, act, who).await?;
    Ok(Outcome::of(serde_json::to_value(done)?))
}

async fn run_month(
    context: &mut CommandContext,
    period: Period,
    on: Option<NaiveDate>,
    dry_run: bool,
) -> anyhow::Result<Outcome> {
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
