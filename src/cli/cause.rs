//! `obole cause`.

use clap::Subcommand;
use obole::parties::PartyState::{Live, Suspended};
use obole::parties::cause;
use obole::parties::suspension::Suspendable::Cause;
use serde_json::json;

use super::context::CommandContext;
use super::outcome::Outcome;
use super::suspension::{self, SuspensionArguments};

/// What can be done with causes.
#[derive(Subcommand)]
pub enum Command {
    /// Add a cause of an association.
    Add {
        #[arg(long)]
        slug: String,
        /// exclusion, environment, childhood or medical-research
        #[arg(long)]
        theme: String,
        /// The association's slug.
        #[arg(long)]
        association: String,
        #[arg(long)]
        title: String,
    },
    /// Suspend it: it is not offered any more.
    Suspend(SuspensionArguments),
    /// Lift a suspension.
    Lift(SuspensionArguments),
    /// List all causes.
    List,
}

/// Runs one command.
pub async fn run(command: Command, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    match command {
        Command::Add {
            slug,
            theme,
            association,
            title,
        } => {
            let now = context.now;
            let id = cause::add(&mut context.db, now, &slug, &theme, &association, &title).await?;
            Ok(Outcome::of(json!({"cause_id": id.to_string()})))
        }
        Command::Suspend(arguments) => suspension::run(Cause, Suspended, arguments, context).await,
        Command::Lift(arguments) => suspension::run(Cause, Live, arguments, context).await,
        Command::List => Outcome::list(&cause::list(&mut context.db).await?),
    }
}
