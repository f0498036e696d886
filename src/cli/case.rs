//! `obole case`.

use clap::Subcommand;
use obole::runs::{self, CaseDecision};
use obole::values::{Amount, CaseId, Email};

use super::context::CommandContext;
use super::decision::DecisionArguments;
use super::outcome::Outcome;

/// What can be done with a case.
#[derive(Subcommand)]
pub enum Command {
    /// Decide a case; `obole cases --open` lists what can be decided.
    Decide {
        /// The case, as `obole cases` prints it.
        id: CaseId,
        /// One of the decisions that the case offers.
        decision: String,
        /// The amount in euros, for decisions that name one, such as 1.00.
        #[arg(long, value_name = "EUROS", value_parser = Amount::parse)]
        amount: Option<Amount>,
        /// The right address, for the decision correct-address.
        #[arg(long, value_name = "EMAIL", value_parser = Email::parse)]
        email: Option<Email>,
        #[command(flatten)]
        by: DecisionArguments,
    },
}

/// Runs one command.
pub async fn run(command: Command, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    let Command::Decide {
        id,
        decision,
        amount,
        email,
        by,
    } = command;
    let actor = context.operator(&by.operator).await?;
    let decision = CaseDecision {
        case_id: id,
        decision: &decision,
        actor: &actor,
        why: &by.why,
        amount,
        email: email.as_ref(),
    };
    let on = context.business_date(by.on);
    let decided = runs::decide_case(&context.app, context.now, on, decision).await?;
    Ok(Outcome::of(serde_json::to_value(decided)?))
}
