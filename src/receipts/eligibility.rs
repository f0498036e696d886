//! Which gifts earn a receipt, and what the others wait for. Pure.

/// What is known of a gift that has no receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DonationFacts {
    /// Its payout is on the association's account: the tax control compares receipts with money received (LPF L14 A).
    pub paid_out: bool,
    pub named: bool,
    /// Last name, first name and complete address, as the receipt must print them (Cerfa 11580).
    pub identity_complete: bool,
    /// The donor was shown an unticked box (C. conso. L121-17).
    pub consented: bool,
    pub funded_by_donor: bool,
    pub wanted: bool,
    /// The donor wants one receipt a year, and the year is not over.
    pub waits_for_year_end: bool,
}

/// Why a gift has no receipt yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WithheldReason {
    NotPaidOut,
    Anonymous,
    IdentityIncomplete,
    ConsentUnclear,
    PaidByShop,
    NotWanted,
    WaitsForYearEnd,
}

impl WithheldReason {
    /// The reason as reports name it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotPaidOut => "not-paid-out",
            Self::Anonymous => "anonymous",
            Self::IdentityIncomplete => "identity-incomplete",
            Self::ConsentUnclear => "consent-unclear",
            Self::PaidByShop => "paid-by-shop",
            Self::NotWanted => "not-wanted",
            Self::WaitsForYearEnd => "waits-for-year-end",
        }
    }
}

/// The first thing a gift waits for, or none: then it earns a receipt.
#[must_use]
pub const fn withheld(g: DonationFacts) -> Option<WithheldReason> {
    match g {
        DonationFacts {
            paid_out: false, ..
        } => Some(WithheldReason::NotPaidOut),
        DonationFacts {
            funded_by_donor: false,
            ..
        } => Some(WithheldReason::PaidByShop),
        DonationFacts {
            consented: false, ..
        } => Some(WithheldReason::ConsentUnclear),
        DonationFacts { named: false, .. } => Some(WithheldReason::Anonymous),
        DonationFacts { wanted: false, .. } => Some(WithheldReason::NotWanted),
        DonationFacts {
            identity_complete: false,
            ..
        } => Some(WithheldReason::IdentityIncomplete),
        DonationFacts {
            waits_for_year_end: true,
            ..
        } => Some(WithheldReason::WaitsForYearEnd),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gift_earns_a_receipt_only_when_nothing_is_missing() {
        let good = DonationFacts {
            paid_out: true,
            named: true,
            identity_complete: true,
            consented: true,
            funded_by_donor: true,
            wanted: true,
            waits_for_year_end: false,
        };
        assert_eq!(withheld(good), None);
        assert_eq!(
            withheld(DonationFacts {
                paid_out: false,
                ..good
            }),
            Some(WithheldReason::NotPaidOut)
        );
        assert_eq!(
            withheld(DonationFacts {
                named: false,
                identity_complete: false,
                ..good
            }),
            Some(WithheldReason::Anonymous)
        );
        assert_eq!(
            withheld(DonationFacts {
                identity_complete: false,
                ..good
            }),
            Some(WithheldReason::IdentityIncomplete)
        );
        assert_eq!(
            withheld(DonationFacts {
                consented: false,
                ..good
            }),
            Some(WithheldReason::ConsentUnclear)
        );
        assert_eq!(
            withheld(DonationFacts {
                funded_by_donor: false,
                ..good
            }),
            Some(WithheldReason::PaidByShop)
        );
        assert_eq!(
            withheld(DonationFacts {
                wanted: false,
                ..good
            }),
            Some(WithheldReason::NotWanted)
        );
        assert_eq!(
            withheld(DonationFacts {
                waits_for_year_end: true,
                ..good
            }),
            Some(WithheldReason::WaitsForYearEnd)
        );
    }
}
