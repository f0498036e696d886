//! The posting rules: pure functions from facts to transfers. Written for accountants to review.
//!
//! | fact | debit | credit |
//! |---|---|---|
//! | donation_recorded | merchant_receivable | association_pending |
//! | donation_refunded | association_pending | merchant_receivable |
//! | donation_refunded_late | association_payable | merchant_receivable |
//! | donation_refunded_late | refund_due | merchant_receivable |
//! | donation_refunded_after_payout | refund_due | merchant_credit |
//! | refund_agreed | association_payable | refund_due |
//! | refund_agreed | merchant_credit | merchant_receivable |
//! | refund_borne | operator_losses | refund_due |
//! | refund_borne | merchant_credit | merchant_receivable |
//! | refund_recovered | association_payable | refund_due |
//! | collection_submitted | collection_in_transit | merchant_receivable |
//! | collection_rejected | merchant_receivable | collection_in_transit |
//! | collection_settled | safeguarded_cash | collection_in_transit |
//! | collection_settled | suspense | collection_in_transit |
//! | collection_settled | association_pending | association_payable |
//! | collection_returned | merchant_receivable | safeguarded_cash |
//! | collection_returned | merchant_receivable | suspense |
//! | collection_returned | association_payable | association_pending |
//! | collection_returned | refund_due | association_pending |
//! | collection_return_told | merchant_receivable | suspense |
//! | collection_return_told | association_payable | association_pending |
//! | collection_return_told | refund_due | association_pending |
//! | collection_return_shown | suspense | safeguarded_cash |
//! | collection_return_withdrawn | suspense | merchant_receivable |
//! | collection_written_off | association_pending | merchant_receivable |
//! | collection_written_off | operator_losses | merchant_receivable |
//! | collection_reinstated | merchant_receivable | association_pending |
//! | payout_submitted | association_payable | payout_in_transit |
//! | payout_submitted | suspense | payout_in_transit |
//! | payout_submitted | merchant_receivable | payout_in_transit |
//! | payout_settled | payout_in_transit | safeguarded_cash |
//! | payout_settled | payout_in_transit | suspense |
//! | payout_refused | payout_in_transit | association_payable |
//! | payout_refused | payout_in_transit | suspense |
//! | payout_refused | payout_in_transit | merchant_receivable |
//! | payout_returned | safeguarded_cash | association_payable |
//! | payout_returned | suspense | association_payable |
//! | payout_returned | safeguarded_cash | suspense |
//! | payout_returned | suspense | payout_in_transit |
//! | payout_returned | payout_in_transit | suspense |
//! | payout_returned | safeguarded_cash | merchant_receivable |
//! | payout_returned | suspense | merchant_receivable |
//! | payout_unmade | association_payable | refund_due |
//! | payout_unmade | merchant_credit | merchant_receivable |
//! | payout_unmade | association_payable | association_pending |
//! | payout_unmade | refund_due | association_pending |
//! | bank_credit_unknown | safeguarded_cash | suspense |
//! | bank_debit_unknown | suspense | safeguarded_cash |
//! | bank_fee | provider_fees | safeguarded_cash |
//! | bank_fee | provider_fees | suspense |
//! | bank_fee_undone | suspense | provider_fees |
//! | bank_top_up | suspense | operator_current |
//! | bank_top_up_undone | operator_current | suspense |
//! | bank_next_month | suspense | merchant_receivable |
//! | bank_next_month_undone | merchant_receivable | suspense |
//!
//! No function here names a fee account beside an account of donations: a donation cannot pay a
//! fee. What is understood of a line of the bank later moves suspense: cash is never touched again.
//! Where an association's payable cannot bear a debit whole, the rest is a refund due of it.

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
    pub(super) reverses: Option<Uuid>,
}

impl Transfer {
    /// The same, as the correction of another fact.
    #[must_use]
    pub const fn correcting(mut self, fact_id: Uuid) -> Self {
        self.reverses = Some(fact_id);
        self
    }

    /// The two accounts that it moves, which must be open before it is posted.
    #[must_use]
    pub fn accounts(&self) -> [&Account; 2] {
        [&self.debit, &self.credit]
    }

