//! What a command prints, for programs and for people.

use obole::runs::RunUnderWay;
use obole::values::SetAside;
use serde_json::{Value, json};

/// What a command leaves: its document, the same as text, and whether it found all in order.
pub struct Outcome {
    pub document: Value,
    pub text: String,
    pub ok: bool,
}

impl Outcome {
    /// A document of plain fields, one a line for people.
    pub fn of(document: Value) -> Self {
        let text = document
            .as_object()
            .into_iter()
            .flatten()
            .map(|(k, v)| format!("{k:<24} {}\n", shown(v)))
            .collect();
        Self {
            document,
            text,
            ok: true,
        }
    }

    /// The outcome of a run, or that another one is under way: then `nothing` is the document, and
    /// says so. All is in order when the other does the same.
    pub fn of_run<T>(
        run: anyhow::Result<T>,
        nothing: Value,
        outcome: impl FnOnce(T) -> anyhow::Result<Self>,
    ) -> anyhow::Result<Self> {
        let error = match run {
            Ok(run) => return outcome(run),
            Err(error) => error,
        };
        let Some(other) = error.downcast_ref::<RunUnderWay>() else {
            return Err(error);
        };
        let mut document = nothing;
        document["under_way"] = json!({
            "run_id": other.run_id.to_string(),
            "began_at": other.began_at,
            "same": other.same,
        });
        Ok(Self {
            document,
            text: format!("{other}\n"),
            ok: other.same,
        })
    }

    /// Says of an outcome that nothing of it was done.
    #[must_use]
    pub fn dry(mut self) -> Self {
        self.document["dry_run"] = true.into();
        self.text
            .insert_str(0, "a dry run, of which nothing is kept:\n");
        self
    }

    /// A list of records, as a table for people.
    pub fn list(records: &impl serde::Serialize) -> anyhow::Result<Self> {
        let document = serde_json::to_value(records)?;
        let rows: Vec<Vec<String>> = document
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .map(|r| r.values().map(shown).collect())
            .collect();
        let heads: Vec<String> = document
            .get(0)
            .and_then(Value::as_object)
            .map_or_else(Vec::new, |r| r.keys().cloned().collect());
        let width = |n: usize| {
            rows.iter()
                .chain([&heads])
                .filter_map(|r| r.get(n))
                .map(|c| c.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..heads.len()).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            format!("{}\n", cells.join("  ").trim_end())
        };
        let text = if rows.is_empty() {
            "none\n".into()
        } else {
            [&heads].into_iter().chain(&rows).map(line).collect()
        };
        Ok(Self {
            document,
            text,
            ok: true,
        })
    }
}

/// The lines that say what was set aside; none when nothing was.
pub fn set_aside_lines(set_aside: &[SetAside]) -> String {
    let line = |s: &SetAside| match s.reason.starts_with(&s.subject) {
        true => format!("set aside: {}\n", s.reason),
        false => format!("set aside: {}: {}\n", s.subject, s.reason),
    };
    set_aside.iter().map(line).collect()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "none".into(),
        Value::Array(values) => values.iter().map(shown).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}
