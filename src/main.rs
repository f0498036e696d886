//! The command line: starts things, decides nothing.

use std::process::ExitCode;

use anyhow::Context as _;
use chrono::NaiveDate;
use clap::{Parser, Subcommand, ValueEnum};
use obole::app::App;
use obole::inbox::{self, Redrive};
use obole::parties::{association, cause, endpoint, merchant, operator, sign_in};
use obole::values::{Email, EventId, PayoutId, Period, euros, paris_day};
use obole::worker::month;
use obole::{checks, ledger, payouts, settings, web};
use serde_json::{Value, json};
use sqlx::Connection as _;

/// One euro added to an online purchase, taken whole and provably to an association.
#[derive(Parser)]
#[command(version)]
struct Cli {
    /// One JSON document on standard output.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Bring the database's schema up to date.
    Migrate,
    /// Print the settings with their current values, secrets masked.
    Settings,
    /// Verify every invariant of the books.
    Check,
    /// Web, intake and poster in one process, until Ctrl-C.
    Serve,
    /// E-shops.
    #[command(subcommand)]
    Merchant(Merchant),
    /// Associations.
    #[command(subcommand)]
    Association(Association),
    /// Causes.
    #[command(subcommand)]
    Cause(Cause),
    /// Events received.
    #[command(subcommand)]
    Inbox(Inbox),
    /// Ask the shops for a month's euros.
    #[command(subcommand)]
    Collections(Collections),
    /// Pay the associations what has arrived.
    #[command(subcommand)]
    Payouts(Payouts),
    /// The bank's statements.
    #[command(subcommand)]
    Bank(Bank),
    /// Tax receipts.
    #[command(subcommand)]
    Receipts(Receipts),
    /// People of the team.
    #[command(subcommand)]
    Operator(Operator),
    /// A fresh sign-in link for anyone known.
    LoginLink {
        #[arg(long)]
        email: String,
    },
    /// Read the double-entry ledger.
    #[command(subcommand)]
    Ledger(Ledger),
}

#[derive(Subcommand)]
enum Merchant {
    /// Add a shop; prints what its developer needs, once.
    Add {
        #[arg(long)]
        name: String,
        #[arg(long)]
        email: String,
        #[arg(long)]
        slug: Option<String>,
        #[arg(long, default_value = "standard")]
        dialect: String,
        /// fixed:1.00 or round-up:1.00
        #[arg(long, default_value = "fixed:1.00")]
        rule: String,
        #[arg(long)]
        default_cause: Option<String>,
        #[arg(long, default_value = "transfer")]
        collect: String,
        /// The endpoint's events are kept and shown, and never reach the books.
        #[arg(long)]
        test: bool,
    },
    /// A new webhook secret; the old one is taken for one more day.
    RotateSecret {
        slug: String,
    },
    List,
}

#[derive(Subcommand)]
enum Association {
    /// Add the association that a file presents.
    Add {
        file: std::path::PathBuf,
    },
    List,
}

#[derive(Subcommand)]
enum Cause {
    Add {
        #[arg(long)]
        slug: String,
        /// exclusion, environment, childhood or medical-research
        #[arg(long)]
        theme: String,
        #[arg(long)]
        association: String,
        #[arg(long)]
        title: String,
    },
    List,
}

