//! The import of bank statements, after which the reports of settled payouts are mailed.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use sqlx::{Connection as _, PgConnection};

use super::run::{Asked, recorded};
use crate::app::App;
use crate::gateways::bank::{BankFileError, BankItem, BankReader};
use crate::mailing::{send_reports, tell_of_payments};
use crate::progress::Step;
use crate::receipts;
use crate::reconciliation::{
    self, Import, ImportSummary, PlacedStatement, StatementSummary, ToldOrder,
};
use crate::run_log::RunKind;
use crate::values::{BankAccount, BankLine, BankSide, Iban, SetAside, StatementKind, paris_day};

/// The outcome of an import.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StatementImport {
    pub files: Vec<ImportedStatement>,
    /// The files that were not imported, and the reports that were not mailed; importing the same
    /// files again does what is missing.
    pub set_aside: Vec<SetAside>,
}

impl StatementImport {
    fn set_aside(&mut self, file: String, error: &anyhow::Error) {
        self.set_aside
            .push(SetAside::new(file, format!("{error:#}")));
    }

    /// The import, or the reasons why no file could be imported.
    fn or_reasons(self) -> anyhow::Result<Self> {
        if self.files.is_empty() {
            let reasons: Vec<String> = self.set_aside.into_iter().map(|s| s.reason).collect();
            anyhow::bail!("{}", reasons.join("\n"));
        }
        Ok(self)
    }
}

/// The result of one file's import.
#[derive(Clone, Debug, Serialize)]
pub struct ImportedStatement {
    pub file: String,
    #[serde(flatten)]
    pub imported: ImportSummary,
    /// What status reports told of orders, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<ToldOrder>,
    /// Statements of other accounts and entries that are not read, each with why.
    pub skipped: Vec<SetAside>,
}

/// Imports statements, each in one database transaction: one that cannot be imported stops no
/// other.
///
/// # Errors
/// Fails when none could be imported, with all reasons. `RunUnderWay` when another import is.
pub async fn import_statements(
    app: &App,
    now: DateTime<Utc>,
    files: &[PathBuf],
) -> anyhow::Result<StatementImport> {
    let names: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
    let asked = Asked {
        kind: RunKind::BankImport,
        arguments: json!({"files": names}),
        on: paris_day(now),
    };
    let sums = |import: &StatementImport| {
        let all = || import.files.iter().map(|f| f.imported);
        json!({
            "files": import.files.len(),
            "entries": all().map(|i| i.entries).sum::<usize>(),
            "matched": all().map(|i| i.matched).sum::<usize>(),
            "unmatched": all().map(|i| i.unmatched).sum::<usize>(),
            "known": all().map(|i| i.known).sum::<usize>(),
            "set_aside": import.set_aside.len(),
        })
    };
    recorded(app, now, asked, import_files(app, now, files), sums).await
}

/// What an import would do, written nowhere.
///
/// # Errors
/// As `import_statements`.
pub async fn preview_import(
    app: &App,
    now: DateTime<Utc>,
    files: &[PathBuf],
) -> anyhow::Result<StatementImport> {
    let mut import = StatementImport::default();
    // One database transaction, so that each file finds the lines of those before it; each in one
    // of its own inside, so that one that cannot be imported stops no other.
    let mut tx = app.db.begin().await?;
    for path in files {
        let file = path.display().to_string();
        let mut inner = tx.begin().await?;
        match import_statement(app, &mut inner, now, path, &file).await {
            Ok(imported) => {
                inner.commit().await?;
                import.files.push(imported);
            }
            Err(error) => {
                inner.rollback().await?;
                import.set_aside(file, &error);
            }
        }
    }
    tx.rollback().await?;
    import.or_reasons()
}

