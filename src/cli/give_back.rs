//! What `obole bank give-back` and `obole merchant give-back` have in common.

use clap::Args;
use obole::payouts::{GivenBack, NewGiveBack};
use obole::runs;
use obole::values::{Amount, Bic, Iban};

use super::context::CommandContext;
use super::decision::DecisionArguments;
use super::outcome::Outcome;
use super::payouts;

/// How much is given back, and where to.
#[derive(Args)]
pub struct GiveBackArguments {
    /// How much of it, in euros; all by default.
    #[arg(long, value_name = "EUROS", value_parser = Amount::parse)]
    amount: Option<Amount>,
    /// The account that it goes to; the one that it came from by default.
    #[arg(long, value_parser = Iban::parse)]
    iban: Option<Iban>,
    /// That account's holder, as its bank has it; the one that paid by default.
    #[arg(long)]
    name: Option<String>,
    /// The BIC of that account's bank, where it asks for one.
    #[arg(long, value_parser = Bic::parse)]
    bic: Option<Bic>,
    #[command(flatten)]
    by: DecisionArguments,
}

/// Prepares a give-back.
pub async fn run(
    of: GivenBack<'_>,
    arguments: &GiveBackArguments,
    context: &mut CommandContext,
) -> anyhow::Result<Outcome> {
    let by = &arguments.by;
    let actor = context.operator(&by.operator).await?;
    let on = context.business_date(by.on);
    let new = NewGiveBack {
        of,
        amount: arguments.amount,
        name: arguments.name.as_deref(),
        iban: arguments.iban.as_ref(),
        bic: arguments.bic.as_ref(),
    };
    let who = (&actor, by.why.as_str());
    let prepared = runs::give_back(&context.app, context.now, on, &new, who).await?;
    payouts::list(context, &prepared, on).await
}
