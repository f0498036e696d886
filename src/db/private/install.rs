//! Where the private PostgreSQL comes from and where it stands: binaries, folders, their owner.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::PrivateError;
use crate::values::derived_id;

/// The oldest version whose features the schema uses.
const OLDEST_VERSION: u32 = 15;

/// The data folder's parent when root runs Obole with an `OBOLE_DATA` that the server's user cannot
/// enter.
const SYSTEM_FOLDER: &str = "/var/lib/obole";

/// The folders of a cluster, and the user that it runs as.
#[derive(Clone, Debug)]
pub struct ClusterFolders {
    /// `OBOLE_DATA`, with the lock files.
    pub home: PathBuf,
    /// The server's data folder.
    pub data: PathBuf,
    /// The folder of its socket.
    pub socket: PathBuf,
    /// User and group of the server when they are not ours.
    pub user: Option<(u32, u32)>,
}

impl ClusterFolders {
    /// The folders that belong to `home`; none if `home` is not there. Makes nothing.
    pub fn find(home: &Path) -> Result<Option<Self>, PrivateError> {
        let home = match home.canonicalize() {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            found => found.map_err(|e| PrivateError::file("reading", home, e))?,
        };
        let user = if rustix::process::geteuid().is_root() {
            Some(unprivileged_user().ok_or(PrivateError::NoUser)?)
        } else {
            None
        };
        let key = derived_id(&home.to_string_lossy()).simple().to_string();
        // Another user cannot pass through a closed folder such as /root: the data then stands
        // beside the system's.
        let data_home = match user {
            Some((uid, gid)) if !is_reachable(&home, uid, gid) => {
                PathBuf::from(SYSTEM_FOLDER).join(&key)
            }
            _ => home.clone(),
        };
        Ok(Some(Self {
            data: data_home.join("postgres"),
            // The path of a socket is limited to some hundred bytes, so it never stands below a
            // long path.
            socket: PathBuf::from("/tmp").join(format!("obole-{}", &key[..16])),
            home,
            user,
        }))
    }

    /// The folders that belong to `home`, made where they are missing.
    pub(super) fn make(home: &Path) -> Result<Self, PrivateError> {
        fs::create_dir_all(home).map_err(|e| PrivateError::file("creating", home, e))?;
        let folders = Self::find(home)?.ok_or_else(|| {
            PrivateError::file("reading", home, std::io::ErrorKind::NotFound.into())
        })?;
        folders.refuse_key_alone()?;
        folders.prepare()?;
        Ok(folders)
    }

    /// Makes the server's folders where they are missing, and closes them to all but its user.
    pub(super) fn prepare(&self) -> Result<(), PrivateError> {
        for folder in [&self.data, &self.socket] {
            fs::create_dir_all(folder).map_err(|e| PrivateError::file("creating", folder, e))?;
            if let Some((uid, gid)) = self.user {
                chown(folder, Some(uid), Some(gid))
                    .map_err(|e| PrivateError::file("giving", folder, e))?;
            }
            // The socket's folder stands where anyone may make one: it must be its user's.
            let owner = folder
                .metadata()
                .map_err(|e| PrivateError::file("reading", folder, e))?
                .uid();
            let user = self
                .user
                .map_or_else(|| rustix::process::geteuid().as_raw(), |(uid, _)| uid);
            if owner != user {
                let denied = std::io::ErrorKind::PermissionDenied;
                return Err(PrivateError::file("owning", folder, denied.into()));
            }
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
                .map_err(|e| PrivateError::file("closing", folder, e))?;
        }
        Ok(())
    }

    /// An error when a key is here whose cluster is not.
    pub(super) fn refuse_key_alone(&self) -> Result<(), PrivateError> {
        // In this order: a process that starts at the same moment makes the key last.
        if !self.home.join("secret.key").exists() || self.is_initialised() {
            return Ok(());
        }
        Err(PrivateError::DataMissing {
            home: self.home.clone(),
            data: self.data.clone(),
        })
    }

    /// Whether a cluster was made here.
    #[must_use]
    pub fn is_initialised(&self) -> bool {
        self.data.join("PG_VERSION").exists()
    }
}

/// User and group of the first of the usual unprivileged users that the system has.
fn unprivileged_user() -> Option<(u32, u32)> {
    let passwd = fs::read_to_string("/etc/passwd").ok()?;
    ["postgres", "_postgres", "nobody"].iter().find_map(|name| {
        let fields: Vec<&str> = passwd
            .lines()
            .map(|l| l.split(':').collect::<Vec<_>>())
            .find(|f| f.first() == Some(name))?;
        Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
    })
}

/// Whether a user can enter a folder.
fn is_reachable(path: &Path, uid: u32, gid: u32) -> bool {
    Command::new("/bin/sh")
        .args(["-c", "cd \"$0\" 2>/dev/null"])
        .arg(path)
        .current_dir("/")
        .uid(uid)
        .gid(gid)
        .stdin(Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}

/// The folder with `initdb`, `pg_ctl` and `postgres`, the newest version first.
#[must_use]
pub fn find_binaries() -> Option<PathBuf> {
    let is_complete = |folder: &Path| {
        ["initdb", "pg_ctl", "postgres"]
            .iter()
            .all(|program| folder.join(program).exists())
    };
    let on_path = std::env::var_os("PATH")
        .map(|p| std::env::split_paths(&p).collect::<Vec<_>>())
        .unwrap_or_default();
    installed_versions()
        .into_iter()
        .rev()
        .map(|(_, folder)| folder)
        .chain(on_path)
        .find(|folder| is_complete(folder))
}

/// Version and folder of the packages of Debian, Homebrew and PostgreSQL's own, oldest first.
fn installed_versions() -> Vec<(u32, PathBuf)> {
    let mut versions = Vec::new();
    for (parent, suffix) in [
        ("/usr/lib/postgresql", "bin"),
        ("/opt/homebrew/opt", "bin"),
        ("/usr/local/opt", "bin"),
        ("/usr/pgsql", "bin"),
    ] {
        let Ok(entries) = fs::read_dir(parent) else {
            continue;
        };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let version = name.rsplit(['@', '-']).next().and_then(|v| v.parse().ok());
            if let Some(version) = version.filter(|v| *v >= OLDEST_VERSION) {
                versions.push((version, entry.path().join(suffix)));
            }
        }
    }
    versions.sort();
    versions
}
