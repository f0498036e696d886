//! The command line: starts things, decides nothing.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand, ValueEnum};
use obole::app::App;
use obole::{checks, ledger, settings};
use serde_json::{Value, json};

/// One euro added to an online purchase, taken whole and provably to an association.
#[derive(Parser)]
#[command(version)]
struct Cli {
    /// One JSON document on standard output.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Bring the database's schema up to date.
    Migrate,
    /// Print the settings with their current values, secrets masked.
    Settings,
    /// Verify every invariant of the books.
    Check,
    /// Read the double-entry ledger.
    #[command(subcommand)]
    Ledger(Ledger),
}

#[derive(Subcommand)]
enum Ledger {
    /// Every account with its sums.
    Balances,
    /// The books in a format of plain-text accounting.
    Export {
        #[arg(long)]
        format: ExportFormat,
        /// First day, in Paris.
        #[arg(long)]
        from: Option<chrono::NaiveDate>,
        /// Day after the last, in Paris.
        #[arg(long)]
        to: Option<chrono::NaiveDate>,
        #[arg(long)]
        output: Option<std::path::PathBuf>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum ExportFormat {
    Hledger,
    Ledger,
    Beancount,
}

/// What a command leaves: its document, the same for people, and whether it found the world in order.
struct Outcome {
    document: Value,
    text: String,
    ok: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()))
        .init();
    let settings = match settings::read(|name| std::env::var(name).ok()) {
        Ok(settings) => settings,
        Err(mistakes) => {
            for mistake in mistakes {
                eprintln!("{mistake}");
            }
            return ExitCode::from(2);
        }
    };
    match run(cli.command, settings).await {
        Ok(outcome) => {
            if cli.json {
                println!("{}", outcome.document);
            } else {
                print!("{}", outcome.text);
            }
            ExitCode::from(u8::from(!outcome.ok))
        }
        Err(error) => {
            eprintln!("obole: {error:#}");
            ExitCode::from(1)
        }
    }
}

async fn run(command: Command, settings: settings::Settings) -> anyhow::Result<Outcome> {
    if matches!(command, Command::Settings) {
        let table = settings.table();
        let document = table.iter().map(|(n, v)| json!({"name": n, "value": v})).collect();
        let text = table.iter().map(|(n, v)| format!("{n:<20} {v}\n")).collect();
        return Ok(Outcome { document, text, ok: true });
    }
    let app = App::open(settings).await?;
    let mut db = app.db.acquire().await.context("the database does not answer")?;
    Ok(match command {
        Command::Settings | Command::Migrate => {
            Outcome { document: json!({"ok": true}), text: "The schema is up to date.\n".into(), ok: true }
        }
        Command::Check => {
            let verdicts = checks::run(&mut db).await?;
            let ok = verdicts.iter().all(|v| v.ok);
            let text = verdicts
                .iter()
                .map(|v| format!("{:<45} {}\n", v.name, if v.ok { "ok".into() } else { format!("{} violations", v.violations) }))
                .collect();
            Outcome { document: json!({"ok": ok, "checks": verdicts}), text, ok }
        }
        Command::Ledger(Ledger::Balances) => {
            let balances = ledger::balances(&mut db).await?;
            let text = balances
                .iter()
                .map(|b| format!("{} {:<45} {:>14} {:>14} {:>14}\n", b.code, b.name, b.debits, b.credits, b.balance))
                .collect();
            Outcome { document: serde_json::to_value(&balances)?, text, ok: true }
        }
        Command::Ledger(Ledger::Export { format, from, to, output }) => {
            let format = match format {
                ExportFormat::Hledger => ledger::export::Format::Hledger,
                ExportFormat::Ledger => ledger::export::Format::Ledger,
                ExportFormat::Beancount => ledger::export::Format::Beancount,
            };
            let books = ledger::export::export(&mut db, format, from, to).await?;
            match output {
                Some(path) => {
                    std::fs::write(&path, &books).with_context(|| format!("writing {}", path.display()))?;
                    Outcome { document: json!({"file": path}), text: format!("{}\n", path.display()), ok: true }
                }
                None => Outcome { document: json!({"books": books}), text: books, ok: true },
            }
        }
    })
}
