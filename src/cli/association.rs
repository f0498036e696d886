//! `obole association`.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Subcommand;
use obole::parties::PartyState::{Live, Suspended};
use obole::parties::association;
use obole::parties::suspension::Suspendable::Association;
use obole::values::Reader;
use serde_json::json;

use super::context::CommandContext;
use super::outcome::Outcome;
use super::suspension::{self, SuspensionArguments};

/// What can be done with associations.
#[derive(Subcommand)]
pub enum Command {
    /// Add the association that a file describes (contracts/association.schema.json).
    Add { file: PathBuf },
    /// Suspend it: its donations are recorded, its payouts held, its donors asked to choose
    /// again.
    Suspend(SuspensionArguments),
    /// Lift a suspension.
    Lift(SuspensionArguments),
    /// List all associations.
    List,
}

/// Runs one command.
pub async fn run(command: Command, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    match command {
        Command::Add { file } => add(file, context).await,
        Command::Suspend(arguments) => {
            suspension::run(Association, Suspended, arguments, context).await
        }
        Command::Lift(arguments) => suspension::run(Association, Live, arguments, context).await,
        Command::List => Outcome::list(&association::list(&mut context.db, Reader::System).await?),
    }
}

async fn add(file: PathBuf, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    let name = file.display().to_string();
    let text = std::fs::read(&file).with_context(|| format!("reading {name}"))?;
    let file = association::read(&text).with_context(|| name)?;
    let now = context.now;
    let mut tx = context.begin().await?;
    let id = association::add(&mut tx, now, &file).await?;
    tx.commit().await?;
    Ok(Outcome::of(json!({"association_id": id.to_string()})))
}
