//! The account that an association is paid to: one operator asks for another, a second confirms it,
//! and payouts wait until nobody can say that they did not know.

use chrono::{DateTime, Days, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::cases::{self, CaseKind, Decision, NewCase};
use crate::values::{AssociationId, Bic, Iban, line_fits};

/// Payouts wait so many days from a confirmation: the association and the team are told, and can
/// still say that it is wrong.
pub const WAITING_DAYS: u64 = 3;

/// The longest name of an account's holder, in characters, that a payment order carries.
const MAX_NAME_CHARS: usize = 70;

/// Why an account was not changed; nothing of it then was.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error("there is no such association; see `obole association list`")]
    Unknown,
    #[error("{0}")]
    Invalid(String),
    #[error("the association is paid to this account already")]
    Same,
    #[error(
        "another account of this association waits to be confirmed: confirm or refuse that first"
    )]
    Waits,
    #[error("nobody has asked for this account; ask for it first, without --confirm or --refuse")]
    NotAsked,
    #[error("you have asked for this account yourself: another operator confirms it")]
    SamePerson,
    #[error("the database refused")]
    Database(#[from] sqlx::Error),
}

/// An account to pay an association to.
#[derive(Clone, Copy, Debug)]
pub struct NewAccount<'a> {
    /// The association.
    pub slug: &'a str,
    pub iban: &'a Iban,
    /// None where its bank is the one of before.
    pub bic: Option<&'a Bic>,
    /// Its holder as the bank has it; none where that stays as it was.
    pub name: Option<&'a str>,
}

/// A request for another account, or what became of it.
#[derive(Clone, Debug, FromRow)]
pub struct AccountChange {
    pub account_change_id: Uuid,
    pub association_id: AssociationId,
    pub slug: String,
    pub name: Option<String>,
    pub iban: String,
    pub bic: String,
    pub previous_iban: String,
    pub asked_by: String,
}

#[derive(FromRow)]
struct Current {
    association_id: AssociationId,
    account_name: Option<String>,
    iban: String,
    bic: String,
}

const WAITING: &str = "select c.account_change_id, c.association_id, a.slug, c.name, c.iban, c.bic,
       c.previous_iban, c.asked_by
     from account_change c join association a using (association_id)
     where (c.account_change_id = $1 or a.slug = $2) and not exists (
       select 1 from account_change_decision d
       where d.account_change_id = c.account_change_id)";

/// The request that waits for a decision, by its association.
pub async fn waiting(
    tx: &mut PgConnection,
    slug: &str,
) -> Result<Option<AccountChange>, sqlx::Error> {
    sqlx::query_as(WAITING)
        .bind(None::<Uuid>)
        .bind(slug)
        .fetch_optional(tx)
        .await
}

/// The request of this id that waits for a decision.
pub async fn waiting_of_id(tx: &mut PgConnection, id: Uuid) -> Result<AccountChange, AccountError> {
    let found = sqlx::query_as(WAITING).bind(id).bind(None::<&str>);
    let found: Option<AccountChange> = found.fetch_optional(tx).await?;
    found.ok_or(AccountError::NotAsked)
}

/// Asks for another account: a case that another operator decides, and that holds the payouts of
/// the association until then.
///
/// The caller holds the settlement lock whole.
pub async fn ask(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    new: NewAccount<'_>,
    by: &str,
) -> Result<AccountChange, AccountError> {
    let current: Option<Current> = sqlx::query_as(
        "select association_id, c.account_name, c.iban, c.bic
         from association a join association_account c using (association_id) where a.slug = $1",
    )
    .bind(new.slug)
    .fetch_optional(&mut *tx)
    .await?;
    let current = current.ok_or(AccountError::Unknown)?;
    let bic = bic_of(&current, new)?;
    if new.name.is_some_and(|n| !line_fits(n, MAX_NAME_CHARS)) {
        let message = "the holder's name has between 1 and 70 characters, on one line";
        return Err(AccountError::Invalid(message.into()));
    }
    let name = new.name.map(str::to_owned).or(current.account_name.clone());
    if current.iban == new.iban.as_str() && current.bic == bic && current.account_name == name {
        return Err(AccountError::Same);
    }
    if waiting(tx, new.slug).await?.is_some() {
        return Err(AccountError::Waits);
    }
    let change = AccountChange {
        account_change_id: Uuid::now_v7(),
        association_id: current.association_id,
        slug: new.slug.to_owned(),
        name,
        iban: new.iban.as_str().to_owned(),
        bic,
        previous_iban: current.iban.clone(),
        asked_by: by.to_owned(),
    };
    write(tx, now, on, &change, &current).await?;
    let what = format!(
        "{by} asks to pay {} to the account {} instead of {}; another operator confirms or refuses \
         it, and no payout of it leaves until then",
        change.slug,
        new.iban.masked(),
        masked(&change.previous_iban)
    );
    let case = NewCase {
        association: Some(change.association_id),
        ..NewCase::new(CaseKind::IbanChanged, change.account_change_id, what)
    };
    cases::open(tx, now, &[case]).await?;
    Ok(change)
}

