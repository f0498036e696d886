//! `obole check`.

use obole::checks;
use serde_json::json;

use super::context::CommandContext;
use super::outcome::Outcome;

/// Runs every invariant; not in order when one is violated.
pub async fn run(context: &mut CommandContext) -> anyhow::Result<Outcome> {
    let verdicts = checks::run(&mut context.db).await?;
    let ok = verdicts.iter().all(|v| v.ok);
    let line = |v: &checks::Verdict| {
        let verdict = if v.ok {
            "ok".into()
        } else {
            format!("{} violations", v.violations)
        };
        format!("{:<45} {verdict}\n", v.name)
    };
    Ok(Outcome {
        text: verdicts.iter().map(line).collect(),
        document: json!({"ok": ok, "checks": verdicts}),
        ok,
    })
}
