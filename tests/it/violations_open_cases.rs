//! An invariant that does not hold becomes a case, and closes it once it holds again.

use chrono::Utc;
use obole::cases::CaseKind;
use obole::worker::check_invariants;

use crate::shop::Service;
use crate::steps::{give, open_cases};

/// What is violated, and how many cases of it there ever were.
async fn violated(s: &Service) -> (Vec<String>, i64) {
    let open = open_cases(s, CaseKind::CheckViolated).await;
    let ever = s.count("select count(*) from case_file").await;
    (open.into_iter().map(|c| c.what).collect(), ever)
}

#[tokio::test]
async fn a_violation_is_one_case_until_a_later_check_finds_it_mended() {
    let s = Service::start().await;
    give(
        &s,
        "O-1",
        "2025-01-10T10:00:00Z",
        "20.00",
        "zoe@example.org",
    )
    .await;
    let mut db = s.world.db.acquire().await.unwrap();
    let mut check = async || check_invariants(&s.app, &mut db, Utc::now()).await.unwrap();
    assert!(check().await);
    let by = async |cents: &'static str| {
        sqlx::query(cents).execute(&s.world.owner).await.unwrap();
    };
    let what = "balances-equal-transfers does not hold: 2 violations";
    let lost = "update account_balance set debits_cents = debits_cents + 1,
       credits_cents = credits_cents + 1 where debits_cents + credits_cents > 0";
    by(lost).await;
    assert!(!check().await && !check().await);
    assert_eq!(violated(&s).await, (vec![what.to_owned()], 1));
    by("update account_balance set debits_cents = debits_cents - 1,
       credits_cents = credits_cents - 1 where debits_cents + credits_cents > 0")
    .await;
    assert!(check().await);
    assert_eq!(violated(&s).await, (vec![], 1));
    let by_itself = "select count(*) from case_decision where decided_by = 'obole'";
    assert_eq!(s.count(by_itself).await, 1);
    by(lost).await;
    assert!(!check().await);
    assert_eq!(violated(&s).await.1, 2, "it may come again");
    by("update account_balance set debits_cents = debits_cents - 1,
       credits_cents = credits_cents - 1 where debits_cents + credits_cents > 0")
    .await;
    drop(db);
    s.checked().await;
}
