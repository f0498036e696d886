//! A PostgreSQL of our own when no `DATABASE_URL` is given: found in the system, initialised with checksums,
//! reached over a Unix socket only, run by an unprivileged user when we are root (PostgreSQL refuses root).
//!
//! Every process using it holds a shared lock on a file; the last one to leave stops the server, so a command
//! that started it never pulls it from under another that attached.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;

use crate::values::derived_id;

/// Why the private PostgreSQL could not be had.
#[derive(Debug, thiserror::Error)]
pub enum PrivateError {
    #[error(
        "no PostgreSQL server (15 or later) was found on PATH, in /usr/lib/postgresql/*/bin or in Homebrew; \
         install it (Debian: apt-get install postgresql; macOS: brew install postgresql@17) or set DATABASE_URL"
    )]
    NotFound,
    #[error(
        "PostgreSQL refuses to run as root and no unprivileged user (postgres, nobody) was found; set DATABASE_URL"
    )]
    NoUser,
    #[error("{what} {path:?} failed")]
    File {
        what: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{program} failed: {output}")]
    Program {
        program: &'static str,
        output: String,
    },
    #[error("the private PostgreSQL does not answer")]
    Away(#[source] sqlx::Error),
}

/// Bytes of freed memory that a server process keeps (`mallopt(3)`).
const KEPT_MEMORY: &str = "33554432";

/// An attachment to the private cluster; dropping it stops the server when nobody else is attached.
pub struct Cluster {
    bin: PathBuf,
    data: PathBuf,
    socket: PathBuf,
    user: Option<(u32, u32)>,
    attached: Option<File>,
    /// Server settings beyond the usual.
    extra: Vec<String>,
}

impl Cluster {
    /// Attaches to the cluster kept in `home`, making and starting it when needed. `extra` are server settings (`-c`).
    pub async fn attach(home: &Path, extra: &[&str]) -> Result<Self, PrivateError> {
        let bin = find_binaries().ok_or(PrivateError::NotFound)?;
        fs::create_dir_all(home).map_err(|source| file("creating", home, source))?;
        let home = home
            .canonicalize()
            .map_err(|source| file("reading", home, source))?;
        let root = home.metadata().is_ok_and(|_| running_as_root());
        let user = if root {
            Some(unprivileged_user().ok_or(PrivateError::NoUser)?)
        } else {
            None
        };
        let key = derived_id(&home.to_string_lossy()).simple().to_string();
        // A user who is not us cannot pass through a closed folder such as /root: the data then stands beside the system's.
        let data_home = match user {
            Some((uid, gid)) if !reachable(&home, uid, gid) => {
                PathBuf::from("/var/lib/obole").join(&key)
            }
            _ => home.clone(),
        };
        // Socket paths are limited to some hundred bytes, so the socket never stands below a long path.
        let socket = PathBuf::from("/tmp").join(format!("obole-{}", &key[..16]));
        for dir in [&data_home, &socket] {
            fs::create_dir_all(dir).map_err(|source| file("creating", dir, source))?;
        }
        let data = data_home.join("postgres");
        fs::create_dir_all(&data).map_err(|source| file("creating", &data, source))?;
        let (own_uid, own_gid) =
            user.unwrap_or_else(|| home.metadata().map_or((0, 0), |m| (m.uid(), m.gid())));
        for dir in [&data, &socket] {
            if user.is_some() {
                chown(dir, Some(own_uid), Some(own_gid))
                    .map_err(|source| file("giving", dir, source))?;
            }
            let owner = dir
                .metadata()
                .map_err(|source| file("reading", dir, source))?
                .uid();
            if owner != own_uid && user.is_some() {
                return Err(file(
                    "owning",
                    dir,
                    std::io::ErrorKind::PermissionDenied.into(),
                ));
            }
            fs::set_permissions(dir, fs::Permissions::from_mode(0o700))
                .map_err(|source| file("closing", dir, source))?;
        }

        let open = |name: &str| {
            let path = home.join(name);
            OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&path)
                .map_err(|source| file("opening", &path, source))
        };
        let starting = open("postgres.starting")?;
        let attached = open("postgres.attached")?;
        let extra: Vec<String> = extra.iter().map(|s| (*s).to_owned()).collect();
        let mut cluster = Self {
            bin,
            data,
            socket,
            user,
            attached: None,
            extra,
        };
        // Locks and programs wait: not on the async threads.
        let mut cluster = tokio::task::spawn_blocking(move || {
            starting
                .lock()
                .map_err(|source| file("locking", Path::new("postgres.starting"), source))?;
            attached
                .lock_shared()
                .map_err(|source| file("locking", Path::new("postgres.attached"), source))?;
            cluster.initialise()?;
            cluster.start()?;
            cluster.attached = Some(attached);
            Ok::<_, PrivateError>(cluster)
        })
        .await
        .map_err(|e| PrivateError::Program {
            program: "start",
            output: e.to_string(),
        })??;
        // A server that someone else is stopping still counts as running: ask until it is gone, then start it.
        for _ in 0..100 {
            match cluster.ensure_database("obole").await {
                Err(PrivateError::Away(error)) if passing(&error) => {}
                done => return done.map(|()| cluster),
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            cluster = tokio::task::spawn_blocking(move || cluster.start().map(|()| cluster))
                .await
                .map_err(|e| PrivateError::Program {
                    program: "start",
                    output: e.to_string(),
                })??;
        }
        cluster.ensure_database("obole").await.map(|()| cluster)
    }

    /// How to connect to one of its databases.
    #[must_use]
    pub fn options(&self, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(&self.socket)
            .port(5432)
            .username("obole")
            .database(database)
            .application_name("obole")
    }

    /// Drops the database and all that is in it; refused while anyone uses it.
    pub async fn forget(&self) -> Result<(), sqlx::Error> {
        let mut c = self.options("postgres").connect().await?;
        sqlx::query("drop database obole").execute(&mut c).await?;
        Ok(())
    }

    /// Starts the server again if it was killed; answers whether it had to.
    pub fn revive(&self) -> Result<bool, PrivateError> {
        if std::os::unix::net::UnixStream::connect(self.socket.join(".s.PGSQL.5432")).is_ok() {
            return Ok(false);
        }
        self.start().map(|()| true)
    }

    /// The folder of its socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    async fn ensure_database(&self, name: &'static str) -> Result<(), PrivateError> {
        let mut c = self
            .options("postgres")
            .connect()
            .await
            .map_err(PrivateError::Away)?;
        let known: bool =
            sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
                .bind(name)
                .fetch_one(&mut c)
                .await
                .map_err(PrivateError::Away)?;
        if !known {
            match sqlx::query("create database obole").execute(&mut c).await {
                Err(sqlx::Error::Database(e)) if e.code().as_deref() == Some("42P04") => {}
                other => {
                    other.map_err(PrivateError::Away)?;
                }
            }
        }
        Ok(())
    }

    fn initialise(&self) -> Result<(), PrivateError> {
        if self.data.join("PG_VERSION").exists() {
            return Ok(());
        }
        self.run("initdb", |c| {
            c.args([
                "--username=obole",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--data-checksums",
                "-D",
            ])
            .arg(&self.data)
        })
    }

    fn start(&self) -> Result<(), PrivateError> {
        // pg_ctl knows a server that runs from a pid file that a kill left behind.
        if self
            .run("pg_ctl", |c| c.arg("status").arg("-D").arg(&self.data))
            .is_ok()
        {
            return Ok(());
        }
        // Memory for the indexes that every euro enters, and room between checkpoints, after each of which whole pages are logged.
        let mut settings = format!(
            "-c listen_addresses='' -c unix_socket_directories='{}' -c port=5432 -c shared_buffers={}MB -c max_wal_size=4GB -c checkpoint_timeout=15min",
            self.socket.display(),
            (memory_mb() / 8).clamp(128, 4096),
        );
        for setting in &self.extra {
            settings.push_str(" -c ");
            settings.push_str(setting);
        }
        let log = self.data.join("server.log");
        self.run("pg_ctl", |c| {
            // A set's memory is needed again for the next: given back to the kernel in between, each page would be cleared anew.
            c.env("MALLOC_MMAP_THRESHOLD_", KEPT_MEMORY)
                .env("MALLOC_TRIM_THRESHOLD_", KEPT_MEMORY);
            c.args(["start", "-w", "-t", "60", "-o", &settings, "-D"])
                .arg(&self.data)
                .arg("-l")
                .arg(&log)
        })
        .map_err(|e| {
            let tail = fs::read_to_string(&log).unwrap_or_default();
            let tail: Vec<&str> = tail.lines().rev().take(5).collect();
            PrivateError::Program {
                program: "pg_ctl start",
                output: format!("{e}; server log, newest first: {}", tail.join(" | ")),
            }
        })
    }

    fn run(
        &self,
        program: &'static str,
        arguments: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Result<(), PrivateError> {
        let mut command = Command::new(self.bin.join(program));
        arguments(&mut command)
            .current_dir("/")
            .stdin(Stdio::null());
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        // The server inherits its starter's output: files, not pipes, or we would wait for the server's end.
        let output = self.socket.join(format!("{program}.out"));
        let out = File::create(&output).map_err(|source| file("writing", &output, source))?;
        let err = out
            .try_clone()
            .map_err(|source| file("writing", &output, source))?;
        // A Ctrl-C at the terminal is for us, who then stop the server in good order.
        command.process_group(0);
        let status = command
            .stdout(out)
            .stderr(err)
            .status()
            .map_err(|source| file("running", &self.bin.join(program), source))?;
        if status.success() {
            Ok(())
        } else {
            Err(PrivateError::Program {
                program,
                output: fs::read_to_string(&output).unwrap_or_default(),
            })
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let Some(attached) = self.attached.take() else {
            return;
        };
        if attached.unlock().is_ok()
            && attached.try_lock().is_ok()
            && let Err(error) = self.run("pg_ctl", |c| {
                c.args(["stop", "-m", "fast", "-w", "-D"]).arg(&self.data)
            })
        {
            tracing::warn!(%error, "the private PostgreSQL did not stop");
        }
    }
}

/// The machine's memory in megabytes, as far as the system tells.
fn memory_mb() -> u64 {
    let told = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kilobytes = told.lines().find_map(|l| {
        l.strip_prefix("MemTotal:")?
            .split_whitespace()
            .next()?
            .parse::<u64>()
            .ok()
    });
    kilobytes.map_or(0, |k| k / 1024)
}

/// Starting up or shutting down (SQLSTATE 57P03), or gone between two looks.
fn passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(e) => e.code().is_some_and(|c| c.starts_with("57P")),
        sqlx::Error::Io(_) => true,
        _ => false,
    }
}

