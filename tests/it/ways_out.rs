//! Every state of a collection and of a payout has a way out: each act is allowed where the table
//! of states says so, and refused everywhere else with what can be done instead. What two people
//! approved is what leaves, once.

use std::path::{Path, PathBuf};

use chrono::{TimeDelta, Utc};
use obole::audit::{self, Actor};
use obole::cases::CaseKind;
use obole::collections::{Collection, CollectionState};
use obole::parties::account::NewAccount;
use obole::payouts::{Payout, PayoutState};
use obole::runs::{self, AccountAct, CaseDecision, CollectionAct, PayoutAct};
use obole::values::{Iban, PayoutId, Reader};
use obole::worker;
use sqlx::AssertSqlSafe;

use crate::shop::Service;
use crate::steps::{
    approve, bank_day, collect, collect_and_settle, give, import, month, on, open_cases,
    prepare_payouts,
};

const OTHER: &str = "FR7630006000011020304161158";

fn actor(who: &str) -> Actor {
    Actor {
        who: who.into(),
        source: "a test".into(),
    }
}

async fn act(s: &Service, c: &Collection, act: CollectionAct) -> anyhow::Result<Collection> {
    let (lea, day) = (actor("lea@obole.example"), on("2026-09-06"));
    let name = c.collection_id.to_string();
    runs::act_on_collection(&s.app, Utc::now(), day, &name, act, (&lea, "by post")).await
}

async fn act_on(s: &Service, id: PayoutId, act: PayoutAct) -> anyhow::Result<Vec<Payout>> {
    let (lea, day) = (actor("lea@obole.example"), on("2026-09-06"));
    runs::act_on_payout(&s.app, Utc::now(), day, id, act, (&lea, "by post")).await
}

/// A donation of twenty euros that was asked for.
async fn asked(s: &Service) -> Collection {
    give(s, "A", "2026-08-10T10:00:00Z", "20.00", "zoe@example.org").await;
    collect(s, on("2026-09-02"), month("2026-08-01"))
        .await
        .remove(0)
}

/// A donation of twenty euros in a prepared payout.
async fn prepared(s: &Service) -> Payout {
    give(s, "A", "2026-08-10T10:00:00Z", "20.00", "zoe@example.org").await;
    collect_and_settle(s, on("2026-09-02"), month("2026-08-01")).await;
    prepare_payouts(s, on("2026-09-05")).await.remove(0)
}

#[tokio::test]
async fn each_act_on_a_collection_is_done_where_the_table_allows_it_and_refused_elsewhere() {
    use CollectionState as S;
    let acts = [
        (CollectionAct::Reject, S::Rejected),
        (CollectionAct::Return, S::Returned),
        (CollectionAct::Retry(None), S::Submitted),
        (CollectionAct::WriteOff, S::WrittenOff),
    ];
    for state in [
        S::Submitted,
        S::Settled,
        S::Rejected,
        S::Returned,
        S::WrittenOff,
    ] {
        for (n, (tried, to)) in acts.into_iter().enumerate() {
            let s = Service::start().await;
            let c = asked(&s).await;
            if matches!(state, S::Settled | S::Returned) {
                let pays = [crate::steps::paid(&c)];
                import(&s, bank_day(&s, on("2026-09-03"), &pays).unwrap()).await;
            }
            if matches!(state, S::Rejected | S::WrittenOff) {
                act(&s, &c, CollectionAct::Reject).await.unwrap();
            }
            if state == S::Returned {
                act(&s, &c, CollectionAct::Return).await.unwrap();
            }
            if state == S::WrittenOff {
                act(&s, &c, CollectionAct::WriteOff).await.unwrap();
            }
            let done = act(&s, &c, tried).await;
            assert_eq!(done.is_ok(), state.next().contains(&to), "{state:?} {n}");
            match done {
                Ok(after) => assert_eq!(after.state, to),
                Err(error) => assert!(error.to_string().contains(state.way()), "{error:#}"),
            }
            s.checked().await;
        }
    }
}

