//! Who uses the private cluster: a shared lock on a file for each process.
//!
//! The last one to leave stops the server, so a command that started it never stops it while
//! another command is attached.

use std::fs::{File, OpenOptions};
use std::path::Path;

use super::error::PrivateError;

/// Held for as long as a process uses the cluster.
pub(super) struct Attachment {
    shared: File,
}

impl Attachment {
    /// Runs `start` while no other process starts the server, and holds the shared lock from
    /// before it. Blocks.
    pub(super) fn acquire(
        home: &Path,
        start: impl FnOnce() -> Result<(), PrivateError>,
    ) -> Result<Self, PrivateError> {
        let starting = open(&home.join("postgres.starting"))?;
        let path = home.join("postgres.attached");
        let shared = open(&path)?;
        starting
            .lock()
            .map_err(|e| PrivateError::file("locking", &home.join("postgres.starting"), e))?;
        shared
            .lock_shared()
            .map_err(|e| PrivateError::file("locking", &path, e))?;
        start()?;
        Ok(Self { shared })
    }

    /// Gives up the shared lock; returns the exclusive one if no other process is attached.
    pub(super) fn into_exclusive(self) -> Option<File> {
        let last = self.shared.unlock().is_ok() && self.shared.try_lock().is_ok();
        last.then_some(self.shared)
    }
}

fn open(path: &Path) -> Result<File, PrivateError> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(|source| PrivateError::file("opening", path, source))
}
