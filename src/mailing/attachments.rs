//! The files that mails attach, as they are kept in the data folder.

use std::io;
use std::path::{Path, PathBuf};

use crate::app::App;
use crate::collections::Collection;
use crate::gateways::files::write_whole;
use crate::receipts::{self, Receipt};
use crate::values::ReceiptId;

/// The path of a collection's statement.
pub fn statement_path(app: &App, c: &Collection) -> PathBuf {
    app.settings.data.join("statements").join(format!(
        "{}-{}-{}.csv",
        c.period, c.merchant, c.collection_id
    ))
}

/// How the documents of a receipt begin.
const RECEIPT: &str = "recu-";
/// What precedes that in the documents of a receipt that was cancelled or replaced.
const CANCELLED: &str = "annule-";

/// The folder of a receipt's documents.
fn receipt_folder(app: &App, receipt_id: ReceiptId) -> PathBuf {
    let receipts = app.settings.data.join("receipts");
    receipts.join(receipt_id.to_string())
}

/// The path of a receipt's document.
pub fn receipt_path(app: &App, receipt_id: ReceiptId, number: &str) -> PathBuf {
    receipt_folder(app, receipt_id).join(format!("{RECEIPT}{number}.pdf"))
}

/// Renames the stored documents of a receipt that was cancelled or replaced, duplicatas included,
/// so that none lies unmarked beside those that count. Returns how many it renamed: none where an
/// earlier call did, or where nothing is stored.
pub async fn mark_cancelled_documents(app: &App, receipt_id: ReceiptId) -> io::Result<usize> {
    let folder = receipt_folder(app, receipt_id);
    tokio::task::spawn_blocking(move || mark_documents(&folder)).await?
}

fn mark_documents(folder: &Path) -> io::Result<usize> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    let mut marked = 0;
    for entry in entries {
        let name = entry?.file_name();
        if let Some(name) = name.to_str().filter(|n| n.starts_with(RECEIPT)) {
            let to = folder.join(format!("{CANCELLED}{name}"));
            std::fs::rename(folder.join(name), to)?;
            marked += 1;
        }
    }
    Ok(marked)
}

/// The path of a duplicata of a receipt, beside the original.
pub fn duplicate_path(app: &App, receipt_id: ReceiptId, number: &str) -> PathBuf {
    receipt_folder(app, receipt_id).join(format!("{RECEIPT}{number}-duplicata.pdf"))
}

/// Deletes the stored document of a receipt; one that is not there is no error.
pub async fn delete_receipt_document(app: &App, receipt_id: ReceiptId) -> io::Result<()> {
    match tokio::fs::remove_dir_all(receipt_folder(app, receipt_id)).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A receipt's document, from its file or else typeset into it: the same content always gives the
/// same bytes.
pub async fn receipt_document(app: &App, r: Receipt) -> anyhow::Result<Vec<u8>> {
    let path = receipt_path(app, r.receipt_id, &r.number);
    if let Ok(stored) = tokio::fs::read(&path).await {
        return Ok(stored);
    }
    let pdf = receipts::typeset(r.content).await?;
    Ok(tokio::task::spawn_blocking(move || write_whole(&path, &pdf).map(|()| pdf)).await??)
}
