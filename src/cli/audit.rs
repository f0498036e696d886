//! `obole audit`.

use clap::Args;
use obole::audit;
use obole::values::Reader;

use super::context::CommandContext;
use super::outcome::Outcome;

/// Arguments of `obole audit`.
#[derive(Args)]
pub struct Arguments {
    /// Only what was done on one subject, such as a receipt's number.
    #[arg(long)]
    subject: Option<String>,
}

/// Lists what people did.
pub async fn run(arguments: Arguments, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    let subject = arguments.subject.as_deref();
    Outcome::list(&audit::list(&mut context.db, Reader::System, subject).await?)
}
