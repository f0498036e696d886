//! `obole receipts`.

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use obole::values::{Period, Reader, euros};
use obole::{receipts, runs};
use serde_json::json;

use super::context::CommandContext;
use super::outcome::Outcome;

/// What can be done with tax receipts.
#[derive(Subcommand)]
pub enum Command {
    /// Issue and mail receipts for donations whose payout has settled.
    ///
    /// Running it again changes nothing.
    Run(RunArguments),
    /// Say whether a receipt's number is known.
    Verify { number: String },
}

/// Arguments of `obole receipts run`.
#[derive(Args)]
pub struct RunArguments {
    /// The last month whose donations are considered, such as 2026-11.
    #[arg(long)]
    period: Period,
    /// The business date; today in Paris by default.
    #[arg(long)]
    on: Option<NaiveDate>,
    /// Print what would be issued; write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Leave the messages for a later run.
    #[arg(long)]
    no_mail: bool,
}

/// Runs one command.
pub async fn run(command: Command, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    match command {
        Command::Run(arguments) => issue(arguments, context).await,
        Command::Verify { number } => verify(&number, context).await,
    }
}

async fn issue(arguments: RunArguments, context: &CommandContext) -> anyhow::Result<Outcome> {
    let options = runs::ReceiptOptions {
        dry_run: arguments.dry_run,
        no_mail: arguments.no_mail,
    };
    let on = context.business_date(arguments.on);
    let run = runs::run_receipts(&context.app, context.now, on, arguments.period, options).await?;
    let text = format!(
        "{}issued {}, {} euros; mailed {}, asked for what lacks {}, refused {}\n{}",
        Outcome::list(&run.receipts)?.text,
        run.issued,
        run.amount,
        run.mailed,
        run.told,
        run.unsent,
        Outcome::list(&run.held)?.text
    );
    Ok(Outcome {
        document: serde_json::to_value(&run)?,
        text,
        // A receipt of the run without its document is told by its empty file.
        ok: run.unsent == 0 && (arguments.dry_run || run.receipts.iter().all(|r| r.file.is_some())),
    })
}

async fn verify(number: &str, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    Ok(
        match receipts::registered(&mut context.db, Reader::System, number).await? {
            Some(r) => Outcome::of(json!({
                "number": r.number,
                "state": "valid",
                "association": r.association,
                "issued_on": r.issued_on,
                "amount": euros(r.amount_cents),
            })),
            None => Outcome {
                ok: false,
                ..Outcome::of(json!({"number": number, "state": "unknown"}))
            },
        },
    )
}
