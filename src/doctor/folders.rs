//! Folders: the bank's can be written, and the disks have room.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::finding::Finding;
use crate::db::private::ClusterFolders;
use crate::settings::Settings;

const GIB: u64 = 1 << 30;
/// Free space below which PostgreSQL may soon stop, and below which somebody should look.
const LEAST_FREE: u64 = GIB;
const ENOUGH_FREE: u64 = 5 * GIB;

/// Whether files for the bank can be written.
pub(super) fn examine_bank_folder(folder: &Path) -> Finding {
    const NAME: &str = "bank folder";
    let path = folder.display();
    match probe(folder) {
        Ok(()) => Finding::ok(NAME, format!("{path} can be written")),
        Err(error) => Finding::wrong(
            NAME,
            format!("{path} cannot be written: {error}"),
            format!(
                "let this user write there (chown or chmod {path}), or set OBOLE_BANK_DIR to \
                 another folder"
            ),
        ),
    }
}

/// Free space where the data and the private cluster stand.
pub(super) fn examine_disks(settings: &Settings) -> Vec<Finding> {
    let mut folders = vec![settings.data.clone()];
    if settings.database_url.is_none()
        && let Ok(Some(found)) = ClusterFolders::find(&settings.data)
    {
        folders.push(found.data);
    }
    folders.iter().map(|folder| examine_disk(folder)).collect()
}

fn examine_disk(folder: &Path) -> Finding {
    const NAME: &str = "disk";
    let existing = nearest_existing(folder);
    let free = match rustix::fs::statvfs(&existing) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(error) => {
            return Finding::warning(
                NAME,
                format!("free space of {} is not known: {error}", existing.display()),
                "look at `df` yourself",
            );
        }
    };
    let detail = format!("{} MiB are free for {}", free >> 20, folder.display());
    let mend =
        "make room, or move OBOLE_DATA to a larger disk; PostgreSQL stops when its disk is full";
    if free < LEAST_FREE {
        Finding::wrong(NAME, detail, mend)
    } else if free < ENOUGH_FREE {
        Finding::warning(NAME, detail, mend)
    } else {
        Finding::ok(NAME, detail)
    }
}

/// Writes and removes a file in a folder, or in the nearest folder above it that exists: there it
/// could be made.
pub(super) fn probe(folder: &Path) -> std::io::Result<()> {
    let folder = nearest_existing(folder);
    if !folder.is_dir() {
        return Err(std::io::ErrorKind::NotADirectory.into());
    }
    let file = folder.join(format!(".obole-doctor-{}", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&file)
        .and_then(|mut f| {
            f.write_all(b"written by obole doctor\n")
                .and_then(|()| f.sync_all())
        });
    let removed = match &written {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        _ => match fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        },
    };
    written.and(removed)
}

/// The path itself, or the nearest folder above it that exists.
fn nearest_existing(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    absolute
        .ancestors()
        .find(|p| p.exists())
        .unwrap_or(Path::new("/"))
        .to_owned()
}
