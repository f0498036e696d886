//! The import of bank statements, after which the reports of settled payouts are mailed.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use sqlx::{Connection as _, PgConnection};

use super::run::{Asked, recorded};
use crate::app::App;
use crate::gateways::bank::read_statements;
use crate::mailing::send_reports;
use crate::progress::Step;
use crate::receipts;
use crate::reconciliation::{self, ImportSummary};
use crate::run_log::RunKind;
use crate::values::{BankAccount, BankLine, Iban, SetAside, paris_day};

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
                import.files.push(ImportedStatement { file, imported });
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
                import.files.push(ImportedStatement { file, imported });
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
    Ok(import)
}

/// Imports one statement; its caller commits all of it, or nothing.
async fn import_statement(
    app: &App,
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    path: &Path,
    name: &str,
) -> anyhow::Result<ImportSummary> {
    let xml = std::fs::read_to_string(path).with_context(|| name.to_owned())?;
    let statements = read_statements(name, &xml)?;
    let lines: Vec<BankLine> = statements.iter().flat_map(|s| &s.lines).cloned().collect();
    ensure_own_account(name, &lines, &app.settings.account)?;
    let import = reconciliation::import(tx, now, &lines)
        .await
        .with_context(|| name.to_owned())?;
    reconciliation::record_balances(tx, now, &statements).await?;
    receipts::question_unpaid(tx, now, &import.returned_payouts).await?;
    Ok(import.summary)
}

/// Fails if a line moved another account than the one of the settings. The example account stands
/// for any.
fn ensure_own_account(name: &str, lines: &[BankLine], own: &BankAccount) -> anyhow::Result<()> {
    let other = lines
        .iter()
        .find(|l| own.given && l.account != own.iban.as_str());
    if let Some(other) = other {
        let masked =
            Iban::parse(&other.account).map_or_else(|_| "without IBAN".into(), |i| i.masked());
        anyhow::bail!(
            "{name} is a statement of another account ({masked}) than OBOLE_IBAN ({})",
            own.iban.masked()
        );
    }
    Ok(())
}
