//! Fields of comma-separated lists (RFC 4180).

/// A field in quotes; one that a spreadsheet would take for a formula is defused.
#[must_use]
pub fn csv_field(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        "'"
    } else {
        ""
    };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_quoted_and_a_formula_defused() {
        assert_eq!(
            (csv_field("a \"b\"").as_str(), csv_field("=1+1").as_str()),
            ("\"a \"\"b\"\"\"", "\"'=1+1\"")
        );
    }
}
