//! Merchants: the e-shops, the rule that sets their donations, and how these are collected.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgConnection};

use super::{AddError, PartyState, seal, slug_of};
use crate::ledger::{self, Account};
use crate::rails::Rail;
use crate::values::{Amount, CauseId, Email, MerchantId, Reader, line_fits, slug_is_valid};

/// The stored kind of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
pub enum RuleKind {
    Fixed,
    RoundUp,
}

/// What the merchant adds to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The same amount on each order.
    Fixed(Amount),
    /// What brings the order up to the next multiple of a step.
    RoundUp(Amount),
}

impl Rule {
    /// Reads `fixed:1.00` or `round-up:1.00`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "a rule looks like fixed:1.00 or round-up:1.00".to_owned();
        let (kind, amount) = text.split_once(':').ok_or_else(wrong)?;
        let amount = Amount::parse(amount).map_err(|e| e.to_string())?;
        match kind {
            "fixed" => Ok(Self::Fixed(amount)),
            "round-up" => Ok(Self::RoundUp(amount)),
            _ => Err(wrong()),
        }
    }

    /// A rule from its stored form.
    #[must_use]
    pub const fn of(kind: RuleKind, amount: Amount) -> Self {
        match kind {
            RuleKind::Fixed => Self::Fixed(amount),
            RuleKind::RoundUp => Self::RoundUp(amount),
        }
    }

    /// The donation for an order's total in cents. An order already on the step gives a whole step:
    /// the next one.
    #[must_use]
    pub fn amount(self, order_total_cents: i64) -> Amount {
        match self {
            Self::Fixed(amount) => amount,
            Self::RoundUp(step) => {
                Amount::from_cents(step.cents() - order_total_cents.rem_euclid(step.cents()))
                    .unwrap_or(step)
            }
        }
    }

    const fn stored(self) -> (RuleKind, Amount) {
        match self {
            Self::Fixed(amount) => (RuleKind::Fixed, amount),
            Self::RoundUp(amount) => (RuleKind::RoundUp, amount),
        }
    }
}

/// Who a merchant is and on what terms it takes part, checked field by field.
#[derive(Clone, Debug)]
pub struct MerchantTerms {
    slug: String,
    name: String,
    email: Email,
    rule: Rule,
    default_cause: Option<String>,
    rail: Rail,
}

impl MerchantTerms {
    /// Checks what was asked. Without a slug, one is made from the name.
    pub fn check(
        name: &str,
        email: &str,
        slug: Option<&str>,
        rule: &str,
        default_cause: Option<&str>,
        rail: &str,
    ) -> Result<Self, AddError> {
        let slug = slug.map_or_else(|| slug_of(name), str::to_owned);
        if !slug_is_valid(&slug) {
            return Err(AddError::field(
                "slug",
                "lower-case letters, digits and hyphens, such as librairie",
            ));
        }
        if !line_fits(name, 200) {
            return Err(AddError::field(
                "name",
                "between 1 and 200 characters are needed, on one line",
            ));
        }
        let email = Email::parse(email).map_err(|e| AddError::field("email", e))?;
        let rule = Rule::parse(rule).map_err(|e| AddError::field("rule", e))?;
        if rail != Rail::Transfer.word() {
            return Err(AddError::NotYet(
                "only `--collect transfer` is built so far; direct debit and Stripe come later",
            ));
        }
        Ok(Self {
            slug,
            name: name.trim().to_owned(),
            email,
            rule,
            default_cause: default_cause.map(str::to_owned),
            rail: Rail::Transfer,
        })
    }

    /// The merchant's slug.
    #[must_use]
    pub fn slug(&self) -> &str {
        &self.slug
    }
}

/// The id of the merchant with this slug.
pub async fn find(db: &mut PgConnection, slug: &str) -> Result<Option<MerchantId>, sqlx::Error> {
    sqlx::query_scalar("select merchant_id from merchant where slug = $1")
        .bind(slug)
        .fetch_optional(db)
        .await
}

