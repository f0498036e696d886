//! Finds references of ours in what payers write and banks mangle: in pieces, in lower case, with
//! spaces, dots and dashes, among other words.

use crate::values::is_rf_reference;

/// The length of our creditor references: RF, two check digits and twenty characters.
const CREDITOR_REFERENCE: usize = 24;
/// The length of our EndToEndIds: a UUID in hexadecimal.
const END_TO_END_ID: usize = 32;
/// The most references that are taken from one line.
const MOST_REFERENCES: usize = 500;

/// Adds what in a text may be a reference of ours, in capitals and without anything between its
/// characters, each once.
pub(super) fn find_references(text: &str, found: &mut Vec<String>) {
    let squeezed = squeezed(text);
    let mut add = |reference: &str| {
        if found.len() < MOST_REFERENCES && !found.iter().any(|f| f == reference) {
            found.push(reference.to_owned());
        }
    };
    for (at, _) in squeezed.match_indices("RF") {
        let candidate = squeezed.get(at..at + CREDITOR_REFERENCE);
        if let Some(candidate) = candidate.filter(|c| is_rf_reference(c)) {
            add(candidate);
        }
    }
    for at in 0..squeezed.len().saturating_sub(END_TO_END_ID - 1) {
        let candidate = squeezed.get(at..at + END_TO_END_ID);
        if let Some(candidate) = candidate.filter(|c| is_end_to_end_id(c)) {
            add(candidate);
        }
    }
}

/// The letters and digits of a text in capitals, without the marks that banks put between pieces:
/// the numbers of fields (`?20` to `?29`, `?60` to `?63`) of MT940.
fn squeezed(text: &str) -> String {
    let mut squeezed = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    let mut ahead;
    while let Some(c) = rest.next() {
        if c == '?' {
            ahead = rest.clone();
            let digits = (ahead.next(), ahead.next());
            if let (Some('2' | '6'), Some('0'..='9')) = digits {
                rest = ahead;
            }
        } else if c.is_ascii_alphanumeric() {
            squeezed.push(c.to_ascii_uppercase());
        }
    }
    squeezed
}

/// Whether a text is an id of ours as an EndToEndId writes it: a UUID of version 7 (RFC 9562).
fn is_end_to_end_id(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.get(12) == Some(&b'7')
        && matches!(bytes.get(16), Some(b'8' | b'9' | b'A' | b'B'))
        && bytes.iter().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        find_references(text, &mut found);
        found
    }

    #[test]
    fn a_reference_is_found_however_it_is_mangled() {
        for text in [
            "RF2076C78637EFE5754F422D",
            "rf20 76c7 8637 efe5 754f 422d",
            "RF20-76C7-8637-EFE5-754F-422D",
            "RF20.76C7.8637.EFE5.754F.422D.",
            "Obole novembre RF2076C78637EFE5754F422D merci",
            "OBOLE NOVEMBRE 2026 RF2076C78637EFE\n5754F422D MERCI",
            "SVWZ+OBOLE NOV?21RF2076C78637EFE?225754F422D",
            "/RFB/RF2076C78637EFE5754F422D/TXT/merci",
            "VIR RF RF2076C78637EFE5754F422D",
            "ref:\u{a0}RF20\u{202f}76C78637EFE5754F422D",
        ] {
            assert_eq!(found(text), ["RF2076C78637EFE5754F422D"], "{text}");
        }
        for text in [
            "01A216392D4F735A9981384FD4831AB1",
            "01a21639-2d4f-735a-9981-384fd4831ab1",
            "VIR 01A216392D4F735A 9981384FD4831AB1 EMIS",
        ] {
            assert_eq!(found(text), ["01A216392D4F735A9981384FD4831AB1"], "{text}");
        }
    }

    #[test]
    fn what_is_no_reference_is_not_taken_for_one() {
        for text in [
            "",
            "NOTPROVIDED",
            "RF2176C78637EFE5754F422D",
            "PARFUMERIE DU MARCHE NOVEMBRE 2026 ?20?21",
            "01A216392D4F435A9981384FD4831AB1",
            "é".repeat(50).as_str(),
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn each_of_several_references_is_found_once() {
        let both = "RF2076C78637EFE5754F422D et RF98AAAABBBBCCCCDDDDEEEE, RF2076C78637EFE5754F422D";
        assert_eq!(
            found(both),
            ["RF2076C78637EFE5754F422D", "RF98AAAABBBBCCCCDDDDEEEE"]
        );
    }
}
