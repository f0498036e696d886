//! `obole runs`.

use clap::Args;
use obole::run_log;
use obole::values::Reader;

use super::context::CommandContext;
use super::outcome::Outcome;

/// Arguments of `obole runs`.
#[derive(Args)]
pub struct Arguments {
    /// Only what is under way, and what failed or was cut short and is not completed since.
    #[arg(long)]
    open: bool,
}

/// Lists the runs.
pub async fn run(arguments: Arguments, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    Outcome::list(&run_log::list(&mut context.db, Reader::System, arguments.open).await?)
}