    /// What it moves from one account to the other.
    #[must_use]
    pub const fn amount(&self) -> Amount {
        self.amount
    }

    /// The fact's word, a row of the posting table.
    #[must_use]
    pub const fn fact(&self) -> &'static str {
        self.fact
    }
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
            reverses: None,
        }
    }

    /// A posting of several legs, numbered in their order; a leg of nothing is left out.
    fn legs(
        self,
        fact: &'static str,
        legs: impl IntoIterator<Item = (Account, Account, i64)>,
    ) -> Vec<Transfer> {
        (0_i16..)
            .zip(legs)
            .filter_map(|(leg, (debit, credit, cents))| {
                let amount = Amount::from_cents(cents).ok()?;
                Some(self.transfer(fact, leg, debit, credit, amount))
            })
            .collect()
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

    fn credit(self) -> Account {
        Account::MerchantCredit(self.merchant.to_owned())
    }

    fn pending(self) -> Account {
        Account::AssociationPending(self.association.to_owned())
    }

    fn payable(self) -> Account {
        Account::AssociationPayable(self.association.to_owned())
    }

    fn refund_due(self) -> Account {
        Account::RefundDue(self.association.to_owned())
    }
}

/// Where the books have the money of a bank line when it is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoneyAt {
    /// On the account: the line is understood as it comes.
    Cash,
    /// In suspense: it came before.
    Suspense,
}

impl MoneyAt {
    const fn account(self, at: CashAccount) -> Account {
        match self {
            Self::Cash => Account::SafeguardedCash(at),
            Self::Suspense => Account::Suspense(at),
        }
    }
}

/// What a payout is paid from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaidFrom<'a> {
    /// What an association is owed, by its slug.
    Association(&'a str),
    /// What came and nobody asked for.
    Suspense,
    /// The credit of a merchant, by its slug.
    Merchant(&'a str),
}

impl PaidFrom<'_> {
    fn account(self, at: CashAccount) -> Account {
        match self {
            Self::Association(slug) => Account::AssociationPayable(slug.to_owned()),
            Self::Suspense => Account::Suspense(at),
            Self::Merchant(slug) => Account::MerchantReceivable(slug.to_owned()),
        }
    }
}

/// What came for a collection, in cents: now, and before, which stands in suspense. Nothing where
/// nothing was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrived {
    pub now_cents: i64,
    pub before_cents: i64,
}

/// What an association gives up: what its payable bears, and what is then due of it. In cents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Borne {
    pub by_payable: i64,
    pub due: i64,
}

impl Borne {
    /// An amount borne by a payable of so much: never more than is there.
    #[must_use]
    pub fn of(amount_cents: i64, payable_cents: i64) -> Self {
        let by_payable = amount_cents.min(payable_cents.max(0));
        Self {
            by_payable,
            due: amount_cents - by_payable,
        }
    }
}

/// What one association gives up, by its slug.
#[derive(Clone, Debug)]
pub struct AssociationShare {
    pub association: String,
    pub borne: Borne,
}

/// The merchant charged a donation: it owes it, and the association will receive it.
#[must_use]
pub fn donation_recorded(fact: Fact, of: Parties<'_>, amount: Amount) -> Transfer {
    let (debit, credit) = (of.receivable(), of.pending());
    fact.transfer("donation_recorded", 0, debit, credit, amount)
}

/// The merchant gave back what has not arrived, asked for or not: nobody owes it any more.
#[must_use]
pub fn donation_refunded(fact: Fact, of: Parties<'_>, amount: Amount) -> Transfer {
    let (debit, credit) = (of.pending(), of.receivable());
    fact.transfer("donation_refunded", 0, debit, credit, amount)
}

/// The merchant gave back what has arrived and did not leave: the association gives it up, the
/// merchant may take it off its next payment.
#[must_use]
pub fn donation_refunded_late(fact: Fact, of: Parties<'_>, borne: Borne) -> Vec<Transfer> {
    let legs = [
        (of.payable(), of.receivable(), borne.by_payable),
        (of.refund_due(), of.receivable(), borne.due),
    ];
    fact.legs("donation_refunded_late", legs)
}

