//! Suspending and lifting: the same for merchants, associations and causes.

use clap::Args;
use obole::parties::PartyState;
use obole::parties::suspension::Suspendable;
use obole::runs::{self, Suspension};

use super::context::CommandContext;
use super::decision::DecisionArguments;
use super::outcome::Outcome;

/// Arguments of `suspend` and `lift`.
#[derive(Args)]
pub struct SuspensionArguments {
    /// Its slug.
    slug: String,
    #[command(flatten)]
    by: DecisionArguments,
}

/// Suspends a party, or lifts its suspension.
pub async fn run(
    party: Suspendable,
    state: PartyState,
    arguments: SuspensionArguments,
    context: &mut CommandContext,
) -> anyhow::Result<Outcome> {
    let actor = context.operator(&arguments.by.operator).await?;
    let suspension = Suspension {
        party,
        slug: &arguments.slug,
        state,
        actor: &actor,
        why: &arguments.by.why,
    };
    let done = runs::suspend(&context.app, context.now, suspension).await?;
    let ok = done.unsent == 0;
    Ok(Outcome {
        ok,
        ..Outcome::of(serde_json::to_value(&done)?)
    })
}
