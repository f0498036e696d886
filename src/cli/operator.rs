//! `obole operator`.

use clap::Subcommand;
use obole::parties::{operator, sign_in};
use obole::values::Email;
use serde_json::json;

use super::context::CommandContext;
use super::outcome::Outcome;

/// What can be done with people of the team.
#[derive(Subcommand)]
pub enum Command {
    /// Add a person; prints a sign-in link.
    Add {
        #[arg(long)]
        email: String,
    },
}

/// Runs one command.
pub async fn run(command: Command, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    let Command::Add { email } = command;
    let email = Email::parse(&email).map_err(anyhow::Error::msg)?;
    let now = context.now;
    let mut tx = context.begin().await?;
    let id = operator::add(&mut tx, now, &email).await?;
    let token = sign_in::prepare_link(&mut tx, now, &email).await?;
    tx.commit().await?;
    let url = context.sign_in_url(&token);
    Ok(Outcome::of(
        json!({"operator_id": id.to_string(), "sign_in_url": url}),
    ))
}
