//! The real program, as a user runs it: its settings, its data folder, its commands.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::shop::OWN_ACCOUNT;

/// A house of its own: data folder, private PostgreSQL, settings.
pub struct House {
    pub data: PathBuf,
    settings: Vec<(&'static str, String)>,
}

/// A program that runs beside the test and ends with it.
pub struct Beside(pub Child);

impl Drop for Beside {
    fn drop(&mut self) {
        if self.0.try_wait().is_ok_and(|ended| ended.is_none()) {
            // In good order, so that what it started ends as well.
            Command::new("kill")
                .arg(self.0.id().to_string())
                .status()
                .unwrap();
            self.0.wait().unwrap();
        }
    }
}

impl House {
    pub fn new(name: &str, settings: &[(&'static str, String)]) -> Self {
        let data =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&data));
        let mut all = vec![("OBOLE_DATA", data.display().to_string())];
        all.extend(OWN_ACCOUNT.map(|(name, value)| (name, value.to_owned())));
        all.extend_from_slice(settings);
        Self {
            data,
            settings: all,
        }
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_obole"));
        command
            .args(arguments)
            .env_remove("DATABASE_URL")
            .env_remove("RUST_LOG")
            .stdin(Stdio::null());
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command in so many processes at the same moment; each must succeed.
    pub fn done_at_once(&self, processes: usize, arguments: &[&str]) {
        let running: Vec<_> = (0..processes)
            .map(|_| {
                let mut command = self.command(arguments);
                command.stdout(Stdio::null()).stderr(Stdio::piped());
                command.spawn().unwrap()
            })
            .collect();
        for process in running {
            let output = process.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{arguments:?}: {said}");
        }
    }

    /// Runs a command with `--json`; returns its exit code, its document and what it
    /// said beside.
    pub fn run(&self, arguments: &[&str]) -> (i32, Value, String) {
        let output = self.command(arguments).arg("--json").output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        let document = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        (output.status.code().unwrap(), document, said)
    }

    /// Runs a command that must succeed; returns its document.
    pub fn done(&self, arguments: &[&str]) -> Value {
        let (code, document, said) = self.run(arguments);
        assert_eq!(code, 0, "{arguments:?}: {said}");
        assert!(
            !document.is_null(),
            "{arguments:?} answers one JSON document"
        );
        document
    }

    /// Sets up an association with its mandate, a cause and a shop; returns what the shop's
    /// developer is shown.
    pub fn with_a_shop(&self) -> Value {
        self.done(&[
            "association",
            "add",
            &format!(
                "{}/contracts/association.example.json",
                env!("CARGO_MANIFEST_DIR")
            ),
        ]);
        self.done(&[
            "cause",
            "add",
            "--slug",
            "foret-vivante",
            "--theme",
            "environment",
            "--association",
            "foret-vivante",
            "--title",
            "Planter des forêts",
        ]);
        self.done(&[
            "merchant",
            "add",
            "--name",
            "Librairie",
            "--email",
            "compta@librairie.example",
            "--default-cause",
            "foret-vivante",
        ])
    }

    /// Starts `serve`; returns it once it listens, with its log to be.
    pub fn serve(&self) -> (Beside, std::thread::JoinHandle<String>) {
        Self::listening(self.command(&["serve"]))
    }

    /// Starts a command that serves; returns it once it listens, with its log to be.
    pub fn listening(mut command: Command) -> (Beside, std::thread::JoinHandle<String>) {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut log = String::new();
        for line in lines.by_ref() {
            let line = line.unwrap();
            log.push_str(&line);
            if line.contains("listening") {
                break;
            }
        }
        assert!(log.contains("listening"), "{log}");
        // Somebody must read on, or the program would wait for its own log.
        let reader = std::thread::spawn(move || {
            lines
                .map_while(Result::ok)
                .fold(log, |log, line| log + "\n" + &line)
        });
        (Beside(child), reader)
    }
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
