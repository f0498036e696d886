//! `obole login-link`.

use clap::Args;
use obole::parties::sign_in;
use obole::values::Email;
use serde_json::json;

use super::context::CommandContext;
use super::outcome::Outcome;

/// Arguments of `obole login-link`.
#[derive(Args)]
pub struct Arguments {
    #[arg(long)]
    email: String,
}

/// Makes a fresh sign-in link for anyone known.
pub async fn run(arguments: Arguments, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    let email = Email::parse(&arguments.email).map_err(anyhow::Error::msg)?;
    anyhow::ensure!(
        sign_in::is_known(&mut context.db, &email).await?,
        "nobody here has this address"
    );
    let token = sign_in::prepare_link(&mut context.db, context.now, &email).await?;
    Ok(Outcome::of(json!({"url": context.sign_in_url(&token)})))
}