#[tokio::test]
async fn each_act_on_a_payout_is_done_where_the_table_allows_it_and_refused_elsewhere() {
    use PayoutState as S;
    let acts = [
        (PayoutAct::TakeBack, S::TakenBack),
        (PayoutAct::Refuse, S::Refused),
        (PayoutAct::PayAgain, S::PaidAgain),
    ];
    for state in S::ALL {
        for (tried, to) in acts {
            let s = Service::start().await;
            let operators = s.operators().await;
            let p = prepared(&s).await;
            let id = p.payout_id;
            if state == S::TakenBack {
                act_on(&s, id, PayoutAct::TakeBack).await.unwrap();
            } else if state != S::Prepared {
                approve(&s, on("2026-09-05"), &operators, std::slice::from_ref(&p)).await;
            }
            match state {
                S::Settled => {
                    import(&s, bank_day(&s, on("2026-09-06"), &[]).unwrap()).await;
                }
                S::Returned => {
                    import(&s, bank_day(&s, on("2026-09-06"), &[]).unwrap()).await;
                    let back = obole::gateways::bank::simulated::IncomingTransfer {
                        from: "the association's bank".into(),
                        reference: p.reference.clone(),
                        amount: obole::values::Amount::from_cents(p.amount_cents).unwrap(),
                    };
                    import(&s, bank_day(&s, on("2026-09-07"), &[back]).unwrap()).await;
                }
                S::Refused | S::PaidAgain => {
                    act_on(&s, id, PayoutAct::Refuse).await.unwrap();
                }
                _ => {}
            }
            if state == S::PaidAgain {
                act_on(&s, id, PayoutAct::PayAgain).await.unwrap();
            }
            let done = act_on(&s, id, tried).await;
            assert_eq!(
                done.is_ok(),
                state.next().contains(&to),
                "{state:?} {tried:?}"
            );
            match done {
                Ok(after) => assert_eq!(after[0].state, to),
                Err(error) => assert!(error.to_string().contains(state.way()), "{error:#}"),
            }
            s.checked().await;
        }
    }
}

#[tokio::test]
async fn what_fails_is_decided_as_a_case_and_written_down() {
    let s = Service::start().await;
    let operators = s.operators().await;
    let c = asked(&s).await;
    act(&s, &c, CollectionAct::Reject).await.unwrap();
    decide(&s, CaseKind::CollectionFailed, "other-rail")
        .await
        .unwrap_err();
    decide(&s, CaseKind::CollectionFailed, "suspend-merchant")
        .await
        .unwrap();
    act(&s, &c, CollectionAct::Retry(None)).await.unwrap();
    act(&s, &c, CollectionAct::Reject).await.unwrap();
    decide(&s, CaseKind::CollectionFailed, "ask-again")
        .await
        .unwrap();
    let pays = [crate::steps::paid(&c)];
    import(&s, bank_day(&s, on("2026-09-03"), &pays).unwrap()).await;
    let p = prepare_payouts(&s, on("2026-09-05")).await;
    approve(&s, on("2026-09-05"), &operators, &p).await;
    act_on(&s, p[0].payout_id, PayoutAct::Refuse).await.unwrap();
    decide(&s, CaseKind::PayoutFailed, "hold").await.unwrap();
    assert!(
        prepare_payouts(&s, on("2026-09-08")).await.is_empty(),
        "held for good"
    );
    act_on(&s, p[0].payout_id, PayoutAct::PayAgain)
        .await
        .unwrap();
    assert_eq!(prepare_payouts(&s, on("2026-09-08")).await.len(), 1);
    let mut db = s.world.db.acquire().await.unwrap();
    let log = audit::list(&mut db, Reader::System, None).await.unwrap();
    let acts: Vec<&str> = log.iter().map(|e| e.act.as_str()).collect();
    let done = [
        "collection.reject",
        "case.decide",
        "collection.retry",
        "collection.reject",
        "case.decide",
        "payout.approve",
        "payout.approve",
        "payout.refuse",
        "case.decide",
        "payout.pay-again",
    ];
    assert_eq!(acts, done);
    drop(db);
    s.checked().await;
}

