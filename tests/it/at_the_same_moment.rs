//! Two people or two runs at the same moment: what happens once happens once, whoever comes first.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chrono::{Months, Utc};
use obole::db::settlement_lock;
use obole::donations::{self, NewRefund, RecordError, RefundOutcome};
use obole::gateways::files::write_whole;
use obole::payouts::{ApproveError, Payout, PayoutState};
use obole::runs;
use obole::values::{DonationId, EventId, Period, Secret};

use crate::program::free_port;
use crate::shop::{Service, checkout, refund};
use crate::steps::{
    approve, bank_day, collect, collect_and_settle, give, import, month, on, pay_out,
    prepare_payouts,
};
use crate::story_one_euro::{mails, smtp_server};

const CAMILLE: &str = "camille@example.org";

/// Twenty euros of one association that arrived in a month, ready to be paid out on its third day.
async fn prepared(s: &Service, arrived: Period) -> Payout {
    let at = format!("{}-10T10:00:00Z", arrived.previous());
    give(s, &format!("O-{arrived}"), &at, "20.00", CAMILLE).await;
    let day = |n: &str| on(&format!("{arrived}-{n}"));
    collect_and_settle(s, day("02"), arrived.previous()).await;
    prepare_payouts(s, day("03")).await.remove(0)
}

/// The payment orders that wait for the bank or were executed.
fn orders(s: &Service) -> Vec<PathBuf> {
    let folder = &s.app.settings.bank_dir;
    [folder.clone(), folder.join("executed")]
        .into_iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .map(|file| file.unwrap().path())
        .filter(|path| path.is_file())
        .collect()
}

