//! Whose day makes the tax year of a donation.

use std::fmt;
use std::str::FromStr;

/// Which of the days of a donation is the date of its payment for the tax, and so its year.
///
/// Large issuers take the day on which the beneficiary's account is credited; no text was found on
/// the account of a mandatary. A deployment therefore says which day its counsel chose, and nothing
/// is guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaxDate {
    /// The day on which the donor paid.
    DonorPayment,
    /// The day on which the money reached the account of the mandatary, which Obole works for.
    MandataryCredit,
    /// The day on which the money reached the association's account.
    AssociationCredit,
}

/// A text that is none of the days.
#[derive(Debug, thiserror::Error)]
#[error("donor-payment, mandatary-credit or association-credit is needed")]
pub struct TaxDateError;

impl TaxDate {
    pub const ALL: [Self; 3] = [
        Self::DonorPayment,
        Self::MandataryCredit,
        Self::AssociationCredit,
    ];

    /// The word of the setting.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::DonorPayment => "donor-payment",
            Self::MandataryCredit => "mandatary-credit",
            Self::AssociationCredit => "association-credit",
        }
    }
}

impl fmt::Display for TaxDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for TaxDate {
    type Err = TaxDateError;
    fn from_str(text: &str) -> Result<Self, TaxDateError> {
        let mut all = Self::ALL.into_iter();
        all.find(|d| d.word() == text).ok_or(TaxDateError)
    }
}
