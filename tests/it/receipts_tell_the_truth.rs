//! A receipt says what remains of each donation, and whether it can be relied on is a fact, never a
//! flag that somebody must remember to set.

use chrono::Utc;
use obole::audit::Actor;
use obole::cases::{self, CaseKind, NewCase};
use obole::parties::{AddError, association};
use obole::receipts::{self, DecisionError, ReceiptDecision, ReceiptStanding};
use obole::runs;
use obole::values::{DonationId, EndReason, Reader};
use serde_json::json;

use crate::browser::mails_to;
use crate::program::House;
use crate::shop::{Service, refund};
use crate::steps::{
    another_shop, collect_and_settle, give, give_at, held, issue_receipts, month, on, pay_out,
};
use crate::support::{tool, written};

const CAMILLE: &str = "camille@example.org";
const FIRST: &str = "foret-vivante-2025-000001";
const SECOND: &str = "foret-vivante-2025-000002";

/// The shop gives back so much of an order's donation.
async fn give_back(s: &Service, order_id: &str, refund_id: &str, amount: &str) {
    let mut event = refund(order_id);
    event["data"]["refund_id"] = refund_id.into();
    event["data"]["amount"] = amount.into();
    let sent = s.shop.send(&format!("back-{refund_id}"), &event).await;
    assert_eq!(sent.0, 200, "{}", sent.1);
    s.posted().await;
}

async fn standing(s: &Service, number: &str) -> ReceiptStanding {
    let mut db = s.world.db.acquire().await.unwrap();
    let found = receipts::registered(&mut db, Reader::System, number).await;
    found.unwrap().unwrap().standing
}

/// The words of a receipt's document.
async fn words(s: &Service, number: &str) -> Option<String> {
    let mut db = s.world.db.acquire().await.unwrap();
    let found = receipts::find(&mut db, s.app.key.expose(), Reader::System, number).await;
    drop(db);
    let content = found.unwrap().unwrap().content;
    let file = written("said.pdf", &receipts::typeset(content).await.unwrap());
    let arguments = ["-layout", file.to_str().unwrap(), "-"];
    tool("pdftotext", "poppler-utils", &arguments)
}

/// What each receipt says for each of its donations.
async fn said(s: &Service) -> Vec<(String, String, i64)> {
    sqlx::query_as(
        "select number, order_id, l.amount_cents
         from receipt join receipt_donation l using (receipt_id) join donation using (donation_id)
         order by number, order_id",
    )
    .fetch_all(&s.world.db)
    .await
    .unwrap()
}

fn line(number: &str, order_id: &str, cents: i64) -> (String, String, i64) {
    (number.to_owned(), order_id.to_owned(), cents)
}

async fn decide(s: &Service, act: &str, number: &str) -> anyhow::Result<runs::DecidedReceipt> {
    let actor = Actor {
        who: "lea@obole.example".into(),
        source: "command line".into(),
    };
    let decision = ReceiptDecision {
        number,
        actor: &actor,
        why: "a refund",
    };
    let (now, day) = (Utc::now(), on("2025-02-10"));
    match act {
        "cancel" => runs::cancel_receipt(&s.app, now, day, decision, Some(EndReason::Refund)).await,
        _ => runs::replace_receipt(&s.app, now, day, decision, Some(EndReason::Refund)).await,
    }
}

#[tokio::test]
async fn a_receipt_is_for_what_remains_after_every_refund() {
    let s = Service::start().await;
    let operators = s.operators().await;
    for order in ["WHOLE", "TWICE", "ALL"] {
        give(&s, order, "2025-01-10T10:00:00Z", "20.00", CAMILLE).await;
    }
    give_back(&s, "TWICE", "one", "4.50").await;
    give_back(&s, "TWICE", "two", "0.50").await;
    give_back(&s, "ALL", "all", "20.00").await;
    collect_and_settle(&s, on("2025-02-02"), month("2025-01-01")).await;
    pay_out(&s, on("2025-02-03"), &operators).await;
    let run = issue_receipts(&s, on("2025-02-04"), month("2025-01-01")).await;
    assert_eq!((run.issued, run.amount.as_str()), (1, "35.00"));
    assert!(run.held.is_empty(), "{:?}", run.held);
    let lines = [line(FIRST, "TWICE", 1500), line(FIRST, "WHOLE", 2000)];
    assert_eq!(said(&s).await, lines);
    if let Some(text) = words(&s, FIRST).await {
        for printed in ["***35,00***", "trente-cinq euros", "15,00", "20,00"] {
            assert!(text.contains(printed), "{printed}: {text}");
        }
        assert!(!text.contains("ALL"), "{text}");
    }
    assert_eq!(standing(&s, FIRST).await, ReceiptStanding::Valid);
    s.checked().await;
}

