//! The import of bank statements, after which the reports of settled payouts are mailed.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::app::App;
use crate::gateways::bank::read_statements;
use crate::mailing::send_reports;
use crate::progress::Step;
use crate::receipts;
use crate::reconciliation::{self, ImportSummary};
use crate::values::{BankAccount, BankLine, Iban, SetAside};

/// The outcome of an import.
#[derive(Clone, Debug, Serialize)]
pub struct StatementImport {
    pub files: Vec<ImportedStatement>,
    /// The files that were not imported, and the reports that were not mailed; importing the same
    /// files again does what is missing.
    pub set_aside: Vec<SetAside>,
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
/// Fails when none could be imported, with all reasons.
pub async fn import_statements(
    app: &App,
    now: DateTime<Utc>,
    files: &[PathBuf],
) -> anyhow::Result<StatementImport> {
    let counter = app.progress.count(Step::ImportStatement, files.len());
    let mut import = StatementImport {
        files: Vec::with_capacity(files.len()),
        set_aside: Vec::new(),
    };
    for path in files {
        let file = path.display().to_string();
        match import_statement(app, now, path, &file).await {
            Ok(imported) => import.files.push(ImportedStatement { file, imported }),
            Err(error) => import
                .set_aside
                .push(SetAside::new(file, format!("{error:#}"))),
        }
        counter.add_one();
    }
    if import.files.is_empty() {
        let reasons: Vec<String> = import.set_aside.into_iter().map(|s| s.reason).collect();
        anyhow::bail!("{}", reasons.join("\n"));
    }
    let unsent = send_reports(app, now).await.context(
        "the statements are imported; import them again to mail the payout reports that wait",
    )?;
    import.set_aside.extend(unsent);
    Ok(import)
}

/// Imports one statement, whole or not at all.
async fn import_statement(
    app: &App,
    now: DateTime<Utc>,
    path: &Path,
    name: &str,
) -> anyhow::Result<ImportSummary> {
    let xml = std::fs::read_to_string(path).with_context(|| name.to_owned())?;
    let statements = read_statements(name, &xml)?;
    let lines: Vec<BankLine> = statements.iter().flat_map(|s| &s.lines).cloned().collect();
    ensure_own_account(name, &lines, &app.settings.account)?;
    let mut tx = app.db.begin().await?;
    let import = reconciliation::import(&mut tx, now, &lines)
        .await
        .with_context(|| name.to_owned())?;
    reconciliation::record_balances(&mut tx, now, &statements).await?;
    receipts::question_unpaid(&mut tx, now, &import.returned_payouts).await?;
    tx.commit().await?;
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
