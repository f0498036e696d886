//! `obole bank`.

use std::path::PathBuf;

use clap::Subcommand;
use obole::runs::{self, StatementImport};

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
        /// Print what would be imported; write nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

/// Runs one command.
pub async fn run(command: Command, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    let Command::Import { files, dry_run } = command;
    let (app, now) = (&context.app, context.now);
    if dry_run {
        return Ok(outcome(&runs::preview_import(app, now, &files).await?)?.dry());
    }
    let import = runs::import_statements(app, now, &files).await;
    let nothing = outcome(&StatementImport::default())?.document;
    Outcome::of_run(import, nothing, |import| outcome(&import))
}

fn outcome(import: &StatementImport) -> anyhow::Result<Outcome> {
    let text = Outcome::list(&import.files)?.text + &set_aside_lines(&import.set_aside);
    Ok(Outcome {
        document: serde_json::to_value(import)?,
        text,
        ok: import.set_aside.is_empty(),
    })
}
