//! `obole merchant`.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use obole::audit::{self, Act};
use obole::inbox::endpoint;
use obole::parties::PartyState::{Live, Suspended};
use obole::parties::merchant;
use obole::parties::suspension::Suspendable::Merchant;
use obole::payouts::GivenBack;
use obole::runs;
use obole::values::Reader;
use serde_json::json;

use super::context::CommandContext;
use super::give_back::{self, GiveBackArguments};
use super::outcome::Outcome;
use super::suspension::{self, SuspensionArguments};

/// What can be done with merchants.
#[derive(Subcommand)]
pub enum Command {
    /// Add a merchant; prints what its developer needs, once.
    Add(AddArguments),
    /// Make a new webhook secret; the old one is accepted for one more day.
    RotateSecret {
        /// The merchant's slug.
        slug: String,
        /// The new secret that the platform made, read from this file (- for standard input).
        #[arg(long, value_name = "FILE")]
        secret_file: Option<PathBuf>,
    },
    /// Show an endpoint's settings, or change them by NAME=VALUE.
    Settings {
        /// The merchant's slug.
        slug: String,
        #[arg(value_name = "NAME=VALUE")]
        pairs: Vec<String>,
    },
    /// Give the key with which its orders are read from its platform: refunds that do not say what
    /// they gave back are then fetched.
    ReadKey {
        /// The merchant's slug.
        slug: String,
        /// The key, read from this file (- for standard input); WooCommerce: ck_…:cs_….
        #[arg(long, value_name = "FILE")]
        api_token_file: PathBuf,
    },
    /// Suspend it: what it charges is still recorded, flagged, and asked for.
    Suspend(SuspensionArguments),
    /// Lift a suspension.
    Lift(SuspensionArguments),
    /// Give the credit of a merchant that left, and is suspended, back to it: a payout of its own,
    /// which two operators approve.
    GiveBack {
        /// The merchant's slug.
        slug: String,
        #[command(flatten)]
        arguments: GiveBackArguments,
    },
    /// List a merchant's API keys, add one (printed this once), or revoke one.
    Keys {
        /// The merchant's slug.
        slug: String,
        /// Make a key, and call it so.
        #[arg(long, value_name = "NAME", conflicts_with = "revoke")]
        add: Option<String>,
        /// The key to revoke, as the list shows it; it opens nothing from then on.
        #[arg(long, value_name = "KEY")]
        revoke: Option<String>,
    },
    /// List all merchants.
    List,
}

/// Arguments of `obole merchant add`.
#[derive(Args)]
pub struct AddArguments {
    #[arg(long)]
    name: String,
    #[arg(long)]
    email: String,
    #[arg(long)]
    slug: Option<String>,
    /// standard, svix, stripe, shopify, woocommerce, bigcommerce, squarespace, ecwid, wix or
    /// generic
    #[arg(long, default_value = "standard")]
    dialect: String,
    /// Where the platform puts the donation, such as sku_prefix=OBOLE; may be given several times.
    #[arg(long = "setting", value_name = "NAME=VALUE")]
    settings: Vec<String>,
    /// The secret that the platform made, read from this file (- for standard input).
    ///
    /// Without it one is made here.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// BigCommerce: the token for its API, read from this file (- for standard input).
    #[arg(long, value_name = "FILE")]
    api_token_file: Option<PathBuf>,
    /// fixed:1.00 or round-up:1.00
    #[arg(long, default_value = "fixed:1.00")]
    rule: String,
    /// The slug of the cause that a donation goes to when neither order nor donor names one.
    #[arg(long)]
    default_cause: Option<String>,
    #[arg(long, default_value = "transfer")]
    collect: String,
    /// Keep and show the endpoint's events, and never post them to the ledger.
    #[arg(long)]
    test: bool,
}

/// Runs one command.
pub async fn run(command: Command, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    match command {
        Command::Add(arguments) => add(arguments, context).await,
        Command::RotateSecret { slug, secret_file } => {
            rotate_secret(&slug, secret_file, context).await
        }
        Command::Settings { slug, pairs } => {
            let mut tx = context.begin().await?;
            let settings = endpoint::change_settings(&mut tx, &slug, &pairs).await?;
            tx.commit().await?;
            Ok(Outcome::of(serde_json::to_value(&settings)?))
        }
        Command::ReadKey {
            slug,
            api_token_file,
        } => read_key(&slug, api_token_file, context).await,
        Command::Suspend(arguments) => {
            suspension::run(Merchant, Suspended, arguments, context).await
        }
        Command::Lift(arguments) => suspension::run(Merchant, Live, arguments, context).await,
        Command::GiveBack { slug, arguments } => {
            give_back::run(GivenBack::Credit(&slug), &arguments, context).await
        }
        Command::Keys { slug, add, revoke } => keys(&slug, add, revoke, context).await,
        Command::List => Outcome::list(&merchant::list(&mut context.db, Reader::System).await?),
    }
}