#[tokio::test]
async fn a_refund_after_the_receipt_puts_it_in_question_until_it_is_replaced() {
    let s = Service::start().await;
    let operators = s.operators().await;
    give(&s, "A-1", "2025-01-10T10:00:00Z", "20.00", CAMILLE).await;
    give(&s, "A-2", "2025-01-11T10:00:00Z", "20.00", CAMILLE).await;
    collect_and_settle(&s, on("2025-02-02"), month("2025-01-01")).await;
    pay_out(&s, on("2025-02-03"), &operators).await;
    issue_receipts(&s, on("2025-02-04"), month("2025-01-01")).await;
    give_back(&s, "A-1", "part", "5.00").await;
    assert_eq!(standing(&s, FIRST).await, ReceiptStanding::InQuestion);
    let decided = decide(&s, "replace", FIRST).await.unwrap();
    assert_eq!(decided.amount.as_deref(), Some("35.00"));
    assert_eq!(standing(&s, SECOND).await, ReceiptStanding::Valid);
    let lines = [
        line(FIRST, "A-1", 2000),
        line(FIRST, "A-2", 2000),
        line(SECOND, "A-1", 1500),
        line(SECOND, "A-2", 2000),
    ];
    assert_eq!(said(&s).await, lines, "what the first one said stays");
    let open = "select count(*) from open_case where kind = 'receipt-in-question'";
    assert_eq!(s.count(open).await, 0);

    // Then all is given back: nothing remains, and nothing is issued anew.
    give_back(&s, "A-1", "rest", "15.00").await;
    give_back(&s, "A-2", "all", "20.00").await;
    assert_eq!(standing(&s, SECOND).await, ReceiptStanding::InQuestion);
    let refused = decide(&s, "replace", SECOND).await.unwrap_err();
    let refused: DecisionError = refused.downcast().unwrap();
    assert!(
        matches!(refused, DecisionError::NothingRemains),
        "{refused}"
    );
    decide(&s, "cancel", SECOND).await.unwrap();
    assert_eq!(standing(&s, SECOND).await, ReceiptStanding::Cancelled);
    let run = issue_receipts(&s, on("2025-02-11"), month("2025-01-01")).await;
    assert_eq!((run.issued, run.mailed, run.held.len()), (0, 0, 0));
    assert!(mails_to(&s, CAMILLE).pop().unwrap().text.contains(SECOND));
    s.checked().await;
}

#[tokio::test]
async fn a_refund_in_question_holds_its_donations_receipt() {
    let s = Service::start().await;
    let operators = s.operators().await;
    give(&s, "A-1", "2025-01-10T10:00:00Z", "20.00", CAMILLE).await;
    give(&s, "A-2", "2025-01-11T10:00:00Z", "20.00", CAMILLE).await;
    collect_and_settle(&s, on("2025-02-02"), month("2025-01-01")).await;
    pay_out(&s, on("2025-02-03"), &operators).await;
    let donation: DonationId =
        sqlx::query_scalar("select donation_id from donation where order_id = 'A-1'")
            .fetch_one(&s.world.db)
            .await
            .unwrap();
    let event = uuid::Uuid::now_v7();
    let case = NewCase {
        donation: Some(donation),
        ..NewCase::new(CaseKind::RefundBeyondDonation, event, "more than was left")
    };
    let mut db = s.world.db.acquire().await.unwrap();
    cases::open(&mut db, Utc::now(), &[case]).await.unwrap();
    let run = issue_receipts(&s, on("2025-02-04"), month("2025-01-01")).await;
    assert_eq!((run.issued, run.amount.as_str()), (1, "20.00"));
    assert_eq!(held(&run), [("refund-in-question", 1)]);

    let decision = cases::Decision {
        decision: "not-given-back",
        by: "lea@obole.example",
        why: "the shop was wrong",
    };
    let kind = CaseKind::RefundBeyondDonation;
    cases::close(&mut db, Utc::now(), kind, &[event], decision)
        .await
        .unwrap();
    drop(db);
    let run = issue_receipts(&s, on("2025-02-05"), month("2025-01-01")).await;
    assert_eq!((run.issued, run.amount.as_str()), (1, "20.00"));
    s.checked().await;
}

