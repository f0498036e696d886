//! The files that mails attach, as they are kept in the data folder.

use std::io;
use std::path::PathBuf;

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

/// The path of a receipt's document.
pub fn receipt_path(app: &App, receipt_id: ReceiptId, number: &str) -> PathBuf {
    app.settings
        .data
        .join("receipts")
        .join(receipt_id.to_string())
        .join(format!("recu-{number}.pdf"))
}

/// The path of a duplicata of a receipt, beside the original.
pub fn duplicate_path(app: &App, receipt_id: ReceiptId, number: &str) -> PathBuf {
    receipt_path(app, receipt_id, number).with_file_name(format!("recu-{number}-duplicata.pdf"))
}

/// Deletes the stored document of a receipt; one that is not there is no error.
pub async fn delete_receipt_document(app: &App, receipt_id: ReceiptId) -> io::Result<()> {
    let folder = app
        .settings
        .data
        .join("receipts")
        .join(receipt_id.to_string());
    match tokio::fs::remove_dir_all(folder).await {
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
