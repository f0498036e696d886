//! Names that the bank's format carries badly, or not at all: one stops nobody else's payout.

use std::path::Path;

use chrono::Utc;
use obole::cases::CaseKind;
use obole::payouts::{Payout, PayoutState};
use obole::runs;

use crate::shop::Service;
use crate::steps::{
    approve, bank_day, collect_and_settle, give, give_at, import, month, on, open_cases,
    prepare_payouts,
};

/// 87 characters, of which one grows when it is spelled out the German way.
const LONG: &str = "Fédération départementale des œuvres laïques et des foyers ruraux \
                    du Haüy et des Alpilles";

/// Changes what an association's orders say, whatever is accepted today where it is added.
async fn set(s: &Service, slug: &str, column: &str, to: &str) {
    let update = format!("update association set {column} = $2 where slug = $1");
    sqlx::query(sqlx::AssertSqlSafe(update))
        .bind(slug)
        .bind(to)
        .execute(&s.world.owner)
        .await
        .unwrap();
}

/// Both associations have twenty euros to get, in payouts that wait for their approvals.
async fn two_payouts(s: &Service) -> Vec<Payout> {
    give(s, "O-1", "2025-01-10T10:00:00Z", "20.00", "zoe@example.org").await;
    give_at(s, &s.shop, "O-2", "2025-01-10T10:00:00Z", |event| {
        event["data"]["donation"]["cause"] = "abri".into();
        event["data"]["donation"]["amount"] = "20.00".into();
    })
    .await;
    collect_and_settle(s, on("2025-02-02"), month("2025-01-01")).await;
    let payouts = prepare_payouts(s, on("2025-02-03")).await;
    assert_eq!(payouts.len(), 2);
    payouts
}

/// Why payouts wait for a person.
async fn failures(s: &Service) -> Vec<String> {
    let open = open_cases(s, CaseKind::PayoutFailed).await;
    open.into_iter().map(|c| c.what).collect()
}

/// The name of the creditor in an order, and its length.
fn creditor(file: &str) -> (String, usize) {
    let xml = std::fs::read_to_string(Path::new(file)).unwrap();
    let name = xml.split("<Cdtr><Nm>").nth(1).unwrap();
    let name = name.split("</Nm>").next().unwrap().to_owned();
    let length = name.chars().count();
    (name, length)
}

/// The file of an association's payout after another run.
async fn file(s: &Service, association: &str) -> Option<String> {
    let payouts = runs::run_payouts(&s.app, Utc::now(), on("2025-02-03")).await;
    let payout = payouts
        .unwrap()
        .into_iter()
        .find(|p| p.association.as_deref() == Some(association));
    let payout = payout.unwrap();
    assert_eq!(payout.state, PayoutState::Submitted);
    payout.file
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_grows_when_spelled_out_is_cut_to_what_an_order_carries() {
    let s = Service::start().await;
    let operators = s.operators().await;
    set(&s, "abri", "name", LONG).await;
    set(
        &s,
        "foret-vivante",
        "name",
        "Te\u{301}le\u{301}thon – L’Envol & Cœur",
    )
    .await;
    let payouts = two_payouts(&s).await;
    approve(&s, on("2025-02-03"), &operators, &payouts).await;
    let (name, length) = creditor(&file(&s, "abri").await.unwrap());
    assert!(length <= 70 && name.is_ascii(), "{name}");
    assert!(
        name.starts_with("Federation departementale des oeuvres laiques"),
        "{name}"
    );
    let (name, _) = creditor(&file(&s, "foret-vivante").await.unwrap());
    assert_eq!(name.replace("&apos;", "'"), "Telethon - L'Envol et Coeur");
    assert_eq!(failures(&s).await, [""; 0]);
    s.checked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_cannot_be_written_is_refused_before_it_leaves_and_the_others_leave() {
    for (column, wrong, told, right) in [
        ("name", "الهلال الأحمر", "no letter", "Al Hilal"),
        ("bic", "AGRIFR", "BIC", "AGRIFRPP"),
    ] {
        let s = Service::start().await;
        let operators = s.operators().await;
        set(&s, "abri", column, wrong).await;
        let day = on("2025-02-03");
        let payouts = two_payouts(&s).await;
        let (abri, others): (Vec<Payout>, Vec<Payout>) = payouts
            .into_iter()
            .partition(|p| p.association.as_deref() == Some("abri"));
        for who in &operators {
            let id = abri[0].payout_id;
            let refused = runs::approve_payout(&s.app, Utc::now(), day, id, who).await;
            let words = format!("{:#}", refused.unwrap_err());
            assert!(words.contains(told), "{words}");
            assert!(words.contains("not approved"), "{words}");
        }
        approve(&s, day, &operators, &others).await;
        assert!(file(&s, "foret-vivante").await.is_some());
        assert_eq!(failures(&s).await, [""; 0]);
        import(&s, bank_day(&s, day, &[]).unwrap()).await;
        assert_eq!(s.balance("payout_in_transit:transfer").await, 0);

        set(&s, "abri", column, right).await;
        approve(&s, day, &operators, &abri).await;
        import(&s, bank_day(&s, on("2025-02-04"), &[]).unwrap()).await;
        assert_eq!(s.balance("association_payable:abri").await, 0);
        s.checked().await;
    }
}