#[tokio::test]
async fn what_the_font_has_is_printed_and_a_country_by_its_name() {
    let s = Service::start().await;
    let operators = s.operators().await;
    let shop = another_shop(&s, "Fleuriste").await;
    let names = [
        ("Nguye\u{302}\u{303}n", "Nguyễn"),
        ("Məmmədov", "Məmmədov"),
        ("Ґалаґан", "Ґалаґан"),
        ("Ọla", "Ọla"),
        ("Ḥasan", "Ḥasan"),
        ("李", ""),
    ];
    for (n, (name, _)) in names.iter().enumerate() {
        let order = format!("N-{n}");
        give_at(&s, &shop, &order, "2025-01-10T10:00:00Z", |event| {
            event["data"]["donation"]["amount"] = "20.00".into();
            event["data"]["donor"]["email"] = format!("donor{n}@example.org").into();
            event["data"]["donor"]["last_name"] = (*name).into();
            event["data"]["donor"]["address"]["country"] = "PT".into();
        })
        .await;
    }
    collect_and_settle(&s, on("2025-02-02"), month("2025-01-01")).await;
    pay_out(&s, on("2025-02-03"), &operators).await;
    let run = issue_receipts(&s, on("2025-02-04"), month("2025-01-01")).await;
    assert_eq!(
        (run.issued, held(&run)),
        (5, vec![("identity-incomplete", 1)])
    );
    let mut texts = String::new();
    for receipt in &run.receipts {
        let file = receipt.file.as_deref().unwrap();
        let Some(text) = tool("pdftotext", "poppler-utils", &["-layout", file, "-"]) else {
            return s.checked().await;
        };
        assert!(text.contains("Portugal"), "{text}");
        texts.push_str(&text);
    }
    for (_, printed) in names.iter().filter(|n| !n.1.is_empty()) {
        assert!(
            texts.contains(&format!("{printed} Camille")),
            "{printed}: {texts}"
        );
    }
    s.checked().await;
}

#[tokio::test]
async fn article_978_is_refused_for_bodies_that_are_not_on_its_list() {
    let s = Service::start().await;
    let file = |kind: &str, articles: &[&str]| {
        let mut file = crate::shop::association("autre", "Autre");
        file["kind"] = kind.into();
        file["articles"] = json!(articles);
        association::read(file.to_string().as_bytes()).unwrap()
    };
    let add = async |kind: &str, articles: &[&str]| {
        let mut tx = s.world.db.begin().await.unwrap();
        association::add(&mut tx, Utc::now(), &file(kind, articles)).await
    };
    for kind in ["general-interest", "fonds de dotation"] {
        let refused = add(kind, &["200", "978"]).await.unwrap_err();
        assert!(matches!(&refused, AddError::Invalid(_)));
        assert!(refused.to_string().contains("978"), "{refused}");
    }
    assert!(add("general-interest", &["200"]).await.is_ok());
    assert!(
        add("public-utility-foundation", &["200", "978"])
            .await
            .is_ok()
    );
    s.checked().await;
}

#[test]
fn the_command_that_verifies_knows_no_other_number() {
    let house = House::new("verify", &[]);
    house.with_a_shop();
    let (code, document, _) = house.run(&["receipts", "verify", "foret-vivante-2026-000001"]);
    assert_eq!((code, &document["state"]), (1, &json!("unknown")));
    let wrong = [
        "receipts",
        "cancel",
        "X",
        "--as",
        "lea@obole.example",
        "--why",
        "x",
        "--reason",
        "mistake",
    ];
    let (code, _, said) = house.run(&wrong);
    assert!(code == 1 && said.contains("operator add"), "{said}");
    house.done(&["operator", "add", "--email", "lea@obole.example"]);
    let (code, _, said) = house.run(&wrong);
    assert!(
        code == 1 && said.contains("no receipt has the number X"),
        "{said}"
    );
}
