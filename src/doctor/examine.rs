//! All subjects, one after another.

use chrono::{DateTime, Utc};

use super::finding::Finding;
use super::{address, database, folders, key, mail, settings};
use crate::settings::SettingsReading;

/// Examines every subject. A subject whose setting is wrong is not examined, and says so.
/// `clock` gives this machine's time.
pub async fn examine(reading: &SettingsReading, clock: impl Fn() -> DateTime<Utc>) -> Vec<Finding> {
    let settings = &reading.settings;
    let is_wrong = |name: &str| reading.errors.iter().any(|e| e.name == name);
    let skipped = |subject, name: &str| {
        Finding::warning(
            subject,
            format!("not examined: {name} cannot be used"),
            format!("set {name} as the finding on settings says, and run this again"),
        )
    };

    let mut findings = settings::examine(reading);
    let mut database = if is_wrong("DATABASE_URL") {
        findings.push(skipped("database", "DATABASE_URL"));
        None
    } else {
        let opened = database::open(settings).await;
        findings.extend(opened.findings);
        opened.database
    };
    if is_wrong("OBOLE_SECRET_KEY") {
        findings.push(skipped("key", "OBOLE_SECRET_KEY"));
    } else {
        findings.extend(key::examine(settings, database.as_mut()).await);
    }
    if let Some(database) = database.as_mut() {
        findings.extend(database::examine(database, clock).await);
    }
    findings.push(if is_wrong("OBOLE_SMTP_URL") {
        skipped("mail", "OBOLE_SMTP_URL")
    } else {
        mail::examine(settings).await
    });
    findings.push(folders::examine_bank_folder(&settings.bank_dir));
    if is_wrong("OBOLE_PUBLIC_URL") || is_wrong("OBOLE_LISTEN") {
        findings.push(skipped("public address", "OBOLE_PUBLIC_URL"));
    } else {
        findings.extend(address::examine(settings).await);
    }
    findings.extend(folders::examine_disks(settings));
    findings
}