async fn decide(s: &Service, kind: CaseKind, decision: &str) -> anyhow::Result<String> {
    decide_as(s, kind, decision, "lea@obole.example").await
}

async fn decide_as(
    s: &Service,
    kind: CaseKind,
    decision: &str,
    who: &str,
) -> anyhow::Result<String> {
    let case = open_cases(s, kind).await.remove(0);
    let actor = actor(who);
    let decision = CaseDecision {
        case_id: case.case_id,
        decision,
        actor: &actor,
        why: "known by telephone",
        amount: None,
        email: None,
    };
    let decided = runs::decide_case(&s.app, Utc::now(), on("2026-09-06"), decision).await?;
    Ok(decided.done)
}

#[tokio::test]
async fn nothing_is_asked_for_or_leaves_without_an_account_of_our_own() {
    let s = Service::start().await;
    let operators = s.operators().await;
    let payout = prepared(&s).await;
    let mut settings = (*s.app.settings).clone();
    settings.account.given = false;
    let bare = obole::app::App {
        settings: std::sync::Arc::new(settings),
        ..s.app.clone()
    };
    let (now, day) = (Utc::now(), on("2026-10-05"));
    let asked = runs::run_collections(&bare, now, day, month("2026-09-01")).await;
    assert!(
        asked
            .unwrap_err()
            .to_string()
            .contains("OBOLE_ACCOUNT_HOLDER")
    );
    let id = payout.payout_id;
    for (n, who) in operators.iter().enumerate() {
        let approved = runs::approve_payout(&bare, now, day, id, who).await;
        assert_eq!(approved.is_ok(), n == 0, "the second would let it leave");
    }
    let left = runs::approve_payout(&s.app, now, day, id, &operators[1]).await;
    assert_eq!(left.unwrap()[0].state, PayoutState::Submitted);
    s.checked().await;
}

#[tokio::test]
async fn an_approval_is_for_the_account_the_holder_and_the_bank_that_it_saw() {
    for (column, to) in [("iban", OTHER), ("bic", "BNPAFRPP"), ("name", "Another")] {
        let s = Service::start().await;
        let operators = s.operators().await;
        let id = prepared(&s).await.payout_id;
        let (now, day) = (Utc::now(), on("2026-09-05"));
        let by = |n: usize| runs::approve_payout(&s.app, now, day, id, &operators[n]);
        by(0).await.unwrap();
        let change = format!("update association set {column} = $1");
        sqlx::query(AssertSqlSafe(change))
            .bind(to)
            .execute(&s.world.owner)
            .await
            .unwrap();
        let told = by(1).await.unwrap_err().to_string();
        assert!(told.contains("that approval is void"), "{told}");
        let left = by(0).await.unwrap().remove(0);
        assert_eq!(left.state, PayoutState::Submitted);
        let order = std::fs::read_to_string(left.file.unwrap()).unwrap();
        assert!(order.contains(to), "{order}");
        s.checked().await;
    }
}

async fn account(s: &Service, iban: &str, act: AccountAct, who: &str, day: &str) -> String {
    let (iban, actor) = (Iban::parse(iban).unwrap(), actor(who));
    let new = NewAccount {
        slug: "foret-vivante",
        iban: &iban,
        bic: None,
        name: None,
    };
    let who = (&actor, "they wrote");
    let done = runs::act_on_account(&s.app, Utc::now(), on(day), new, act, who).await;
    done.map_or_else(|e| e.to_string(), |d| d.state.to_owned())
}