/// The merchant gave back what the association has: a claim, and a credit that waits for it.
#[must_use]
pub fn donation_refunded_after_payout(fact: Fact, of: Parties<'_>, amount: Amount) -> Transfer {
    let (debit, credit) = (of.refund_due(), of.credit());
    fact.transfer("donation_refunded_after_payout", 0, debit, credit, amount)
}

/// The association gives back, out of what it is owed now, and the merchant's credit is usable.
#[must_use]
pub fn refund_agreed(fact: Fact, of: Parties<'_>, amount: Amount) -> Vec<Transfer> {
    let legs = [
        (of.payable(), of.refund_due(), amount.cents()),
        (of.credit(), of.receivable(), amount.cents()),
    ];
    fact.legs("refund_agreed", legs)
}

/// The operator bears a refund, out of its float, and the merchant's credit is usable.
#[must_use]
pub fn refund_borne(fact: Fact, at: CashAccount, of: Parties<'_>, amount: Amount) -> Vec<Transfer> {
    let losses = Account::OperatorLosses(at);
    let legs = [
        (losses, of.refund_due(), amount.cents()),
        (of.credit(), of.receivable(), amount.cents()),
    ];
    fact.legs("refund_borne", legs)
}

/// What an association owed is taken from what it is owed now.
#[must_use]
pub fn refund_recovered(fact: Fact, association: &str, amount: Amount) -> Transfer {
    let payable = Account::AssociationPayable(association.to_owned());
    let due = Account::RefundDue(association.to_owned());
    fact.transfer("refund_recovered", 0, payable, due, amount)
}

/// The request for payment left: the merchant no longer owes, the money is on its way.
#[must_use]
pub fn collection_submitted(fact: Fact, rail: Rail, merchant: &str, amount: Amount) -> Transfer {
    let receivable = Account::MerchantReceivable(merchant.to_owned());
    let in_transit = Account::CollectionInTransit(rail);
    fact.transfer("collection_submitted", 0, in_transit, receivable, amount)
}

/// The request for payment was refused: the merchant owes again.
#[must_use]
pub fn collection_rejected(fact: Fact, rail: Rail, merchant: &str, amount: Amount) -> Transfer {
    let receivable = Account::MerchantReceivable(merchant.to_owned());
    let in_transit = Account::CollectionInTransit(rail);
    fact.transfer("collection_rejected", 0, receivable, in_transit, amount)
}

/// The money arrived, or none was asked for because the merchant's credit was larger: what was
/// promised to each association can be paid out.
#[must_use]
pub fn collection_settled(
    fact: Fact,
    rail: Rail,
    arrived: Arrived,
    associations: &[(String, Amount)],
) -> Vec<Transfer> {
    let in_transit = || Account::CollectionInTransit(rail);
    let (cash, suspense) = (MoneyAt::Cash, MoneyAt::Suspense);
    let money = [
        (
            cash.account(rail.cash_account()),
            in_transit(),
            arrived.now_cents,
        ),
        (
            suspense.account(rail.cash_account()),
            in_transit(),
            arrived.before_cents,
        ),
    ];
    let shares = associations.iter().map(|(slug, amount)| {
        let pending = Account::AssociationPending(slug.clone());
        let payable = Account::AssociationPayable(slug.clone());
        (pending, payable, amount.cents())
    });
    fact.legs("collection_settled", money.into_iter().chain(shares))
}

/// The money was taken back after it had arrived: the merchant owes again, and what the
/// associations still hold of it is promised again.
#[must_use]
pub fn collection_returned(
    fact: Fact,
    rail: Rail,
    merchant: &str,
    (from, amount): (MoneyAt, Amount),
    shares: &[AssociationShare],
) -> Vec<Transfer> {
    let receivable = Account::MerchantReceivable(merchant.to_owned());
    let back = (
        receivable,
        from.account(rail.cash_account()),
        amount.cents(),
    );
    let legs = std::iter::once(back).chain(shares.iter().flat_map(promised_again));
    fact.legs("collection_returned", legs)
}

