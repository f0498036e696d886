//! The form fields of a name and a postal address, which the claim, the profile and the
//! demonstration share.

use serde::Deserialize;

use super::Shell;
use crate::texts;
use crate::values::{Locale, PostalAddress};

/// The countries that the form offers (ISO 3166-1).
const COUNTRIES: [&str; 10] = ["FR", "BE", "CH", "LU", "MC", "DE", "ES", "IT", "GB", "US"];

/// A name and an address as somebody typed them.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct IdentityFields {
    pub first_name: String,
    pub last_name: String,
    pub line1: String,
    #[serde(default)]
    pub line2: String,
    pub postal_code: String,
    pub city: String,
    #[serde(default)]
    pub country: String,
}

/// A name and an address that a receipt can print.
pub struct Identity {
    pub first_name: String,
    pub last_name: String,
    pub address: PostalAddress,
}

impl IdentityFields {
    /// The identity, if all fields except the second line are filled in: a receipt prints the name
    /// and the complete address (CGI 200).
    pub fn read(&self) -> Option<Identity> {
        let country = self.country_or_france();
        // The receipt prints the country's name.
        texts::country(Locale::Fr, country)?;
        let line2 = if self.line2.trim().is_empty() {
            None
        } else {
            Some(filled(&self.line2, 300)?)
        };
        Some(Identity {
            first_name: filled(&self.first_name, 200)?,
            last_name: filled(&self.last_name, 200)?,
            address: PostalAddress {
                line1: filled(&self.line1, 300)?,
                line2,
                postal_code: filled(&self.postal_code, 20)?,
                city: filled(&self.city, 200)?,
                country: country.to_owned(),
            },
        })
    }

    fn country_or_france(&self) -> &str {
        if self.country.is_empty() {
            "FR"
        } else {
            &self.country
        }
    }

    /// The countries to choose from: code, name, and whether it is the chosen one. A country that
    /// the form does not offer but that is chosen already is added, so that saving the form does
    /// not change it.
    pub fn countries(&self, shell: &Shell) -> Vec<(String, String, bool)> {
        let chosen = self.country_or_france();
        let other = (!COUNTRIES.contains(&chosen)).then_some(chosen);
        COUNTRIES
            .into_iter()
            .chain(other)
            .map(|code| {
                let name = texts::country(shell.locale, code).unwrap_or_else(|| code.to_owned());
                (code.to_owned(), name, code == chosen)
            })
            .collect()
    }
}

/// A field's text, trimmed, if it is filled in, at most so many characters long and without control
/// characters.
fn filled(text: &str, longest: usize) -> Option<String> {
    let text = text.trim();
    let fits =
        !text.is_empty() && text.chars().count() <= longest && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chosen_country_stays_even_when_the_form_does_not_offer_it() {
        let shell = Shell {
            locale: Locale::En,
            signed_in: false,
            demo: false,
        };
        let chosen = |country: &str| {
            let fields = IdentityFields {
                country: country.to_owned(),
                ..IdentityFields::default()
            };
            let countries = fields.countries(&shell);
            assert_eq!(countries.iter().filter(|c| c.2).count(), 1);
            (
                countries.len(),
                countries.into_iter().find(|c| c.2).map(|c| c.1),
            )
        };
        assert_eq!(chosen(""), (10, Some("France".into())));
        assert_eq!(chosen("DE"), (10, Some("Germany".into())));
        assert_eq!(chosen("PT"), (11, Some("Portugal".into())));
    }
}
