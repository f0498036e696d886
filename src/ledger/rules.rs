//! The posting rules: pure functions from facts to transfers. Written for accountants to review.
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
//! No function here names a fee account beside an account of donations: a donation cannot pay a
//! fee.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Account;
use crate::rails::{CashAccount, Rail};
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

/// Slugs of the two parties of a donation, named so that they cannot be swapped.
#[derive(Clone, Copy, Debug)]
pub struct Parties<'a> {
    pub merchant: &'a str,
    pub association: &'a str,
}

impl Parties<'_> {
    fn receivable(self) -> Account {
        Account::MerchantReceivable(self.merchant.to_owned())
    }

    fn pending(self) -> Account {
        Account::AssociationPending(self.association.to_owned())
    }

    fn payable(self) -> Account {
        Account::AssociationPayable(self.association.to_owned())
    }
}

/// The merchant charged a donation: it owes it, and the association will receive it.
#[must_use]
pub fn donation_recorded(fact: Fact, of: Parties<'_>, amount: Amount) -> Transfer {
    fact.transfer(
        "donation_recorded",
        0,
        of.receivable(),
        of.pending(),
        amount,
    )
}

/// The merchant gave the donation back before it was collected: nobody owes it any more.
#[must_use]
pub fn donation_refunded(fact: Fact, of: Parties<'_>, amount: Amount) -> Transfer {
    fact.transfer(
        "donation_refunded",
        0,
        of.pending(),
        of.receivable(),
        amount,
    )
}

/// The merchant gave the donation back after it was asked for: the association gives it up, the
/// merchant is credited.
#[must_use]
pub fn donation_refunded_late(fact: Fact, of: Parties<'_>, amount: Amount) -> Transfer {
    fact.transfer(
        "donation_refunded_late",
        0,
        of.payable(),
        of.receivable(),
        amount,
    )
}

/// The request for payment left: the merchant no longer owes, the money is on its way.
#[must_use]
pub fn collection_submitted(fact: Fact, rail: Rail, merchant: &str, amount: Amount) -> Transfer {
    let receivable = Account::MerchantReceivable(merchant.to_owned());
    fact.transfer(
        "collection_submitted",
        0,
        Account::CollectionInTransit(rail),
        receivable,
        amount,
    )
}

/// The request for payment was refused: the merchant owes again.
#[must_use]
pub fn collection_rejected(fact: Fact, rail: Rail, merchant: &str, amount: Amount) -> Transfer {
    let receivable = Account::MerchantReceivable(merchant.to_owned());
    fact.transfer(
        "collection_rejected",
        0,
        receivable,
        Account::CollectionInTransit(rail),
        amount,
    )
}

/// The money arrived: what was promised to each association can be paid out.
#[must_use]
pub fn collection_settled(
    fact: Fact,
    rail: Rail,
    total: Amount,
    associations: &[(String, Amount)],
) -> Vec<Transfer> {
    let (cash, in_transit) = (
        Account::SafeguardedCash(rail.cash_account()),
        Account::CollectionInTransit(rail),
    );
    std::iter::once(fact.transfer("collection_settled", 0, cash, in_transit, total))
        .chain(associations.iter().zip(1..).map(|((slug, amount), leg)| {
            let pending = Account::AssociationPending(slug.clone());
            let payable = Account::AssociationPayable(slug.clone());
            fact.transfer("collection_settled", leg, pending, payable, *amount)
        }))
        .collect()
}

/// The money left towards the association.
#[must_use]
pub fn payout_submitted(fact: Fact, rail: Rail, association: &str, amount: Amount) -> Transfer {
    let payable = Account::AssociationPayable(association.to_owned());
    fact.transfer(
        "payout_submitted",
        0,
        payable,
        Account::PayoutInTransit(rail),
        amount,
    )
}

/// The money was debited from the ring-fenced account.
#[must_use]
pub fn payout_settled(fact: Fact, rail: Rail, amount: Amount) -> Transfer {
    let cash = Account::SafeguardedCash(rail.cash_account());
    fact.transfer(
        "payout_settled",
        0,
        Account::PayoutInTransit(rail),
        cash,
        amount,
    )
}

/// The payout came back.
#[must_use]
pub fn payout_returned(fact: Fact, rail: Rail, association: &str, amount: Amount) -> Transfer {
    let cash = Account::SafeguardedCash(rail.cash_account());
    let payable = Account::AssociationPayable(association.to_owned());
    fact.transfer("payout_returned", 0, cash, payable, amount)
}

/// A cash account shows a credit that nothing here explains.
#[must_use]
pub fn bank_credit_unknown(fact: Fact, at: CashAccount, amount: Amount) -> Transfer {
    let (cash, suspense) = (Account::SafeguardedCash(at), Account::Suspense(at));
    fact.transfer("bank_credit_unknown", 0, cash, suspense, amount)
}

/// A cash account shows a debit that nothing here explains.
#[must_use]
pub fn bank_debit_unknown(fact: Fact, at: CashAccount, amount: Amount) -> Transfer {
    let (cash, suspense) = (Account::SafeguardedCash(at), Account::Suspense(at));
    fact.transfer("bank_debit_unknown", 0, suspense, cash, amount)
}
