//! `obole manifest`.

use chrono::Days;
use clap::Subcommand;
use obole::donations::manifest;
use obole::values::{Reader, paris_day};

use super::context::CommandContext;
use super::outcome::Outcome;

/// How far back differences are looked for.
const DAYS: Days = Days::new(90);

/// What can be done with the merchants' daily manifests.
#[derive(Subcommand)]
pub enum Command {
    /// List days of the last ninety that differ; exits 1 if there are any.
    List {
        /// List days that agree as well.
        #[arg(long)]
        all: bool,
    },
}

/// Runs one command.
pub async fn run(command: Command, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    let Command::List { all } = command;
    let since = paris_day(context.now) - DAYS;
    let mut days = manifest::differences(&mut context.db, Reader::System, None, since).await?;
    days.retain(|d| all || !d.matches);
    Ok(Outcome {
        ok: days.iter().all(|d| d.matches),
        ..Outcome::list(&days)?
    })
}