/// A person says that the money was taken back, and the bank's statement will show it: until then
/// it is on the account and nobody's.
#[must_use]
pub fn collection_return_told(
    fact: Fact,
    rail: Rail,
    merchant: &str,
    amount: Amount,
    shares: &[AssociationShare],
) -> Vec<Transfer> {
    let receivable = Account::MerchantReceivable(merchant.to_owned());
    let suspense = Account::Suspense(rail.cash_account());
    let back = (receivable, suspense, amount.cents());
    let legs = std::iter::once(back).chain(shares.iter().flat_map(promised_again));
    fact.legs("collection_return_told", legs)
}

/// The bank's statement shows the money going that was told to be taken back.
#[must_use]
pub fn collection_return_shown(fact: Fact, at: CashAccount, amount: Amount) -> Transfer {
    let (cash, suspense) = (Account::SafeguardedCash(at), Account::Suspense(at));
    fact.transfer("collection_return_shown", 0, suspense, cash, amount)
}

/// A return that was told did not happen, and the collection was paid again since: what stayed on
/// the account is the merchant's credit.
#[must_use]
pub fn collection_return_withdrawn(
    fact: Fact,
    at: CashAccount,
    merchant: &str,
    amount: Amount,
) -> Transfer {
    let receivable = Account::MerchantReceivable(merchant.to_owned());
    let suspense = Account::Suspense(at);
    let credit = fact.transfer(
        "collection_return_withdrawn",
        0,
        suspense,
        receivable,
        amount,
    );
    credit.correcting(fact.id)
}

/// What an association loses when the money of its donations is taken back.
fn promised_again(share: &AssociationShare) -> [(Account, Account, i64); 2] {
    let pending = || Account::AssociationPending(share.association.clone());
    let payable = Account::AssociationPayable(share.association.clone());
    let due = Account::RefundDue(share.association.clone());
    [
        (payable, pending(), share.borne.by_payable),
        (due, pending(), share.borne.due),
    ]
}

/// The money will not come: what no association has is promised no more, and the operator bears
/// what they have. In cents.
#[must_use]
pub fn collection_written_off(
    fact: Fact,
    at: CashAccount,
    merchant: &str,
    associations: &[(String, Amount)],
    borne_cents: i64,
) -> Vec<Transfer> {
    let receivable = || Account::MerchantReceivable(merchant.to_owned());
    let promised = associations.iter().map(|(slug, amount)| {
        let pending = Account::AssociationPending(slug.clone());
        (pending, receivable(), amount.cents())
    });
    let borne = (Account::OperatorLosses(at), receivable(), borne_cents);
    fact.legs("collection_written_off", promised.chain([borne]))
}

/// What was written off is asked for after all: the mirror of what it gave up of promises.
#[must_use]
pub fn collection_reinstated(
    fact: Fact,
    merchant: &str,
    associations: &[(String, Amount)],
) -> Vec<Transfer> {
    let receivable = || Account::MerchantReceivable(merchant.to_owned());
    let promised = associations.iter().map(|(slug, amount)| {
        let pending = Account::AssociationPending(slug.clone());
        (receivable(), pending, amount.cents())
    });
    let legs = fact.legs("collection_reinstated", promised);
    legs.into_iter().map(|t| t.correcting(fact.id)).collect()
}

/// The money left towards who is paid.
#[must_use]
pub fn payout_submitted(fact: Fact, rail: Rail, of: PaidFrom<'_>, amount: Amount) -> Transfer {
    let in_transit = Account::PayoutInTransit(rail);
    let of = of.account(rail.cash_account());
    fact.transfer("payout_submitted", 0, of, in_transit, amount)
}

/// The money was debited from the ring-fenced account.
#[must_use]
pub fn payout_settled(fact: Fact, rail: Rail, from: MoneyAt, amount: Amount) -> Transfer {
    let in_transit = Account::PayoutInTransit(rail);
    let money = from.account(rail.cash_account());
    fact.transfer("payout_settled", 0, in_transit, money, amount)
}