#[derive(Subcommand)]
enum Inbox {
    List {
        #[arg(long)]
        state: Option<InboxState>,
    },
    /// Give events a second try.
    Redrive {
        #[arg(required_unless_present = "all_dead")]
        ids: Vec<EventId>,
        #[arg(long, conflicts_with = "ids")]
        all_dead: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum InboxState {
    Queued,
    Posted,
    Dead,
    Conflict,
    Parked,
}

#[derive(Subcommand)]
enum Collections {
    /// Prepare one collection per shop over a month that is over; running it again changes nothing.
    Run {
        /// The month, such as 2026-11.
        #[arg(long)]
        period: Period,
        /// The business date; today in Paris by default.
        #[arg(long)]
        on: Option<NaiveDate>,
    },
}

#[derive(Subcommand)]
enum Payouts {
    /// Prepare payouts from what has arrived; running it again changes nothing.
    Run {
        /// The business date; today in Paris by default.
        #[arg(long)]
        on: Option<NaiveDate>,
    },
    /// Approve a payout; after a second operator's approval it leaves.
    Approve {
        id: PayoutId,
        /// Who approves: an operator's e-mail.
        #[arg(long = "as")]
        operator: String,
        /// The business date; today in Paris by default.
        #[arg(long)]
        on: Option<NaiveDate>,
    },
}

#[derive(Subcommand)]
enum Bank {
    /// Read camt.053 statements; a line already known changes nothing.
    Import {
        #[arg(required = true)]
        files: Vec<std::path::PathBuf>,
    },
}

#[derive(Subcommand)]
enum Receipts {
    /// Issue and mail receipts for gifts whose payout has settled; running it again changes nothing.
    Run {
        /// The last month whose gifts are looked at, such as 2026-11.
        #[arg(long)]
        period: Period,
        /// The business date; today in Paris by default.
        #[arg(long)]
        on: Option<NaiveDate>,
        /// Tell what would be issued; write nothing.
        #[arg(long)]
        dry_run: bool,
        /// Leave the messages for a later run.
        #[arg(long)]
        no_mail: bool,
    },
}

#[derive(Subcommand)]
enum Operator {
    Add {
        #[arg(long)]
        email: String,
    },
}

#[derive(Subcommand)]
enum Ledger {
    /// Every account with its sums.
    Balances,
    /// The books in a format of plain-text accounting.
    Export {
        #[arg(long)]
        format: ExportFormat,
        /// First day, in Paris.
        #[arg(long)]
        from: Option<chrono::NaiveDate>,
        /// Day after the last, in Paris.
        #[arg(long)]
        to: Option<chrono::NaiveDate>,
        #[arg(long)]
        output: Option<std::path::PathBuf>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum ExportFormat {
    Hledger,
    Ledger,
    Beancount,
}

/// What a command leaves: its document, the same for people, and whether it found the world in order.
struct Outcome {
    document: Value,
    text: String,
    ok: bool,
}

impl Outcome {
    /// A document of plain fields, one a line for people.
    fn of(document: Value) -> Self {
        let text = document.as_object().into_iter().flatten().map(|(k, v)| format!("{k:<24} {}\n", shown(v))).collect();
        Self { document, text, ok: true }
    }

    /// A list of records, as a table for people.
    fn list(records: &impl serde::Serialize) -> anyhow::Result<Self> {
        let document = serde_json::to_value(records)?;
        let rows: Vec<Vec<String>> =
            document.as_array().into_iter().flatten().filter_map(Value::as_object).map(|r| r.values().map(shown).collect()).collect();
        let heads: Vec<String> = document.get(0).and_then(Value::as_object).map_or_else(Vec::new, |r| r.keys().cloned().collect());
        let width = |n: usize| rows.iter().chain([&heads]).filter_map(|r| r.get(n)).map(|c| c.chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..heads.len()).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            format!("{}\n", cells.join("  ").trim_end())
        };
        let text = if rows.is_empty() { "none\n".into() } else { [&heads].into_iter().chain(&rows).map(line).collect() };
        Ok(Self { document, text, ok: true })
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "none".into(),
        Value::Array(values) => values.iter().map(shown).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()))
        .init();
    let settings = match settings::read(|name| std::env::var(name).ok()) {
        Ok(settings) => settings,
        Err(mistakes) => {
            for mistake in mistakes {
                eprintln!("{mistake}");
            }
            return ExitCode::from(2);
        }
    };
    match run(cli.command, settings).await {
        Ok(outcome) => {
            if cli.json {
                println!("{}", outcome.document);
            } else {
                print!("{}", outcome.text);
            }
            ExitCode::from(u8::from(!outcome.ok))
        }
        Err(error) => {
            eprintln!("obole: {error:#}");
            ExitCode::from(1)
        }
    }
}

async fn run(command: Command, settings: settings::Settings) -> anyhow::Result<Outcome> {
    if matches!(command, Command::Settings) {
        let table = settings.table();
        let document = table.iter().map(|(n, v)| json!({"name": n, "value": v})).collect();
        let text = table.iter().map(|(n, v)| format!("{n:<20} {v}\n")).collect();
        return Ok(Outcome { document, text, ok: true });
    }
    let app = App::open(settings).await?;
    let mut db = app.db.acquire().await.context("the database does not answer")?;
    let now = chrono::Utc::now();
    Ok(match command {
        Command::Settings | Command::Migrate => {
            Outcome { document: json!({"ok": true}), text: "The schema is up to date.\n".into(), ok: true }
        }
        Command::Check => {
            let verdicts = checks::run(&mut db).await?;
            let ok = verdicts.iter().all(|v| v.ok);
            let text = verdicts
                .iter()
                .map(|v| format!("{:<45} {}\n", v.name, if v.ok { "ok".into() } else { format!("{} violations", v.violations) }))
                .collect();
            Outcome { document: json!({"ok": ok, "checks": verdicts}), text, ok }
        }
        Command::Serve => {
            drop(db);
            serve(app).await?;
            Outcome { document: json!({"ok": true}), text: String::new(), ok: true }
        }
        Command::Merchant(command) => merchants(&app, &mut db, command).await?,
        Command::Association(Association::Add { file }) => {
            let text = std::fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
            let file = association::read(&text)?;
            let mut tx = db.begin().await?;
            let id = association::add(&mut tx, now, &file).await?;
            tx.commit().await?;
            Outcome::of(json!({"association_id": id.to_string()}))
        }
        Command::Association(Association::List) => Outcome::list(&association::list(&mut db).await?)?,
        Command::Cause(Cause::Add { slug, theme, association, title }) => {
            let id = cause::add(&mut db, now, &slug, &theme, &association, &title).await?;
            Outcome::of(json!({"cause_id": id.to_string()}))
        }
        Command::Cause(Cause::List) => Outcome::list(&cause::list(&mut db).await?)?,
        Command::Inbox(Inbox::List { state }) => Outcome::list(&inbox::list(&mut db, state.map(inbox_state)).await?)?,
        Command::Inbox(Inbox::Redrive { ids, all_dead }) => {
            let which = if all_dead { Redrive::AllDead } else { Redrive::These(ids) };
            let back: Vec<String> = inbox::redrive(&mut db, &which).await?.iter().map(ToString::to_string).collect();
            Outcome::of(json!({"redriven": back}))
        }
        Command::Collections(Collections::Run { period, on }) => {
            let collections = month::run_collections(&app, now, business_day(on, now), period).await?;
            let total: i64 = collections.iter().map(|c| c.amount_cents).sum();
            let text = Outcome::list(&collections)?.text;
            Outcome { document: json!({"period": period.to_string(), "collections": collections, "total": euros(total)}), text, ok: true }
        }
        Command::Payouts(Payouts::Run { on }) => paid_out(&month::run_payouts(&app, now, business_day(on, now)).await?)?,
        Command::Payouts(Payouts::Approve { id, operator, on }) => {
            let email = Email::parse(&operator).map_err(anyhow::Error::msg)?;
            paid_out(&month::approve_payout(&app, now, business_day(on, now), id, &email).await?)?
        }
        Command::Bank(Bank::Import { files }) => {
            let imported = month::import_statements(&app, now, &files).await?;
            let text = Outcome::list(&imported)?.text;
            Outcome { document: json!({"files": imported}), text, ok: true }
        }
        Command::Receipts(Receipts::Run { period, on, dry_run, no_mail }) => {
            let options = month::ReceiptOptions { dry_run, no_mail };
            let run = month::run_receipts(&app, now, business_day(on, now), period, options).await?;
            let text = format!(
                "{}issued {}, {} euros; mailed {}\n{}",
                Outcome::list(&run.receipts)?.text,
                run.issued,
                run.amount,
                run.mailed,
                Outcome::list(&run.held)?.text
            );
            Outcome { document: serde_json::to_value(&run)?, text, ok: true }
        }
        Command::Operator(Operator::Add { email }) => {
            let email = Email::parse(&email).map_err(anyhow::Error::msg)?;
            let mut tx = db.begin().await?;
            let id = operator::add(&mut tx, now, &email).await?;
            let url = sign_in_url(&app, sign_in::prepare_link(&mut tx, now, &email).await?);
            tx.commit().await?;
            Outcome::of(json!({"operator_id": id.to_string(), "sign_in_url": url}))
        }
        Command::LoginLink { email } => {
            let email = Email::parse(&email).map_err(anyhow::Error::msg)?;
            anyhow::ensure!(sign_in::is_known(&mut db, &email).await?, "nobody here has this address");
            let url = sign_in_url(&app, sign_in::prepare_link(&mut db, now, &email).await?);
            Outcome::of(json!({"url": url}))
        }
        Command::Ledger(Ledger::Balances) => {
            let balances = ledger::balances(&mut db).await?;
            let text = balances
                .iter()
                .map(|b| format!("{} {:<45} {:>14} {:>14} {:>14}\n", b.code, b.name, b.debits, b.credits, b.balance))
                .collect();
            Outcome { document: serde_json::to_value(&balances)?, text, ok: true }
        }
        Command::Ledger(Ledger::Export { format, from, to, output }) => {
            let format = match format {
                ExportFormat::Hledger => ledger::export::Format::Hledger,
                ExportFormat::Ledger => ledger::export::Format::Ledger,
                ExportFormat::Beancount => ledger::export::Format::Beancount,
            };
            let books = ledger::export::export(&mut db, format, from, to).await?;
            match output {
                Some(path) => {
                    std::fs::write(&path, &books).with_context(|| format!("writing {}", path.display()))?;
                    Outcome { document: json!({"file": path}), text: format!("{}\n", path.display()), ok: true }
                }
                None => Outcome { document: json!({"books": books}), text: books, ok: true },
            }
        }
    })
}

fn paid_out(payouts: &[payouts::Payout]) -> anyhow::Result<Outcome> {
    let total: i64 = payouts.iter().map(|p| p.amount_cents).sum();
    let text = Outcome::list(&payouts)?.text;
    Ok(Outcome { document: json!({"payouts": payouts, "total": euros(total)}), text, ok: true })
}

/// The day a batch counts as: the one asked for, else today in Paris.
fn business_day(on: Option<NaiveDate>, now: chrono::DateTime<chrono::Utc>) -> NaiveDate {
    on.unwrap_or_else(|| paris_day(now))
}

async fn merchants(app: &App, db: &mut sqlx::PgConnection, command: Merchant) -> anyhow::Result<Outcome> {
    let (now, key) = (chrono::Utc::now(), app.key.expose());
    Ok(match command {
        Merchant::Add { name, email, slug, dialect, rule, default_cause, collect, test } => {
            let new = merchant::NewMerchant { name, email, slug, dialect, rule, default_cause, collect, test };
            let mut tx = db.begin().await?;
            let added = merchant::add(&mut tx, now, key, &new).await?;
            tx.commit().await?;
            Outcome::of(json!({
                "merchant_id": added.merchant_id.to_string(),
                "endpoint_id": added.endpoint_id.to_string(),
                "webhook_url": format!("{}/webhooks/{}", app.settings.public_url, added.endpoint_id),
                "secret": added.secret,
                "api_key": added.api_key,
            }))
        }
        Merchant::RotateSecret { slug } => {
            let mut tx = db.begin().await?;
            let (secret, until) = endpoint::rotate_secret(&mut tx, now, key, &slug).await?;
            tx.commit().await?;
            Outcome::of(json!({"secret": secret, "old_secret_valid_until": until}))
        }
        Merchant::List => Outcome::list(&merchant::list(db).await?)?,
    })
}

fn sign_in_url(app: &App, token: String) -> String {
    format!("{}/login/{token}", app.settings.public_url)
}

const fn inbox_state(state: InboxState) -> inbox::State {
    match state {
        InboxState::Queued => inbox::State::Queued,
        InboxState::Posted => inbox::State::Posted,
        InboxState::Dead => inbox::State::Dead,
        InboxState::Conflict => inbox::State::Conflict,
        InboxState::Parked => inbox::State::Parked,
    }
}

async fn serve(app: App) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind(app.settings.listen)
        .await
        .with_context(|| format!("OBOLE_LISTEN: {} cannot be listened on", app.settings.listen))?;
    tracing::info!(address = %listener.local_addr()?, "listening");
    web::serve(app, listener, stop_asked()).await?;
    Ok(())
}

/// Ends when a person or the system asks for the end.
async fn stop_asked() {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(signal) => signal,
        Err(error) => {
            tracing::warn!(%error, "SIGTERM is not heard");
            return tokio::signal::ctrl_c().await.unwrap_or(());
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
