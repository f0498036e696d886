//! A merchant, an association or a cause is suspended by a person, and that is lifted again: what
//! is charged is always recorded; what is intended is held.

use chrono::Utc;
use obole::audit::{self, Actor};
use obole::parties::PartyState::{self, Live, Suspended};
use obole::parties::cause;
use obole::parties::suspension::Suspendable;
use obole::payouts::PayoutState;
use obole::runs::{self, Suspension};
use obole::values::Reader;

use crate::browser::{Browser, mails_to};
use crate::shop::Service;
use crate::steps::{
    approve, bank_day, collect, collect_and_settle, give, give_at, import, month, on, pay_out,
    prepare_payouts,
};

const CAMILLE: &str = "camille@example.org";
const PAUL: &str = "paul@example.org";

async fn suspend(
    s: &Service,
    party: Suspendable,
    slug: &str,
    state: PartyState,
) -> anyhow::Result<runs::Suspended> {
    let actor = Actor {
        who: "lea@obole.example".into(),
        source: "a test".into(),
    };
    let suspension = Suspension {
        party,
        slug,
        state,
        actor: &actor,
        why: "the prefect asked",
    };
    runs::suspend(&s.app, Utc::now(), suspension).await
}

/// Twenty euros of January for an association, which arrive in February.
async fn arrived(s: &Service) {
    give(s, "O-1", "2025-01-10T10:00:00Z", "20.00", CAMILLE).await;
    collect_and_settle(s, on("2025-02-02"), month("2025-01-01")).await;
}

#[tokio::test]
async fn a_suspended_association_is_paid_nothing_until_that_is_lifted() {
    let s = Service::start().await;
    let operators = s.operators().await;
    arrived(&s).await;
    let day = on("2025-02-03");
    let prepared = prepare_payouts(&s, day).await;
    let first = runs::approve_payout(
        &s.app,
        Utc::now(),
        day,
        prepared[0].payout_id,
        &operators[0],
    );
    first.await.unwrap();

    let done = suspend(&s, Suspendable::Association, "foret-vivante", Suspended).await;
    let done = done.unwrap();
    assert_eq!(done.taken_back, [prepared[0].payout_id.to_string()]);
    let late = runs::approve_payout(
        &s.app,
        Utc::now(),
        day,
        prepared[0].payout_id,
        &operators[1],
    );
    let late = late.await.unwrap_err().to_string();
    assert!(late.contains("suspended"), "{late}");
    assert_eq!(prepare_payouts(&s, day).await.len(), 0, "it is held");
    // What is charged is recorded, flagged and asked for as before.
    give(&s, "O-2", "2025-02-10T10:00:00Z", "5.00", PAUL).await;
    let flagged = "select count(*) from donation where 'association-suspended' = any(flags)";
    assert_eq!(s.count(flagged).await, 1);
    collect_and_settle(&s, on("2025-03-02"), month("2025-02-01")).await;
    assert_eq!(prepare_payouts(&s, on("2025-03-03")).await.len(), 0);
    assert_eq!(s.balance("association_payable:foret-vivante").await, 2500);

    suspend(&s, Suspendable::Association, "foret-vivante", Live)
        .await
        .unwrap();
    let paid = pay_out(&s, on("2025-03-04"), &operators).await;
    assert_eq!(paid, [("foret-vivante".to_owned(), "25.00".to_owned())]);
    s.checked().await;
}

#[tokio::test]
async fn the_schema_prepares_and_sends_nothing_to_a_suspended_association() {
    let s = Service::start().await;
    let operators = s.operators().await;
    arrived(&s).await;
    let payouts = prepare_payouts(&s, on("2025-02-03")).await;
    // Suspended behind the application's back, so that nothing was taken back.
    sqlx::query("update association set state = 'suspended' where slug = 'foret-vivante'")
        .execute(&s.world.owner)
        .await
        .unwrap();
    let by = |who| {
        runs::approve_payout(
            &s.app,
            Utc::now(),
            on("2025-02-03"),
            payouts[0].payout_id,
            who,
        )
    };
    by(&operators[0]).await.unwrap();
    let refused = format!("{:#}", by(&operators[1]).await.unwrap_err());
    assert!(
        refused.contains("suspended association is paid nothing"),
        "{refused}"
    );
    assert_eq!(s.balance("association_payable:foret-vivante").await, 2000);
    s.checked().await;
}

#[tokio::test]
async fn a_payout_that_left_before_the_suspension_settles_all_the_same() {
    let s = Service::start().await;
    let operators = s.operators().await;
    arrived(&s).await;
    let day = on("2025-02-03");
    let payouts = prepare_payouts(&s, day).await;
    approve(&s, day, &operators, &payouts).await;
    let done = suspend(&s, Suspendable::Association, "foret-vivante", Suspended).await;
    assert_eq!(done.unwrap().taken_back, [""; 0]);
    import(&s, bank_day(&s, day, &[]).unwrap()).await;
    let open = runs::run_payouts(&s.app, Utc::now(), day).await.unwrap();
    assert!(open.iter().all(|p| p.state != PayoutState::Submitted));
    s.checked().await;
}