/// How often a payout was approved and submitted.
async fn approved_and_submitted(s: &Service, payout: &Payout) -> (i64, i64) {
    sqlx::query_as(
        "select (select count(*) from payout_approval where payout_id = $1),
           (select count(*) from payout_state where payout_id = $1 and state = 'submitted')",
    )
    .bind(payout.payout_id)
    .fetch_one(&s.world.db)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_operators_approve_one_payout_at_once_and_it_leaves_once() {
    let s = Service::start().await;
    let [lea, hugo] = &s.operators().await;
    for round in 0..6 {
        let arrived = month("2025-02-01").first_day() + Months::new(round);
        let payout = prepared(&s, Period::of(arrived)).await;
        let day = arrived + chrono::Days::new(2);
        let by = |who| runs::approve_payout(&s.app, Utc::now(), day, payout.payout_id, who);
        let (first, second) = tokio::join!(by(lea), by(hugo));
        let (first, second) = (first.unwrap().remove(0), second.unwrap().remove(0));
        assert!(
            [first.state, second.state].contains(&PayoutState::Submitted),
            "one of them is the second"
        );
        assert_eq!(approved_and_submitted(&s, &payout).await, (2, 1));
        let files = orders(&s);
        assert_eq!(files.len(), round as usize + 1, "{files:?}");
        import(&s, bank_day(&s, day, &[]).unwrap()).await;
        assert_eq!(s.balance("payout_in_transit:transfer").await, 0);
    }
    s.checked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_operator_twice_at_once_counts_once() {
    let s = Service::start().await;
    let [lea, hugo] = &s.operators().await;
    for round in 0..6 {
        let arrived = month("2025-02-01").first_day() + Months::new(round);
        let payout = prepared(&s, Period::of(arrived)).await;
        let day = arrived + chrono::Days::new(2);
        let by = |who| runs::approve_payout(&s.app, Utc::now(), day, payout.payout_id, who);
        let (first, second) = tokio::join!(by(lea), by(lea));
        let refused: Vec<_> = [first, second]
            .into_iter()
            .filter_map(Result::err)
            .collect();
        assert_eq!(refused.len(), 1);
        assert!(
            matches!(refused[0].downcast_ref(), Some(ApproveError::SamePerson)),
            "{}",
            refused[0]
        );
        assert_eq!(approved_and_submitted(&s, &payout).await, (1, 0));
        by(hugo).await.unwrap();
        assert_eq!(approved_and_submitted(&s, &payout).await, (2, 1));
    }
    s.checked().await;
}

/// Donations that were refunded before a collection that asked for them all the same.
const REFUNDED_AND_ASKED_FOR: &str = "select count(*) from donation_refund r
     join collection_donation c using (donation_id) where c.live and not r.after_collection";

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_and_a_run_at_once_never_both_have_the_donation() {
    let s = Service::start().await;
    let mut asked_for: i64 = 0;
    for round in 0..20 {
        let period = Period::of(month("2024-01-01").first_day() + Months::new(round));
        let at = format!("{period}-10T10:00:00Z");
        // More is kept than a refund of the month before is credited: each month is asked for.
        give(&s, &format!("KEPT-{round}"), &at, "5.00", CAMILLE).await;
        give(&s, &format!("BACK-{round}"), &at, "1.00", CAMILLE).await;
        let told = async {
            let event = refund(&format!("BACK-{round}"));
            assert_eq!(s.shop.send(&format!("back-{round}"), &event).await.0, 200);
            s.posted().await;
        };
        // Sometimes the refund has a start, sometimes the run has.
        let run = async {
            for _ in 0..round * 10 {
                tokio::task::yield_now().await;
            }
            collect(&s, period.next().first_day(), period).await
        };
        let ((), collections) = tokio::join!(told, run);
        asked_for += i64::from(collections[0].count);
        assert_eq!(s.count(REFUNDED_AND_ASKED_FOR).await, 0, "round {round}");
    }
    assert_eq!(s.count("select count(*) from donation_refund").await, 20);
    let late = "select count(*) from donation_refund where after_collection";
    assert_eq!(asked_for, 20 + s.count(late).await);
    assert_eq!(s.count("select count(*) from inbox_problem").await, 0);
    s.checked().await;
}

/// A refund of a donation, outside of any event.
fn another(donation_id: DonationId, refund_id: &str) -> [NewRefund; 1] {
    [NewRefund {
        donation_id,
        refund_id: refund_id.into(),
        amount: None,
        cause: None,
        event_id: EventId::new(),
        occurred_at: Utc::now(),
    }]
}

/// Refunds in a database transaction of its own.
async fn refund_now(s: &Service, new: &[NewRefund]) -> Result<Vec<RefundOutcome>, RecordError> {
    let mut tx = s.world.db.begin().await?;
    settlement_lock::lock_shared(&mut tx).await?;
    let refunded = donations::refund(&mut tx, Utc::now(), new).await?;
    tx.commit().await?;
    Ok(refunded.outcomes)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_refunds_of_one_donation_at_once_count_once() {
    let s = Service::start().await;
    for round in 0..10 {
        let order = format!("R-{round}");
        give(&s, &order, "2025-02-10T10:00:00Z", "1.00", CAMILLE).await;
        let ids: Vec<DonationId> =
            sqlx::query_scalar("select donation_id from donation where order_id = $1")
                .bind(&order)
                .fetch_all(&s.world.db)
                .await
                .unwrap();
        let (one, other) = (another(ids[0], "one"), another(ids[0], "other"));
        let (first, second) = tokio::join!(refund_now(&s, &one), refund_now(&s, &other));
        let done = |r: &Result<Vec<_>, _>| matches!(r, Ok(done) if done == &[RefundOutcome::Done]);
        let late = |r: &Result<Vec<_>, _>| match r {
            Err(RecordError::Known) => true,
            Ok(outcomes) => outcomes == &[RefundOutcome::Already],
            Err(_) => false,
        };
        assert!(
            (done(&first) && late(&second)) || (done(&second) && late(&first)),
            "round {round}: {first:?} {second:?}"
        );
    }
    assert_eq!(s.count("select count(*) from donation_refund").await, 10);
    assert_eq!(s.balance("merchant_receivable:librairie").await, 0);
    s.checked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_events_that_refund_one_donation_at_once_count_once() {
    let s = Service::start().await;
    for round in 0..20 {
        let order = format!("R-{round}");
        give(&s, &order, "2025-02-10T10:00:00Z", "1.00", CAMILLE).await;
        let told = async |refund_id: &str| {
            let mut event = refund(&order);
            event["data"]["refund_id"] = refund_id.into();
            let sent = s.shop.send(&format!("{order}-{refund_id}"), &event).await;
            assert_eq!(sent.0, 200);
            s.posted().await;
        };
        tokio::join!(told("one"), told("other"));
    }
    assert_eq!(s.count("select count(*) from donation_refund").await, 20);
    assert_eq!(s.count("select count(*) from inbox_problem").await, 0);
    assert_eq!(s.balance("merchant_receivable:librairie").await, 0);
    s.checked().await;
}

/// A service that sends its mails to a server that is not ours, into a folder; none without it.
async fn with_mail_server(name: &str) -> Option<(Service, PathBuf, crate::program::Beside)> {
    let maildir =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    drop(std::fs::remove_dir_all(&maildir));
    let port = free_port();
    let server = smtp_server(port, &maildir, 1_000_000)?;
    let url = format!("smtp://127.0.0.1:{port}");
    let s = Service::start_with(|settings| settings.smtp_url = Some(Secret::new(url))).await;
    Some((s, maildir, server))
}

/// Of two runs at once, those that worked: both where one came after the other, else one, and the
/// other says that it is under way.
fn those_that_worked<T>(both: (anyhow::Result<T>, anyhow::Result<T>)) -> Vec<T> {
    let (mut worked, mut refused) = (Vec::new(), Vec::new());
    for run in [both.0, both.1] {
        match run {
            Ok(run) => worked.push(run),
            Err(error) => refused.push(error.downcast::<runs::RunUnderWay>().unwrap()),
        }
    }
    assert!(!worked.is_empty() && refused.iter().all(|r| r.same));
    worked
}

/// Imports a statement twice at once; returns how many lines were matched.
async fn import_twice_at_once(s: &Service, statement: PathBuf) -> usize {
    let files = [statement];
    let run = || runs::import_statements(&s.app, Utc::now(), &files);
    let imports = those_that_worked(tokio::join!(run(), run()));
    imports.iter().map(|i| i.files[0].imported.matched).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_of_receipts_at_once_give_no_number_and_no_mail_twice() {
    let Some((s, maildir, server)) = with_mail_server("receipts-at-once").await else {
        return;
    };
    let operators = s.operators().await;
    for n in 0..12 {
        let donor = format!("donor{n}@example.org");
        give(
            &s,
            &format!("O-{n}"),
            "2025-01-10T10:00:00Z",
            "2.00",
            &donor,
        )
        .await;
    }
    collect_and_settle(&s, on("2025-02-02"), month("2025-01-01")).await;
    pay_out(&s, on("2025-02-03"), &operators).await;
    let run = || {
        let options = runs::ReceiptOptions::default();
        let (day, period) = (on("2025-02-04"), month("2025-01-01"));
        runs::run_receipts(&s.app, Utc::now(), day, period, options)
    };
    let done = those_that_worked(tokio::join!(run(), run()));
    let sum = |of: fn(&runs::ReceiptRun) -> usize| done.iter().map(of).sum::<usize>();
    assert_eq!((sum(|r| r.issued), sum(|r| r.mailed)), (12, 12));
    assert_eq!(
        s.count("select max(sequence)::bigint from receipt").await,
        12
    );
    let unsent = "select count(*) from mailing where sent_at is null";
    assert_eq!(s.count(unsent).await, 0);
    for n in 0..12 {
        let to = format!("To: donor{n}@example.org");
        assert_eq!(mails(&maildir, &to).len(), 1, "{to}");
    }
    drop(server);
    s.checked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_of_each_kind_at_once_send_each_statement_and_report_once() {
    let Some((s, maildir, server)) = with_mail_server("month-at-once").await else {
        return;
    };
    let operators = s.operators().await;
    give(&s, "O-1", "2025-01-10T10:00:00Z", "20.00", CAMILLE).await;
    let (day, period) = (on("2025-02-02"), month("2025-01-01"));
    let run = || runs::run_collections(&s.app, Utc::now(), day, period);
    let asked = those_that_worked(tokio::join!(run(), run()));
    let ids: BTreeSet<_> = asked
        .iter()
        .flat_map(|run| run.collections.iter().map(|c| c.collection_id))
        .collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(mails(&maildir, "To: compta@librairie.example").len(), 1);

    let money = [crate::steps::paid(&asked[0].collections[0])];
    let statement = bank_day(&s, on("2025-02-02"), &money).unwrap();
    assert_eq!(import_twice_at_once(&s, statement).await, 1);
    let run = || runs::run_payouts(&s.app, Utc::now(), on("2025-02-03"));
    let open = those_that_worked(tokio::join!(run(), run()));
    assert!(open.iter().all(|payouts| payouts.len() == 1));
    assert_eq!(s.count("select count(*) from payout").await, 1);
    approve(&s, on("2025-02-03"), &operators, &open[0]).await;
    let statement = bank_day(&s, on("2025-02-03"), &[]).unwrap();
    assert_eq!(import_twice_at_once(&s, statement).await, 1);
    assert_eq!(
        mails(&maildir, "To: tresorier@foret-vivante.example").len(),
        1
    );
    drop(server);
    s.checked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_order_told_by_many_at_once_is_one_donation() {
    let s = Service::start().await;
    let event = checkout("ONE", |_| ());
    let ids: Vec<String> = (0..10).map(|n| format!("told-{n}")).collect();
    let sent = ids.iter().map(|id| s.shop.send(id, &event));
    for (status, document) in futures_util::future::join_all(sent).await {
        assert_eq!(status, 200, "{document}");
    }
    tokio::join!(s.posted(), s.posted(), s.posted());
    assert_eq!(s.count("select count(*) from donation").await, 1);
    assert_eq!(s.count("select count(*) from inbox_problem").await, 0);
    s.checked().await;
}

#[test]
fn two_writers_of_one_file_at_once_leave_it_whole_and_nothing_beside_it() {
    let name = format!("written-at-once-{}", std::process::id());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    drop(std::fs::remove_dir_all(&folder));
    let (path, content) = (folder.join("order.xml"), vec![b'x'; 100_000]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..25).for_each(|_| write_whole(&path, &content).unwrap()));
        }
        for _ in 0..100 {
            if let Ok(read) = std::fs::read(&path) {
                assert_eq!(read.len(), content.len());
            }
        }
    });
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}
