//! `obole bank`.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use obole::payouts::GivenBack;
use obole::receipts;
use obole::reconciliation::{self, ToldOrder, Understood};
use obole::runs::{self, ImportedStatement, StatementImport};
use obole::values::{LineId, PayoutId, Reader, euros};
use serde_json::json;

use super::context::CommandContext;
use super::decision::DecisionArguments;
use super::give_back::{self, GiveBackArguments};
use super::outcome::{Outcome, set_aside_lines};

/// What can be done with the bank's statements.
#[derive(Subcommand)]
pub enum Command {
    /// Import what the bank gives: statements (camt.053), notifications (camt.054) and status
    /// reports (pain.002), also in a .zip.
    ///
    /// A line already known changes nothing, and a file that cannot be read stops no other.
    Import {
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Print what would be imported; write nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// List the lines of the statements, with what each is or may be.
    Lines {
        /// Only lines of which something is unexplained.
        #[arg(long, alias = "unmatched")]
        open: bool,
    },
    /// Say what a line is, as far as it is unexplained.
    Match {
        line: LineId,
        #[command(flatten)]
        understood: UnderstoodArguments,
        #[command(flatten)]
        decided: DecisionArguments,
    },
    /// Give a credit that nobody asked for back to who sent it: a payout of its own, which two
    /// operators approve.
    GiveBack {
        line: LineId,
        #[command(flatten)]
        arguments: GiveBackArguments,
    },
    /// Undo what a line is said to be: its money is unexplained again.
    Unmatch {
        line: LineId,
        #[command(flatten)]
        decided: DecisionArguments,
    },
}

/// What a line is: one of these.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct UnderstoodArguments {
    /// It pays these collections, by id or reference, or takes one back; or it is this payout.
    #[arg(value_name = "COLLECTION|PAYOUT")]
    named: Vec<String>,
    /// It pays these collections, by id or reference, or takes one back.
    #[arg(long, num_args = 1.., value_name = "ID|REFERENCE")]
    collection: Vec<String>,
    /// It is a payout that left, or came back.
    #[arg(long)]
    payout: Option<PayoutId>,
    /// It is a fee of the bank's.
    #[arg(long)]
    fee: bool,
    /// It is the operator's own money.
    #[arg(long)]
    top_up: bool,
    /// It is of this merchant, who takes it off its next payment; by default the one whose
    /// collection the line names.
    #[arg(long, value_name = "MERCHANT", num_args = 0..=1, default_missing_value = "")]
    next_month: Option<String>,
    /// It is a part of its collection, which settles whole donations; the rest is asked again.
    #[arg(long)]
    accept_part: bool,
    /// It and this line undo each other.
    #[arg(long, value_name = "LINE")]
    reverses: Option<LineId>,
}

impl UnderstoodArguments {
    async fn understood(
        self,
        line: LineId,
        context: &mut CommandContext,
    ) -> anyhow::Result<Understood> {
        let payout = match &self.named[..] {
            [only] => only.parse().ok(),
            _ => None,
        };
        if let Some(id) = self.payout.or(payout) {
            return Ok(Understood::Payout(id));
        }
        if let Some(merchant) = self.next_month {
            if !merchant.is_empty() {
                return Ok(Understood::NextMonth(merchant));
            }
            let named = reconciliation::merchant_named(&mut context.db, line).await?;
            return Ok(Understood::NextMonth(named.context(
                "this line names no merchant's collection: say whose it is, with --next-month SLUG",
            )?));
        }
        if let Some(line) = self.reverses {
            return Ok(Understood::Reverses(line));
        }
        Ok(match (self.fee, self.top_up, self.accept_part) {
            (true, ..) => Understood::Fee,
            (_, true, _) => Understood::TopUp,
            (_, _, true) => Understood::AcceptPart,
            _ => {
                let named = [self.named, self.collection].concat();
                let named = reconciliation::collections_named(&mut context.db, &named);
                Understood::Collections(named.await?)
            }
        })
    }
}

/// Runs one command.
pub async fn run(command: Command, context: &mut CommandContext) -> anyhow::Result<Outcome> {
    match command {
        Command::Import { files, dry_run } => import(&files, dry_run, context).await,
        Command::Lines { open } => {
            let found = reconciliation::lines(&mut context.db, Reader::System, open).await?;
            Outcome::list(&found)
        }
        Command::Match {
            line,
            understood,
            decided,
        } => {
            let understood = understood.understood(line, context).await?;
            match_line(line, understood, &decided, context).await
        }
        Command::GiveBack { line, arguments } => {
            give_back::run(GivenBack::Line(line), &arguments, context).await
        }
        Command::Unmatch { line, decided } => {
            let (now, actor) = (context.now, context.operator(&decided.operator).await?);
            let mut tx = context.begin().await?;
            let why = decided.why.as_str();
            let open = reconciliation::unmatch_line(&mut tx, now, line, &actor, why).await?;
            tx.commit().await?;
            Ok(left(line, open))
        }
    }
}

async fn import(
    files: &[PathBuf],
    dry_run: bool,
    context: &CommandContext,
) -> anyhow::Result<Outcome> {
    let (app, now) = (&context.app, context.now);
    if dry_run {
        return Ok(imported(&runs::preview_import(app, now, files).await?)?.dry());
    }
    let import = runs::import_statements(app, now, files).await;
    let nothing = imported(&StatementImport::default())?.document;
    Outcome::of_run(import, nothing, |import| imported(&import))
}

fn imported(import: &StatementImport) -> anyhow::Result<Outcome> {
    let skipped: Vec<_> = import
        .files
        .iter()
        .flat_map(|f| f.skipped.clone())
        .collect();
    // What was told and skipped is a line each, below the counts.
    let counts: Vec<_> = import
        .files
        .iter()
        .map(|f| ImportedStatement {
            told: Vec::new(),
            ..f.clone()
        })
        .collect();
    let told = import.files.iter().flat_map(|f| &f.told);
    let text = Outcome::list(&counts)?.text
        + &told.map(told_line).collect::<String>()
        + &skipped
            .iter()
            .map(|s| format!("skipped: {}: {}\n", s.subject, s.reason))
            .collect::<String>()
        + &set_aside_lines(&import.set_aside);
    Ok(Outcome {
        document: serde_json::to_value(import)?,
        text,
        ok: import.set_aside.is_empty(),
    })
}

/// What a status report told of an order, as a line.
fn told_line(told: &ToldOrder) -> String {
    let of = told.payout_id.as_deref().unwrap_or("no payout of ours");
    let reason = told.reason.as_deref().map(|r| format!(": {r}"));
    format!(
        "told: {} ({of}): {}, {}{}\n",
        told.reference,
        told.status,
        told.meaning,
        reason.unwrap_or_default()
    )
}

async fn match_line(
    line: LineId,
    understood: Understood,
    decided: &DecisionArguments,
    context: &mut CommandContext,
) -> anyhow::Result<Outcome> {
    let (now, actor) = (context.now, context.operator(&decided.operator).await?);
    let mut tx = context.begin().await?;
    let why = decided.why.as_str();
    let done = reconciliation::match_line(&mut tx, now, line, &understood, &actor, why).await?;
    receipts::question_unpaid(&mut tx, now, &done.returned_payouts).await?;
    tx.commit().await?;
    Ok(left(line, done.open_cents))
}

/// What of a line is unexplained now.
fn left(line: LineId, open_cents: i64) -> Outcome {
    Outcome::of(json!({"line_id": line.to_string(), "open": euros(open_cents)}))
}
