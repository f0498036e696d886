//! `obole bank`.

use std::path::PathBuf;

use clap::Subcommand;
use obole::runs;
use serde_json::json;

use super::context::CommandContext;
use super::outcome::Outcome;

/// What can be done with the bank's statements.
#[derive(Subcommand)]
pub enum Command {
    /// Import camt.053 statements; a line already known changes nothing.
    Import {
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// Runs one command.
pub async fn run(command: Command, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    let Command::Import { files } = command;
    let imported = runs::import_statements(&context.app, context.now, &files).await?;
    let text = Outcome::list(&imported)?.text;
    Ok(Outcome {
        document: json!({"files": imported}),
        text,
        ok: true,
    })
}