/// Adds a merchant and opens its account.
pub async fn add(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    terms: &MerchantTerms,
) -> Result<MerchantId, AddError> {
    let cause = match terms.default_cause.as_deref() {
        None => None,
        Some(slug) => Some(default_cause(tx, slug).await?),
    };
    let id = MerchantId::new();
    let (kind, amount) = terms.rule.stored();
    sqlx::query(
        "insert into merchant (merchant_id, slug, name, email, rule, rule_cents, default_cause_id,
           rail, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(id)
    .bind(&terms.slug)
    .bind(&terms.name)
    .bind(terms.email.as_str())
    .bind(kind)
    .bind(amount.cents())
    .bind(cause)
    .bind(terms.rail)
    .bind(now)
    .execute(&mut *tx)
    .await
    .map_err(AddError::taken(&terms.slug))?;
    ledger::open(tx, &ledger::SHARED).await?;
    ledger::open(tx, &[Account::MerchantReceivable(terms.slug.clone())]).await?;
    Ok(id)
}

async fn default_cause(db: &mut PgConnection, slug: &str) -> Result<CauseId, AddError> {
    let found: Option<CauseId> = sqlx::query_scalar("select cause_id from cause where slug = $1")
        .bind(slug)
        .fetch_optional(db)
        .await?;
    found.ok_or_else(|| {
        AddError::field(
            "default-cause",
            format!("no cause is called {slug:?}; see `obole cause list`"),
        )
    })
}

/// Gives a merchant a new API key, which is shown this once.
pub async fn add_api_key(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    merchant: MerchantId,
    name: &str,
) -> Result<String, AddError> {
    if !line_fits(name, 60) {
        let message = "a key's name is 1 to 60 characters on one line";
        return Err(AddError::field("add", message));
    }
    let (token, _) =
        seal::token().map_err(|_| AddError::NotYet("the system gives no randomness"))?;
    let api_key = format!("obk_{token}");
    sqlx::query(
        "insert into api_key (key_hash, merchant_id, name, created_at) values ($1, $2, $3, $4)",
    )
    .bind(seal::hash(&api_key))
    .bind(merchant)
    .bind(name)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(api_key)
}

/// An API key as the team sees it: never the key itself.
#[derive(Clone, Debug, Serialize, FromRow)]
pub struct ApiKey {
    /// The beginning of its hash, by which it is revoked.
    pub key: String,
    pub name: String,
    pub created_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A merchant's API keys, oldest first, for the team.
pub async fn api_keys(
    db: &mut PgConnection,
    reader: Reader,
    merchant: MerchantId,
) -> Result<Vec<ApiKey>, sqlx::Error> {
    if !reader.sees_everything() {
        return Ok(Vec::new());
    }
    sqlx::query_as(
        "select encode(substr(key_hash, 1, 6), 'hex') as key, name, created_at, revoked_at
         from api_key left join api_key_revocation using (key_hash)
         where merchant_id = $1 order by created_at, key_hash",
    )
    .bind(merchant)
    .fetch_all(db)
    .await
}

/// Revokes a key of a merchant, by what `api_keys` shows of it: from now on it opens nothing.
/// Returns its name; none when no key of theirs that is not revoked begins so.
pub async fn revoke_api_key(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    merchant: MerchantId,
    key: &str,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(
        "with revoked as (
           insert into api_key_revocation (key_hash, revoked_at)
           select key_hash, $3 from api_key
           where merchant_id = $1 and encode(substr(key_hash, 1, 6), 'hex') = $2
           on conflict do nothing returning key_hash)
         select name from api_key join revoked using (key_hash)",
    )
    .bind(merchant)
    .bind(key)
    .bind(now)
    .fetch_optional(tx)
    .await
}

/// The merchant of a slug.
pub async fn id_of_slug(
    db: &mut PgConnection,
    slug: &str,
) -> Result<Option<MerchantId>, sqlx::Error> {
    sqlx::query_scalar("select merchant_id from merchant where slug = $1")
        .bind(slug)
        .fetch_optional(db)
        .await
}

/// The merchant of an API key that is not revoked.
pub async fn of_api_key(
    db: &mut PgConnection,
    key: &str,
) -> Result<Option<MerchantId>, sqlx::Error> {
    sqlx::query_scalar(
        "select merchant_id from api_key k where key_hash = $1
           and not exists (select 1 from api_key_revocation r where r.key_hash = k.key_hash)",
    )
    .bind(seal::hash(key))
    .fetch_optional(db)
    .await
}

/// A merchant in a list.
#[derive(Clone, Debug, Serialize, FromRow)]
pub struct MerchantSummary {
    #[serde(serialize_with = "crate::values::as_text")]
    pub merchant_id: MerchantId,
    pub slug: String,
    pub name: String,
    pub state: PartyState,
    pub rule: String,
    #[serde(rename = "collect")]
    pub rail: Rail,
    pub endpoints: i64,
    /// Bodies that its endpoints refused because they were too large: nobody has signed them, so
    /// no event is kept.
    pub too_large: i64,
    pub last_too_large_at: Option<DateTime<Utc>>,
}

/// The merchants that a reader may see, by slug.
pub async fn list(
    db: &mut PgConnection,
    reader: Reader,
) -> Result<Vec<MerchantSummary>, sqlx::Error> {
    let scope = reader.merchants();
    sqlx::query_as(
        "select merchant_id, slug, name, state, rail,
           rule || ':' || to_char(rule_cents / 100.0, 'FM999999990.00') as rule,
           (select count(*) from endpoint e where e.merchant_id = m.merchant_id) as endpoints,
           coalesce(l.count, 0) as too_large, l.last_at as last_too_large_at
         from merchant m
         cross join lateral (
           select sum(t.count)::bigint as count, max(t.last_at) as last_at
           from endpoint e join endpoint_too_large t using (endpoint_id)
           where e.merchant_id = m.merchant_id) l
         where $1 or merchant_id = $2 order by slug",
    )
    .bind(scope.sees_all())
    .bind(scope.only())
    .fetch_all(db)
    .await
}

/// A merchant as it is needed to decide on a donation.
#[derive(Clone, Debug, FromRow)]
pub struct Merchant {
    pub merchant_id: MerchantId,
    pub slug: String,
    pub rule: RuleKind,
    pub rule_cents: i64,
    pub default_cause_id: Option<CauseId>,
    pub live: bool,
}

impl Merchant {
    /// The rule; the schema allows no other kind nor a wrong amount.
    #[must_use]
    pub fn rule(&self) -> Option<Rule> {
        Some(Rule::of(
            self.rule,
            Amount::from_cents(self.rule_cents).ok()?,
        ))
    }
}

/// The merchants of a batch, by their ids.
pub async fn of_ids(
    db: &mut PgConnection,
    ids: &[MerchantId],
) -> Result<HashMap<MerchantId, Merchant>, sqlx::Error> {
    let found: Vec<Merchant> = sqlx::query_as(
        "select merchant_id, slug, rule, rule_cents, default_cause_id, state = 'live' as live
          from merchant where merchant_id = any($1)",
    )
    .bind(ids.iter().map(|m| m.0).collect::<Vec<_>>())
    .fetch_all(db)
    .await?;
    Ok(found.into_iter().map(|m| (m.merchant_id, m)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_sets_the_donation() {
        let amounts = |rule: &str| {
            [0, 1, 4590, 4600].map(|total| Rule::parse(rule).unwrap().amount(total).cents())
        };
        assert_eq!(amounts("fixed:1.00"), [100, 100, 100, 100]);
        assert_eq!(amounts("round-up:1.00"), [100, 99, 10, 100]);
        assert!(
            Rule::parse("fixed:0").is_err()
                && Rule::parse("tip:1.00").is_err()
                && Rule::parse("1.00").is_err()
        );
    }
}
