//! Maintenance: partitions are made ahead and old ones dropped, sign-in links that have ended are
//! deleted, the contents of receipts are destroyed after their six years, and every invariant is
//! checked once a day, and oftener while one does not hold; then merchants whose donors may not
//! have chosen to give are looked for, and the team is told of new cases.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use tokio::sync::watch;
use uuid::Uuid;

use crate::app::App;
use crate::cases::{self, CaseFilter, CaseKind, Decision, NewCase};
use crate::checks::{self, Verdict};
use crate::parties::sign_in;
use crate::values::{Reader, derived_id, paris_day};
use crate::{collections, donations, inbox, mailing, receipts};

/// The time between two rounds.
const PERIOD: Duration = Duration::from_secs(600);

/// Does what is due every ten minutes until it must stop.
pub async fn maintenance(app: App, mut stop: watch::Receiver<bool>) {
    let mut checked_on = None;
    while !*stop.borrow() {
        if let Err(error) = round(&app, &mut checked_on).await {
            let error = format!("{error:#}");
            tracing::warn!(%error, "maintenance failed; it is tried again later");
        }
        tokio::select! {
            () = tokio::time::sleep(PERIOD) => {}
            _ = stop.changed() => {}
        }
    }
}

/// `checked_on` is the last day on which every invariant was found to hold. Checking reads the
/// whole database, so it is done once a day while all is well.
async fn round(app: &App, checked_on: &mut Option<NaiveDate>) -> anyhow::Result<()> {
    let now = Utc::now();
    let mut db = app.db.acquire().await?;
    inbox::prepare_partitions(&mut db, now).await?;
    let dropped = inbox::drop_partitions(&mut db, now, app.settings.inbox_months).await?;
    if dropped > 0 {
        tracing::info!(months = dropped, "the bodies of old webhooks were dropped");
    }
    let ended = inbox::end_parked(&mut db, now).await?;
    if ended > 0 {
        tracing::info!(events = ended, "refunds were ended whose orders never came");
    }
    sign_in::forget_ended(&mut db, now).await?;
    destroy_expired_receipts(app, &mut db, paris_day(now)).await?;
    if *checked_on != Some(paris_day(now)) {
        let all_hold = check_invariants(app, &mut db, now).await?;
        look_for_unclear_consent(app, now).await?;
        look_again_at_manifests(app, now).await?;
        look_for_unpaid_collections(app, now).await?;
        // Messages to donors of suspended associations that were refused before.
        mailing::send_choice_requests(app, now).await?;
        // What is violated holds payouts: the next round looks whether it was mended.
        *checked_on = all_hold.then(|| paris_day(now));
    }
    let told = mailing::send_alerts(app, now).await?;
    if told > 0 {
        tracing::info!(cases = told, "the team was told of new cases");
    }
    Ok(())
}

/// Opens a case for each merchant whose donors may not have chosen to give.
pub async fn look_for_unclear_consent(app: &App, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let mut tx = app.db.begin().await?;
    donations::open_consent_cases(&mut tx, now).await?;
    tx.commit().await
}

/// Opens a case for each collection that merchants left unpaid for thirty days.
pub async fn look_for_unpaid_collections(app: &App, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let mut tx = app.db.begin().await?;
    collections::open_unpaid_cases(&mut tx, now).await?;
    tx.commit().await
}

/// Ends the cases of days whose counts agree now, because what was missing came.
pub async fn look_again_at_manifests(app: &App, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let mut tx = app.db.begin().await?;
    donations::manifest::look_again(&mut tx, now).await?;
    tx.commit().await
}

/// Checks every invariant. One that does not hold opens a case, which closes by itself once it
/// holds again. Returns whether all hold.
pub async fn check_invariants(
    app: &App,
    db: &mut PgConnection,
    now: DateTime<Utc>,
) -> anyhow::Result<bool> {
    let (kept, violated): (Vec<_>, Vec<_>) = checks::run(db).await?.into_iter().partition(|v| v.ok);
    for v in &violated {
        let (check, violations) = (v.name, v.violations);
        tracing::error!(check, violations, "an invariant does not hold");
    }
    let new = violated.iter().map(|v| {
        let what = format!("{} does not hold: {} violations", v.name, v.violations);
        NewCase::new(CaseKind::CheckViolated, subject(v), what)
    });
    let mended = Decision {
        decision: "mended",
        by: "obole",
        why: "a later check found that it holds",
    };
    let kept: Vec<Uuid> = kept.iter().map(subject).collect();
    // One opened since then, by another process, is about what this check did not see.
    let filter = CaseFilter::open(CaseKind::CheckViolated);
    let mut tx = app.db.begin().await?;
    let open = cases::list(&mut tx, Reader::System, filter).await?;
    let earlier = open
        .iter()
        .filter(|c| c.opened_at < now && kept.contains(&c.subject));
    let kept: Vec<Uuid> = earlier.map(|c| c.subject).collect();
    cases::open(&mut tx, now, &new.collect::<Vec<_>>()).await?;
    cases::close(&mut tx, now, CaseKind::CheckViolated, &kept, mended).await?;
    tx.commit().await?;
    Ok(violated.is_empty())
}

/// The subject of a check's case: the check itself, known by its name.
fn subject(of: &Verdict) -> Uuid {
    derived_id(&format!("check:{}", of.name))
}

/// Deletes documents before contents, so that a round cut short is repeated for both.
pub async fn destroy_expired_receipts(
    app: &App,
    db: &mut PgConnection,
    on: NaiveDate,
) -> anyhow::Result<()> {
    let expired = receipts::expired(db, on).await?;
    if expired.is_empty() {
        return Ok(());
    }
    for receipt_id in &expired {
        mailing::delete_receipt_document(app, *receipt_id).await?;
    }
    receipts::destroy_expired(db, on).await?;
    tracing::info!(
        receipts = expired.len(),
        "receipts kept for their six years were destroyed"
    );
    Ok(())
}
