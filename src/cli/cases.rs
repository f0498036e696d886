//! `obole cases`.

use clap::Args;
use obole::cases::{self, Case, CaseFilter, CaseKind};
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
    let cases = cases::list(&mut context.db, Reader::System, filter).await?;
    Ok(Outcome {
        text: match cases.is_empty() {
            true => "none\n".into(),
            false => cases.iter().map(Case::words).collect(),
        },
        document: serde_json::to_value(&cases)?,
        ok: true,
    })
}
