//! `obole payouts`.

use chrono::NaiveDate;
use clap::Subcommand;
use obole::payouts::Payout;
use obole::runs;
use obole::values::{Email, PayoutId, euros};
use serde_json::json;

use super::context::CommandContext;
use super::outcome::Outcome;

/// What can be done with payouts.
#[derive(Subcommand)]
pub enum Command {
    /// Prepare payouts from what has arrived; running it again changes nothing.
    Run {
        /// The business date; today in Paris by default.
        #[arg(long)]
        on: Option<NaiveDate>,
    },
    /// Approve a payout; after a second operator's approval it leaves.
    Approve {
        id: PayoutId,
        /// Who approves: an operator's e-mail.
        #[arg(long = "as")]
        operator: String,
        /// The business date; today in Paris by default.
        #[arg(long)]
        on: Option<NaiveDate>,
    },
}

/// Runs one command.
pub async fn run(command: Command, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    let (app, now) = (&context.app, context.now);
    let payouts = match command {
        Command::Run { on } => runs::run_payouts(app, now, context.business_date(on)).await?,
        Command::Approve { id, operator, on } => {
            let email = Email::parse(&operator).map_err(anyhow::Error::msg)?;
            runs::approve_payout(app, now, context.business_date(on), id, &email).await?
        }
    };
    list(&payouts)
}

fn list(payouts: &[Payout]) -> anyhow::Result<Outcome> {
    let total: i64 = payouts.iter().map(|p| p.amount_cents).sum();
    let text = Outcome::list(&payouts)?.text;
    Ok(Outcome {
        document: json!({"payouts": payouts, "total": euros(total)}),
        text,
        ok: true,
    })
}
