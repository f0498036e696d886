//! `obole payouts`.

use chrono::NaiveDate;
use clap::Subcommand;
use obole::payouts::{Payout, PayoutState};
use obole::runs::{self, PayoutAct};
use obole::values::{Email, PayoutId, euros};
use serde_json::json;

use super::context::CommandContext;
use super::day::day;
use super::decision::DecisionArguments;
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
    /// Give up a prepared payout; its approvals are void, and its donations go with the next.
    TakeBack {
        id: PayoutId,
        #[command(flatten)]
        by: DecisionArguments,
    },
    /// Say that the bank refused a payout that left.
    Refused {
        id: PayoutId,
        #[command(flatten)]
        by: DecisionArguments,
    },
    /// Prepare anew, to the account on file now, what was refused or came back.
    PayAgain {
        id: PayoutId,
        #[command(flatten)]
        by: DecisionArguments,
    },
    /// Write the file of a payout that left once more, the same, if it is gone.
    File { id: PayoutId },
}

/// Runs one command.
pub async fn run(command: Command, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    let (app, now) = (&context.app, context.now);
    let today = context.business_date(None);
    let (payouts, on) = match command {
        Command::Run { on, dry_run } if dry_run => {
            let on = context.business_date(on);
            let payouts = runs::preview_payouts(app, now, on).await?;
            return Ok(list(context, &payouts, on).await?.dry());
        }
        Command::Run { on, .. } => {
            let on = context.business_date(on);
            match runs::run_payouts(app, now, on).await {
                Ok(payouts) => (payouts, on),
                under_way => {
                    let nothing = json!({"payouts": [], "total": "0.00", "set_aside": []});
                    return Outcome::of_run(under_way, nothing, |payouts| Outcome::list(&payouts));
                }
            }
        }
        Command::Approve { id, operator, on } => {
            let email = Email::parse(&operator).map_err(anyhow::Error::msg)?;
            let on = context.business_date(on);
            (runs::approve_payout(app, now, on, id, &email).await?, on)
        }
        Command::TakeBack { id, by } => (act(context, id, PayoutAct::TakeBack, by).await?, today),
        Command::Refused { id, by } => (act(context, id, PayoutAct::Refuse, by).await?, today),
        Command::PayAgain { id, by } => (act(context, id, PayoutAct::PayAgain, by).await?, today),
        Command::File { id } => (runs::write_payout_file_again(app, now, id).await?, today),
    };
    list(context, &payouts, on).await
}

async fn act(
    context: &mut CommandContext,
    id: PayoutId,
    act: PayoutAct,
    by: DecisionArguments,
) -> anyhow::Result<Vec<Payout>> {
    let actor = context.operator(&by.operator).await?;
    let (on, who) = (context.business_date(by.on), (&actor, by.why.as_str()));
    runs::act_on_payout(&context.app, context.now, on, id, act, who).await
}

/// The payouts, and those of them that are set aside until a person decides, with why.
pub(super) async fn list(
    context: &mut CommandContext,
    payouts: &[Payout],
    on: NaiveDate,
) -> anyhow::Result<Outcome> {
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
    let set_aside = runs::set_aside_payouts(&mut context.db, on, payouts).await?;
    let text = Outcome::list(&payouts)?.text + &set_aside_lines(&set_aside);
    // What failed or is held waits for a person who was told; an order that has no file should.
    let unwritten = |p: &Payout| p.state == PayoutState::Submitted && p.file.is_none();
    Ok(Outcome {
        document: json!({"payouts": payouts, "total": euros(total), "set_aside": set_aside}),
        text,
        ok: !payouts.iter().any(unwritten),
    })
}
