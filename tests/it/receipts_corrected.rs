//! A donor who corrects their name or address after receipts were issued asks for their
//! replacement: each waits for a person, the page says so, and the receipts stay valid meanwhile.

use chrono::Utc;
use obole::audit::Actor;
use obole::cases::{self, Case, CaseFilter, CaseKind};
use obole::receipts::{self, ReceiptDecision, ReceiptStanding};
use obole::runs;
use obole::values::Reader;

use crate::browser::{Browser, PROFILE};
use crate::shop::Service;
use crate::steps::{collect_and_settle, give, give_at, issue_receipts, month, on, pay_out};

const CAMILLE: &str = "camille@example.org";

/// Camille gave twenty euros in a January; the association has them, and she has her receipt, whose
/// number is returned.
async fn receipted(year: i32) -> (Service, String) {
    let s = Service::start().await;
    let operators = s.operators().await;
    let day = |month_and_day: &str| on(&format!("{year}-{month_and_day}"));
    let at = format!("{year}-01-10T10:00:00Z");
    give(&s, "A-1", &at, "20.00", CAMILLE).await;
    let period = month(&format!("{year}-01-01"));
    collect_and_settle(&s, day("02-02"), period).await;
    pay_out(&s, day("02-03"), &operators).await;
    issue_receipts(&s, day("02-04"), period).await;
    (s, format!("foret-vivante-{year}-000001"))
}

/// The open cases.
async fn waiting(s: &Service) -> Vec<Case> {
    let mut db = s.world.db.acquire().await.unwrap();
    let filter = CaseFilter {
        open_only: true,
        ..CaseFilter::default()
    };
    cases::list(&mut db, Reader::System, filter).await.unwrap()
}

/// Saves the profile with some fields changed.
async fn save(camille: &Browser, changes: &[(&'static str, &'static str)]) {
    let mut form = PROFILE.to_vec();
    form.push(("receipts", "monthly"));
    for change in changes {
        let field = form.iter_mut().find(|(name, _)| *name == change.0);
        field.unwrap().1 = change.1;
    }
    assert_eq!(camille.post("/donor/profile", &form).await.status(), 303);
}

