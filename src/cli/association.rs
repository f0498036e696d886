//! `obole association`.

use std::path::PathBuf;

use anyhow::Context as _;
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use obole::parties::PartyState::{Live, Suspended};
use obole::parties::account::NewAccount;
use obole::parties::association;
use obole::parties::suspension::Suspendable::Association;
use obole::runs::{self, AccountAct};
use obole::values::{Bic, Iban, Reader};
use serde_json::json;

use super::context::CommandContext;
use super::day::day;
use super::outcome::Outcome;
use super::suspension::{self, SuspensionArguments};

/// What can be done with associations.
#[derive(Subcommand)]
pub enum Command {
    /// Add the association that a file describes (contracts/association.schema.json).
    Add { file: PathBuf },
    /// Suspend it: its donations are recorded, its payouts held, its donors asked to choose
    /// again.
    Suspend(SuspensionArguments),
    /// Lift a suspension.
    Lift(SuspensionArguments),
    /// List all associations.
    List,
    /// Ask to pay an association to another account, which another operator confirms.
    ///
    /// Its payouts wait until that is decided, and three days from a confirmation.
    Iban(IbanArguments),
}

/// Arguments of `obole association iban`.
#[derive(Args)]
pub struct IbanArguments {
    /// The association's slug.
    slug: String,
    #[arg(value_parser = Iban::parse)]
    iban: Iban,
    /// The BIC of its bank; needed where the bank changes.
    #[arg(long, value_parser = Bic::parse)]
    bic: Option<Bic>,
    /// The account's holder exactly as the bank has it; as before by default.
    #[arg(long)]
    name: Option<String>,
    /// Confirm what another operator asked for.
    #[arg(long, conflicts_with = "refuse")]
    confirm: bool,
    /// Refuse what was asked for.
    #[arg(long, requires = "why")]
    refuse: bool,
    /// Who acts: an operator's e-mail.
    #[arg(long = "as", value_name = "EMAIL")]
    operator: String,
    /// Why; kept in the audit log, so without personal data.
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// The business date; today in Paris by default.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    on: Option<NaiveDate>,
}

/// Runs one command.
pub async fn run(command: Command, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    match command {
        Command::Add { file } => add(file, context).await,
        Command::Iban(arguments) => iban(arguments, context).await,
        Command::Suspend(arguments) => {
            suspension::run(Association, Suspended, arguments, context).await
        }
        Command::Lift(arguments) => suspension::run(Association, Live, arguments, context).await,
        Command::List => Outcome::list(&association::list(&mut context.db, Reader::System).await?),
    }
}

async fn add(file: PathBuf, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    let name = file.display().to_string();
    let text = std::fs::read(&file).with_context(|| format!("reading {name}"))?;
    let file = association::read(&text).with_context(|| name)?;
    let now = context.now;
    let mut tx = context.begin().await?;
    let id = association::add(&mut tx, now, &file).await?;
    tx.commit().await?;
    Ok(Outcome::of(json!({"association_id": id.to_string()})))
}

async fn iban(a: IbanArguments, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    let act = match (a.confirm, a.refuse) {
        (true, _) => AccountAct::Confirm,
        (_, true) => AccountAct::Refuse,
        _ => AccountAct::Ask,
    };
    let actor = context.operator(&a.operator).await?;
    let new = NewAccount {
        slug: &a.slug,
        iban: &a.iban,
        bic: a.bic.as_ref(),
        name: a.name.as_deref(),
    };
    let (on, why) = (context.business_date(a.on), a.why.unwrap_or_default());
    let who = (&actor, why.as_str());
    let done = runs::act_on_account(&context.app, context.now, on, new, act, who).await?;
    let ok = done.set_aside.is_empty();
    let outcome = Outcome::of(serde_json::to_value(done)?);
    Ok(Outcome { ok, ..outcome })
}
