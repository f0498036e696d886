//! Runs the checks, in one snapshot.

use serde::Serialize;
use sqlx::{Connection as _, PgConnection};

use super::check::Check;
use super::{accounts, bank, cases, donations, inbox, ledger, month, receipts, reports};

/// One invariant's verdict; `violations` counts the rows that break it.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Verdict {
    pub name: &'static str,
    pub ok: bool,
    pub violations: i64,
}

/// The names of all checks, in the order in which they run.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().map(|(name, _)| *name)
}

fn all() -> impl Iterator<Item = &'static Check> {
    [
        ledger::CHECKS,
        accounts::CHECKS,
        bank::CHECKS,
        donations::CHECKS,
        inbox::CHECKS,
        month::CHECKS,
        receipts::CHECKS,
        reports::CHECKS,
        cases::CHECKS,
    ]
    .into_iter()
    .flatten()
}

/// Runs every check in one snapshot, so that what is written meanwhile breaks none.
pub async fn run(db: &mut PgConnection) -> Result<Vec<Verdict>, sqlx::Error> {
    let mut snapshot = db
        .begin_with("begin isolation level repeatable read read only")
        .await?;
    let verdicts = run_in(&mut snapshot).await?;
    snapshot.rollback().await?;
    Ok(verdicts)
}

/// Runs every check in the caller's database transaction, which decides what they see.
pub async fn run_in(db: &mut PgConnection) -> Result<Vec<Verdict>, sqlx::Error> {
    let mut verdicts = Vec::new();
    for (name, sql) in all() {
        let violations: i64 = sqlx::query_scalar(*sql)
            .fetch_optional(&mut *db)
            .await?
            .unwrap_or(0);
        verdicts.push(Verdict {
            name,
            ok: violations == 0,
            violations,
        });
    }
    Ok(verdicts)
}
