//! `obole ledger`.

use std::path::PathBuf;

use anyhow::Context as _;
use chrono::NaiveDate;
use clap::{Args, Subcommand, ValueEnum};
use obole::ledger::{self, export};
use obole::values::Reader;
use serde_json::json;

use super::context::CommandContext;
use super::day::day;
use super::outcome::Outcome;

/// What can be done with the ledger.
#[derive(Subcommand)]
pub enum Command {
    /// Every account with its sums.
    Balances,
    /// The ledger in a format of plain-text accounting.
    Export(ExportArguments),
    /// Set every stored balance to what the transfers say; postings wait meanwhile.
    Rebuild,
}

/// Arguments of `obole ledger export`.
#[derive(Args)]
pub struct ExportArguments {
    #[arg(long)]
    format: ExportFormat,
    /// First day, in Paris.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    from: Option<NaiveDate>,
    /// Day after the last, in Paris.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    to: Option<NaiveDate>,
    /// The file to write; standard output by default.
    #[arg(long)]
    output: Option<PathBuf>,
}

/// Formats of the export.
#[derive(Clone, Copy, ValueEnum)]
pub enum ExportFormat {
    Hledger,
    Ledger,
    Beancount,
    /// Not built yet.
    Fec,
}

/// Runs one command.
pub async fn run(command: Command, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    match command {
        Command::Balances => balances(context).await,
        Command::Export(arguments) => export(arguments, context).await,
        Command::Rebuild => rebuild(context).await,
    }
}

async fn balances(context: &mut CommandContext) -> anyhow::Result<Outcome> {
    let balances = ledger::balances(&mut context.db, Reader::System).await?;
    let line = |b: &ledger::Balance| {
        format!(
            "{} {:<45} {:>14} {:>14} {:>14}\n",
            b.code, b.name, b.debits, b.credits, b.balance
        )
    };
    Ok(Outcome {
        document: serde_json::to_value(&balances)?,
        text: balances.iter().map(line).collect(),
        ok: true,
    })
}

async fn export(
    arguments: ExportArguments,
    context: &mut CommandContext,
) -> anyhow::Result<Outcome> {
    let format = match arguments.format {
        ExportFormat::Hledger => export::Format::Hledger,
        ExportFormat::Ledger => export::Format::Ledger,
        ExportFormat::Beancount => export::Format::Beancount,
        ExportFormat::Fec => {
            anyhow::bail!("the FEC export is not built yet; hledger, ledger and beancount are")
        }
    };
    let books = export::export(&mut context.db, format, arguments.from, arguments.to).await?;
    let Some(path) = arguments.output else {
        return Ok(Outcome {
            document: json!({"books": books}),
            text: books,
            ok: true,
        });
    };
    std::fs::write(&path, &books).with_context(|| format!("writing {}", path.display()))?;
    Ok(Outcome {
        document: json!({"file": path}),
        text: format!("{}\n", path.display()),
        ok: true,
    })
}

async fn rebuild(context: &mut CommandContext) -> anyhow::Result<Outcome> {
    let mut tx = context.begin().await?;
    ledger::lock_all_balances(&mut tx).await?;
    let changed = ledger::rebuild(&mut tx).await?;
    tx.commit().await?;
    Ok(Outcome::of(json!({"accounts_changed": changed})))
}