async fn import_files(
    app: &App,
    now: DateTime<Utc>,
    files: &[PathBuf],
) -> anyhow::Result<StatementImport> {
    let counter = app.progress.count(Step::ImportStatement, files.len());
    let mut import = StatementImport::default();
    for path in files {
        let file = path.display().to_string();
        let mut tx = app.db.begin().await?;
        match import_statement(app, &mut tx, now, path, &file).await {
            Ok(imported) => {
                tx.commit().await?;
                import.files.push(imported);
            }
            Err(error) => {
                tx.rollback().await?;
                import.set_aside(file, &error);
            }
        }
        counter.add_one();
    }
    let mut import = import.or_reasons()?;
    let unsent = send_reports(app, now).await.context(
        "the statements are imported; import them again to mail the payout reports that wait",
    )?;
    import.set_aside.extend(unsent);
    let untold = tell_of_payments(app, now).await.context(
        "the statements are imported; import them again to tell merchants of payments taken back",
    )?;
    import.set_aside.extend(untold);
    Ok(import)
}

/// Lines that are imported at once: enough to share the cost of a statement of SQL, few enough to
/// stay small in memory.
const LINES_AT_ONCE: usize = 4000;

/// Imports one file: it is read once for what its statements come to, and once for their lines. Its
/// caller commits all of it, or nothing.
async fn import_statement(
    app: &App,
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    path: &Path,
    name: &str,
) -> anyhow::Result<ImportedStatement> {
    let own = &app.settings.account;
    let statements = summaries(path, name)?;
    ensure_some_is_own(name, &statements, own)?;
    let mut reader = BankReader::open(path, name)?;
    let mut file = FileImport {
        now,
        import: Import::default(),
        told: Vec::new(),
        skipped: Vec::new(),
    };
    let mut statements = statements.into_iter();
    let mut current: Option<OpenStatement> = None;
    while let Some(item) = reader.next_item()? {
        match item {
            BankItem::Statement(_) => {
                file.end(tx, current.take()).await?;
                if let Some(summary) = statements.next() {
                    current = file.begin(tx, summary, own).await?;
                }
            }
            BankItem::Entry(lines) => {
                if let Some(open) = &mut current {
                    file.take(tx, open, lines).await?;
                }
            }
            BankItem::Unread { entry, reason } => {
                if let Some(open) = &current {
                    file.skip(tx, open, entry, &reason).await?;
                }
            }
            BankItem::Status(status) => {
                let told = reconciliation::take_status(tx, now, &status).await?;
                file.told.push(told);
            }
        }
    }
    file.end(tx, current.take()).await?;
    let returned = reconciliation::explain_entries(tx, now).await?;
    file.import.returned_payouts.extend(returned);
    receipts::question_unpaid(tx, now, &file.import.returned_payouts).await?;
    Ok(ImportedStatement {
        file: name.to_owned(),
        imported: file.import.summary,
        told: file.told,
        skipped: file.skipped,
    })
}

/// What each statement of a file comes to, in their order.
fn summaries(path: &Path, name: &str) -> Result<Vec<StatementSummary>, BankFileError> {
    let mut reader = BankReader::open(path, name)?;
    let mut found: Vec<StatementSummary> = Vec::new();
    while let Some(item) = reader.next_item()? {
        match item {
            BankItem::Statement(statement) => found.push(StatementSummary {
                statement,
                moved_cents: 0,
                credit_cents: 0,
                days: None,
            }),
            BankItem::Entry(lines) => {
                for (line, s) in lines.iter().zip(std::iter::repeat(found.len())) {
                    if let Some(s) = s.checked_sub(1).and_then(|at| found.get_mut(at)) {
                        add_line(s, line);
                    }
                }
            }
            BankItem::Unread { .. } | BankItem::Status(_) => {}
        }
    }
    Ok(found)
}

fn add_line(s: &mut StatementSummary, line: &BankLine) {
    s.moved_cents += line.side.signed(line.amount.cents());
    if line.side == BankSide::Credit {
        s.credit_cents += line.amount.cents();
    }
    let (first, last) = s.days.unwrap_or((line.booked_on, line.booked_on));
    s.days = Some((first.min(line.booked_on), last.max(line.booked_on)));
}

/// A statement whose lines are being imported.
struct OpenStatement {
    summary: StatementSummary,
    placed: PlacedStatement,
    lines: Vec<BankLine>,
}

