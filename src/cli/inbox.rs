//! `obole inbox`.

use anyhow::Context as _;
use clap::Subcommand;
use obole::inbox::{self, EventState, Redrive};
use obole::values::{EventId, Reader};
use serde_json::json;

use super::context::CommandContext;
use super::outcome::Outcome;

/// What can be done with events received.
#[derive(Subcommand)]
pub enum Command {
    /// List events, newest first.
    List {
        /// queued, posted, dead, conflict, parked, fetching, test or lost
        #[arg(long)]
        state: Option<EventState>,
    },
    /// One event with its body, personal data masked; a conflict beside what came first.
    Show { id: EventId },
    /// Put events back in the queue: these, or all dead ones with --all-dead.
    Redrive {
        /// Ids as `obole inbox list` prints them.
        #[arg(required_unless_present = "all_dead")]
        ids: Vec<EventId>,
        /// All dead events at once.
        #[arg(long, conflicts_with = "ids")]
        all_dead: bool,
    },
}

/// Runs one command.
pub async fn run(command: Command, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    match command {
        Command::List { state } => list(state, context).await,
        Command::Show { id } => show(id, context).await,
        Command::Redrive { ids, all_dead } => {
            let which = if all_dead {
                Redrive::AllDead
            } else {
                Redrive::These(ids)
            };
            redrive(&which, context).await
        }
    }
}

async fn list(state: Option<EventState>, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    let filter = inbox::EventFilter { state, after: None };
    Outcome::list(&inbox::list(&mut context.db, Reader::System, filter).await?)
}

async fn show(id: EventId, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    let detail = inbox::show(&mut context.db, Reader::System, id)
        .await?
        .context("no event has this id; see `obole inbox list`")?;
    let document = serde_json::to_value(&detail)?;
    Ok(Outcome {
        text: format!("{document:#}\n"),
        document,
        ok: true,
    })
}

async fn redrive(which: &Redrive, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    let redriven: Vec<String> = inbox::redrive(&mut context.db, Reader::System, which)
        .await?
        .iter()
        .map(ToString::to_string)
        .collect();
    Ok(Outcome::of(json!({"redriven": redriven})))
}
