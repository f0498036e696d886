//! The catalogues of texts are complete, used, well formed and typographically right, and no text
//! stands outside them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fluent_syntax::ast;
use fluent_syntax::parser;
use obole::texts::{self, TextValue};
use obole::values::Locale;

/// The arguments of each key of a catalogue.
type Keys = BTreeMap<String, BTreeSet<String>>;

/// The keys that a catalogue's source defines, with the names of the arguments they use.
fn keys(source: &str) -> Keys {
    let resource = parser::parse(source).map_err(|(_, errors)| errors).unwrap();
    let messages = resource.body.iter().filter_map(|entry| match entry {
        ast::Entry::Message(message) => Some(message),
        _ => None,
    });
    messages
        .map(|message| {
            let mut arguments = BTreeSet::new();
            of_pattern(message.value.as_ref().unwrap(), &mut arguments);
            (message.id.name.to_owned(), arguments)
        })
        .collect()
}

fn of_pattern(pattern: &ast::Pattern<&str>, arguments: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        if let ast::PatternElement::Placeable { expression } = element {
            of_expression(expression, arguments);
        }
    }
}

fn of_expression(expression: &ast::Expression<&str>, arguments: &mut BTreeSet<String>) {
    match expression {
        ast::Expression::Inline(inline) => of_inline(inline, arguments),
        ast::Expression::Select { selector, variants } => {
            of_inline(selector, arguments);
            for variant in variants {
                of_pattern(&variant.value, arguments);
            }
        }
    }
}

fn of_inline(inline: &ast::InlineExpression<&str>, arguments: &mut BTreeSet<String>) {
    match inline {
        ast::InlineExpression::VariableReference { id } => {
            arguments.insert(id.name.to_owned());
        }
        ast::InlineExpression::Placeable { expression } => of_expression(expression, arguments),
        _ => {}
    }
}

fn all_keys(locale: Locale) -> Keys {
    texts::sources(locale)
        .iter()
        .flat_map(|(_, source)| keys(source))
        .collect()
}

/// Every source file of the rooms that speak to people, with its path.
fn sources_of_code() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    files(&root, &mut found);
    found.retain(|path| path.extension().is_some_and(|e| e == "rs" || e == "html"));
    found
        .into_iter()
        .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
        .collect()
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Words of contracts that only look like keys.
const NOT_KEYS: [&str; 2] = ["donor-payment", "public-utility-foundation"];

/// The string literals of a source file that look like keys: words of a catalogue's file, joined by
/// hyphens.
fn literals(source: &str) -> BTreeSet<&str> {
    let files = texts::sources(Locale::Fr).map(|(file, _)| file);
    source
        .split('"')
        .filter(|literal| {
            let is_key = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            let file = literal.split_once('-').map(|(file, _)| file);
            let named = file.is_some_and(|file| files.contains(&file));
            named && literal.chars().all(is_key) && !NOT_KEYS.contains(literal)
        })
        .collect()
}

#[test]
fn both_languages_have_the_same_keys_with_the_same_arguments() {
    assert_eq!(all_keys(Locale::Fr), all_keys(Locale::En));
    assert!(all_keys(Locale::Fr).len() > 150);
    assert_ne!(keys("a = { $count } b\n"), keys("a = { $number } b\n"));
    assert_ne!(keys("a = b\n"), keys("a = b\nc = d\n"));
}

#[test]
fn a_key_begins_with_the_name_of_its_file_and_stands_once() {
    for locale in Locale::ALL {
        let mut seen = BTreeSet::new();
        for (file, source) in texts::sources(locale) {
            let defined = keys(source);
            assert_eq!(
                defined.len(),
                source
                    .lines()
                    .filter(|l| l.contains(" =") && !l.starts_with([' ', '#']))
                    .count(),
                "{locale}/{file}.ftl defines a key twice"
            );
            for key in defined.into_keys() {
                assert!(
                    key.starts_with(&format!("{file}-")),
                    "{key} stands in {file}.ftl"
                );
                assert!(seen.insert(key));
            }
        }
    }
}

#[test]
fn every_key_is_used_and_every_key_that_is_used_exists() {
    let defined: BTreeSet<String> = all_keys(Locale::Fr).into_keys().collect();
    let code = sources_of_code();
    let used: BTreeSet<String> = code
        .iter()
        .flat_map(|(_, source)| literals(source))
        .map(str::to_owned)
        .collect();
    let unused: Vec<_> = defined.difference(&used).collect();
    let missing: Vec<_> = used.difference(&defined).collect();
    assert!(unused.is_empty(), "no code uses {unused:#?}");
    assert!(missing.is_empty(), "no catalogue has {missing:#?}");
    let planted = r#"{{ shell.text("donor-home-titel") }} <div class="pair">"#;
    assert_eq!(literals(planted), BTreeSet::from(["donor-home-titel"]));
}

