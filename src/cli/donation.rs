//! `obole donation`.

use clap::{ArgGroup, Args, Subcommand};
use obole::donations::ConsentRuling;
use obole::runs;
use obole::values::DonationId;

use super::context::CommandContext;
use super::decision::DecisionArguments;
use super::outcome::Outcome;

/// What can be done with a donation.
#[derive(Subcommand)]
pub enum Command {
    /// Rule on the donor's consent, whatever was ruled for all of the merchant.
    Consent(ConsentArguments),
}

/// Arguments of `obole donation consent`.
#[derive(Args)]
#[command(group = ArgGroup::new("ruling").required(true).args(["accept", "dismiss"]))]
pub struct ConsentArguments {
    /// The donation.
    id: DonationId,
    /// The donor chose to give: a receipt may be issued.
    #[arg(long)]
    accept: bool,
    /// The donor did not: there is no receipt, and one that was issued is in question.
    #[arg(long)]
    dismiss: bool,
    #[command(flatten)]
    by: DecisionArguments,
}

/// Runs one command.
pub async fn run(command: Command, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    let Command::Consent(arguments) = command;
    let actor = context.operator(&arguments.by.operator).await?;
    let ruling = match arguments.accept {
        true => ConsentRuling::Accept,
        false => ConsentRuling::Dismiss,
    };
    let (app, now, why) = (&context.app, context.now, &arguments.by.why);
    let ruled = runs::rule_on_donation(app, now, arguments.id, ruling, &actor, why).await?;
    Ok(Outcome::of(serde_json::to_value(&ruled)?))
}
