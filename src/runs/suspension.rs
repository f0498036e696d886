//! A merchant, an association or a cause is suspended, or that is lifted, by a person: written down
//! with what follows from it; then those concerned are told.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;

use crate::app::App;
use crate::audit::{self, Act, Actor};
use crate::db::settlement_lock;
use crate::mailing::send_choice_requests;
use crate::parties::PartyState;
use crate::parties::suspension::{Suspendable, set_state};
use crate::values::PayoutId;
use crate::{donations, payouts};

/// What a person decides about a party.
#[derive(Clone, Copy, Debug)]
pub struct Suspension<'a> {
    pub party: Suspendable,
    pub slug: &'a str,
    /// What it goes to.
    pub state: PartyState,
    pub actor: &'a Actor,
    pub why: &'a str,
}

/// What followed.
#[derive(Clone, Debug, Serialize)]
pub struct Suspended {
    pub slug: String,
    pub state: PartyState,
    /// The payouts to an association that were prepared, and are taken back.
    pub taken_back: Vec<String>,
    /// Donors of an association who were asked, by one mail, to choose again.
    pub asked: usize,
    /// Mails to them that did not leave; they are tried again once a day.
    pub unsent: u64,
}

/// Suspends a party, or lifts its suspension.
pub async fn suspend(
    app: &App,
    now: DateTime<Utc>,
    s: Suspension<'_>,
) -> anyhow::Result<Suspended> {
    let mut tx = app.db.begin().await?;
    let (mut taken_back, mut to_ask) = (Vec::new(), 0);
    if s.party == Suspendable::Association {
        // No payout is prepared or approved meanwhile.
        settlement_lock::lock_exclusive(&mut tx).await?;
    }
    set_state(&mut tx, s.party, s.slug, s.state).await?;
    match (s.party, s.state) {
        (Suspendable::Association, PartyState::Suspended) => {
            taken_back = payouts::take_back_of_association(&mut tx, now, s.slug).await?;
            to_ask = donations::ask_to_choose_again(&mut tx, now, s.slug).await?;
        }
        (Suspendable::Association, PartyState::Live) => {
            donations::end_choice_requests(&mut tx, now, s.slug).await?;
        }
        (Suspendable::Merchant | Suspendable::Cause, _) => {}
    }
    let taken_back: Vec<String> = taken_back.iter().map(PayoutId::to_string).collect();
    write_down(&mut tx, now, &s, &taken_back).await?;
    tx.commit().await?;
    let asked = if to_ask == 0 { 0 } else { ask(app, now).await };
    Ok(Suspended {
        slug: s.slug.to_owned(),
        state: s.state,
        taken_back,
        asked,
        unsent: to_ask.saturating_sub(asked as u64),
    })
}

async fn write_down(
    tx: &mut sqlx::PgConnection,
    now: DateTime<Utc>,
    s: &Suspension<'_>,
    taken_back: &[String],
) -> Result<(), sqlx::Error> {
    let before = match s.state {
        PartyState::Live => PartyState::Suspended,
        PartyState::Suspended => PartyState::Live,
    };
    let act = match (s.party, s.state) {
        (Suspendable::Merchant, PartyState::Suspended) => "merchant.suspend",
        (Suspendable::Merchant, PartyState::Live) => "merchant.lift",
        (Suspendable::Association, PartyState::Suspended) => "association.suspend",
        (Suspendable::Association, PartyState::Live) => "association.lift",
        (Suspendable::Cause, PartyState::Suspended) => "cause.suspend",
        (Suspendable::Cause, PartyState::Live) => "cause.lift",
    };
    let act = Act {
        act,
        subject: s.slug,
        before: Some(json!({"state": before})),
        after: Some(json!({"state": s.state, "taken_back": taken_back})),
        why: Some(s.why),
    };
    audit::record(tx, now, s.actor, &act).await
}

/// Asks the donors; returns how many mails left. What is decided stays so whether or not they do.
async fn ask(app: &App, now: DateTime<Utc>) -> usize {
    match send_choice_requests(app, now).await {
        Ok(counts) => counts.sent,
        Err(error) => {
            tracing::warn!("the donors are asked later: {error:#}");
            0
        }
    }
}
