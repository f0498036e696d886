//! One word per idea in names, and plain words in comments.

use super::source::Source;
use super::{assert_found, assert_kept};

/// Words that no name of `src` may have as a part, in any of the endings, and what to say instead.
const WORDS: &[(&str, &str)] = &[
    ("gift", "donation"),
    ("shop", "merchant"),
    ("euro", "donation, amount"),
    ("letter", "mail, message"),
    ("poster", "process_inbox: posting is the ledger's"),
    ("keeper", "maintenance"),
    ("reviver", "postgres_watchdog"),
    ("gate", "settlement_lock"),
    ("door", "partition"),
    ("hope", "breaker"),
    ("fate", "disposition"),
    ("bury", "dead_letter"),
    ("buried", "dead_letter"),
    ("believe", "verify"),
];

/// What may follow a banned word: it is the same word.
const ENDINGS: [&str; 5] = ["", "s", "d", "ed", "less"];

/// Where a banned word is the right one: in which paths, in which words of a name, and why.
const ALLOWED: &[(&str, &str, &str)] = &[
    ("src/", "euros", "prints an amount in euros"),
    ("src/", "dead letter", "the term of message queues"),
    ("src/", "dead letters", "the term of message queues"),
    (
        "src/demo/",
        "shop",
        "the demonstration's pages are at /demo/shop",
    ),
    (
        "src/web/demo/",
        "shop",
        "the demonstration's pages are at /demo/shop",
    ),
];

/// A phrase that no comment may have: its first word begins a sentence or a clause, and one of the
/// others follows. Then what to say instead.
const PHRASES: &[(&str, &[&str], &str)] = &[(
    "answers",
    &[
        "how", "what", "whether", "its", "the", "their", "if", "none", "false", "true", "all",
    ],
    "returns",
)];

/// A name that has another word for an idea than its own.
fn violations_of_names(files: &[Source]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in files.iter().filter(|f| f.room().is_some()) {
        for (line, name) in &file.names {
            let mut parts = format!(" {} ", parts(name).join(" "));
            for (_, allowed, _) in ALLOWED.iter().filter(|a| file.path.starts_with(a.0)) {
                parts = parts.replace(&format!(" {allowed} "), "  ");
            }
            for part in parts.split_whitespace() {
                let found = WORDS.iter().find(|(word, _)| is_form_of(part, word));
                if let Some((word, instead)) = found {
                    let path = &file.path;
                    violations.push(format!("{path}:{line}: {name}: not {word} but {instead}"));
                }
            }
        }
    }
    violations
}

fn is_form_of(part: &str, word: &str) -> bool {
    part.strip_prefix(word)
        .is_some_and(|ending| ENDINGS.contains(&ending))
}

/// The words of a name, in lower case: `dead_letter`, `DeadLetter` and `DEAD_LETTER` alike.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut after_lower = false;
    for c in name.chars() {
        if c == '_' || c.is_uppercase() && after_lower {
            parts.push(String::new());
        }
        after_lower = c.is_lowercase() || c.is_numeric();
        if let Some(part) = parts.last_mut().filter(|_| c != '_') {
            part.extend(c.to_lowercase());
        }
    }
    parts
}

/// A phrase in a comment for which there is a plainer one.
fn violations_of_comments(files: &[Source]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in files {
        for block in file.comments.chunk_by(|a, b| a.0 + 1 == b.0) {
            let words: Vec<(usize, &str)> = block
                .iter()
                .flat_map(|(line, text)| text.split_whitespace().map(|word| (*line, word)))
                .collect();
            for (at, (line, word)) in words.iter().enumerate() {
                let begins = at == 0 || words[at - 1].1.ends_with(['.', ';', ',', ':']);
                let next = words
                    .get(at + 1)
                    .map_or("", |w| w.1.trim_end_matches(['.', ',', ';']));
                let phrase = PHRASES.iter().find(|(first, followers, _)| {
                    begins && word.eq_ignore_ascii_case(first) && followers.contains(&next)
                });
                if let Some((first, _, instead)) = phrase {
                    let path = &file.path;
                    violations.push(format!("{path}:{line}: not {first} {next} but {instead}"));
                }
            }
        }
    }
    violations
}

#[test]
fn names_have_one_word_per_idea() {
    assert_kept(violations_of_names);
}