#[tokio::test]
async fn a_corrected_address_asks_for_the_receipts_replacement_which_ends_it() {
    let (s, number) = receipted(2025).await;
    let camille = Browser::signed_in(&s, CAMILLE).await;
    let profile = camille.get("/donor/profile").await.text().await.unwrap();
    assert!(profile.contains("annule et remplace"), "{profile}");
    save(&camille, &[("line1", "4 rue des Lilas")]).await;
    let open = waiting(&s).await;
    let kinds: Vec<_> = open.iter().map(|c| c.kind).collect();
    assert_eq!(kinds, [CaseKind::ReceiptCorrectionAsked]);
    assert!(open[0].what.contains(&number), "{}", open[0].what);
    assert!(
        !open[0].what.contains("Lilas"),
        "a case holds no personal data"
    );
    let mut db = s.world.db.acquire().await.unwrap();
    let found = receipts::registered(&mut db, Reader::System, &number).await;
    drop(db);
    let standing = found.unwrap().unwrap().standing;
    assert_eq!(standing, ReceiptStanding::Valid, "the amount is right");
    let page = camille.get("/donor").await.text().await.unwrap();
    for said in ["porte encore les anciens", "valable, sera remplacé"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    // Saved again, it is asked once.
    save(&camille, &[("line1", "4 rue des Lilas")]).await;
    assert_eq!(waiting(&s).await.len(), 1);

    let actor = Actor {
        who: "lea@obole.example".into(),
        source: "command line".into(),
    };
    let decision = ReceiptDecision {
        number: &number,
        actor: &actor,
        why: "asked on the page",
    };
    let (now, day) = (Utc::now(), on("2025-03-01"));
    runs::replace_receipt(&s.app, now, day, decision, None)
        .await
        .unwrap();
    assert!(waiting(&s).await.is_empty());
    let page = camille.get("/donor").await.text().await.unwrap();
    assert!(!page.contains("porte encore les anciens"), "{page}");
    s.checked().await;
}

#[tokio::test]
async fn a_correction_can_be_declined_and_its_donor_is_told_why() {
    let (s, number) = receipted(2025).await;
    let camille = Browser::signed_in(&s, CAMILLE).await;
    save(&camille, &[("last_name", "Martin")]).await;
    let actor = Actor {
        who: "lea@obole.example".into(),
        source: "command line".into(),
    };
    let decision = runs::CaseDecision {
        case_id: waiting(&s).await[0].case_id,
        decision: "decline",
        actor: &actor,
        why: "le don a été payé sous l’autre nom",
        amount: None,
        email: None,
    };
    let done = runs::decide_case(&s.app, Utc::now(), on("2025-03-01"), decision).await;
    let done = done.unwrap().done;
    assert!(done.contains(&number) && done.contains("stays"), "{done}");
    assert!(waiting(&s).await.is_empty());
    let mails = crate::browser::mails_to(&s, CAMILLE);
    let told = mails.last().unwrap();
    for said in [
        &number,
        "il reste valable",
        "le don a été payé sous l’autre nom",
    ] {
        let plain = told.text.replace(['\u{a0}', '\u{202f}'], " ");
        assert!(plain.contains(said), "{said}: {plain}");
    }
    assert!(told.attachments.is_empty());
    let page = camille.get("/donor").await.text().await.unwrap();
    assert!(!page.contains("valable, sera remplacé"), "{page}");
    // Saving the same again asks for nothing; another name does.
    save(&camille, &[("last_name", "Martin"), ("locale", "en")]).await;
    assert!(waiting(&s).await.is_empty());
    save(&camille, &[("last_name", "Bernard")]).await;
    assert_eq!(waiting(&s).await.len(), 1);
    // The receipt can end all the same.
    let decision = ReceiptDecision {
        number: &number,
        actor: &actor,
        why: "asked again",
    };
    let (now, day) = (Utc::now(), on("2025-03-02"));
    let ended = runs::replace_receipt(&s.app, now, day, decision, None).await;
    assert!(ended.unwrap().successor.is_some());
    let again = runs::replace_receipt(&s.app, now, day, decision, None).await;
    assert!(again.is_err(), "nothing is left to finish");
    s.checked().await;
}

#[tokio::test]
async fn a_change_that_prints_the_same_asks_nothing_and_a_change_back_withdraws() {
    let (s, _) = receipted(2025).await;
    let camille = Browser::signed_in(&s, CAMILLE).await;
    save(&camille, &[("last_name", "DURAND"), ("city", " paris ")]).await;
    save(&camille, &[("locale", "en"), ("receipts", "annual")]).await;
    assert!(waiting(&s).await.is_empty());
    save(&camille, &[("last_name", "Durant")]).await;
    assert_eq!(waiting(&s).await.len(), 1);
    save(&camille, &[]).await;
    assert!(waiting(&s).await.is_empty());
    let decided = "select count(*) from case_decision where decision = 'withdrawn'";
    assert_eq!(s.count(decided).await, 1);
    s.checked().await;
}

#[tokio::test]
async fn a_shops_later_telling_asks_nothing() {
    let (s, _) = receipted(2025).await;
    give_at(&s, &s.shop, "A-2", "2025-02-20T10:00:00Z", |event| {
        event["data"]["donor"]["last_name"] = "Martin".into();
        event["data"]["donor"]["address"]["line1"] = "1 place du Puits".into();
    })
    .await;
    assert!(waiting(&s).await.is_empty());
    s.checked().await;
}

#[tokio::test]
async fn a_receipt_too_old_for_any_return_is_left_as_it_is() {
    // The years of use end three years after the donation's; this one ended long ago.
    let (s, _) = receipted(2021).await;
    let camille = Browser::signed_in(&s, CAMILLE).await;
    let profile = camille.get("/donor/profile").await.text().await.unwrap();
    assert!(!profile.contains("annule et remplace"), "{profile}");
    save(&camille, &[("line1", "4 rue des Lilas")]).await;
    assert!(waiting(&s).await.is_empty());
    s.checked().await;
}

#[tokio::test]
async fn the_case_itself_can_be_decided_and_its_donor_is_told_the_reason() {
    let (s, number) = receipted(2025).await;
    let camille = Browser::signed_in(&s, CAMILLE).await;
    save(&camille, &[("line1", "4 rue des Lilas")]).await;
    let actor = Actor {
        who: "lea@obole.example".into(),
        source: "command line".into(),
    };
    let decision = runs::CaseDecision {
        case_id: waiting(&s).await[0].case_id,
        decision: "replace",
        actor: &actor,
        why: "asked on the page",
        amount: None,
        email: None,
    };
    let done = runs::decide_case(&s.app, Utc::now(), on("2025-03-01"), decision).await;
    assert!(done.unwrap().done.contains(&number));
    assert!(waiting(&s).await.is_empty());
    let told = crate::browser::mails_to(&s, CAMILLE).pop().unwrap().text;
    assert!(told.contains("vous avez demandé la correction"), "{told}");
    s.checked().await;
}
