//! The command line: starts things, decides nothing.

mod cli;

/// Requests are made of many small allocations; this allocator is made for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use std::process::ExitCode;

use clap::Parser as _;
use obole::settings;

use cli::arguments::Cli;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| "info,sqlx::postgres::notice=warn".into()),
        )
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
    match cli::run::run(cli.command, settings).await {
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
