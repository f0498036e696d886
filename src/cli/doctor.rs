//! `obole doctor`.

use chrono::Utc;
use obole::doctor::{self, Finding};
use obole::settings::SettingsReading;
use serde_json::json;

use super::outcome::Outcome;

/// Examines everything; not in order when a finding is wrong.
pub async fn run(reading: &SettingsReading) -> anyhow::Result<Outcome> {
    let findings = doctor::examine(reading, Utc::now).await;
    let ok = findings.iter().all(Finding::is_acceptable);
    Ok(Outcome {
        text: findings.iter().map(text).collect(),
        document: json!({"ok": ok, "findings": findings}),
        ok,
    })
}

fn text(finding: &Finding) -> String {
    let head = format!(
        "{:<16} {:<8} {}\n",
        finding.name, finding.verdict, finding.detail
    );
    match &finding.mend {
        Some(mend) => format!("{head}{:<16} {:<8} → {mend}\n", "", ""),
        None => head,
    }
}
