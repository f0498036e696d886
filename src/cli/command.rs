//! All commands, and which file runs each.

use clap::{Parser, Subcommand};
use obole::settings::{SettingError, SettingsReading};

use super::context::CommandContext;
use super::outcome::Outcome;
use super::{
    association, audit, bank, bench, case, cases, cause, check, collections, demo, doctor,
    donation, inbox, ledger, login_link, manifest, merchant, migrate, operator, payouts, receipts,
    runs, serve, settings, subscription,
};

/// One euro added to an online purchase, taken whole and provably to an association.
#[derive(Parser)]
#[command(version)]
pub struct Cli {
    /// Print one JSON document on standard output.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

/// What can be asked on the command line.
#[derive(Subcommand)]
pub enum Command {
    /// Bring the database's schema up to date.
    Migrate,
    /// Print the settings with their current values, secrets masked.
    Settings,
    /// Say what is wrong with settings, key, database, mail, bank folder, address, clock and disk.
    Doctor,
    /// Verify every invariant of the ledger.
    Check,
    /// Run web, intake and workers in one process, until Ctrl-C.
    Serve(serve::Arguments),
    /// Open a made-up world to look at in a browser, until Ctrl-C.
    Demo(demo::Arguments),
    /// Merchants: the e-shops that donations come from.
    #[command(subcommand)]
    Merchant(merchant::Command),
    /// Associations.
    #[command(subcommand)]
    Association(association::Command),
    /// Causes.
    #[command(subcommand)]
    Cause(cause::Command),
    /// One donation.
    #[command(subcommand)]
    Donation(donation::Command),
    /// Events received.
    #[command(subcommand)]
    Inbox(inbox::Command),
    /// What merchants say they took, against what is recorded.
    #[command(subcommand)]
    Manifest(manifest::Command),
    /// Ask the merchants for a month's donations.
    #[command(subcommand)]
    Collections(collections::Command),
    /// Pay the associations what has arrived.
    #[command(subcommand)]
    Payouts(payouts::Command),
    /// The bank's statements.
    #[command(subcommand)]
    Bank(bank::Command),
    /// Addresses that get events about donations, collections, payouts and receipts.
    #[command(subcommand)]
    Subscription(subscription::Command),
    /// Tax receipts.
    #[command(subcommand)]
    Receipts(receipts::Command),
    /// What was run, by whom, and how it ended.
    Runs(runs::Arguments),
    /// What waits for a person.
    Cases(cases::Arguments),
    /// Decide what waits for a person.
    #[command(subcommand)]
    Case(case::Command),
    /// What people did, when and why.
    Audit(audit::Arguments),
    /// People of the team.
    #[command(subcommand)]
    Operator(operator::Command),
    /// Make a fresh sign-in link for anyone known.
    LoginLink(login_link::Arguments),
    /// Measure speed, each figure as a ratio to PostgreSQL's own in the same run.
    ///
    /// Build with --release for figures that mean something.
    Bench(bench::Arguments),
    /// The double-entry ledger.
    #[command(subcommand)]
    Ledger(ledger::Command),
}

/// Why a command did not run to its end.
pub enum CommandError {
    /// Settings that cannot be used: wrong use, exit code 2.
    Settings(Vec<SettingError>),
    /// The work failed: exit code 1.
    Work(anyhow::Error),
}

impl From<anyhow::Error> for CommandError {
    fn from(error: anyhow::Error) -> Self {
        Self::Work(error)
    }
}

/// Runs a command to its end. Only the doctor runs with settings that cannot be used.
pub async fn run(command: Command, reading: SettingsReading) -> Result<Outcome, CommandError> {
    if matches!(command, Command::Doctor) {
        return Ok(doctor::run(&reading).await?);
    }
    let settings = reading.into_settings().map_err(CommandError::Settings)?;
    Ok(match command {
        Command::Settings => settings::run(&settings),
        Command::Demo(arguments) => demo::run(settings, arguments).await?,
        Command::Bench(arguments) => bench::run(settings, arguments).await?,
        Command::Serve(arguments) => serve::run(settings, arguments).await?,
        command => {
            let mut context = CommandContext::open(settings).await?;
            let outcome = run_in_database(command, &mut context).await;
            context.close().await;
            outcome?
        }
    })
}

async fn run_in_database(
    command: Command,
    context: &mut CommandContext,
) -> anyhow::Result<Outcome> {
    match command {
        Command::Check => check::run(context).await,
        Command::Merchant(command) => merchant::run(command, context).await,
        Command::Association(command) => association::run(command, context).await,
        Command::Cause(command) => cause::run(command, context).await,
        Command::Donation(command) => donation::run(command, context).await,
        Command::Inbox(command) => inbox::run(command, context).await,
        Command::Manifest(command) => manifest::run(command, context).await,
        Command::Collections(command) => collections::run(command, context).await,
        Command::Payouts(command) => payouts::run(command, context).await,
        Command::Bank(command) => bank::run(command, context).await,
        Command::Subscription(command) => subscription::run(command, context).await,
        Command::Receipts(command) => receipts::run(command, context).await,
        Command::Runs(arguments) => runs::run(arguments, context).await,
        Command::Cases(arguments) => cases::run(arguments, context).await,
        Command::Case(command) => case::run(command, context).await,
        Command::Audit(arguments) => audit::run(arguments, context).await,
        Command::Operator(command) => operator::run(command, context).await,
        Command::LoginLink(arguments) => login_link::run(arguments, context).await,
        Command::Ledger(command) => ledger::run(command, context).await,
        // Opening the database has migrated it. The others ran before the database was opened.
        Command::Migrate
        | Command::Settings
        | Command::Doctor
        | Command::Demo(_)
        | Command::Bench(_)
        | Command::Serve(_) => Ok(migrate::outcome()),
    }
}
