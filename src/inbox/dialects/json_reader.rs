//! The reader of `Json`: goes through a text once, from left to right.

use std::borrow::Cow;

use super::json::Json;
use crate::inbox::event::ParseError;

/// How deep lists and objects may stand in each other.
const MAX_DEPTH: usize = 128;

/// A body as text: without a byte order mark, and with a replacement for bytes that are none.
pub(super) fn text_of(body: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body))
}

/// What a body says under a name, by which its platform names a delivery; none where it does not.
pub(super) fn named(body: &[u8], name: &str) -> Option<String> {
    let text = text_of(body);
    let document = read_json(&text).ok()?;
    document.get(name).filled().map(str::to_owned)
}

/// Reads a whole text.
pub(super) fn read_json(text: &str) -> Result<Json<'_>, ParseError> {
    Reader::new(text)
        .document()
        .map_err(|Mistake { what, at }| {
            ParseError::field(".", format!("not JSON: {what} at byte {at}"))
        })
}

/// Why a text is not JSON, and where.
struct Mistake {
    what: &'static str,
    /// In bytes.
    at: usize,
}

/// A text and how far it is read.
struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl<'t> Reader<'t> {
    const fn new(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
        }
    }

    /// One value, and nothing after it.
    fn document(&mut self) -> Result<Json<'t>, Mistake> {
        let value = self.value()?;
        self.skip(|b| b.is_ascii_whitespace() || b == 0);
        match self.peek() {
            None => Ok(value),
            Some(_) => Err(self.mistake("something after the end")),
        }
    }

    const fn mistake(&self, what: &'static str) -> Mistake {
        Mistake { what, at: self.at }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self, is_skipped: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&is_skipped) {
            self.at += 1;
        }
    }

    /// The next byte that is no white space.
    fn next_token(&mut self) -> Option<u8> {
        self.skip(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'));
        self.peek()
    }

    fn takes(&mut self, byte: u8) -> bool {
        let is_next = self.next_token() == Some(byte);
        if is_next {
            self.at += 1;
        }
        is_next
    }

    fn value(&mut self) -> Result<Json<'t>, Mistake> {
        match self.next_token() {
            Some(b'"') => Ok(Json::Text(self.string()?)),
            Some(b'[') => self.nested(Self::list),
            Some(b'{') => self.nested(Self::object),
            Some(_) => self.word_or_number(),
            None => Err(self.mistake("the text ends where a value is needed")),
        }
    }

    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Json<'t>, Mistake>,
    ) -> Result<Json<'t>, Mistake> {
        if self.depth == MAX_DEPTH {
            return Err(self.mistake("it is nested too deep"));
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn list(&mut self) -> Result<Json<'t>, Mistake> {
        let mut list = Vec::new();
        if self.takes(b']') {
            return Ok(Json::List(list));
        }
        loop {
            list.push(self.value()?);
            if self.takes(b']') {
                return Ok(Json::List(list));
            }
            if !self.takes(b',') {
                return Err(self.mistake("a comma or the end of a list is missing"));
            }
        }
    }

    fn object(&mut self) -> Result<Json<'t>, Mistake> {
        let mut members = Vec::new();
        if self.takes(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            if self.next_token() != Some(b'"') {
                return Err(self.mistake("a name is missing"));
            }
            let name = self.string()?;
            if !self.takes(b':') {
                return Err(self.mistake("a colon is missing"));
            }
            members.push((name, self.value()?));
            if self.takes(b'}') {
                return Ok(Json::Object(members));
            }
            if !self.takes(b',') {
                return Err(self.mistake("a comma or the end of an object is missing"));
            }
        }
    }

    fn word_or_number(&mut self) -> Result<Json<'t>, Mistake> {
        let from = self.at;
        self.skip(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.'));
        let written = self.text.get(from..self.at).unwrap_or("");
        match written {
            "true" => Ok(Json::Bool(true)),
            "false" => Ok(Json::Bool(false)),
            // What Python and JavaScript write for a number that is none.
            "null" | "NaN" | "Infinity" | "-Infinity" | "undefined" => Ok(Json::Null),
            _ if is_number(written) => Ok(Json::Number(written)),
            _ => Err(Mistake {
                what: "neither a value nor a number",
                at: from,
            }),
        }
    }

    /// A text between quotation marks; it borrows unless something in it is escaped.
    fn string(&mut self) -> Result<Cow<'t, str>, Mistake> {
        self.at += 1;
        let rest = self.rest();
        let plain = rest
            .bytes()
            .take_while(|b| !matches!(b, b'"' | b'\\'))
            .count();
        let head = rest.get(..plain).unwrap_or("");
        self.at += plain;
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(Cow::Borrowed(head));
        }
        let mut text = head.to_owned();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(text));
                }
                Some(b'\\') => text.push(self.escaped()?),
                Some(_) => {
                    let rest = self.rest();
                    let plain = rest
                        .bytes()
                        .take_while(|b| !matches!(b, b'"' | b'\\'))
                        .count();
                    text.push_str(rest.get(..plain).unwrap_or(""));
                    self.at += plain;
                }
                None => return Err(self.mistake("a text does not end")),
            }
        }
    }

    /// A character after a backslash.
    fn escaped(&mut self) -> Result<char, Mistake> {
        self.at += 1;
        let Some(kind) = self.peek() else {
            return Err(self.mistake("a text does not end"));
        };
        let simple = match kind {
            b'"' | b'\\' | b'/' => char::from(kind),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.at += 1;
                return self.code_point();
            }
            _ => return Err(self.mistake("an escape that is none")),
        };
        self.at += 1;
        Ok(simple)
    }

    /// The character of `\uXXXX`, or of two that make a pair; half a pair is replaced.
    fn code_point(&mut self) -> Result<char, Mistake> {
        let first = self.four_digits()?;
        let is_high = (0xd800..0xdc00).contains(&first);
        if is_high && self.rest().starts_with("\\u") {
            let before = self.at;
            self.at += 2;
            let second = self.four_digits()?;
            if (0xdc00..0xe000).contains(&second) {
                let joined = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            // It stands for itself.
            self.at = before;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn four_digits(&mut self) -> Result<u32, Mistake> {
        let digits = self
            .rest()
            .get(..4)
            .filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let value = digits.and_then(|d| u32::from_str_radix(d, 16).ok());
        let value = value.ok_or_else(|| self.mistake("four hexadecimal digits are missing"))?;
        self.at += 4;
        Ok(value)
    }
}

/// Whether a text is a number as JSON writes them.
fn is_number(written: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let unsigned = written.strip_prefix('-').unwrap_or(written);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|e| digits(e.strip_prefix(['-', '+']).unwrap_or(e)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn as_value(json: &Json<'_>) -> Value {
        match json {
            Json::Null => Value::Null,
            Json::Bool(b) => Value::Bool(*b),
            Json::Number(n) => serde_json::from_str(n).unwrap(),
            Json::Text(t) => Value::String(t.to_string()),
            Json::List(list) => list.iter().map(as_value).collect(),
            Json::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(n, v)| (n.to_string(), as_value(v)))
                    .collect(),
            ),
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_json_reads_as_any_reader_reads_it(value in values(), pretty: bool) {
            let text = if pretty {
                serde_json::to_string_pretty(&value).unwrap()
            } else {
                value.to_string()
            };
            let right: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(as_value(&read_json(&text).unwrap()), right);
        }

        #[test]
        fn no_bytes_make_it_panic_and_it_refuses_no_json(bytes in prop::collection::vec(
            prop_oneof![
                any::<u8>(),
                prop::sample::select(br#"{}[]",:\u0d8-1.eEtrufalsn "#.to_vec()),
            ],
            0..60))
        {
            let text = text_of(&bytes);
            let read = read_json(&text);
            if serde_json::from_str::<Value>(&text).is_ok() {
                prop_assert!(read.is_ok());
            }
        }
    }

    #[test]
    fn what_is_written_beside_the_rules_is_read() {
        let body = b"\xef\xbb\xbf{\"a\": \"half \\ud83c\", \"b\": \"\xff\", \"c\": \"x\ty\",
            \"d\": \"\\ud83c\\udf33\", \"e\": NaN, \"f\": 1e999, \"a\": \"\\udf33!\"}\0\n";
        let text = text_of(body);
        let json = read_json(&text).unwrap();
        assert_eq!(json.get("a").text(), Some("\u{fffd}!"), "the last counts");
        assert_eq!(json.get("b").text(), Some("\u{fffd}"));
        assert_eq!(json.get("c").text(), Some("x\ty"));
        assert_eq!(json.get("d").text(), Some("🌳"));
        assert_eq!(
            (json.get("e").is_null(), json.get("f").text()),
            (true, Some("1e999"))
        );
        assert_eq!(json.get("none").get("deeper"), &Json::Null);
    }

    #[test]
    fn lists_come_in_many_shapes() {
        for (text, count) in [
            ("[1, 2]", 2),
            (r#"{"0": 1, "7": 2}"#, 2),
            ("{}", 0),
            ("null", 0),
            (r#"{"name": "x"}"#, 1),
            ("\"x\"", 0),
        ] {
            assert_eq!(read_json(text).unwrap().items().count(), count, "{text}");
        }
        for pairs in [
            json!([{"name": {}, "value": 1}, {"name": "k", "value": "v"}]),
            json!({"3": {"name": "k", "value": "v"}}),
            json!({"name": "k", "value": "v"}),
            json!({"k": "v"}),
        ] {
            let text = pairs.to_string();
            let json = read_json(&text).unwrap();
            assert_eq!(
                json.value_of("name", "k").and_then(Json::text),
                Some("v"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in [
            "",
            "{",
            "[1",
            "{\"a\"}",
            "{\"a\":}",
            "[1,]",
            "{\"a\":1,}",
            "\"x",
            "01",
            "1.",
            "-",
            "1e",
            "tru",
            "[] []",
            "\"\\u12\"",
            "\"\\x\"",
            "{a:1}",
        ] {
            assert!(read_json(text).is_err(), "{text}");
        }
        assert!(read_json(&"[".repeat(100_000)).is_err(), "deep nesting");
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        assert!(read_json(&deep).is_ok());
    }
}
