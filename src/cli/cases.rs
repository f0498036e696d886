//! `obole cases`.

use clap::Args;
use obole::cases::{self, CaseFilter, CaseKind};
use obole::values::Reader;

use super::context::CommandContext;
use super::outcome::Outcome;

/// Arguments of `obole cases`.
#[derive(Args)]
pub struct Arguments {
    /// Only cases of one kind, such as refund-after-payout.
    #[arg(long)]
    kind: Option<CaseKind>,
    /// Leave out what is decided.
    #[arg(long)]
    open: bool,
}

/// Lists the cases.
pub async fn run(arguments: Arguments, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    let filter = CaseFilter {
        kind: arguments.kind,
        open_only: arguments.open,
        ..CaseFilter::default()
    };
    Outcome::list(&cases::list(&mut context.db, Reader::System, filter).await?)
}
