//! `obole receipts`.

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use obole::audit::Actor;
use obole::receipts;
use obole::receipts::{ReceiptDecision, ReceiptStanding};
use obole::runs::{self, ReceiptRun};
use obole::values::{EndReason, Period, Reader, euros};
use serde_json::json;

use super::context::CommandContext;
use super::day::day;
use super::decision::DecisionArguments;
use super::outcome::Outcome;

/// What can be done with tax receipts.
#[derive(Subcommand)]
pub enum Command {
    /// Issue and mail receipts for donations whose payout has settled.
    ///
    /// Running it again changes nothing.
    Run(RunArguments),
    /// Say whether a receipt is valid: its number known, not cancelled or replaced, and all that it
    /// says still with its association.
    Verify { number: String },
    /// Cancel a receipt; it keeps its number, and the donor is told by mail.
    ///
    /// What remains of its donations gets another receipt in the next run, which says that it
    /// cancels and replaces this one. Repeated, it finishes what was cut short.
    Cancel(EndArguments),
    /// Replace a receipt by one for what remains of its donations, with the donor's name and
    /// address of today; it is mailed to the donor.
    ///
    /// Repeated, it finishes what was cut short.
    Replace(EndArguments),
    /// Write a duplicata of a valid receipt into a file.
    Duplicate(ReceiptArguments),
}

/// Arguments of what a person decides about a receipt.
#[derive(Args)]
pub struct ReceiptArguments {
    /// The receipt's number.
    number: String,
    #[command(flatten)]
    by: DecisionArguments,
}

/// Arguments of the end of a receipt.
#[derive(Args)]
pub struct EndArguments {
    #[command(flatten)]
    receipt: ReceiptArguments,
    /// Why, as the donor is told: refund, payment-returned, correction or mistake. By default what
    /// the facts say, if they do; --why is not told to the donor.
    #[arg(long, value_name = "REASON")]
    reason: Option<EndReason>,
}

/// Arguments of `obole receipts run`.
#[derive(Args)]
pub struct RunArguments {
    /// The last month whose donations are considered, such as 2026-11.
    #[arg(long)]
    period: Period,
    /// The business date; today in Paris by default.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
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
        Command::Cancel(arguments) => end(Act::Cancel, arguments, context).await,
        Command::Replace(arguments) => end(Act::Replace, arguments, context).await,
        Command::Duplicate(arguments) => duplicate(arguments, context).await,
    }
}

/// How a receipt ends.
enum Act {
    Cancel,
    Replace,
}

async fn end(
    act: Act,
    arguments: EndArguments,
    context: &mut CommandContext,
) -> anyhow::Result<Outcome> {
    let EndArguments { receipt, reason } = arguments;
    let actor = context.operator(&receipt.by.operator).await?;
    let (app, now) = (&context.app, context.now);
    let on = context.business_date(receipt.by.on);
    let decision = receipt.decision(&actor);
    let decided = match act {
        Act::Cancel => runs::cancel_receipt(app, now, on, decision, reason).await?,
        Act::Replace => runs::replace_receipt(app, now, on, decision, reason).await?,
    };
    let ok = decided.unsent == 0;
    Ok(Outcome {
        ok,
        ..Outcome::of(serde_json::to_value(&decided)?)
    })
}

async fn duplicate(
    arguments: ReceiptArguments,
    context: &mut CommandContext,
) -> anyhow::Result<Outcome> {
    let actor = context.operator(&arguments.by.operator).await?;
    let decision = arguments.decision(&actor);
    let file = runs::duplicate_receipt(&context.app, context.now, decision).await?;
    Ok(Outcome::of(json!({
        "number": arguments.number,
        "file": file.display().to_string(),
    })))
}

impl ReceiptArguments {
    /// The decision, by who was found for the e-mail.
    fn decision<'a>(&'a self, actor: &'a Actor) -> ReceiptDecision<'a> {
        ReceiptDecision {
            number: &self.number,
            actor,
            why: &self.by.why,
        }
    }
}

async fn issue(arguments: RunArguments, context: &CommandContext) -> anyhow::Result<Outcome> {
    let RunArguments {
        period,
        on,
        dry_run,
        no_mail,
    } = arguments;
    let options = runs::ReceiptOptions { dry_run, no_mail };
    let on = context.business_date(on);
    let run = runs::run_receipts(&context.app, context.now, on, period, options).await;
    let nothing = serde_json::to_value(ReceiptRun::nothing(period))?;
    let outcome = Outcome::of_run(run, nothing, |run| outcome(&run, dry_run))?;
    Ok(if dry_run { outcome.dry() } else { outcome })
}

fn outcome(run: &ReceiptRun, dry_run: bool) -> anyhow::Result<Outcome> {
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
        document: serde_json::to_value(run)?,
        text,
        // A receipt of the run without its document is told by its empty file.
        ok: run.unsent == 0 && (dry_run || run.receipts.iter().all(|r| r.file.is_some())),
    })
}

async fn verify(number: &str, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    Ok(
        match receipts::registered(&mut context.db, Reader::System, number).await? {
            Some(r) => Outcome {
                ok: r.standing == ReceiptStanding::Valid,
                ..Outcome::of(json!({
                    "number": r.number,
                    "state": r.standing.word(),
                    "successors": r.successors,
                    "replaces": r.replaces,
                    "association": r.association,
                    "issued_on": r.issued_on,
                    "amount": euros(r.amount_cents),
                }))
            },
            None => Outcome {
                ok: false,
                ..Outcome::of(json!({"number": number, "state": "unknown"}))
            },
        },
    )
}
