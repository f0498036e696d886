//! The import of bank statements, after which the reports of settled payouts are mailed.

use std::path::PathBuf;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::app::App;
use crate::gateways::bank::read_statement;
use crate::mailing::send_reports;
use crate::progress::Step;
use crate::receipts;
use crate::reconciliation::{self, ImportSummary};
use crate::values::{BankAccount, BankLine, Iban};

/// The result of one file's import.
#[derive(Clone, Debug, Serialize)]
pub struct ImportedStatement {
    pub file: String,
    #[serde(flatten)]
    pub imported: ImportSummary,
}

/// Imports statements, each in one database transaction. All are read before the first is imported,
/// so that a file that cannot be read stops the others too.
pub async fn import_statements(
    app: &App,
    now: DateTime<Utc>,
    files: &[PathBuf],
) -> anyhow::Result<Vec<ImportedStatement>> {
    let mut statements = Vec::with_capacity(files.len());
    for path in files {
        let name = path.display().to_string();
        let xml = std::fs::read_to_string(path).with_context(|| name.clone())?;
        let lines = read_statement(&name, &xml)?;
        ensure_own_account(&name, &lines, &app.settings.account)?;
        statements.push((name, lines));
    }
    let counter = app.progress.count(Step::ImportStatement, statements.len());
    let mut imported = Vec::with_capacity(statements.len());
    for (file, lines) in statements {
        let mut tx = app.db.begin().await?;
        let import = reconciliation::import(&mut tx, now, &lines)
            .await
            .with_context(|| file.clone())?;
        receipts::question_unpaid(&mut tx, now, &import.returned_payouts).await?;
        tx.commit().await?;
        counter.add_one();
        imported.push(ImportedStatement {
            file,
            imported: import.summary,
        });
    }
    send_reports(app, now).await.context(
        "the statements are imported; import them again to mail the payout reports that wait",
    )?;
    Ok(imported)
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
