//! Accounts: what kinds exist, and their ids. Numbers and sides stand in the schema's
//! `chart_of_accounts`.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::rails::{CashAccount, Rail};
use crate::values::derived_id;

/// An account, named by its kind and its owner: the slug of a merchant or association, a rail or a
/// cash account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    MerchantReceivable(String),
    MerchantCredit(String),
    AssociationPending(String),
    AssociationPayable(String),
    RefundDue(String),
    OperatorCurrent(CashAccount),
    CollectionInTransit(Rail),
    PayoutInTransit(Rail),
    SafeguardedCash(CashAccount),
    Suspense(CashAccount),
    ProviderFees(CashAccount),
    OperatorLosses(CashAccount),
}

impl Account {
    /// Kind and owner.
    fn names(&self) -> (&'static str, &str) {
        match self {
            Self::MerchantReceivable(slug) => ("merchant_receivable", slug),
            Self::MerchantCredit(slug) => ("merchant_credit", slug),
            Self::AssociationPending(slug) => ("association_pending", slug),
            Self::AssociationPayable(slug) => ("association_payable", slug),
            Self::RefundDue(slug) => ("refund_due", slug),
            Self::OperatorCurrent(cash) => ("operator_current", cash.word()),
            Self::CollectionInTransit(rail) => ("collection_in_transit", rail.word()),
            Self::PayoutInTransit(rail) => ("payout_in_transit", rail.word()),
            Self::SafeguardedCash(cash) => ("safeguarded_cash", cash.word()),
            Self::Suspense(cash) => ("suspense", cash.word()),
            Self::ProviderFees(cash) => ("provider_fees", cash.word()),
            Self::OperatorLosses(cash) => ("operator_losses", cash.word()),
        }
    }

    /// The account's id, derived from its name, so that a posting needs no look-up.
    #[must_use]
    pub fn id(&self) -> Uuid {
        derived_id(&format!("account:{}", self.name()))
    }

    /// The name accountants see: `merchant_receivable:librairie`.
    #[must_use]
    pub fn name(&self) -> String {
        let (kind, owner) = self.names();
        format!("{kind}:{owner}")
    }
}

/// The accounts that belong to no merchant and no association.
pub const SHARED: [Account; 8] = [
    Account::CollectionInTransit(Rail::Transfer),
    Account::CollectionInTransit(Rail::DirectDebit),
    Account::CollectionInTransit(Rail::Stripe),
    Account::PayoutInTransit(Rail::Transfer),
    Account::PayoutInTransit(Rail::Stripe),
    Account::SafeguardedCash(CashAccount::Bank),
    Account::SafeguardedCash(CashAccount::Stripe),
    Account::Suspense(CashAccount::Bank),
];

/// Opens accounts that do not exist yet, with their balance rows.
pub async fn open(db: &mut PgConnection, accounts: &[Account]) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = accounts.iter().map(Account::id).collect();
    sqlx::query(
        "insert into account (account_id, kind, owner, code)
         select n.account_id, n.kind, n.owner, c.code
         from unnest($1::uuid[], $2::text[], $3::text[]) n(account_id, kind, owner)
         join chart_of_accounts c on c.kind = n.kind and (c.owner = n.owner or c.owner is null)
         on conflict do nothing",
    )
    .bind(&ids)
    .bind(accounts.iter().map(|a| a.names().0).collect::<Vec<_>>())
    .bind(accounts.iter().map(|a| a.names().1).collect::<Vec<_>>())
    .execute(&mut *db)
    .await?;
    sqlx::query(
        "insert into account_balance (account_id) select account_id
          from unnest($1::uuid[]) n(account_id)
         on conflict do nothing",
    )
    .bind(&ids)
    .execute(db)
    .await?;
    Ok(())
}
