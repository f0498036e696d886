//! `obole settings`.

use obole::settings::Settings;
use serde_json::json;

use super::outcome::Outcome;

/// Prints each setting with its current value.
pub fn run(settings: &Settings) -> Outcome {
    let table = settings.table();
    let width = table.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    Outcome {
        document: table
            .iter()
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect(),
        text: table
            .iter()
            .map(|(name, value)| format!("{name:<width$}  {value}\n"))
            .collect(),
        ok: true,
    }
}
