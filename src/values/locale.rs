//! The languages in which Obole writes to people.

use std::fmt;
use std::str::FromStr;

/// A language; `fr` or `en` in the database, in forms and in HTML.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Locale {
    /// French, the language of everyone who has not said otherwise.
    #[default]
    Fr,
    En,
}

impl Locale {
    pub const ALL: [Self; 2] = [Self::Fr, Self::En];

    /// The language code (ISO 639-1).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fr => "fr",
            Self::En => "en",
        }
    }

    /// The language that a tag such as `en-GB` (RFC 5646) begins with, if it is one of ours.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let language = tag.trim().split(['-', '_', ';']).next()?;
        Self::ALL
            .into_iter()
            .find(|l| l.as_str().eq_ignore_ascii_case(language.trim()))
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is not a language of ours.
#[derive(Debug, thiserror::Error)]
#[error("a locale is fr or en")]
pub struct LocaleError;

impl FromStr for Locale {
    type Err = LocaleError;

    fn from_str(text: &str) -> Result<Self, LocaleError> {
        Self::ALL
            .into_iter()
            .find(|l| l.as_str() == text)
            .ok_or(LocaleError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_is_read_strictly_and_a_tag_by_its_language() {
        assert_eq!("en".parse::<Locale>().ok(), Some(Locale::En));
        assert!("en-GB".parse::<Locale>().is_err() && "de".parse::<Locale>().is_err());
        for (tag, locale) in [
            ("en-GB", Some(Locale::En)),
            (" fr;q=0.8", Some(Locale::Fr)),
            ("fr_FR", Some(Locale::Fr)),
            ("FR", Some(Locale::Fr)),
            ("eng", None),
            ("de", None),
            ("", None),
        ] {
            assert_eq!(Locale::of_tag(tag), locale, "{tag}");
        }
    }
}
