//! The settings: every mistake, and what is only an example.

use super::finding::Finding;
use crate::settings::SettingsReading;

const NAME: &str = "settings";

/// One finding per mistake, and one on the bank account.
pub(super) fn examine(reading: &SettingsReading) -> Vec<Finding> {
    let mut findings: Vec<Finding> = reading
        .errors
        .iter()
        .map(|e| Finding::wrong(NAME, format!("{} cannot be used", e.name), e.to_string()))
        .collect();
    if findings.is_empty() {
        findings.push(Finding::ok(NAME, "all settings can be used"));
    }
    let account = &reading.settings.account;
    if reading
        .errors
        .iter()
        .any(|e| e.name == "OBOLE_IBAN" || e.name == "OBOLE_BIC")
    {
        return findings;
    }
    findings.push(if account.given {
        let masked = account.iban.masked();
        Finding::ok("bank account", format!("{masked} of {}", account.holder))
    } else {
        Finding::warning(
            "bank account",
            "files carry an example account, which a bank refuses",
            "set OBOLE_IBAN, OBOLE_BIC and OBOLE_ACCOUNT_HOLDER to the ring-fenced account, its \
             holder exactly as the bank has it",
        )
    });
    findings
}
