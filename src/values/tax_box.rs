//! The box of the income tax return in which a receipt is declared.

/// Boxes of form 2042 RICI for donations to bodies in France: each has a rate of its own (CGI 200),
/// so that what is declared is summed box by box.
///
/// Source: service-public.gouv.fr, A18836, 9 March 2026, and the form of that year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaxBox {
    /// General interest, 66 %.
    GeneralInterest,
    /// Help to people in difficulty, 75 % within a limit.
    PeopleInDifficulty,
}

/// A rate that no box is for.
#[derive(Debug, thiserror::Error)]
#[error("no box of the tax return is for {0} %")]
pub struct TaxBoxError(i16);

impl TaxBox {
    /// As the form names it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::GeneralInterest => "7UF",
            Self::PeopleInDifficulty => "7UD",
        }
    }

    /// The rate of the reduction, in per cent.
    #[must_use]
    pub const fn rate(self) -> i16 {
        match self {
            Self::GeneralInterest => 66,
            Self::PeopleInDifficulty => 75,
        }
    }
}

impl TryFrom<i16> for TaxBox {
    type Error = TaxBoxError;
    fn try_from(rate: i16) -> Result<Self, TaxBoxError> {
        let mut all = [Self::GeneralInterest, Self::PeopleInDifficulty].into_iter();
        all.find(|b| b.rate() == rate).ok_or(TaxBoxError(rate))
    }
}
