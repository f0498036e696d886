//! The command line: reads a command and runs it, decides nothing.

mod cli;

use std::process::ExitCode;

use clap::Parser as _;
use obole::settings;
use tracing_subscriber::EnvFilter;

use cli::{Cli, CommandError};

/// Requests are made of many small allocations; this allocator is made for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let Cli { json, command } = Cli::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| "info,sqlx::postgres::notice=warn".into()),
        )
        .init();
    let reading = settings::examine(|name| std::env::var(name).ok());
    match cli::run(command, reading).await {
        Ok(outcome) => {
            if json {
                println!("{}", outcome.document);
            } else {
                print!("{}", outcome.text);
            }
            ExitCode::from(u8::from(!outcome.ok))
        }
        Err(CommandError::Settings(errors)) => {
            for error in errors {
                eprintln!("{error}");
            }
            ExitCode::from(2)
        }
        Err(CommandError::Work(error)) => {
            eprintln!("obole: {}", in_words(&error));
            ExitCode::from(1)
        }
    }
}

/// An error with its causes. A cause that the text before it already tells, as errors of libraries
/// do, is left out.
fn in_words(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}
