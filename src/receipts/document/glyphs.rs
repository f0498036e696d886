//! Which names and addresses the receipt's font can print.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::world::Resources;

/// A text as fonts know its letters: a letter and its marks are one character wherever there is one
/// (Unicode's form NFC), however the text was typed.
#[must_use]
pub fn composed(text: &str) -> String {
    text.nfc().collect()
}

/// Whether a text has letters or digits, and the font has a glyph for each of them and for each of
/// their marks.
///
/// What is no letter, such as an emoji beside a name, is left out of the document without harm.
#[must_use]
pub fn can_be_printed(text: &str) -> bool {
    let Ok(resources) = Resources::get() else {
        return false;
    };
    let (mut any, mut follows) = (false, false);
    for c in text.nfc() {
        let is_written = c.is_alphanumeric();
        let belongs = is_written || (follows && is_combining_mark(c) && !selects_variation(c));
        if belongs && !resources.has_glyph(c) {
            return false;
        }
        any |= is_written;
        follows = belongs;
    }
    any
}

/// Whether a mark only chooses how an emoji looks.
const fn selects_variation(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_font_has_can_be_printed_and_nothing_else() {
        for name in [
            "Nguyễn",
            "Nguye\u{302}\u{303}n",
            "Məmmədov",
            "Ґалаґан",
            "Ọla",
            "Ḥasan",
            "Ștefan",
            "Ελένη",
            "Łukasz",
            "Жанна",
            "D’Arc-Étoile",
            "Zoë 🌳",
            "Zoë ❤\u{fe0f}",
            "3 bis",
        ] {
            assert!(can_be_printed(name), "{name}");
        }
        for name in [
            "李",
            "Zoë 李",
            "🌳",
            "",
            " - ",
            "محمد",
            "ナオミ",
            "Ana\u{1abc}",
        ] {
            assert!(!can_be_printed(name), "{name}");
        }
    }

    #[test]
    fn what_was_typed_in_parts_is_composed() {
        assert_eq!(composed("Nguye\u{302}\u{303}n"), "Nguyễn");
        assert_eq!(composed("Zoe\u{308}"), "Zoë");
    }
}