async fn keys(
    slug: &str,
    add: Option<String>,
    revoke: Option<String>,
    context: &mut CommandContext,
) -> anyhow::Result<Outcome> {
    let (now, actor) = (context.now, CommandContext::system_user());
    let mut tx = context.begin().await?;
    let id = merchant::id_of_slug(&mut tx, slug)
        .await?
        .with_context(|| format!("no merchant is called {slug:?}; see `obole merchant list`"))?;
    let mut act = Act {
        act: "merchant.add-key",
        subject: slug,
        before: None,
        after: None,
        why: None,
    };
    let outcome = match (add, revoke) {
        (Some(name), _) => {
            let api_key = merchant::add_api_key(&mut tx, now, id, &name).await?;
            act.after = Some(json!({"name": name}));
            audit::record(&mut tx, now, &actor, &act).await?;
            Outcome::of(json!({"name": name, "api_key": api_key}))
        }
        (None, Some(key)) => {
            let name = merchant::revoke_api_key(&mut tx, now, id, &key)
                .await?
                .with_context(|| {
                    format!("no key of {slug} that is not revoked begins so; see its list")
                })?;
            act.act = "merchant.revoke-key";
            act.before = Some(json!({"name": name, "key": key}));
            audit::record(&mut tx, now, &actor, &act).await?;
            Outcome::of(json!({"revoked": key, "name": name}))
        }
        (None, None) => Outcome::list(&merchant::api_keys(&mut tx, Reader::System, id).await?)?,
    };
    tx.commit().await?;
    Ok(outcome)
}

async fn add(arguments: AddArguments, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    let new = runs::NewMerchant {
        name: arguments.name,
        email: arguments.email,
        slug: arguments.slug,
        dialect: arguments.dialect,
        settings: arguments.settings,
        secret: read_secret(arguments.secret_file)?,
        api_token: read_secret(arguments.api_token_file)?,
        rule: arguments.rule,
        default_cause: arguments.default_cause,
        collect: arguments.collect,
        test: arguments.test,
    };
    let (now, key) = (context.now, context.app.key.clone());
    let mut tx = context.begin().await?;
    let added = runs::add_merchant(&mut tx, now, key.expose(), &new).await?;
    tx.commit().await?;
    let public_url = &context.app.settings.public_url;
    Ok(Outcome::of(json!({
        "merchant_id": added.merchant_id.to_string(),
        "endpoint_id": added.endpoint_id.to_string(),
        "webhook_url": format!("{public_url}/webhooks/{}", added.endpoint_id),
        "secret": added.secret,
        "api_key": added.api_key,
    })))
}

async fn rotate_secret(
    slug: &str,
    secret_file: Option<PathBuf>,
    context: &mut CommandContext,
) -> anyhow::Result<Outcome> {
    let given = read_secret(secret_file)?;
    let (now, key) = (context.now, context.app.key.clone());
    let mut tx = context.begin().await?;
    let (secret, until) = endpoint::rotate_secret(&mut tx, now, key.expose(), slug, given).await?;
    tx.commit().await?;
    Ok(Outcome::of(
        json!({"secret": secret, "old_secret_valid_until": until}),
    ))
}

async fn read_key(
    slug: &str,
    file: PathBuf,
    context: &mut CommandContext,
) -> anyhow::Result<Outcome> {
    let token = read_secret(Some(file))?.unwrap_or_default();
    let (now, key) = (context.now, context.app.key.clone());
    let mut tx = context.begin().await?;
    let settings = endpoint::set_read_key(&mut tx, key.expose(), slug, &token).await?;
    let act = Act {
        act: "merchant.read-key",
        subject: slug,
        before: None,
        after: None,
        why: None,
    };
    audit::record(&mut tx, now, &CommandContext::system_user(), &act).await?;
    tx.commit().await?;
    Ok(Outcome::of(
        json!({"slug": slug, "fetch_refunds": settings.fetch_refunds}),
    ))
}

/// A secret from a file or standard input: an argument would show in the list of processes.
fn read_secret(file: Option<PathBuf>) -> anyhow::Result<Option<String>> {
    let Some(path) = file else { return Ok(None) };
    let text = if path.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin())?
    } else {
        std::fs::read_to_string(&path).with_context(|| path.display().to_string())?
    };
    Ok(Some(text.trim().to_owned()))
}
