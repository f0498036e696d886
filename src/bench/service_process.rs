//! The service under load, in a process of its own, so that it does not share a runtime with the
//! load.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::app::App;

/// A running `obole serve`.
pub struct ServiceProcess {
    child: Child,
    pub address: SocketAddr,
    /// The time from its start until it first said that it is ready.
    pub ready_after: Duration,
}

impl ServiceProcess {
    /// Starts the service, or only some of its parts, and waits until it is ready.
    pub async fn start(app: &App, only: Option<&str>) -> anyhow::Result<Self> {
        let free = std::net::TcpListener::bind("127.0.0.1:0")?;
        let address = free.local_addr()?;
        drop(free);
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg("serve")
            .args(only.iter().flat_map(|part| ["--only", part]));
        command
            .env("OBOLE_DATA", &app.settings.data)
            .env("OBOLE_LISTEN", address.to_string())
            .env("OBOLE_METRICS_LISTEN", "127.0.0.1:0");
        command
            .env("RUST_LOG", "warn")
            .env_remove("DATABASE_URL")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let began = Instant::now();
        let child = command.spawn()?;
        while !is_ready(address).await {
            anyhow::ensure!(
                began.elapsed() < Duration::from_secs(30),
                "the service does not become ready"
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(Self {
            child,
            address,
            ready_after: began.elapsed(),
        })
    }

    /// Its resident memory in megabytes; none where the system has no `/proc`.
    #[must_use]
    pub fn memory_mb(&self) -> Option<f64> {
        memory_mb(&self.child.id()?.to_string(), "VmRSS:")
    }

    /// Stops the service as an operator would, and fails if it did not end in good order.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        let id = self.child.id().context("the service has ended by itself")?;
        Command::new("kill").arg(id.to_string()).status().await?;
        anyhow::ensure!(
            self.child.wait().await?.success(),
            "the service did not end in good order"
        );
        Ok(())
    }
}

/// The resident memory of this process in megabytes.
pub fn own_memory_mb() -> Option<f64> {
    memory_mb("self", "VmRSS:")
}

/// The most memory that this process ever held, in megabytes.
pub fn own_peak_mb() -> Option<f64> {
    memory_mb("self", "VmHWM:")
}

fn memory_mb(process: &str, line: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let kilobytes: f64 = status
        .lines()
        .find_map(|l| l.strip_prefix(line))?
        .split_whitespace()
        .next()?
        .parse()
        .ok()?;
    Some(kilobytes / 1024.0)
}

async fn is_ready(address: SocketAddr) -> bool {
    let response = async {
        let mut tcp = TcpStream::connect(address).await?;
        tcp.write_all(b"GET /readyz HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n")
            .await?;
        let mut text = Vec::new();
        tcp.read_to_end(&mut text).await?;
        Ok::<_, std::io::Error>(text.starts_with(b"HTTP/1.1 200"))
    };
    response.await.unwrap_or(false)
}
