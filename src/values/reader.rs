//! Who a list or a load is run for, which limits the rows it returns. Every verb that shows
//! anything of someone takes a `Reader`, so that forgetting whom it is for does not compile; there
//! is no default and no "all" that comes by itself.

use super::{AssociationId, DonorId, MerchantId, OperatorId};

/// What a member of the team may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TeamRole {
    /// Looks and redrives.
    Support,
    /// Runs the month: imports, matches, approves.
    Finance,
    /// Parties, people, settings.
    Admin,
}

/// What a member of a merchant may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MerchantRole {
    /// Everything of the merchant.
    Owner,
    /// Statements, payment, donations.
    Accountant,
    /// Endpoints, secrets, keys, deliveries.
    Developer,
}

/// What a member of an association may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssociationRole {
    /// Identity, account, receipt mandate, people.
    Owner,
    /// Money, payouts, receipts.
    Treasurer,
    /// Causes.
    Editor,
}

/// Who a query is run for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// The service itself: runs, checks, mails, and the command line of whoever administers the
    /// machine.
    System,
    /// A member of the team, over all parties.
    Team(OperatorId, TeamRole),
    /// A member of one merchant.
    Merchant(MerchantId, MerchantRole),
    /// A member of one association.
    Association(AssociationId, AssociationRole),
    /// One donor.
    Donor(DonorId),
}

/// Which rows of a kind a reader may see.
///
/// SQL takes it as two parameters: `($1 or merchant_id = $2)`, with `sees_all()` and `only()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope<Id> {
    All,
    Only(Id),
    Nothing,
}

impl<Id: Copy + PartialEq> Scope<Id> {
    /// Whether the rows of one owner may be seen.
    #[must_use]
    pub fn includes(self, owner: Id) -> bool {
        match self {
            Self::All => true,
            Self::Only(id) => id == owner,
            Self::Nothing => false,
        }
    }

    /// Whether every row may be seen.
    #[must_use]
    pub const fn sees_all(self) -> bool {
        matches!(self, Self::All)
    }

    /// The only owner whose rows may be seen; none for all and for nothing.
    #[must_use]
    pub const fn only(self) -> Option<Id> {
        match self {
            Self::Only(id) => Some(id),
            Self::All | Self::Nothing => None,
        }
    }
}

impl Reader {
    /// Whose rows of merchants it may see.
    #[must_use]
    pub const fn merchants(self) -> Scope<MerchantId> {
        match self {
            Self::System | Self::Team(..) => Scope::All,
            Self::Merchant(id, _) => Scope::Only(id),
            Self::Association(..) | Self::Donor(_) => Scope::Nothing,
        }
    }

    /// Whose rows of associations it may see.
    #[must_use]
    pub const fn associations(self) -> Scope<AssociationId> {
        match self {
            Self::System | Self::Team(..) => Scope::All,
            Self::Association(id, _) => Scope::Only(id),
            Self::Merchant(..) | Self::Donor(_) => Scope::Nothing,
        }
    }

    /// Whose rows of donors it may see.
    #[must_use]
    pub const fn donors(self) -> Scope<DonorId> {
        match self {
            Self::System | Self::Team(..) => Scope::All,
            Self::Donor(id) => Scope::Only(id),
            Self::Merchant(..) | Self::Association(..) => Scope::Nothing,
        }
    }

    /// Whether it may see what belongs to no single party, such as the ledger.
    #[must_use]
    pub const fn sees_everything(self) -> bool {
        matches!(self, Self::System | Self::Team(..))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reader_sees_its_own_and_nothing_of_the_others() {
        let (merchant, association, donor) =
            (MerchantId::new(), AssociationId::new(), DonorId::new());
        let of_merchant = Reader::Merchant(merchant, MerchantRole::Developer);
        let of_association = Reader::Association(association, AssociationRole::Treasurer);
        let of_donor = Reader::Donor(donor);
        assert_eq!(of_merchant.merchants(), Scope::Only(merchant));
        assert_eq!(of_merchant.associations(), Scope::Nothing);
        assert_eq!(of_merchant.donors(), Scope::Nothing);
        assert_eq!(of_association.merchants(), Scope::Nothing);
        assert_eq!(of_association.associations(), Scope::Only(association));
        assert_eq!(of_association.donors(), Scope::Nothing);
        assert_eq!(of_donor.donors(), Scope::Only(donor));
        assert_eq!(
            (of_donor.merchants(), of_donor.associations()),
            (Scope::Nothing, Scope::Nothing)
        );
        for all in [
            Reader::System,
            Reader::Team(OperatorId::new(), TeamRole::Support),
        ] {
            assert!(all.merchants().sees_all() && all.donors().sees_all() && all.sees_everything());
        }
        assert!(of_donor.donors().includes(donor) && !of_donor.donors().includes(DonorId::new()));
        assert_eq!(Scope::<DonorId>::Nothing.only(), None);
        assert!(!Scope::<DonorId>::Nothing.sees_all() && !of_donor.sees_everything());
    }
}
