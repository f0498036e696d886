//! Where a field is in a generic sender's body: `data.order.id`, `included[type=line_items]`.

use super::json::Json;

/// The values at a path, the first ones first. A list on the way stands for each of its elements.
pub(super) fn values_at<'j>(from: &'j Json<'j>, path: &str) -> Vec<&'j Json<'j>> {
    let mut found = vec![from];
    for step in steps(path) {
        let (name, condition) = match step.split_once('[') {
            Some((name, rest)) => (name, rest.strip_suffix(']')),
            None => (step, None),
        };
        found = found
            .into_iter()
            .flat_map(elements)
            .map(|value| {
                if name.is_empty() {
                    value
                } else {
                    value.get(name)
                }
            })
            .filter(|value| !value.is_null())
            .collect();
        if let Some((at, wanted)) = condition.and_then(|c| c.split_once('=')) {
            found = found
                .into_iter()
                .flat_map(elements)
                .filter(|value| text_at(value, at) == Some(wanted))
                .collect();
        }
    }
    found
}

/// The text of the first filled value at a path; none for an empty path.
pub(super) fn text_at<'j>(from: &'j Json<'j>, path: &str) -> Option<&'j str> {
    if path.is_empty() {
        return None;
    }
    values_at(from, path).into_iter().find_map(Json::filled)
}

/// A list's elements, or the value itself.
fn elements<'j>(value: &'j Json<'j>) -> Vec<&'j Json<'j>> {
    match value {
        Json::List(list) => list.iter().collect(),
        single => vec![single],
    }
}

/// The names of a path, without parting what stands in brackets.
fn steps(path: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_u32;
    path.split(move |c: char| {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == '.' && depth == 0
    })
}

#[cfg(test)]
mod tests {
    use super::super::json_reader::read_json;
    use super::*;

    #[test]
    fn a_path_goes_through_objects_lists_and_conditions() {
        let json = read_json(
            r#"{"data": {"id": 7, "empty": ""},
                "included": [{"type": "lines", "attributes": {"sku.code": "A", "sum": 1}},
                             {"type": "people"},
                             {"type": "lines", "attributes": {"sum": 2}}],
                "one": {"type": "lines"}}"#,
        )
        .unwrap();
        assert_eq!(text_at(&json, "data.id"), Some("7"));
        assert_eq!(text_at(&json, "data.empty"), None);
        assert_eq!(text_at(&json, ""), None);
        assert_eq!(text_at(&json, "data.id.deeper"), None);
        let sums: Vec<_> = values_at(&json, "included[type=lines].attributes.sum")
            .into_iter()
            .filter_map(Json::text)
            .collect();
        assert_eq!(sums, ["1", "2"]);
        assert_eq!(values_at(&json, "one[type=lines]").len(), 1);
        assert_eq!(values_at(&json, "one[type=people]").len(), 0);
        for odd in [
            "[",
            "]",
            "a[",
            "a[b",
            "[=]",
            "..",
            "included[type=",
            "é[à=ù]",
        ] {
            assert!(values_at(&json, odd).len() <= 3, "{odd}");
        }
    }
}