fn file(what: &'static str, path: &Path, source: std::io::Error) -> PrivateError {
    PrivateError::File {
        what,
        path: path.to_owned(),
        source,
    }
}

/// Whether this process is root, by the owner of its own entry in /proc, else by the owner of a file it makes.
fn running_as_root() -> bool {
    let own = fs::metadata("/proc/self").map(|m| m.uid());
    own.or_else(|_| {
        let path = std::env::temp_dir().join(format!("obole-{}", std::process::id()));
        let uid = File::create(&path)
            .and_then(|f| f.metadata())
            .map(|m| m.uid());
        drop(fs::remove_file(&path));
        uid
    })
    .is_ok_and(|uid| uid == 0)
}

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

fn reachable(path: &Path, uid: u32, gid: u32) -> bool {
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
    let complete = |dir: &Path| {
        ["initdb", "pg_ctl", "postgres"]
            .iter()
            .all(|b| dir.join(b).exists())
    };
    let mut candidates: Vec<(u32, PathBuf)> = Vec::new();
    for (pattern, suffix) in [
        ("/usr/lib/postgresql", "bin"),
        ("/opt/homebrew/opt", "bin"),
        ("/usr/local/opt", "bin"),
        ("/usr/pgsql", "bin"),
    ] {
        let Ok(entries) = fs::read_dir(pattern) else {
            continue;
        };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let version = name.rsplit(['@', '-']).next().and_then(|v| v.parse().ok());
            if let Some(version) = version.filter(|v| *v >= 15) {
                candidates.push((version, entry.path().join(suffix)));
            }
        }
    }
    candidates.sort();
    let on_path = std::env::var_os("PATH")
        .map(|p| std::env::split_paths(&p).collect::<Vec<_>>())
        .unwrap_or_default();
    candidates
        .into_iter()
        .rev()
        .map(|(_, dir)| dir)
        .chain(on_path)
        .find(|dir| complete(dir))
}