#[tokio::test]
async fn another_account_needs_two_people_and_holds_payouts_for_three_days() {
    let s = Service::start().await;
    let operators = s.operators().await;
    let payout = prepared(&s).await;
    let now = Utc::now();
    let by = |n: usize, day: &str| {
        let (app, id, who, day) = (&s.app, payout.payout_id, &operators[n], on(day));
        async move {
            let approved = runs::approve_payout(app, now, day, id, who).await;
            approved.map_err(|e| e.to_string())
        }
    };
    by(0, "2026-09-05").await.unwrap();
    let (lea, hugo) = ("lea@obole.example", "hugo@obole.example");
    use AccountAct::{Ask, Confirm, Refuse};
    assert_eq!(account(&s, OTHER, Ask, lea, "2026-09-06").await, "asked");
    let waits = by(1, "2026-09-06").await.unwrap_err();
    assert!(waits.contains("waits to be confirmed"), "{waits}");
    let twice = account(&s, OTHER, Ask, hugo, "2026-09-06").await;
    assert!(twice.contains("confirm or refuse that first"), "{twice}");
    let alone = account(&s, OTHER, Confirm, lea, "2026-09-06").await;
    assert!(alone.contains("another operator"), "{alone}");
    assert_eq!(
        account(&s, OTHER, Refuse, hugo, "2026-09-06").await,
        "refused"
    );
    // Asked once more, and confirmed as a case.
    assert_eq!(account(&s, OTHER, Ask, lea, "2026-09-06").await, "asked");
    decide_as(&s, CaseKind::IbanChanged, "confirm", hugo)
        .await
        .unwrap();
    let waits = by(1, "2026-09-08").await.unwrap_err();
    assert!(waits.contains("until 2026-09-09"), "{waits}");
    let void = by(1, "2026-09-09").await.unwrap_err();
    assert!(void.contains("that approval is void"), "{void}");
    let left = by(0, "2026-09-09").await.unwrap().remove(0);
    let order = std::fs::read_to_string(left.file.unwrap()).unwrap();
    assert!(order.contains(OTHER), "{order}");
    // Two requests and two decisions, each told to the association and to both operators.
    let told = std::fs::read_dir(s.app.settings.data.join("mail")).unwrap();
    let told = told.filter(|m| {
        let text = std::fs::read_to_string(m.as_ref().unwrap().path()).unwrap();
        text.contains("compte bancaire") || text.contains("compte_bancaire")
    });
    assert_eq!(told.count(), 12);
    s.checked().await;
}

#[tokio::test]
async fn an_account_changed_and_changed_back_is_approved_again() {
    let s = Service::start().await;
    let operators = s.operators().await;
    let id = prepared(&s).await.payout_id;
    let (now, lea, hugo) = (Utc::now(), "lea@obole.example", "hugo@obole.example");
    let by = |n: usize, day| runs::approve_payout(&s.app, now, day, id, &operators[n]);
    by(0, on("2026-09-05")).await.unwrap();
    for iban in [OTHER, "FR7630006000011234567890189"] {
        account(&s, iban, AccountAct::Ask, lea, "2026-09-05").await;
        let confirmed = account(&s, iban, AccountAct::Confirm, hugo, "2026-09-05").await;
        assert_eq!(confirmed, "confirmed");
    }
    assert!(
        by(1, on("2026-09-08")).await.is_err(),
        "that of before is void"
    );
    s.checked().await;
}

/// A payout that left, and its file.
async fn file_of(s: &Service) -> (PayoutId, PathBuf) {
    let operators = s.operators().await;
    let p = prepared(s).await;
    approve(s, on("2026-09-05"), &operators, std::slice::from_ref(&p)).await;
    let mut db = s.world.db.acquire().await.unwrap();
    let listed = obole::payouts::list(&mut db, Reader::System, Some(p.payout_id)).await;
    let file = listed.unwrap().remove(0).file.unwrap();
    (p.payout_id, file.into())
}

async fn as_owner(s: &Service, sql: &'static str) {
    sqlx::query(sql).execute(&s.world.owner).await.unwrap();
}