/// The import of one file, as far as it is.
struct FileImport {
    now: DateTime<Utc>,
    import: Import,
    told: Vec<ToldOrder>,
    skipped: Vec<SetAside>,
}

impl FileImport {
    /// Begins a statement; none when it is another account's.
    async fn begin(
        &mut self,
        tx: &mut PgConnection,
        summary: StatementSummary,
        own: &BankAccount,
    ) -> anyhow::Result<Option<OpenStatement>> {
        if !is_own(&summary, own) {
            let account = masked(&summary.statement.account);
            let reason = format!("it is of another account ({account})");
            let subject = format!("statement {}", summary.statement.name);
            self.skipped.push(SetAside::new(subject, reason));
            return Ok(None);
        }
        let placed = reconciliation::place_statement(tx, &summary).await?;
        Ok(Some(OpenStatement {
            summary,
            placed,
            lines: Vec::new(),
        }))
    }

    /// Takes the lines of an entry. Those of a statement are imported once there are many.
    async fn take(
        &mut self,
        tx: &mut PgConnection,
        open: &mut OpenStatement,
        lines: Vec<BankLine>,
    ) -> anyhow::Result<()> {
        if open.summary.statement.kind == StatementKind::Notified {
            reconciliation::take_notification(tx, self.now, &lines).await?;
            return Ok(());
        }
        open.lines.extend(lines);
        if open.lines.len() >= LINES_AT_ONCE {
            self.import_lines(tx, open).await?;
        }
        Ok(())
    }

    async fn import_lines(
        &mut self,
        tx: &mut PgConnection,
        open: &mut OpenStatement,
    ) -> anyhow::Result<()> {
        let lines = std::mem::take(&mut open.lines);
        for block in lines.chunks(LINES_AT_ONCE) {
            let placement = open.placed.placement;
            let done = reconciliation::import_lines(tx, self.now, block, placement).await?;
            self.import.add(done);
        }
        Ok(())
    }

    /// Ends a statement.
    async fn end(
        &mut self,
        tx: &mut PgConnection,
        open: Option<OpenStatement>,
    ) -> anyhow::Result<()> {
        let Some(mut open) = open else {
            return Ok(());
        };
        self.import_lines(tx, &mut open).await?;
        if open.summary.statement.kind == StatementKind::Booked {
            let (summary, placed) = (&open.summary, &open.placed);
            reconciliation::record_statement(tx, self.now, summary, placed).await?;
        }
        Ok(())
    }

    /// An entry that is not read is told, and a person looks at it.
    async fn skip(
        &mut self,
        tx: &mut PgConnection,
        open: &OpenStatement,
        entry: usize,
        reason: &str,
    ) -> anyhow::Result<()> {
        let statement = &open.summary.statement;
        let subject = format!("statement {}, entry {entry}", statement.name);
        self.skipped.push(SetAside::new(subject, reason));
        if statement.kind == StatementKind::Booked {
            reconciliation::question_entry(tx, self.now, statement, entry, reason).await?;
        }
        Ok(())
    }
}

/// Whether a statement is of the account of the settings. The example account stands for any.
fn is_own(s: &StatementSummary, own: &BankAccount) -> bool {
    let (account, iban) = (s.statement.account.as_str(), own.iban.as_str());
    !own.given || account == iban || iban.get(4..) == Some(account)
}

fn masked(account: &str) -> String {
    Iban::parse(account).map_or_else(|_| "without IBAN".into(), |i| i.masked())
}

/// Fails if every statement of a file is of another account: it is the wrong file, or the wrong
/// setting.
fn ensure_some_is_own(
    name: &str,
    statements: &[StatementSummary],
    own: &BankAccount,
) -> anyhow::Result<()> {
    if let Some(other) = statements.first()
        && !statements.iter().any(|s| is_own(s, own))
    {
        anyhow::bail!(
            "{name} is a statement of another account ({}) than OBOLE_IBAN ({})",
            masked(&other.statement.account),
            own.iban.masked()
        );
    }
    Ok(())
}