#[tokio::test]
async fn the_donors_of_a_suspended_association_are_asked_once_to_choose_again() {
    let s = Service::start().await;
    let operators = s.operators().await;
    // Camille gave what has left; Paul gave what has not; Zoé chose one of its causes.
    arrived(&s).await;
    pay_out(&s, on("2025-02-03"), &operators).await;
    give(&s, "O-2", "2025-02-10T10:00:00Z", "5.00", PAUL).await;
    give_at(&s, &s.shop, "O-3", "2025-02-10T10:00:00Z", |event| {
        event["data"]["donation"]["cause"] = "abri".into();
        event["data"]["donor"]["email"] = "zoe@example.org".into();
    })
    .await;
    let zoe = Browser::signed_in(&s, "zoe@example.org").await;
    zoe.post("/donor/causes", &[("rivieres", "2"), ("abri", "1")])
        .await;
    let before = |who| mails_to(&s, who).len();
    let (camille, paul, zoes) = (before(CAMILLE), before(PAUL), before("zoe@example.org"));

    let done = suspend(&s, Suspendable::Association, "foret-vivante", Suspended).await;
    let done = done.unwrap();
    assert_eq!((done.asked, done.unsent), (2, 0));
    assert_eq!(before(CAMILLE), camille);
    assert_eq!(
        (before(PAUL), before("zoe@example.org")),
        (paul + 1, zoes + 1)
    );
    let mail = mails_to(&s, PAUL).pop().unwrap();
    assert!(mail.text.contains("Forêt Vivante"), "{}", mail.text);
    let link = format!("{}/donor/causes", s.app.settings.public_url);
    assert!(mail.text.contains(&link), "{}", mail.text);
    obole::mailing::send_choice_requests(&s.app, Utc::now())
        .await
        .unwrap();
    assert_eq!(before(PAUL), paul + 1, "once");
    // Its causes are offered no more, and take no turn.
    let page = zoe.get("/donor/causes").await.text().await.unwrap();
    assert!(!page.contains("Cause rivieres"), "{page}");

    suspend(&s, Suspendable::Association, "foret-vivante", Live)
        .await
        .unwrap();
    let open = "select count(*) from choice_request where ended_at is null";
    assert_eq!(s.count(open).await, 0);
    let page = zoe.get("/donor/causes").await.text().await.unwrap();
    assert!(page.contains("Cause rivieres"), "the choice is as it was");
    s.checked().await;
}

#[tokio::test]
async fn a_suspended_merchant_is_still_asked_for_what_it_charged() {
    let s = Service::start().await;
    suspend(&s, Suspendable::Merchant, "librairie", Suspended)
        .await
        .unwrap();
    give(&s, "O-1", "2025-01-10T10:00:00Z", "20.00", CAMILLE).await;
    let flagged = "select count(*) from donation where 'merchant-suspended' = any(flags)";
    assert_eq!(s.count(flagged).await, 1);
    let asked = collect(&s, on("2025-02-02"), month("2025-01-01")).await;
    assert_eq!(asked[0].amount_cents, 2000);
    suspend(&s, Suspendable::Merchant, "librairie", Live)
        .await
        .unwrap();
    give(&s, "O-2", "2025-01-10T10:00:00Z", "20.00", CAMILLE).await;
    assert_eq!(s.count(flagged).await, 1);
    s.checked().await;
}

#[tokio::test]
async fn a_suspended_cause_is_not_offered_and_each_act_is_in_the_audit_log() {
    let s = Service::start().await;
    let offered = async || {
        let mut db = s.world.db.acquire().await.unwrap();
        let live = cause::live(&mut db).await.unwrap();
        live.iter().any(|c| c.slug == "rivieres")
    };
    suspend(&s, Suspendable::Cause, "rivieres", Suspended)
        .await
        .unwrap();
    assert!(!offered().await);
    let again = suspend(&s, Suspendable::Cause, "rivieres", Suspended).await;
    let again = again.unwrap_err().to_string();
    assert!(again.contains("suspended already"), "{again}");
    suspend(&s, Suspendable::Cause, "rivieres", Live)
        .await
        .unwrap();
    assert!(offered().await);
    let unknown = suspend(&s, Suspendable::Cause, "lacs", Suspended).await;
    assert!(
        unknown
            .unwrap_err()
            .to_string()
            .contains("obole cause list")
    );

    let mut db = s.world.db.acquire().await.unwrap();
    let log = audit::list(&mut db, Reader::System, Some("rivieres")).await;
    let log = log.unwrap();
    let acts: Vec<&str> = log.iter().map(|e| e.act.as_str()).collect();
    assert_eq!(acts, ["cause.suspend", "cause.lift"]);
    assert_eq!(log[0].before.as_ref().unwrap()["state"], "live");
    assert_eq!(log[0].after.as_ref().unwrap()["state"], "suspended");
    assert_eq!(log[0].why.as_deref(), Some("the prefect asked"));
    drop(db);
    s.checked().await;
}
