//! Merchants: the e-shops, the rule that sets their donations, and how these are collected.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgConnection};

use super::endpoint::{EndpointSettings, NewEndpoint};
use super::{AddError, PartyState, endpoint, seal, slug_of};
use crate::ledger::{self, Account};
use crate::rails::Rail;
use crate::values::{
    Amount, CauseId, Dialect, DialectError, Email, EndpointId, MerchantId, Reader, slug_is_valid,
};

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

/// What is asked when a merchant is added.
#[derive(Clone, Debug)]
pub struct NewMerchant {
    pub name: String,
    pub email: String,
    pub slug: Option<String>,
    pub dialect: String,
    /// Settings of the endpoint, `name=value`.
    pub settings: Vec<String>,
    /// The secret that the platform gave; without it one is made.
    pub secret: Option<String>,
    pub api_token: Option<String>,
    pub rule: String,
    pub default_cause: Option<String>,
    pub collect: String,
    pub test: bool,
}

impl NewMerchant {
    /// A merchant with the usual settings: our own dialect, one euro an order, collected by
    /// transfer.
    #[must_use]
    pub fn named(name: &str, email: &str) -> Self {
        Self {
            name: name.to_owned(),
            email: email.to_owned(),
            slug: None,
            dialect: Dialect::Standard.word().to_owned(),
            settings: Vec::new(),
            secret: None,
            api_token: None,
            rule: "fixed:1.00".to_owned(),
            default_cause: None,
            collect: "transfer".to_owned(),
            test: false,
        }
    }
}

/// What the merchant's developer needs; the secrets are shown this once.
#[derive(Clone, Debug)]
pub struct MerchantCredentials {
    pub merchant_id: MerchantId,
    pub endpoint_id: EndpointId,
    pub secret: String,
    pub api_key: String,
}

/// Adds a merchant with an endpoint and an API key. With `test` and the slug of a known merchant,
/// adds a test endpoint to it.
pub async fn add(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    key: &[u8; 32],
    new: &NewMerchant,
) -> Result<MerchantCredentials, AddError> {
    let slug = new.slug.clone().unwrap_or_else(|| slug_of(&new.name));
    if !slug_is_valid(&slug) {
        return Err(AddError::field(
            "slug",
            "lower-case letters, digits and hyphens, such as librairie",
        ));
    }
    if new.name.trim().is_empty() || new.name.len() > 200 {
        return Err(AddError::field(
            "name",
            "between 1 and 200 characters are needed",
        ));
    }
    let email = Email::parse(&new.email).map_err(|e| AddError::field("email", e))?;
    let rule = Rule::parse(&new.rule).map_err(|e| AddError::field("rule", e))?;
    if new.collect != "transfer" {
        return Err(AddError::NotYet(
            "only `--collect transfer` is built so far; direct debit and Stripe come later",
        ));
    }
    let endpoint = NewEndpoint {
        dialect: new
            .dialect
            .parse()
            .map_err(|e: DialectError| AddError::field("dialect", e.to_string()))?,
        settings: EndpointSettings::default().changed(&new.settings)?,
        test: new.test,
        secret: new.secret.clone(),
        api_token: new.api_token.clone(),
    };
    let known: Option<MerchantId> =
        sqlx::query_scalar("select merchant_id from merchant where slug = $1")
            .bind(&slug)
            .fetch_optional(&mut *db)
            .await?;
    let merchant_id = match known {
        Some(id) if new.test => id,
        Some(_) => return Err(AddError::Taken(slug)),
        None => insert(db, now, &slug, new, &email, rule).await?,
    };
    let (endpoint_id, secret) = endpoint::add(db, now, key, merchant_id, &endpoint).await?;
    let (api_key, _) =
        seal::token().map_err(|_| AddError::NotYet("the system gives no randomness"))?;
    let api_key = format!("obk_{api_key}");
    sqlx::query("insert into api_key (key_hash, merchant_id, created_at) values ($1, $2, $3)")
        .bind(seal::hash(&api_key))
        .bind(merchant_id)
        .bind(now)
        .execute(db)
        .await?;
    Ok(MerchantCredentials {
        merchant_id,
        endpoint_id,
        secret,
        api_key,
    })
}

async fn insert(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    slug: &str,
    new: &NewMerchant,
    email: &Email,
    rule: Rule,
) -> Result<MerchantId, AddError> {
    let cause: Option<CauseId> = match &new.default_cause {
        None => None,
        Some(cause) => Some(
            sqlx::query_scalar("select cause_id from cause where slug = $1")
                .bind(cause)
                .fetch_optional(&mut *db)
                .await?
                .ok_or_else(|| {
                    AddError::field(
                        "default-cause",
                        format!("no cause is called {cause:?}; see `obole cause list`"),
                    )
                })?,
        ),
    };
    let id = MerchantId::new();
    let (kind, amount) = rule.stored();
    sqlx::query(
        "insert into merchant (merchant_id, slug, name, email, rule, rule_cents, default_cause_id,
          rail, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(id)
    .bind(slug)
    .bind(new.name.trim())
    .bind(email.as_str())
    .bind(kind)
    .bind(amount.cents())
    .bind(cause)
    .bind(&new.collect)
    .bind(now)
    .execute(&mut *db)
    .await
    .map_err(AddError::taken(slug))?;
    ledger::open(db, &ledger::SHARED).await?;
    ledger::open(db, &[Account::MerchantReceivable(slug.to_owned())]).await?;
    Ok(id)
}

/// The merchant of an API key that is not revoked.
pub async fn of_api_key(
    db: &mut PgConnection,
    key: &str,
) -> Result<Option<MerchantId>, sqlx::Error> {
    sqlx::query_scalar("select merchant_id from api_key where key_hash = $1 and revoked_at is null")
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
           (select count(*) from endpoint e where e.merchant_id = m.merchant_id) as endpoints
         from merchant m where $1 or merchant_id = $2 order by slug",
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

/// The merchants of a batch.
pub async fn of_ids(
    db: &mut PgConnection,
    ids: &[MerchantId],
) -> Result<Vec<Merchant>, sqlx::Error> {
    sqlx::query_as(
        "select merchant_id, slug, rule, rule_cents, default_cause_id, state = 'live' as live
          from merchant where merchant_id = any($1)",
    )
    .bind(ids.iter().map(|m| m.0).collect::<Vec<_>>())
    .fetch_all(db)
    .await
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