async fn run_again(s: &Service) {
    runs::run_payouts(&s.app, Utc::now(), on("2026-09-05"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_file_that_was_cut_short_anywhere_is_finished_by_the_same_command() {
    let s = Service::start().await;
    let (_, file) = file_of(&s).await;
    let bytes = std::fs::read(&file).unwrap();
    let not_noted = "delete from payout_file";
    // Nothing was claimed; it was claimed; half of it was written under a temporary name.
    for (claimed, partial) in [(false, false), (true, false), (true, true)] {
        as_owner(&s, not_noted).await;
        if !claimed {
            as_owner(&s, "alter table payout_file_claim disable trigger user").await;
            as_owner(&s, "delete from payout_file_claim").await;
        }
        std::fs::remove_file(&file).unwrap();
        if partial {
            std::fs::write(file.with_extension("1-1.partial"), &bytes[..20]).unwrap();
        }
        run_again(&s).await;
        assert_eq!(std::fs::read(&file).unwrap(), bytes, "{claimed} {partial}");
    }
    // It was written and not noted: it stays as it is.
    as_owner(&s, not_noted).await;
    let before = std::fs::metadata(&file).unwrap().modified().unwrap();
    run_again(&s).await;
    let after = std::fs::metadata(&file).unwrap().modified().unwrap();
    assert_eq!(after, before);
    assert_eq!(s.count("select count(*) from payout_file").await, 1);
    s.checked().await;
}

#[tokio::test]
async fn a_file_is_written_again_only_when_asked_and_never_over_another() {
    let s = Service::start().await;
    let (id, file) = file_of(&s).await;
    let bytes = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    run_again(&s).await;
    assert!(!Path::new(&file).exists(), "somebody may have uploaded it");
    let again = runs::write_payout_file_again(&s.app, Utc::now(), id).await;
    again.unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), bytes);
    std::fs::write(&file, "another").unwrap();
    let differs = runs::write_payout_file_again(&s.app, Utc::now(), id).await;
    let words = differs.unwrap_err().to_string();
    assert!(words.contains("differs: move it away"), "{words}");
    as_owner(&s, "delete from payout_file").await;
    run_again(&s).await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "another");
    let mut db = s.world.db.acquire().await.unwrap();
    let all = obole::payouts::list(&mut db, Reader::System, None)
        .await
        .unwrap();
    let failed = runs::set_aside_payouts(&mut db, on("2025-02-03"), &all).await;
    assert!(failed.unwrap()[0].reason.contains("differs"));
    std::fs::remove_file(&file).unwrap();
    run_again(&s).await;
    assert_eq!(std::fs::read(&file).unwrap(), bytes);
    s.checked().await;
}

#[tokio::test]
async fn a_shop_that_does_not_pay_for_thirty_days_is_a_case_that_its_payment_ends() {
    let s = Service::start().await;
    let c = asked(&s).await;
    let open = || open_cases(&s, CaseKind::CollectionFailed);
    let look = async |days: i64| {
        let now = Utc::now() + TimeDelta::days(days);
        worker::look_for_unpaid_collections(&s.app, now)
            .await
            .unwrap();
    };
    look(29).await;
    assert_eq!(open().await.len(), 0, "twenty-nine days");
    look(31).await;
    look(32).await;
    let cases = open().await;
    assert_eq!(cases.len(), 1);
    assert!(
        cases[0].what.contains("not paid, thirty days"),
        "{}",
        cases[0].what
    );
    let lea = actor("lea@obole.example");
    let decision = CaseDecision {
        case_id: cases[0].case_id,
        decision: "ask-again",
        actor: &lea,
        why: "the shop says that it will pay",
        amount: None,
        email: None,
    };
    runs::decide_case(&s.app, Utc::now(), on("2026-10-03"), decision)
        .await
        .unwrap();
    assert_eq!(open().await.len(), 0);
    look(31).await;
    assert_eq!(open().await.len(), 1, "unpaid again");
    let pays = [crate::steps::paid(&c)];
    import(&s, bank_day(&s, on("2026-11-06"), &pays).unwrap()).await;
    assert_eq!(open().await.len(), 0, "it paid");
    s.checked().await;
}
