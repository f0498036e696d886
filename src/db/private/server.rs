//! The private server's life: initialised once, started, stopped.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::PrivateError;
use super::install::ClusterFolders;

/// Bytes of freed memory that a server process keeps (`mallopt(3)`).
const KEPT_MEMORY: &str = "33554432";

/// A server that may be running or not.
pub(super) struct Server {
    bin: PathBuf,
    folders: ClusterFolders,
    /// Server settings beyond the usual.
    extra: Vec<String>,
}

impl Server {
    pub(super) const fn new(bin: PathBuf, folders: ClusterFolders, extra: Vec<String>) -> Self {
        Self {
            bin,
            folders,
            extra,
        }
    }

    pub(super) fn home(&self) -> &Path {
        &self.folders.home
    }

    pub(super) fn socket(&self) -> &Path {
        &self.folders.socket
    }

    /// Makes the cluster unless it is there.
    pub(super) fn initialise(&self) -> Result<(), PrivateError> {
        if self.folders.is_initialised() {
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
            .arg(&self.folders.data)
        })
    }

    /// Starts the server unless it runs; waits until it takes connections.
    pub(super) fn start(&self) -> Result<(), PrivateError> {
        // pg_ctl tells a running server from a pid file that a kill left behind.
        let running = self.run("pg_ctl", |c| {
            c.arg("status").arg("-D").arg(&self.folders.data)
        });
        if running.is_ok() {
            return Ok(());
        }
        let settings = self.server_settings();
        let log = self.folders.data.join("server.log");
        self.run("pg_ctl", |c| {
            // Each batch needs the memory of the one before: given back to the kernel in between,
            // each page would be cleared anew.
            c.env("MALLOC_MMAP_THRESHOLD_", KEPT_MEMORY)
                .env("MALLOC_TRIM_THRESHOLD_", KEPT_MEMORY);
            c.args(["start", "-w", "-t", "60", "-o", &settings, "-D"])
                .arg(&self.folders.data)
                .arg("-l")
                .arg(&log)
        })
        .map_err(|e| {
            let log = fs::read_to_string(&log).unwrap_or_default();
            let newest: Vec<&str> = log.lines().rev().take(5).collect();
            PrivateError::Program {
                program: "pg_ctl start",
                output: format!("{e}; server log, newest first: {}", newest.join(" | ")),
            }
        })
    }

    pub(super) fn stop(&self) -> Result<(), PrivateError> {
        self.run("pg_ctl", |c| {
            c.args(["stop", "-m", "fast", "-w", "-D"])
                .arg(&self.folders.data)
        })
    }

    /// Memory for the indexes that every donation enters, and room between checkpoints, after each
    /// of which whole pages are logged.
    fn server_settings(&self) -> String {
        let mut settings = format!(
            "-c listen_addresses='' -c unix_socket_directories='{}' -c port=5432 \
             -c shared_buffers={}MB -c max_wal_size=4GB -c checkpoint_timeout=15min",
            self.socket().display(),
            (memory_mb() / 8).clamp(128, 4096),
        );
        for setting in &self.extra {
            settings.push_str(" -c ");
            settings.push_str(setting);
        }
        settings
    }

    /// Runs one of PostgreSQL's programs as the server's user.
    fn run(
        &self,
        program: &'static str,
        arguments: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Result<(), PrivateError> {
        let path = self.bin.join(program);
        let mut command = Command::new(&path);
        arguments(&mut command)
            .current_dir("/")
            .stdin(Stdio::null());
        if let Some((uid, gid)) = self.folders.user {
            command.uid(uid).gid(gid);
        }
        // The server inherits its starter's output: with pipes, we would wait for the server's end.
        let output = self.socket().join(format!("{program}.out"));
        let written = |e| PrivateError::file("writing", &output, e);
        let out = File::create(&output).map_err(written)?;
        let err = out.try_clone().map_err(written)?;
        // A Ctrl-C at the terminal must reach only us: we then stop the server in good order.
        command.process_group(0);
        let status = command
            .stdout(out)
            .stderr(err)
            .status()
            .map_err(|e| PrivateError::file("running", &path, e))?;
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

/// The machine's memory in megabytes; 0 where the system does not say.
fn memory_mb() -> u64 {
    let info = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kilobytes = info.lines().find_map(|l| {
        l.strip_prefix("MemTotal:")?
            .split_whitespace()
            .next()?
            .parse::<u64>()
            .ok()
    });
    kilobytes.map_or(0, |k| k / 1024)
}
