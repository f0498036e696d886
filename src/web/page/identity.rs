//! The fields of a name and address, as the claim and the profile ask for them.

use serde::Deserialize;

use crate::values::PostalAddress;

/// Countries offered, ISO 3166-1; another one that is known already stays.
pub const COUNTRIES: [(&str, &str); 10] = [
    ("FR", "France"),
    ("BE", "Belgique"),
    ("CH", "Suisse"),
    ("LU", "Luxembourg"),
    ("MC", "Monaco"),
    ("DE", "Deutschland"),
    ("ES", "España"),
    ("IT", "Italia"),
    ("GB", "United Kingdom"),
    ("US", "United States"),
];

/// A name and an address as somebody types them.
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

/// A name and an address fit to be printed.
pub struct Identity {
    pub first_name: String,
    pub last_name: String,
    pub address: PostalAddress,
}

impl IdentityFields {
    /// All fields but the second line are needed: a receipt prints the name and the complete address (CGI 200).
    pub fn read(&self) -> Option<Identity> {
        let text = |text: &str, most: usize| {
            let text = text.trim();
            (!text.is_empty()
                && text.chars().count() <= most
                && !text.chars().any(char::is_control))
            .then(|| text.to_owned())
        };
        let country = if self.country.is_empty() {
            "FR"
        } else {
            &self.country
        };
        if country.len() != 2 || !country.bytes().all(|b| b.is_ascii_uppercase()) {
            return None;
        }
        let line2 = if self.line2.trim().is_empty() {
            None
        } else {
            Some(text(&self.line2, 300)?)
        };
        Some(Identity {
            first_name: text(&self.first_name, 200)?,
            last_name: text(&self.last_name, 200)?,
            address: PostalAddress {
                line1: text(&self.line1, 300)?,
                line2,
                postal_code: text(&self.postal_code, 20)?,
                city: text(&self.city, 200)?,
                country: country.to_owned(),
            },
        })
    }
}
