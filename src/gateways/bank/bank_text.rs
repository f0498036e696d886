//! Texts in the characters that a SEPA order carries (EPC217-08): a to z, digits, and
//! `/ - ? : ( ) . , ' +`.
//!
//! The bank of the payee compares the name with its account's holder, so French names keep the
//! form that French banks give them: without accents and ligatures, apostrophes as they are.

use sepa::charset::{Transliteration, is_sepa_char, transliterate};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// A text in the characters of SEPA orders, words one space apart. Letters that have no Latin
/// form are left out.
pub(super) fn bank_text(text: &str) -> String {
    // A letter and its accent may come as two characters.
    let composed: String = text.nfc().collect();
    let mut written = String::with_capacity(composed.len());
    for c in composed.chars() {
        write_character(c, &mut written);
    }
    let words: Vec<&str> = written.split(' ').filter(|w| !w.is_empty()).collect();
    words.join(" ").replace("( ", "(").replace(" )", ")")
}

/// A text of such characters cut to a length.
pub(super) fn cut(text: &str, longest: usize) -> &str {
    text.get(..longest).unwrap_or(text).trim_end()
}

fn write_character(c: char, to: &mut String) {
    match c {
        _ if is_sepa_char(c) => to.push(c),
        'œ' => to.push_str("oe"),
        'Œ' => to.push_str("OE"),
        'æ' => to.push_str("ae"),
        'Æ' => to.push_str("AE"),
        'ß' => to.push_str("ss"),
        'ẞ' => to.push_str("SS"),
        '&' => to.push_str("et"),
        '€' => to.push_str("EUR"),
        '\u{2018}'..='\u{201b}' | '\u{2b9}' | '\u{2bc}' | '\u{2032}' | '`' | '´' => to.push('\''),
        // The set has no other quotation mark.
        '"' | '«' | '»' | '\u{201c}'..='\u{201f}' => to.push('\''),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '_' | '~' => to.push('-'),
        '°' | 'º' => to.push('o'),
        '·' | '•' => to.push('.'),
        '…' => to.push_str("..."),
        _ if c.is_whitespace() => to.push(' '),
        _ => write_other(c, to),
    }
}

/// A character by the conversion table of the EPC, or else by what it is composed of.
fn write_other(c: char, to: &mut String) {
    let text = c.to_string();
    let converted = transliterate(&text, Transliteration::Epc);
    // The library writes a full stop for what it does not know.
    if converted != "." {
        to.push_str(&converted);
    } else if c.is_ascii() {
        to.push('.');
    } else {
        for part in text.nfkd().filter(|p| !is_combining_mark(*p)) {
            let part_text = part.to_string();
            let converted = transliterate(&part_text, Transliteration::Epc);
            if is_sepa_char(part) || converted != "." {
                to.push_str(&converted);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn french_names_keep_their_french_form() {
        for (name, written) in [
            ("Emmaüs Connect", "Emmaus Connect"),
            ("Association Valentin Haüy", "Association Valentin Hauy"),
            ("L’Envol", "L'Envol"),
            ("Abri & Cœur", "Abri et Coeur"),
            ("ŒUVRE DES ÆGYPTIENS", "OEUVRE DES AEGYPTIENS"),
            ("Te\u{301}le\u{301}thon", "Telethon"),
            ("L’école « à l’hôpital »", "L'ecole ' a l'hopital '"),
            ("Un\u{a0}toit\u{202f}– pour “tous”", "Un toit - pour 'tous'"),
            ("Straße", "Strasse"),
            ("ÇA ET LÀ, ÎLE-D’YEU", "CA ET LA, ILE-D'YEU"),
            ("Y\u{308}a Ÿ", "Ya Y"),
        ] {
            assert_eq!(bank_text(name), written, "{name}");
        }
    }

    #[test]
    fn other_scripts_are_written_in_latin_or_left_out() {
        for (name, written) in [
            ("Nguyễn Thị Ánh", "Nguyen Thi Anh"),
            ("Đà Nẵng", "Da Nang"),
            ("Ağaç Łódź Škola", "Agac Lodz Skola"),
            ("الهلال الأحمر", ""),
            ("Croissant الهلال Rouge", "Croissant Rouge"),
            ("李 Solidarité 🌳", "Solidarite"),
            ("Association n°2", "Association no2"),
            ("\u{200b}Trans\u{ad}mettre\u{feff}", "Transmettre"),
        ] {
            assert_eq!(bank_text(name), written, "{name}");
        }
    }

    #[test]
    fn a_cut_text_has_no_space_at_its_end() {
        assert_eq!(cut("abc def", 4), "abc");
        assert_eq!(cut("abc", 4), "abc");
    }
}
