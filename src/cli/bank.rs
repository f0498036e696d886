//! `obole bank`.

use std::path::PathBuf;

use clap::Subcommand;
use obole::runs;

use super::context::CommandContext;
use super::outcome::{Outcome, set_aside_lines};

/// What can be done with the bank's statements.
#[derive(Subcommand)]
pub enum Command {
    /// Import camt.053 statements; a line already known changes nothing, and a file that cannot be
    /// read stops no other.
    Import {
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// Runs one command.
pub async fn run(command: Command, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    let Command::Import { files } = command;
    let import = runs::import_statements(&context.app, context.now, &files).await?;
    let text = Outcome::list(&import.files)?.text + &set_aside_lines(&import.set_aside);
    Ok(Outcome {
        document: serde_json::to_value(&import)?,
        text,
        ok: import.set_aside.is_empty(),
    })
}