/// The BIC of the new account; that of before only where country and bank stay the same.
fn bic_of(current: &Current, new: NewAccount<'_>) -> Result<String, AccountError> {
    // The country, and the bank's code behind the check digits.
    let bank = |iban: &str| {
        let country = iban.get(..2).map(str::to_owned);
        (country, iban.get(4..9).map(str::to_owned))
    };
    match new.bic {
        Some(bic) => Ok(bic.as_str().to_owned()),
        None if bank(&current.iban) == bank(new.iban.as_str()) => Ok(current.bic.clone()),
        None => Err(AccountError::Invalid(
            "the account is at another bank: give its BIC with --bic".into(),
        )),
    }
}

async fn write(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    change: &AccountChange,
    current: &Current,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into account_change (account_change_id, association_id, name, iban, bic,
           previous_name, previous_iban, previous_bic, asked_by, asked_on, asked_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(change.account_change_id)
    .bind(change.association_id)
    .bind(&change.name)
    .bind(&change.iban)
    .bind(&change.bic)
    .bind(&current.account_name)
    .bind(&current.iban)
    .bind(&current.bic)
    .bind(&change.asked_by)
    .bind(on)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// Another operator confirms a request: from now on, the association's payouts go there, the first
/// of them in three days. What was approved for the account before is void.
///
/// The caller holds the settlement lock whole.
pub async fn confirm(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    change: &AccountChange,
    decision: Decision<'_>,
) -> Result<(), AccountError> {
    if change.asked_by == decision.by {
        return Err(AccountError::SamePerson);
    }
    decide(tx, now, on, change, "confirmed", decision).await
}

/// Somebody refuses a request: the account stays as it is.
pub async fn refuse(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    change: &AccountChange,
    decision: Decision<'_>,
) -> Result<(), AccountError> {
    decide(tx, now, on, change, "refused", decision).await
}

async fn decide(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    change: &AccountChange,
    word: &str,
    decision: Decision<'_>,
) -> Result<(), AccountError> {
    sqlx::query(
        "insert into account_change_decision (account_change_id, decision, decided_by, why,
           decided_on, decided_at)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(change.account_change_id)
    .bind(word)
    .bind(decision.by)
    .bind(decision.why)
    .bind(on)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    let subjects = [change.account_change_id];
    cases::close(tx, now, CaseKind::IbanChanged, &subjects, decision).await?;
    Ok(())
}

/// An association whose payouts wait because its account changes.
#[derive(Clone, Debug, FromRow)]
pub struct HeldAssociation {
    pub association_id: AssociationId,
    pub slug: String,
    /// The day of the confirmation; none while it waits for one.
    confirmed_on: Option<NaiveDate>,
}

impl HeldAssociation {
    /// Why its payouts wait, and how long.
    #[must_use]
    pub fn reason(&self) -> String {
        match self.confirmed_on {
            None => "another account waits to be confirmed: `obole association iban` confirms or \
                     refuses it, and until then no payout of the association leaves"
                .into(),
            Some(day) => format!(
                "its account was changed on {day}: its payouts wait until {}",
                day + Days::new(WAITING_DAYS)
            ),
        }
    }
}

/// Those of these associations whose payouts wait on a day.
pub async fn held(
    tx: &mut PgConnection,
    on: NaiveDate,
    associations: &[AssociationId],
) -> Result<Vec<HeldAssociation>, sqlx::Error> {
    sqlx::query_as(
        "select distinct on (a.slug) c.association_id, a.slug, d.decided_on as confirmed_on
         from account_change c join association a using (association_id)
         left join account_change_decision d using (account_change_id)
         where c.association_id = any($1) and (d.decision is null
           or (d.decision = 'confirmed' and d.decided_on > $2))
         order by a.slug, d.decided_on desc nulls first",
    )
    .bind(associations.iter().map(|a| a.0).collect::<Vec<_>>())
    .bind(on - Days::new(WAITING_DAYS))
    .fetch_all(tx)
    .await
}

/// What of an IBAN may be shown.
fn masked(iban: &str) -> String {
    Iban::parse(iban).map_or_else(|_| "on file".into(), |i| i.masked())
}