#[test]
fn every_text_is_written_without_an_error_for_one_and_for_many() {
    for locale in Locale::ALL {
        for (key, arguments) in all_keys(locale) {
            for count in [0, 1, 2, 1_000_000] {
                let sample: Vec<(&str, TextValue<'_>)> = arguments
                    .iter()
                    .map(|name| match name.as_str() {
                        "count" | "number" | "day" => (name.as_str(), count.into()),
                        _ => (name.as_str(), "x".into()),
                    })
                    .collect();
                let text = texts::text_with(locale, &key, &sample);
                assert!(!text.is_empty(), "{locale} {key}");
                assert!(
                    !text.contains(['{', '}', '\u{2068}', '\u{2069}']),
                    "{locale} {key}: {text}"
                );
            }
        }
    }
}

#[test]
#[should_panic(expected = "there is no such key")]
fn a_key_that_does_not_exist_stops_a_test() {
    let _ = texts::text(Locale::Fr, "donor-home-titel");
}

#[test]
#[should_panic(expected = "name")]
fn an_argument_that_is_missing_stops_a_test() {
    let _ = texts::text(Locale::Fr, "donor-home-hello");
}

#[test]
fn numbers_agree_with_what_they_count() {
    let weight = |locale, count: i32| {
        texts::text_with(locale, "donor-causes-weight", &[("count", count.into())]).into_owned()
    };
    assert_eq!(
        [0, 1, 2, 1234].map(|n| weight(Locale::Fr, n)),
        ["Aucun euro", "1 part", "2 parts", "1\u{202f}234 parts"]
    );
    assert_eq!(
        [0, 1, 2, 1234].map(|n| weight(Locale::En, n)),
        ["No euro", "1 share", "2 shares", "1,234 shares"]
    );
    let due = |locale, count: i32| {
        let arguments = [
            ("merchant", "M".into()),
            ("month", "m".into()),
            ("count", count.into()),
            ("amount", "a".into()),
        ];
        texts::text_with(locale, "mail-statement-due", &arguments).into_owned()
    };
    assert!(
        due(Locale::Fr, 0).contains("0 don de"),
        "zero is singular in French"
    );
    assert!(due(Locale::Fr, 2).contains("2 dons de"));
    assert!(due(Locale::En, 0).contains("0 donations from"));
    assert!(due(Locale::En, 1).contains("1 donation from"));
}

/// What is wrong with the typography of a catalogue's source, comments aside.
fn typographic_faults(locale: Locale, source: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for line in source.lines().filter(|line| !line.starts_with('#')) {
        let mut fault = |what: &str| faults.push(format!("{what}: {line}"));
        let chars: Vec<char> = line.chars().collect();
        let french = locale == Locale::Fr;
        let before = |n: usize| n.checked_sub(1).and_then(|n| chars.get(n)).copied();
        for (n, c) in chars.iter().enumerate() {
            let next = chars.get(n + 1).copied();
            match c {
                '\'' | '"' => fault("an apostrophe or a quotation mark of a typewriter"),
                ':' if french
                    && next.is_none_or(char::is_whitespace)
                    && before(n) != Some('\u{a0}') =>
                {
                    fault("no no-break space before a colon");
                }
                ';' | '!' | '?' if french && before(n) != Some('\u{202f}') => {
                    fault("no narrow no-break space before ; ! or ?");
                }
                '»' if before(n) != Some('\u{a0}') => fault("no no-break space before »"),
                '«' if next != Some('\u{a0}') => fault("no no-break space after «"),
                ';' | '!' | '?' | ':' if !french && before(n).is_some_and(char::is_whitespace) => {
                    fault("a space before a mark in English");
                }
                _ => {}
            }
        }
        if line.contains("...") {
            fault("three dots instead of an ellipsis");
        }
    }
    faults
}

#[test]
fn apostrophes_quotation_marks_and_spaces_are_those_of_each_language() {
    for locale in Locale::ALL {
        for (file, source) in texts::sources(locale) {
            let faults = typographic_faults(locale, source);
            assert!(faults.is_empty(), "{locale}/{file}.ftl: {faults:#?}");
        }
    }
    for planted in [
        "a = L'euro\n",
        "a = Le mois : mai\n",
        "a = Vraiment ?\n",
        "a = Vraiment?\n",
        "a = oui ; non\n",
        "a = « oui »\n",
        "a = attendez...\n",
    ] {
        assert!(
            !typographic_faults(Locale::Fr, planted).is_empty(),
            "{planted}"
        );
    }
    for planted in ["a = It's\n", "a = Really ?\n", "a = \"yes\"\n"] {
        assert!(
            !typographic_faults(Locale::En, planted).is_empty(),
            "{planted}"
        );
    }
    let right = "a = L’euro\u{a0}: «\u{a0}oui\u{a0}»\u{202f}; http://x.org\n";
    assert!(typographic_faults(Locale::Fr, right).is_empty());
}

/// The words of a template that stand outside tags and expressions.
fn words_of_template(template: &str) -> String {
    let mut words = String::new();
    let mut rest = template;
    while let Some(start) = rest.find(['<', '{']) {
        words.push_str(&rest[..start]);
        let end = match &rest[start..] {
            tail if tail.starts_with("{{") => tail.find("}}").map(|n| n + 2),
            tail if tail.starts_with("{%") => tail.find("%}").map(|n| n + 2),
            // An expression inside a tag may hold a `>`.
            tail => end_of_tag(tail),
        };
        rest = &rest[start + end.unwrap()..];
    }
    words.push_str(rest);
    words
}

fn end_of_tag(tag: &str) -> Option<usize> {
    let mut depth = 0_i32;
    for (n, c) in tag.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            '>' if depth == 0 => return Some(n + 1),
            _ => {}
        }
    }
    None
}

/// Names and technical words, which are the same in every language.
const NAMES: [&str; 6] = ["Obole", "Librairie", "des", "Lilas", "PDF", "POST"];

fn untranslated(template: &str) -> Vec<String> {
    words_of_template(template)
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty() && !NAMES.contains(word))
        .map(str::to_owned)
        .collect()
}

#[test]
fn templates_hold_keys_and_no_words_of_their_own() {
    for (path, source) in sources_of_code() {
        if path.extension().is_some_and(|e| e == "html") {
            let words = untranslated(&source);
            assert!(words.is_empty(), "{}: {words:?}", path.display());
        }
    }
    let planted = r#"<p{% if a > 1 %} class="x"{% endif %}>{{ shell.text("a") }} Bonjour</p>"#;
    assert_eq!(untranslated(planted), ["Bonjour"]);
}
