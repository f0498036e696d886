//! What can be asked on the command line.

use chrono::NaiveDate;
use clap::{Parser, Subcommand, ValueEnum};
use obole::values::{EventId, PayoutId, Period, SubscriptionId};

/// One euro added to an online purchase, taken whole and provably to an association.
#[derive(Parser)]
#[command(version)]
pub struct Cli {
    /// One JSON document on standard output.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Bring the database's schema up to date.
    Migrate,
    /// Print the settings with their current values, secrets masked.
    Settings,
    /// Verify every invariant of the books.
    Check,
    /// Web, intake and workers in one process, until Ctrl-C.
    Serve {
        /// Only this part, so that several processes share the work.
        #[arg(long)]
        only: Option<ServePart>,
    },
    /// A made-up world to look at in a browser, until Ctrl-C.
    Demo {
        /// The port to serve on, of 127.0.0.1.
        #[arg(long)]
        port: Option<u16>,
        /// Forget an earlier demo and begin anew.
        #[arg(long)]
        fresh: bool,
    },
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
    /// What shops say they took, against what is recorded.
    #[command(subcommand)]
    Manifest(Manifest),
    /// Ask the shops for a month's euros.
    #[command(subcommand)]
    Collections(Collections),
    /// Pay the associations what has arrived.
    #[command(subcommand)]
    Payouts(Payouts),
    /// The bank's statements.
    #[command(subcommand)]
    Bank(Bank),
    /// Addresses that are told of donations, collections, payouts and receipts.
    #[command(subcommand)]
    Subscription(Subscription),
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
    /// Measure speed, each figure as a ratio to PostgreSQL's own in the same run. Build with --release for figures that mean something.
    Bench {
        /// Figures such as S1,S2,S3; all by default.
        #[arg(long, value_delimiter = ',')]
        only: Vec<String>,
        /// How long each load lasts.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=200))]
        seconds: u64,
        #[arg(long, default_value_t = 128)]
        connections: usize,
        /// Events of the full inbox that is posted (S3, S4).
        #[arg(long, default_value_t = 500_000)]
        events: usize,
        /// Donors who get a receipt (S7).
        #[arg(long, default_value_t = 20_000)]
        donors: usize,
        /// Donations that are in the books already (S4, S8), or are collected and paid out (S6), such as 10000000.
        #[arg(long, default_value_t = 0)]
        scale: usize,
    },
    /// Read the double-entry ledger.
    #[command(subcommand)]
    Ledger(Ledger),
}

#[derive(Subcommand)]
pub enum Merchant {
    /// Add a shop; prints what its developer needs, once.
    Add {
        #[arg(long)]
        name: String,
        #[arg(long)]
        email: String,
        #[arg(long)]
        slug: Option<String>,
        /// standard, svix, stripe, shopify, woocommerce, bigcommerce or generic
        #[arg(long, default_value = "standard")]
        dialect: String,
        /// Where the platform puts the gift, such as sku_prefix=OBOLE; may be given several times.
        #[arg(long = "setting", value_name = "NAME=VALUE")]
        settings: Vec<String>,
        /// The secret that the platform made, read from this file (- for standard input); without it one is made here.
        #[arg(long, value_name = "FILE")]
        secret_file: Option<std::path::PathBuf>,
        /// BigCommerce: the token for its API, read from this file (- for standard input).
        #[arg(long, value_name = "FILE")]
        api_token_file: Option<std::path::PathBuf>,
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
        /// The new secret that the platform made, read from this file (- for standard input).
        #[arg(long, value_name = "FILE")]
        secret_file: Option<std::path::PathBuf>,
    },
    /// Show an endpoint's settings, or change them by NAME=VALUE.
    Settings {
        slug: String,
        #[arg(value_name = "NAME=VALUE")]
        pairs: Vec<String>,
    },
    List,
}

#[derive(Subcommand)]
pub enum Association {
    /// Add the association that a file presents.
    Add {
        file: std::path::PathBuf,
    },
    List,
}

#[derive(Subcommand)]
pub enum Cause {
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
pub enum Inbox {
    List {
        #[arg(long)]
        state: Option<InboxState>,
    },
    /// One event with its body, personal data masked; a conflict beside what came first.
    Show { id: EventId },
    /// Give events a second try.
    Redrive {
        #[arg(required_unless_present = "all_dead")]
        ids: Vec<EventId>,
        #[arg(long, conflicts_with = "ids")]
        all_dead: bool,
    },
}

#[derive(Subcommand)]
pub enum Manifest {
    /// Days of the last ninety that differ; exits 1 if there are any.
    List {
        /// Days that agree as well.
        #[arg(long)]
        all: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub enum InboxState {
    Queued,
    Posted,
    Dead,
    Conflict,
    Parked,
}

#[derive(Subcommand)]
pub enum Collections {
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
pub enum Payouts {
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
pub enum Bank {
    /// Read camt.053 statements; a line already known changes nothing.
    Import {
        #[arg(required = true)]
        files: Vec<std::path::PathBuf>,
    },
}

#[derive(Subcommand)]
pub enum Receipts {
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
    /// Tell what is known of a receipt's number.
    Verify { number: String },
}

#[derive(Subcommand)]
pub enum Subscription {
    /// Tell an address from now on; prints the secret that signs, once.
    Add {
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
    },
    List,
    /// Tell an address again that had failed for five days.
    Enable {
        id: SubscriptionId,
    },
    /// Send again what happened since a day.
    Replay {
        id: SubscriptionId,
        #[arg(long)]
        since: NaiveDate,
    },
}

#[derive(Subcommand)]
pub enum Operator {
    Add {
        #[arg(long)]
        email: String,
    },
}

#[derive(Subcommand)]
pub enum Ledger {
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
pub enum ExportFormat {
    Hledger,
    Ledger,
    Beancount,
    /// Not built yet.
    Fec,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum ServePart {
    Web,
    Intake,
    Worker,
}
