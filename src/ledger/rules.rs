//! The posting rules: pure functions from facts to transfers. This page is the accountant's.
//!
//! | fact | debit | credit |
//! |---|---|---|
//! | donation_recorded | merchant_receivable | association_pending |
//! | donation_refunded | association_pending | merchant_receivable |
//! | donation_refunded_late | association_payable | merchant_receivable |
//! | collection_submitted | collection_in_transit | merchant_receivable |
//! | collection_rejected | merchant_receivable | collection_in_transit |
//! | collection_settled | safeguarded_cash | collection_in_transit |
//! | collection_settled | association_pending | association_payable |
//! | payout_submitted | association_payable | payout_in_transit |
//! | payout_settled | payout_in_transit | safeguarded_cash |
//! | payout_returned | safeguarded_cash | association_payable |
//! | bank_credit_unknown | safeguarded_cash | suspense |
//! | bank_debit_unknown | suspense | safeguarded_cash |
//!
//! There is no way to move a gift to a fee account: no function here names one beside a gift account.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Account;
use crate::values::Amount;

/// One row of the ledger to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    pub(super) fact_id: Uuid,
    pub(super) fact: &'static str,
    pub(super) leg: i16,
    pub(super) debit: Account,
    pub(super) credit: Account,
    pub(super) amount: Amount,
    pub(super) occurred_at: DateTime<Utc>,
}

/// A fact about one thing at one time, from which transfers are made.
#[derive(Clone, Copy, Debug)]
pub struct Fact {
    pub id: Uuid,
    pub occurred_at: DateTime<Utc>,
}

impl Fact {
    fn transfer(
        self,
        fact: &'static str,
        leg: i16,
        debit: Account,
        credit: Account,
        amount: Amount,
    ) -> Transfer {
        Transfer {
            fact_id: self.id,
            fact,
            leg,
            debit,
            credit,
            amount,
            occurred_at: self.occurred_at,
        }
    }
}

/// The shop took a euro: it owes it, and the association will receive it.
#[must_use]
pub fn donation_recorded(
    fact: Fact,
    merchant: &str,
    association: &str,
    amount: Amount,
) -> Transfer {
    fact.transfer(
        "donation_recorded",
        0,
        Account::MerchantReceivable(merchant.into()),
        Account::AssociationPending(association.into()),
        amount,
    )
}

/// The shop gave the euro back before it was collected: nobody owes it any more.
#[must_use]
pub fn donation_refunded(
    fact: Fact,
    merchant: &str,
    association: &str,
    amount: Amount,
) -> Transfer {
    fact.transfer(
        "donation_refunded",
        0,
        Account::AssociationPending(association.into()),
        Account::MerchantReceivable(merchant.into()),
        amount,
    )
}

/// The shop gave the euro back after it was asked for: the association gives it up, the shop is credited.
#[must_use]
pub fn donation_refunded_late(
    fact: Fact,
    merchant: &str,
    association: &str,
    amount: Amount,
) -> Transfer {
    fact.transfer(
        "donation_refunded_late",
        0,
        Account::AssociationPayable(association.into()),
        Account::MerchantReceivable(merchant.into()),
        amount,
    )
}

/// The pull left for the bank: the shop no longer owes, the money is on its way.
#[must_use]
pub fn collection_submitted(fact: Fact, merchant: &str, amount: Amount) -> Transfer {
    fact.transfer(
        "collection_submitted",
        0,
        Account::CollectionInTransit,
        Account::MerchantReceivable(merchant.into()),
        amount,
    )
}

/// The pull was refused: the shop owes again.
#[must_use]
pub fn collection_rejected(fact: Fact, merchant: &str, amount: Amount) -> Transfer {
    fact.transfer(
        "collection_rejected",
        0,
        Account::MerchantReceivable(merchant.into()),
        Account::CollectionInTransit,
        amount,
    )
}

/// The money arrived: what was promised to each association can be paid out.
#[must_use]
pub fn collection_settled(
    fact: Fact,
    total: Amount,
    associations: &[(String, Amount)],
) -> Vec<Transfer> {
    std::iter::once(fact.transfer(
        "collection_settled",
        0,
        Account::SafeguardedCash,
        Account::CollectionInTransit,
        total,
    ))
    .chain(associations.iter().zip(1..).map(|((slug, amount), leg)| {
        fact.transfer(
            "collection_settled",
            leg,
            Account::AssociationPending(slug.clone()),
            Account::AssociationPayable(slug.clone()),
            *amount,
        )
    }))
    .collect()
}

/// The money left towards the association.
#[must_use]
pub fn payout_submitted(fact: Fact, association: &str, amount: Amount) -> Transfer {
    fact.transfer(
        "payout_submitted",
        0,
        Account::AssociationPayable(association.into()),
        Account::PayoutInTransit,
        amount,
    )
}

/// The money is on the association's account.
#[must_use]
pub fn payout_settled(fact: Fact, amount: Amount) -> Transfer {
    fact.transfer(
        "payout_settled",
        0,
        Account::PayoutInTransit,
        Account::SafeguardedCash,
        amount,
    )
}

/// The payout came back.
#[must_use]
pub fn payout_returned(fact: Fact, association: &str, amount: Amount) -> Transfer {
    fact.transfer(
        "payout_returned",
        0,
        Account::SafeguardedCash,
        Account::AssociationPayable(association.into()),
        amount,
    )
}

/// The bank shows a credit that nothing here explains.
#[must_use]
pub fn bank_credit_unknown(fact: Fact, amount: Amount) -> Transfer {
    fact.transfer(
        "bank_credit_unknown",
        0,
        Account::SafeguardedCash,
        Account::Suspense,
        amount,
    )
}

/// The bank shows a debit that nothing here explains.
#[must_use]
pub fn bank_debit_unknown(fact: Fact, amount: Amount) -> Transfer {
    fact.transfer(
        "bank_debit_unknown",
        0,
        Account::Suspense,
        Account::SafeguardedCash,
        amount,
    )
}
