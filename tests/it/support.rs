//! A private PostgreSQL for the run and a fresh database for each test, whose end verifies every
//! invariant.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use obole::checks;
use obole::db::{self, private::Cluster};
use sqlx::ConnectOptions;
use sqlx::postgres::PgPool;
use tokio::sync::OnceCell;

static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
static NEXT: AtomicU32 = AtomicU32::new(0);
static STOPPER: OnceLock<std::process::Child> = OnceLock::new();

/// Waits for the end of its input, then stops the server whose socket is `$1`, in the folder `$0`
/// or in the system's.
const STOP_OUR_SERVER: &str = r#"read _
for d in "$0"/postgres /var/lib/obole/*/postgres; do
  [ -f "$d/postmaster.pid" ] && grep -q "$1" "$d/postmaster.pid" &&
    kill -INT $(head -1 "$d/postmaster.pid")
done"#;

async fn cluster() -> &'static Cluster {
    CLUSTER
        .get_or_init(|| async {
            let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cluster");
            // Tests need no durability: the machine's power is not cut between two of them.
            let extra = [
                "fsync=off",
                "synchronous_commit=off",
                "full_page_writes=off",
                "max_connections=300",
                "shared_preload_libraries=pg_stat_statements",
                // Each test has a database, and their statements push out those of others.
                "pg_stat_statements.max=50000",
            ];
            let cluster = Cluster::attach(&home, &extra).await.unwrap();
            // Statics are never dropped: a shell waits for the end of our process (its standard
            // input closes) and then stops the server.
            STOPPER.get_or_init(|| {
                Command::new("/bin/sh")
                    .args(["-c", STOP_OUR_SERVER])
                    .arg(&home)
                    .arg(cluster.socket().display().to_string())
                    .stdin(std::process::Stdio::piped())
                    .spawn()
                    .unwrap()
            });
            let mut admin = cluster.options("postgres").connect().await.unwrap();
            let stale: Vec<String> =
                sqlx::query_scalar("select datname from pg_database where datname like 't\\_%'")
                    .fetch_all(&mut admin)
                    .await
                    .unwrap();
            for name in stale.iter().map(String::as_str).chain(["template_obole"]) {
                let drop = format!("drop database if exists {name} with (force)");
                sqlx::query(sqlx::AssertSqlSafe(drop))
                    .execute(&mut admin)
                    .await
                    .unwrap();
            }
            sqlx::query("create database template_obole")
                .execute(&mut admin)
                .await
                .unwrap();
            db::migrate(&cluster.options("template_obole"))
                .await
                .unwrap();
            cluster
        })
        .await
}

/// A database of the test's own.
pub struct World {
    pub db: PgPool,
    pub owner: PgPool,
}

impl World {
    pub async fn new() -> Self {
        Self::made_of("template_obole").await
    }

    async fn made_of(template: &str) -> Self {
        let cluster = cluster().await;
        let name = format!(
            "t_{}_{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let mut admin = cluster.options("postgres").connect().await.unwrap();
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "create database {name} template {template}"
        )))
        .execute(&mut admin)
        .await
        .unwrap();
        let db = db::pool(cluster.options(&name), 8).await.unwrap();
        let owner = PgPool::connect_lazy_with(cluster.options(&name));
        Self { db, owner }
    }

    /// Every database test ends here.
    pub async fn checked(self) {
        self.checked_but(&[]).await;
    }

    /// As `checked`, for tests that post facts with nothing behind them; they name what they break
    /// by that.
    pub async fn checked_but(self, broken: &[&str]) {
        let verdicts = checks::run(&mut self.owner.acquire().await.unwrap())
            .await
            .unwrap();
        let found: Vec<_> = verdicts.iter().filter(|v| !v.ok).map(|v| v.name).collect();
        assert_eq!(found, broken, "{verdicts:#?}");
    }
}

/// Runs an outside tool; without it, the test says so loudly, and fails where `CI` is set.
pub fn tool(program: &str, package: &str, arguments: &[&str]) -> Option<String> {
    // What a tool writes beside its output stays out of the sources.
    match Command::new(program)
        .args(arguments)
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .output()
    {
        Ok(output) => {
            let text = format!(
                "{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
            assert!(
                output.status.success(),
                "{program} {arguments:?} failed: {text}"
            );
            Some(text)
        }
        Err(error) => {
            assert!(
                std::env::var_os("CI").is_none(),
                "{program}: {error}; install it: apt-get install -y {package}"
            );
            eprintln!("SKIPPED: {program} is missing; apt-get install -y {package}");
            None
        }
    }
}

/// A file for a tool to read.
pub fn written(name: &str, content: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!(
        "{}-{}-{name}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    ));
    std::fs::write(&path, content).unwrap();
    path
}
