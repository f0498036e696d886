//! The settings: every mistake, what is only an example, and what was not decided yet.

use super::finding::Finding;
use crate::settings::SettingsReading;
use crate::values::TaxDate;

const NAME: &str = "settings";

/// One finding per mistake, one on the tax year and one on the bank account.
pub(super) fn examine(reading: &SettingsReading) -> Vec<Finding> {
    let mut findings: Vec<Finding> = reading
        .errors
        .iter()
        .map(|e| Finding::wrong(NAME, format!("{} cannot be used", e.name), e.to_string()))
        .collect();
    if findings.is_empty() {
        findings.push(Finding::ok(NAME, "all settings can be used"));
    }
    if !reading.errors.iter().any(|e| e.name == "OBOLE_GIFT_DATE") {
        findings.push(tax_year(reading.settings.tax_date));
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

fn tax_year(tax_date: Option<TaxDate>) -> Finding {
    const NAME: &str = "tax year";
    match tax_date {
        Some(day) => Finding::ok(NAME, format!("{day} makes the tax year of a donation")),
        None => Finding::warning(
            NAME,
            "it is not said whose day makes the tax year: donations whose days fall in different \
             years get no receipt",
            "set OBOLE_GIFT_DATE to donor-payment, mandatary-credit or association-credit, as the \
             counsel of the associations advises",
        ),
    }
}