#[test]
fn a_second_word_for_an_idea_is_found_in_every_kind_of_name() {
    let planted = [
        "fn is_gift() {}",
        "fn f(gifts: u8) {}",
        "struct HeldGifts;",
        "struct A { gift: u8 }",
        "enum A { Gift }",
        "const GIFTS: u8 = 1;",
        "static GIFT_TOO: u8 = 1;",
        "type Gift = u8;",
        "trait Gift {}",
        "mod gift {}",
        "macro_rules! gift { () => {} }",
        "use crate::donations as gifts;",
        "fn f() { let (a, Some(gift)) = b else { return }; }",
        "fn f() { for gift in b {} }",
        "fn f() { a.map(|gift| gift.b) }",
        "fn f() { match a { Ok(gift) => {} _ => {} } }",
        "impl A { fn gift(&self) {} }",
        "mod tests { #[test] fn a_gift_is_found() {} }",
    ];
    for text in planted {
        let file = [("src/donations/list.rs", text)];
        assert_found(violations_of_names, &file, &["src/donations/list.rs:1: "]);
    }
}

#[test]
fn each_banned_word_is_found_and_words_like_it_are_not() {
    assert_found(
        violations_of_names,
        &[
            (
                "src/web/a.rs",
                "fn f(shop: A, one_euro: A, letters: A, poster: A, keeper: A) {}",
            ),
            (
                "src/web/b.rs",
                "fn f(gate: A, open_door: A, hopeless: A, fate: A, buried: A) {}",
            ),
            (
                "src/web/c.rs",
                "struct Reviver; fn believes(shopify: A, gateway: A, doors: A) {}",
            ),
            (
                "src/web/d.rs",
                "fn euros(dead_letter: DeadLetter, total_euros: A) -> Gift {}",
            ),
            (
                "src/web/demo/shop.rs",
                "struct Shop; mod shop {} fn dead_letters(letter: A) {}",
            ),
        ],
        &[
            "src/web/a.rs:1: shop: not shop but merchant",
            "src/web/a.rs:1: one_euro: not euro but ",
            "src/web/a.rs:1: letters: not letter but ",
            "src/web/a.rs:1: poster: not poster but ",
            "src/web/a.rs:1: keeper: not keeper but ",
            "src/web/b.rs:1: gate: not gate but ",
            "src/web/b.rs:1: open_door: not door but ",
            "src/web/b.rs:1: hopeless: not hope but ",
            "src/web/b.rs:1: fate: not fate but ",
            "src/web/b.rs:1: buried: not buried but ",
            "src/web/c.rs:1: Reviver: not reviver but ",
            "src/web/c.rs:1: believes: not believe but ",
            "src/web/c.rs:1: doors: not door but ",
            "src/web/demo/shop.rs:1: letter: not letter but ",
        ],
    );
}

#[test]
fn comments_use_plain_words() {
    assert_kept(violations_of_comments);
}

#[test]
fn a_phrase_that_has_a_plainer_one_is_found_in_every_kind_of_comment() {
    assert_found(
        violations_of_comments,
        &[
            (
                "src/inbox/a.rs",
                "//! In.\n\n/// Lists; answers how many.\nfn f() {}",
            ),
            (
                "src/inbox/b.rs",
                "fn f() {\n    g(\"é\"); // Answers the ids.\n}",
            ),
            (
                "src/inbox/c.rs",
                "/// Counts an approval,\n/// answers\n/// whether it did.\nfn f() {}",
            ),
            (
                "src/inbox/d.rs",
                "macro_rules! a { () => {\n    /* Answers false. */\n} }",
            ),
            ("tests/it/e.rs", "//! Answers what is asked."),
            (
                "migrations/0001_a.sql",
                "-- One.\nselect 1; -- answers all\n",
            ),
        ],
        &[
            "src/inbox/a.rs:3: not answers how but returns",
            "src/inbox/b.rs:2: not answers the but returns",
            "src/inbox/c.rs:2: not answers whether but returns",
            "src/inbox/d.rs:2: not answers false but returns",
            "tests/it/e.rs:1: not answers what but returns",
            "migrations/0001_a.sql:2: not answers all but returns",
        ],
    );
}

#[test]
fn only_comments_are_read_and_a_server_may_answer() {
    assert_found(
        violations_of_comments,
        &[
            (
                "src/a.rs",
                "fn f() { g(\"Answers the ids.\", \"// answers all\") }",
            ),
            (
                "src/b.rs",
                "/// What the server\n/// answers the client. It answers all.",
            ),
            ("src/c.rs", "// Lists.\n\n// Its answers the page shows."),
        ],
        &[],
    );
}
