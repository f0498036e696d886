//! `obole subscription`.

use anyhow::Context as _;
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use obole::gateways::webhook_client::address;
use obole::outbox::{self, Subscriber};
use obole::values::{Reader, SubscriptionId, paris_midnight};
use serde_json::json;

use super::context::CommandContext;
use super::day::day;
use super::outcome::Outcome;

/// What can be done with subscriptions to events.
#[derive(Subcommand)]
pub enum Command {
    /// Send events to an address from now on; prints the secret that signs them, once.
    Add(AddArguments),
    /// List all subscriptions.
    List,
    /// Resume sending to an address that had failed for five days.
    Enable { id: SubscriptionId },
    /// Send again what happened since a day.
    Replay {
        id: SubscriptionId,
        #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
        since: NaiveDate,
    },
}

/// Arguments of `obole subscription add`.
#[derive(Args)]
pub struct AddArguments {
    /// A merchant's slug.
    #[arg(
        long,
        required_unless_present = "association",
        conflicts_with = "association"
    )]
    merchant: Option<String>,
    /// An association's slug.
    #[arg(long)]
    association: Option<String>,
    #[arg(long)]
    url: String,
}

/// Runs one command.
pub async fn run(command: Command, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    match command {
        Command::Add(arguments) => add(arguments, context).await,
        Command::List => Outcome::list(&outbox::list(&mut context.db, Reader::System).await?),
        Command::Enable { id } => {
            anyhow::ensure!(
                outbox::enable(&mut context.db, context.now, id).await?,
                "no subscription has this id; see `obole subscription list`"
            );
            Ok(Outcome::of(
                json!({"subscription_id": id.to_string(), "state": "live"}),
            ))
        }
        Command::Replay { id, since } => {
            let since = paris_midnight(since);
            let replayed = outbox::replay(&mut context.db, context.now, id, since).await?;
            Ok(Outcome::of(
                json!({"subscription_id": id.to_string(), "replayed": replayed}),
            ))
        }
    }
}

async fn add(arguments: AddArguments, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    let subscriber = match (arguments.merchant, arguments.association) {
        (Some(slug), _) => Subscriber::Merchant(slug),
        (None, slug) => Subscriber::Association(slug.unwrap_or_default()),
    };
    let url = arguments.url;
    let url = address(&url, context.app.settings.private_webhooks)
        .with_context(|| format!("url {url:?}"))?;
    let key = context.app.key.expose();
    let (id, secret) =
        outbox::subscribe(&mut context.db, context.now, key, &subscriber, url.as_str()).await?;
    Ok(Outcome::of(
        json!({"subscription_id": id.to_string(), "secret": secret}),
    ))
}
