//! An earlier demonstration: deleted, or refused in words.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::app::{KeyError, key_file};
use crate::db::{OpenError, private::Cluster};
use crate::settings::Settings;

/// Says in words how to go on when an earlier demonstration cannot be opened.
#[must_use]
pub fn explain(error: anyhow::Error) -> anyhow::Error {
    if matches!(error.downcast_ref(), Some(OpenError::EarlierBuild)) {
        return anyhow::anyhow!(
            "the earlier demo was made by another build of Obole: start it again with --fresh"
        );
    }
    if matches!(
        error.downcast_ref(),
        Some(KeyError::Lost(_) | KeyError::Wrong { .. } | KeyError::Unreadable(_))
    ) {
        return error.context("the earlier demo cannot be opened: start it again with --fresh");
    }
    error
}

/// Deletes an earlier demonstration: its database and its files.
pub async fn delete(settings: &Settings) -> anyhow::Result<()> {
    let cluster = Cluster::attach(&settings.data, &[]).await?;
    cluster
        .drop_database()
        .await
        .context("the earlier demo is still running: stop it, then start again with --fresh")?;
    // The key belonged to the database.
    match std::fs::remove_file(key_file(settings)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).context(key_file(settings).display().to_string());
        }
        _ => {}
    }
    for folder in ["mail", "bank", "receipts", "statements"] {
        let folder: PathBuf = settings.data.join(folder);
        match std::fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).context(folder.display().to_string());
            }
            _ => {}
        }
    }
    Ok(())
}
