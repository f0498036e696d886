//! The ways in which platforms sign and phrase their webhooks.

use std::fmt;
use std::str::FromStr;

/// How an endpoint's webhooks are signed and phrased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Standard Webhooks 1.0.0 over our own event shapes.
    Standard,
    /// The same, under Svix's names of headers.
    Svix,
    Stripe,
    Shopify,
    Woocommerce,
    Bigcommerce,
    Squarespace,
    Ecwid,
    Wix,
    /// A configured header, over our own event shapes or over fields at configured paths.
    Generic,
}

impl Dialect {
    pub const ALL: [Self; 10] = [
        Self::Standard,
        Self::Svix,
        Self::Stripe,
        Self::Shopify,
        Self::Woocommerce,
        Self::Bigcommerce,
        Self::Squarespace,
        Self::Ecwid,
        Self::Wix,
        Self::Generic,
    ];

    /// The contract's word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Svix => "svix",
            Self::Stripe => "stripe",
            Self::Shopify => "shopify",
            Self::Woocommerce => "woocommerce",
            Self::Bigcommerce => "bigcommerce",
            Self::Squarespace => "squarespace",
            Self::Ecwid => "ecwid",
            Self::Wix => "wix",
            Self::Generic => "generic",
        }
    }

    /// Whether a platform sends it, which disables hooks that return errors: what is authentic
    /// is then answered with success, and kept all the same.
    #[must_use]
    pub const fn is_platform(self) -> bool {
        !matches!(self, Self::Standard | Self::Generic)
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A word that is no dialect.
#[derive(Debug, thiserror::Error)]
#[error(
    "a dialect is one of standard, svix, stripe, shopify, woocommerce, bigcommerce, squarespace, \
     ecwid, wix and generic"
)]
pub struct DialectError;

impl FromStr for Dialect {
    type Err = DialectError;
    fn from_str(text: &str) -> Result<Self, DialectError> {
        Self::ALL
            .into_iter()
            .find(|d| d.word() == text)
            .ok_or(DialectError)
    }
}

impl TryFrom<String> for Dialect {
    type Error = DialectError;
    fn try_from(text: String) -> Result<Self, DialectError> {
        text.parse()
    }
}
