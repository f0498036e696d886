//! What a person does about an association's account: asks for another, confirms or refuses it.
//! Each act is one database transaction with its entry in the audit log; then those concerned are
//! told.

use anyhow::{Context as _, ensure};
use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::Serialize;
use serde_json::json;
use sqlx::PgConnection;

use crate::app::App;
use crate::audit::{self, Act, Actor};
use crate::cases::Decision;
use crate::db::settlement_lock;
use crate::mailing::tell_of_accounts;
use crate::parties::account::{self, AccountChange, AccountError, NewAccount};
use crate::values::{Iban, SetAside};

/// What is done about an association's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountAct {
    Ask,
    Confirm,
    Refuse,
}

impl AccountAct {
    /// As the audit log names it.
    const fn word(self) -> &'static str {
        match self {
            Self::Ask => "association.iban",
            Self::Confirm => "association.iban-confirm",
            Self::Refuse => "association.iban-refuse",
        }
    }
}

/// A change of account as it stands.
#[derive(Clone, Debug, Serialize)]
pub struct AccountStanding {
    pub association: String,
    /// The account asked for, and that of before, as they may be shown.
    pub iban: String,
    pub previous_iban: String,
    /// asked, confirmed or refused.
    pub state: &'static str,
    /// The first day on which its payouts may leave; none while it waits for a decision.
    pub payouts_from: Option<NaiveDate>,
    /// Who could not be told; the next run of payouts tries again.
    pub set_aside: Vec<SetAside>,
}

/// Acts on an association's account.
///
/// # Errors
/// Fails, and changes nothing, where the act is not possible now; says why.
pub async fn act_on_account(
    app: &App,
    now: DateTime<Utc>,
    on: NaiveDate,
    new: NewAccount<'_>,
    act: AccountAct,
    (actor, why): (&Actor, &str),
) -> anyhow::Result<AccountStanding> {
    let mut tx = app.db.begin().await?;
    settlement_lock::lock_exclusive(&mut tx).await?;
    let change = perform(&mut tx, now, on, new, act, (actor, why)).await?;
    let (iban, previous_iban) = (masked(&change.iban), masked(&change.previous_iban));
    let written = Act {
        act: act.word(),
        subject: new.slug,
        before: Some(json!({"iban": previous_iban})),
        after: Some(json!({"iban": iban})),
        why: Some(why),
    };
    audit::record(&mut tx, now, actor, &written).await?;
    tx.commit().await?;
    let set_aside = tell_of_accounts(app, now)
        .await
        .context("it is written down; `obole payouts run` tells those who could not be told now")?;
    let (state, payouts_from) = match act {
        AccountAct::Ask => ("asked", None),
        AccountAct::Confirm => ("confirmed", Some(on + Days::new(account::WAITING_DAYS))),
        AccountAct::Refuse => ("refused", Some(on)),
    };
    Ok(AccountStanding {
        association: change.slug,
        iban,
        previous_iban,
        state,
        payouts_from,
        set_aside,
    })
}

async fn perform(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    new: NewAccount<'_>,
    act: AccountAct,
    (actor, why): (&Actor, &str),
) -> anyhow::Result<AccountChange> {
    if act == AccountAct::Ask {
        return Ok(account::ask(tx, now, on, new, &actor.who).await?);
    }
    let change = account::waiting(tx, new.slug).await?;
    let change = change.ok_or(AccountError::NotAsked)?;
    ensure!(
        change.iban == new.iban.as_str(),
        "the account asked for is another: {}",
        masked(&change.iban)
    );
    let decided = |decision| Decision {
        decision,
        by: &actor.who,
        why,
    };
    if act == AccountAct::Confirm {
        account::confirm(tx, now, on, &change, decided("confirm")).await?;
    } else {
        account::refuse(tx, now, on, &change, decided("refuse")).await?;
    }
    Ok(change)
}

/// What of an IBAN may be shown.
fn masked(iban: &str) -> String {
    Iban::parse(iban).map_or_else(|_| "on file".into(), |i| i.masked())
}
