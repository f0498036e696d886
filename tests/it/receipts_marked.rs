//! The stored document of a receipt that ended lies marked beside those that count, and what a
//! crash cut short is finished by the same command or by the next run.

use std::path::PathBuf;

use chrono::Utc;
use obole::audit::Actor;
use obole::receipts::{DecisionError, ReceiptDecision};
use obole::runs::{self, DecidedReceipt};
use obole::values::EndReason;

use crate::shop::Service;
use crate::steps::{collect_and_settle, give, issue_receipts, month, on, pay_out};

const FIRST: &str = "foret-vivante-2025-000001";
const SECOND: &str = "foret-vivante-2025-000002";

/// A donor has a receipt, whose document is stored.
async fn receipted() -> Service {
    let s = Service::start().await;
    let operators = s.operators().await;
    let at = "2025-01-10T10:00:00Z";
    give(&s, "A-1", at, "20.00", "camille@example.org").await;
    collect_and_settle(&s, on("2025-02-02"), month("2025-01-01")).await;
    pay_out(&s, on("2025-02-03"), &operators).await;
    issue_receipts(&s, on("2025-02-04"), month("2025-01-01")).await;
    s
}

async fn end(s: &Service, act: &str, number: &str) -> anyhow::Result<DecidedReceipt> {
    let actor = lea();
    let decision = ReceiptDecision {
        number,
        actor: &actor,
        why: "a test",
    };
    let (now, day, reason) = (Utc::now(), on("2025-02-10"), EndReason::Mistake);
    match act {
        "cancel" => runs::cancel_receipt(&s.app, now, day, decision, Some(reason)).await,
        _ => runs::replace_receipt(&s.app, now, day, decision, Some(reason)).await,
    }
}

fn lea() -> Actor {
    Actor {
        who: "lea@obole.example".into(),
        source: "command line".into(),
    }
}

/// Every stored document, by its path.
fn stored(s: &Service) -> Vec<PathBuf> {
    let folders = std::fs::read_dir(s.app.settings.data.join("receipts")).unwrap();
    let files = folders.flat_map(|f| std::fs::read_dir(f.unwrap().path()).unwrap());
    let mut paths: Vec<_> = files.map(|f| f.unwrap().path()).collect();
    paths.sort();
    paths
}

fn names(s: &Service) -> Vec<String> {
    let name = |p: &PathBuf| p.file_name().unwrap().to_str().unwrap().to_owned();
    let mut names: Vec<_> = stored(s).iter().map(name).collect();
    names.sort();
    names
}

#[tokio::test]
async fn the_documents_of_a_receipt_that_ended_are_marked_with_its_duplicata() {
    let s = receipted().await;
    let actor = lea();
    let decision = ReceiptDecision {
        number: FIRST,
        actor: &actor,
        why: "lost",
    };
    runs::duplicate_receipt(&s.app, Utc::now(), decision)
        .await
        .unwrap();
    end(&s, "replace", FIRST).await.unwrap();
    assert_eq!(
        names(&s),
        [
            format!("annule-recu-{FIRST}-duplicata.pdf"),
            format!("annule-recu-{FIRST}.pdf"),
            format!("recu-{SECOND}.pdf")
        ]
    );
    end(&s, "cancel", SECOND).await.unwrap();
    assert!(names(&s).iter().all(|n| n.starts_with("annule-")));
    s.checked().await;
}

#[tokio::test]
async fn the_same_command_finishes_what_a_crash_cut_short_and_then_refuses() {
    for (act, again) in [("cancel", FIRST), ("replace", FIRST)] {
        let s = receipted().await;
        end(&s, act, again).await.unwrap();
        // As after a crash between book and files: the document lies as it was, and the mail did
        // not leave.
        for path in stored(&s) {
            let name = path.file_name().unwrap().to_str().unwrap();
            if let Some(before) = name.strip_prefix("annule-") {
                std::fs::rename(&path, path.with_file_name(before)).unwrap();
            } else {
                std::fs::remove_file(&path).unwrap();
            }
        }
        let unsent = "update mailing set sent_at = null where about is not null";
        sqlx::query(unsent).execute(&s.world.owner).await.unwrap();
        let finished = end(&s, act, again).await.unwrap();
        assert_eq!((finished.mailed, finished.unsent), (1, 0));
        let mut left = vec![format!("annule-recu-{FIRST}.pdf")];
        left.extend(finished.successor.map(|n| format!("recu-{n}.pdf")));
        assert_eq!(names(&s), left);
        assert_eq!(s.count("select count(*) from receipt_state").await, 1);
        let refused = end(&s, act, again).await.unwrap_err();
        let refused: DecisionError = refused.downcast().unwrap();
        assert!(
            matches!(
                refused,
                DecisionError::Cancelled | DecisionError::Replaced(_)
            ),
            "{refused}"
        );
        s.checked().await;
    }
}

#[tokio::test]
async fn the_next_run_marks_what_was_left_unmarked() {
    let s = receipted().await;
    end(&s, "cancel", FIRST).await.unwrap();
    for path in stored(&s) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let before = name.strip_prefix("annule-").unwrap();
        std::fs::rename(&path, path.with_file_name(before)).unwrap();
    }
    issue_receipts(&s, on("2025-02-11"), month("2025-01-01")).await;
    assert_eq!(
        names(&s),
        [
            format!("annule-recu-{FIRST}.pdf"),
            format!("recu-{SECOND}.pdf")
        ]
    );
    s.checked().await;
}