/// The bank refused the order before it debited it.
#[must_use]
pub fn payout_refused(fact: Fact, rail: Rail, of: PaidFrom<'_>, amount: Amount) -> Transfer {
    let in_transit = Account::PayoutInTransit(rail);
    let of = of.account(rail.cash_account());
    fact.transfer("payout_refused", 0, in_transit, of, amount)
}

/// The payout came back. What returns out of suspense into suspense passes the transit, so that
/// the books show it.
#[must_use]
pub fn payout_returned(
    fact: Fact,
    rail: Rail,
    of: PaidFrom<'_>,
    (at, amount): (MoneyAt, Amount),
) -> Vec<Transfer> {
    let money = at.account(rail.cash_account());
    let of = of.account(rail.cash_account());
    let in_transit = || Account::PayoutInTransit(rail);
    let cents = amount.cents();
    if money == of {
        let legs = [(money, in_transit(), cents), (in_transit(), of, cents)];
        return fact.legs("payout_returned", legs);
    }
    fact.legs("payout_returned", [(money, of, cents)])
}

/// A donation of a payout that came back was given back by its merchant meanwhile: the
/// association never had it, so it owes nothing, and the merchant's credit is usable.
#[must_use]
pub fn payout_unmade_refund(fact: Fact, of: Parties<'_>, amount: Amount) -> Vec<Transfer> {
    let legs = [
        (of.payable(), of.refund_due(), amount.cents()),
        (of.credit(), of.receivable(), amount.cents()),
    ];
    fact.legs("payout_unmade", legs)
}

/// Donations of a payout that came back whose collection was taken back meanwhile are promised
/// again.
#[must_use]
pub fn payout_unmade_promise(fact: Fact, share: &AssociationShare) -> Vec<Transfer> {
    fact.legs("payout_unmade", promised_again(share))
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

/// The bank takes a fee, which the operator bears.
#[must_use]
pub fn bank_fee(fact: Fact, at: CashAccount, from: MoneyAt, amount: Amount) -> Transfer {
    let fees = Account::ProviderFees(at);
    fact.transfer("bank_fee", 0, fees, from.account(at), amount)
}

/// What was taken for a fee is none: it stands in suspense.
#[must_use]
pub fn bank_fee_undone(fact: Fact, at: CashAccount, amount: Amount) -> Transfer {
    let (suspense, fees) = (Account::Suspense(at), Account::ProviderFees(at));
    fact.transfer("bank_fee_undone", 0, suspense, fees, amount)
}

/// The operator topped up its float.
#[must_use]
pub fn bank_top_up(fact: Fact, at: CashAccount, amount: Amount) -> Transfer {
    let (suspense, current) = (Account::Suspense(at), Account::OperatorCurrent(at));
    fact.transfer("bank_top_up", 0, suspense, current, amount)
}

/// What was taken for the operator's money is not: it stands in suspense.
#[must_use]
pub fn bank_top_up_undone(fact: Fact, at: CashAccount, amount: Amount) -> Transfer {
    let (suspense, current) = (Account::Suspense(at), Account::OperatorCurrent(at));
    fact.transfer("bank_top_up_undone", 0, current, suspense, amount)
}

/// A merchant paid what it was not asked for: it may take it off its next payment.
#[must_use]
pub fn bank_next_month(fact: Fact, at: CashAccount, merchant: &str, amount: Amount) -> Transfer {
    let receivable = Account::MerchantReceivable(merchant.to_owned());
    fact.transfer(
        "bank_next_month",
        0,
        Account::Suspense(at),
        receivable,
        amount,
    )
}

/// What a merchant was to take off its next payment is not its money: it stands in suspense.
#[must_use]
pub fn bank_next_month_undone(
    fact: Fact,
    at: CashAccount,
    merchant: &str,
    amount: Amount,
) -> Transfer {
    let receivable = Account::MerchantReceivable(merchant.to_owned());
    fact.transfer(
        "bank_next_month_undone",
        0,
        receivable,
        Account::Suspense(at),
        amount,
    )
}
