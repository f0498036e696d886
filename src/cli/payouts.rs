//! `obole payouts`.

use chrono::NaiveDate;
use clap::Subcommand;
use obole::payouts::{Payout, PayoutState};
use obole::runs;
use obole::values::{Email, PayoutId, euros};
use serde_json::json;

use super::context::CommandContext;
use super::day::day;
use super::outcome::{Outcome, set_aside_lines};

/// What can be done with payouts.
#[derive(Subcommand)]
pub enum Command {
    /// Prepare payouts from what has arrived; running it again changes nothing.
    Run {
        /// The business date; today in Paris by default.
        #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
        on: Option<NaiveDate>,
        /// Print what would be prepared; write nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Approve a payout; after a second operator's approval it leaves.
    Approve {
        id: PayoutId,
        /// Who approves: an operator's e-mail.
        #[arg(long = "as")]
        operator: String,
        /// The business date; today in Paris by default.
        #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
        on: Option<NaiveDate>,
    },
}

/// Runs one command.
pub async fn run(command: Command, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    let (app, now) = (&context.app, context.now);
    let payouts = match command {
        Command::Run { on, dry_run } if dry_run => {
            let payouts = runs::preview_payouts(app, now, context.business_date(on)).await?;
            return Ok(list(context, &payouts).await?.dry());
        }
        Command::Run { on, .. } => {
            match runs::run_payouts(app, now, context.business_date(on)).await {
                Ok(payouts) => payouts,
                under_way => {
                    let nothing = json!({"payouts": [], "total": "0.00", "set_aside": []});
                    return Outcome::of_run(under_way, nothing, |payouts| Outcome::list(&payouts));
                }
            }
        }
        Command::Approve { id, operator, on } => {
            let email = Email::parse(&operator).map_err(anyhow::Error::msg)?;
            runs::approve_payout(app, now, context.business_date(on), id, &email).await?
        }
    };
    list(context, &payouts).await
}

/// The payouts, and those that are set aside until a person decides.
async fn list(context: &mut CommandContext, payouts: &[Payout]) -> anyhow::Result<Outcome> {
    // Those that were taken back, refused or returned pay nobody.
    let pays = |p: &&Payout| {
        let lives = [
            PayoutState::Prepared,
            PayoutState::Submitted,
            PayoutState::Settled,
        ];
        lives.contains(&p.state)
    };
    let total: i64 = payouts.iter().filter(pays).map(|p| p.amount_cents).sum();
    let mut set_aside = runs::failed_payouts(&mut context.db).await?;
    // The others that failed had left before.
    let unwritten = |p: &&Payout| p.state == PayoutState::Submitted && p.file.is_none();
    let unwritten: Vec<String> = payouts
        .iter()
        .filter(unwritten)
        .map(|p| p.payout_id.to_string())
        .collect();
    set_aside.retain(|s| unwritten.contains(&s.subject));
    let text = Outcome::list(&payouts)?.text + &set_aside_lines(&set_aside);
    Ok(Outcome {
        document: json!({"payouts": payouts, "total": euros(total), "set_aside": set_aside}),
        text,
        ok: set_aside.is_empty(),
    })
}
