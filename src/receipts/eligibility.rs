//! Which gifts earn a receipt, and what the others wait for. Pure.

/// What is known of a gift that has no receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gift {
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
pub enum Held {
    NotPaidOut,
    Anonymous,
    IdentityIncomplete,
    ConsentUnclear,
    PaidByShop,
    NotWanted,
    WaitsForYearEnd,
}

impl Held {
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
pub const fn held(g: Gift) -> Option<Held> {
    match g {
        Gift {
            paid_out: false, ..
        } => Some(Held::NotPaidOut),
        Gift {
            funded_by_donor: false,
            ..
        } => Some(Held::PaidByShop),
        Gift {
            consented: false, ..
        } => Some(Held::ConsentUnclear),
        Gift { named: false, .. } => Some(Held::Anonymous),
        Gift { wanted: false, .. } => Some(Held::NotWanted),
        Gift {
            identity_complete: false,
            ..
        } => Some(Held::IdentityIncomplete),
        Gift {
            waits_for_year_end: true,
            ..
        } => Some(Held::WaitsForYearEnd),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gift_earns_a_receipt_only_when_nothing_is_missing() {
        let good = Gift {
            paid_out: true,
            named: true,
            identity_complete: true,
            consented: true,
            funded_by_donor: true,
            wanted: true,
            waits_for_year_end: false,
        };
        assert_eq!(held(good), None);
        assert_eq!(
            held(Gift {
                paid_out: false,
                ..good
            }),
            Some(Held::NotPaidOut)
        );
        assert_eq!(
            held(Gift {
                named: false,
                identity_complete: false,
                ..good
            }),
            Some(Held::Anonymous)
        );
        assert_eq!(
            held(Gift {
                identity_complete: false,
                ..good
            }),
            Some(Held::IdentityIncomplete)
        );
        assert_eq!(
            held(Gift {
                consented: false,
                ..good
            }),
            Some(Held::ConsentUnclear)
        );
        assert_eq!(
            held(Gift {
                funded_by_donor: false,
                ..good
            }),
            Some(Held::PaidByShop)
        );
        assert_eq!(
            held(Gift {
                wanted: false,
                ..good
            }),
            Some(Held::NotWanted)
        );
        assert_eq!(
            held(Gift {
                waits_for_year_end: true,
                ..good
            }),
            Some(Held::WaitsForYearEnd)
        );
    }
}
