//! Files for other programs and people: statements, payment orders, receipts, mail.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

/// A file that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}")]
pub struct FileError {
    path: String,
    source: std::io::Error,
}

impl FileError {
    /// The error of an operation on `path`.
    #[must_use]
    pub fn new(path: &Path, source: std::io::Error) -> Self {
        Self {
            path: path.display().to_string(),
            source,
        }
    }
}

/// Numbers the temporary files of this process.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Writes a file by way of a temporary name, so that no reader ever sees half of it.
///
/// The file and the folders made for it are accessible to their owner only: they name people and
/// bank accounts.
pub fn write_whole(path: &Path, content: &[u8]) -> Result<(), FileError> {
    let failed = |source| FileError::new(path, source);
    if let Some(folder) = path.parent() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(failed)?;
    }
    // A name that no other writer of the same file uses at the same moment.
    let (process, n) = (process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let temporary = path.with_extension(format!("{process}-{n}.partial"));
    let written = write_new(&temporary, content).and_then(|()| fs::rename(&temporary, path));
    written.map_err(|source| {
        drop(fs::remove_file(&temporary));
        failed(source)
    })
}

/// As `write_whole`, for what must not be lost with the power: its name is on the disk too.
pub fn write_for_good(path: &Path, content: &[u8]) -> Result<(), FileError> {
    write_whole(path, content)?;
    let folder = path.parent().filter(|f| *f != Path::new(""));
    let synced = fs::File::open(folder.unwrap_or(Path::new("."))).and_then(|f| f.sync_all());
    synced.map_err(|source| FileError::new(path, source))
}

/// Writes a file that only its owner can read, and waits until it is on the disk.
fn write_new(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(content)?;
    file.sync_all()
}
