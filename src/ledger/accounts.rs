//! Accounts: what kinds exist, where they stand in the French chart of accounts, and their ids.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::values::derived_id;

/// An account, named by its kind and the slug of its owner.
///
/// The codes are those of the Plan comptable général for sums held for third parties (ANC 2018-06, PCG 621-11).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    MerchantReceivable(String),
    AssociationPending(String),
    AssociationPayable(String),
    CollectionInTransit,
    SafeguardedCash,
    PayoutInTransit,
    Suspense,
    OperatingCash,
    ProviderFees,
}

impl Account {
    /// Kind, owner, chart code and normal side.
    fn row(&self) -> (&'static str, &str, &'static str, &'static str) {
        match self {
            Self::MerchantReceivable(slug) => ("merchant_receivable", slug, "467100", "debit"),
            Self::AssociationPending(slug) => ("association_pending", slug, "467200", "credit"),
            Self::AssociationPayable(slug) => ("association_payable", slug, "467300", "credit"),
            Self::CollectionInTransit => ("collection_in_transit", "bank", "511000", "clearing"),
            Self::SafeguardedCash => ("safeguarded_cash", "bank", "512100", "debit"),
            Self::PayoutInTransit => ("payout_in_transit", "bank", "580000", "clearing"),
            Self::Suspense => ("suspense", "bank", "471000", "clearing"),
            Self::OperatingCash => ("operating_cash", "", "512200", "debit"),
            Self::ProviderFees => ("provider_fees", "", "627000", "debit"),
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
        let (kind, owner, ..) = self.row();
        if owner.is_empty() {
            kind.to_owned()
        } else {
            format!("{kind}:{owner}")
        }
    }
}

/// The accounts that belong to no shop and no association.
pub const SHARED: [Account; 6] = [
    Account::CollectionInTransit,
    Account::SafeguardedCash,
    Account::PayoutInTransit,
    Account::Suspense,
    Account::OperatingCash,
    Account::ProviderFees,
];

/// Opens accounts that do not exist yet, with their balance rows.
pub async fn open(db: &mut PgConnection, accounts: &[Account]) -> Result<(), sqlx::Error> {
    for account in accounts {
        let (kind, owner, code, side) = account.row();
        sqlx::query("insert into account (account_id, kind, owner, code, normal_side) values ($1, $2, $3, $4, $5) on conflict do nothing")
            .bind(account.id())
            .bind(kind)
            .bind(owner)
            .bind(code)
            .bind(side)
            .execute(&mut *db)
            .await?;
        sqlx::query("insert into account_balance (account_id) values ($1) on conflict do nothing")
            .bind(account.id())
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}
