//! The month: what shops took is asked for once, what arrived is paid out once, and files are what
//! banks read.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Days, NaiveDate, Utc};
use obole::collections::Collection;
use obole::db::{self, Partition};
use obole::gateways::bank::simulated::{IncomingTransfer, play_day};
use obole::payouts::{ApproveError, Payout, PayoutState};
use obole::reconciliation::ImportSummary;
use obole::runs::{self, ReceiptOptions, ReceiptRun};
use obole::values::{Amount, BankLine, BankSide, Email, LineDetails, PayoutId, Period, paris_day};
use serde_json::{Value, json};

use crate::shop::{Service, Shop, checkout, new_merchant, refund};
use crate::steps::{pay_again, prepare_payouts};
use crate::support::{tool, written};

/// The month before this one, which is over.
pub fn last_month() -> Period {
    Period::of(paris_day(Utc::now())).previous()
}

/// A day of a month, from 1.
pub fn day(period: Period, n: u64) -> NaiveDate {
    period.first_day() + Days::new(n - 1)
}

/// Sends donations of last month's tenth day to a cause.
async fn donations(s: &Service, orders: std::ops::Range<u32>, cause: &str) {
    for n in orders {
        let event = checkout(&format!("FR-{n}"), |e| {
            e["timestamp"] = format!("{}T10:00:00Z", day(last_month(), 10)).into();
            e["data"]["donation"]["cause"] = cause.into();
            e["data"]["donor"]["email"] = format!("donor{n}@example.org").into();
        });
        assert_eq!(s.shop.send(&format!("m-{n}"), &event).await.0, 200);
    }
    s.posted().await;
}

fn incoming(collection: &Collection) -> IncomingTransfer {
    IncomingTransfer {
        from: "Librairie & Cie".into(),
        reference: collection.reference.clone(),
        amount: Amount::from_cents(collection.amount_cents).unwrap(),
    }
}

fn schema(name: &str, file: &Path) {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/xsd")
        .join(name);
    tool(
        "xmllint",
        "libxml2-utils",
        &[
            "--noout",
            "--nonet",
            "--schema",
            schema.to_str().unwrap(),
            file.to_str().unwrap(),
        ],
    );
}

/// A day at the bank; returns its statement.
fn bank_day(s: &Service, on: NaiveDate, incoming: &[IncomingTransfer]) -> Option<PathBuf> {
    let settings = &s.app.settings;
    play_day(&settings.bank_dir, &settings.account, on, incoming).unwrap()
}

async fn import(s: &Service, file: &Path) -> ImportSummary {
    runs::import_statements(&s.app, Utc::now(), &[file.to_owned()])
        .await
        .unwrap()
        .files[0]
        .imported
}

#[tokio::test]
async fn the_parts_of_a_run_go_on_at_once_and_a_refund_waits_for_each() {
    let s = Service::start().await;
    let doors: Vec<i32> =
        sqlx::query_scalar("select partition::int from settlement_lock order by partition")
            .fetch_all(&s.world.owner)
            .await
            .unwrap();
    for parallelism in [1, 2, 3, 4, 64] {
        let mut told: Vec<i32> = Partition::split(parallelism)
            .iter()
            .flat_map(|p| p.keys().to_vec())
            .collect();
        told.sort_unstable();
        assert_eq!(told, doors, "{parallelism} parts are the whole");
    }
    assert_eq!(Partition::split(2).len(), 2);
    let of: Vec<i32> = sqlx::query_scalar(
        "select distinct partition_of(gen_random_uuid()) from generate_series(1, 1000) order by 1",
    )
    .fetch_all(&s.world.owner)
    .await
    .unwrap();
    assert_eq!(of, doors, "whatever an id ends with, it belongs to a part");

    let mut parts = Vec::new();
    for part in Partition::split(4) {
        let mut tx = s.world.db.begin().await.unwrap();
        db::settlement_lock::lock_partition(&mut tx, &part)
            .await
            .unwrap();
        parts.push(tx);
    }
    for part in parts {
        let mut refund = s.world.db.begin().await.unwrap();
        sqlx::query("set local lock_timeout = '50ms'")
            .execute(&mut *refund)
            .await
            .unwrap();
        let waits = db::settlement_lock::lock_shared(&mut refund)
            .await
            .unwrap_err();
        assert_eq!(
            waits.as_database_error().and_then(|e| e.code()).as_deref(),
            Some("55P03")
        );
        part.commit().await.unwrap();
    }
    let mut refund = s.world.db.begin().await.unwrap();
    db::settlement_lock::lock_shared(&mut refund).await.unwrap();
    refund.rollback().await.unwrap();
    s.checked().await;
}

/// A month that is over, and the day on which it is settled.
struct Month {
    s: Service,
    now: DateTime<Utc>,
    period: Period,
    on: NaiveDate,
}

impl Month {
    /// Twenty-three donations to two associations, one of which is given back.
    async fn start() -> Self {
        let s = Service::start().await;
        donations(&s, 1..21, "foret-vivante").await;
        donations(&s, 21..24, "abri").await;
        s.shop.send("r-1", &refund("FR-1")).await;
        s.posted().await;
        let period = last_month();
        Self {
            s,
            now: Utc::now(),
            period,
            on: day(period.next(), 2),
        }
    }

    async fn run_payouts(&self) -> Vec<Payout> {
        runs::run_payouts(&self.s.app, self.now, self.on)
            .await
            .unwrap()
    }

    async fn is_collected_once(&self) -> Collection {
        let run = async |on| {
            let run = runs::run_collections(&self.s.app, self.now, on, self.period).await;
            run.map(|run| run.collections)
        };
        assert!(
            run(self.period.last_day()).await.is_err(),
            "the month is not over"
        );
        let mut collections = run(self.on).await.unwrap();
        let again = run(self.on).await.unwrap();
        assert_eq!(collections.len(), 1);
        let collection = collections.remove(0);
        assert_eq!(
            (collection.count, collection.amount.as_str()),
            (22, "22.00")
        );
        assert_eq!(collection.collection_id, again[0].collection_id);
        let statement = std::fs::read_to_string(collection.file.as_ref().unwrap()).unwrap();
        assert_eq!(
            statement.lines().count(),
            25,
            "a head, 23 gifts, and that one was given back"
        );
        assert_eq!(self.s.balance("merchant_receivable:librairie").await, 0);
        assert_eq!(self.s.balance("collection_in_transit:transfer").await, 2200);
        assert!(self.run_payouts().await.is_empty(), "nothing has arrived");
        collection
    }

    /// The merchant pays, by the reference; the statement is imported twice.
    async fn is_paid(&self, collection: &Collection) {
        let file = bank_day(&self.s, self.on, &[incoming(collection)]).unwrap();
        schema("camt.053.001.08.xsd", &file);
        assert_eq!(
            import(&self.s, &file).await,
            ImportSummary {
                entries: 1,
                matched: 1,
                unmatched: 0,
                known: 0
            }
        );
        assert_eq!(import(&self.s, &file).await.known, 1);
        assert_eq!(self.s.balance("safeguarded_cash:bank").await, 2200);
        let owed = self.s.balance("association_payable:foret-vivante").await;
        assert_eq!(owed, 1900);
    }

    async fn is_prepared_for_payout_once(&self) -> Vec<Payout> {
        let payouts = self.run_payouts().await;
        assert_eq!(self.run_payouts().await.len(), 2, "run again, nothing new");
        assert_eq!(
            payouts
                .iter()
                .map(|p| (p.association.as_deref().unwrap(), p.amount.as_str()))
                .collect::<Vec<_>>(),
            [("abri", "3.00"), ("foret-vivante", "19.00")]
        );
        payouts
    }

    async fn is_approved_by_two(&self, payouts: &[Payout]) {
        let [lea, hugo] = self.s.operators().await;
        for payout in payouts {
            let approve = async |who| self.approve(payout.payout_id, who).await;
            let first = approve(&lea).await.unwrap();
            assert_eq!(
                (first[0].shown_state, first[0].file.as_ref()),
                ("approved", None)
            );
            let same = approve(&lea).await.unwrap_err();
            assert!(
                matches!(same.downcast_ref(), Some(ApproveError::SamePerson)),
                "{same}"
            );
            let second = approve(&hugo).await.unwrap();
            assert_eq!(second[0].state, PayoutState::Submitted);
            schema(
                "pain.001.001.09.xsd",
                Path::new(second[0].file.as_ref().unwrap()),
            );
            assert!(matches!(
                approve(&hugo).await.unwrap_err().downcast_ref(),
                Some(ApproveError::NotPrepared(PayoutState::Submitted))
            ));
        }
        let stranger = Email::parse("eve@example.org").unwrap();
        let refused = self.approve(payouts[0].payout_id, &stranger).await;
        assert!(refused.unwrap_err().to_string().contains("no operator"));
        assert_eq!(self.s.balance("payout_in_transit:transfer").await, -2200);
        assert_eq!(self.s.balance("association_payable:abri").await, 0);
    }

    async fn approve(&self, payout: PayoutId, who: &Email) -> anyhow::Result<Vec<Payout>> {
        runs::approve_payout(&self.s.app, self.now, self.on, payout, who).await
    }

    /// The bank has done all that was asked of it.
    async fn is_settled(&self) {
        let file = bank_day(&self.s, self.on, &[]).unwrap();
        schema("camt.053.001.08.xsd", &file);
        assert_eq!(import(&self.s, &file).await.matched, 2);
        assert_eq!(self.s.balance("safeguarded_cash:bank").await, 0);
        assert_eq!(self.s.balance("payout_in_transit:transfer").await, 0);
        assert_eq!(
            bank_day(&self.s, self.on, &[]),
            None,
            "the bank has nothing left to do"
        );
        assert!(self.run_payouts().await.is_empty());
    }
}

#[tokio::test]
async fn a_month_is_collected_paid_out_by_two_and_settled_each_step_once() {
    let month = Month::start().await;
    let collection = month.is_collected_once().await;
    month.is_paid(&collection).await;
    let payouts = month.is_prepared_for_payout_once().await;
    month.is_approved_by_two(&payouts).await;
    month.is_settled().await;
    month.s.checked().await;
}

#[tokio::test]
async fn a_euro_given_back_after_its_collection_is_taken_off_the_next_one() {
    let s = Service::start().await;
    let (now, period) = (Utc::now(), last_month());
    let on = day(period.next(), 2);
    donations(&s, 1..4, "foret-vivante").await;
    let collections = runs::run_collections(&s.app, now, on, period)
        .await
        .unwrap()
        .collections;
    s.shop.send("r-1", &refund("FR-1")).await;
    s.posted().await;
    assert_eq!(
        s.balance("merchant_receivable:librairie").await,
        -100,
        "the shop is owed a euro"
    );
    let file = bank_day(&s, on, &[incoming(&collections[0])]).unwrap();
    import(&s, &file).await;
    let payouts = runs::run_payouts(&s.app, now, on).await.unwrap();
    assert_eq!(
        (payouts[0].count, payouts[0].amount.as_str()),
        (2, "2.00"),
        "the euro given back is not paid out"
    );
    s.shop.send("r-2", &refund("FR-2")).await;
    s.posted().await;
    assert_eq!(
        s.count("select count(*) from payout_current_state where state = 'taken_back'")
            .await,
        1,
        "a payout that did not leave is given up for what remains"
    );
    let payouts = runs::run_payouts(&s.app, now, on).await.unwrap();
    let prepared = payouts.iter().find(|p| p.state == PayoutState::Prepared);
    assert_eq!(
        prepared.map(|p| (p.count, p.amount.as_str())),
        Some((1, "1.00"))
    );

    for n in 10..15 {
        s.shop
            .send(&format!("n-{n}"), &checkout(&format!("FR-{n}"), |_| ()))
            .await;
    }
    s.posted().await;
    let next = runs::run_collections(&s.app, now, day(period.next().next(), 1), period.next())
        .await
        .unwrap()
        .collections;
    assert_eq!(
        (
            next[0].count,
            next[0].amount.as_str(),
            next[0].credited.as_str()
        ),
        (5, "3.00", "2.00")
    );
    assert_eq!(s.balance("merchant_receivable:librairie").await, 0);
    assert!(
        std::fs::read_to_string(next[0].file.as_ref().unwrap())
            .unwrap()
            .contains("-1.00")
    );
    s.checked().await;
}

#[tokio::test]
async fn what_the_bank_shows_and_nobody_understands_stands_in_suspense() {
    let s = Service::start().await;
    let (now, period) = (Utc::now(), last_month());
    let on = day(period.next(), 2);
    donations(&s, 1..3, "foret-vivante").await;
    let collections = runs::run_collections(&s.app, now, on, period)
        .await
        .unwrap()
        .collections;
    let short = IncomingTransfer {
        amount: Amount::from_cents(199).unwrap(),
        ..incoming(&collections[0])
    };
    let stray = IncomingTransfer {
        from: "Who?".into(),
        reference: "HELLO".into(),
        amount: Amount::from_cents(500).unwrap(),
    };
    let file = bank_day(&s, on, &[short, stray]).unwrap();
    assert_eq!(
        import(&s, &file).await,
        ImportSummary {
            entries: 2,
            matched: 0,
            unmatched: 2,
            known: 0
        }
    );
    assert_eq!(
        (
            s.balance("suspense:bank").await,
            s.balance("safeguarded_cash:bank").await
        ),
        (-699, 699)
    );
    assert!(
        runs::run_payouts(&s.app, now, on).await.unwrap().is_empty(),
        "a wrong amount settles nothing"
    );
    let wrong = written("wrong.xml", b"<Document/>");
    let right: PathBuf = file;
    let import = runs::import_statements(&s.app, now, &[wrong.clone(), right])
        .await
        .unwrap();
    let [told] = &import.set_aside[..] else {
        panic!("{import:?}")
    };
    assert!(told.subject.ends_with("wrong.xml"), "{told:?}");
    assert!(told.reason.contains("not a camt.053 statement"), "{told:?}");
    assert_eq!(import.files[0].imported.known, 2, "the other is imported");
    let error = runs::import_statements(&s.app, now, &[wrong]).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("wrong.xml"), "{error}");
    s.checked().await;
}

/// A line of a statement that no file tells.
fn line(identity: &str, side: BankSide, reference: &str, cents: i64, on: NaiveDate) -> BankLine {
    BankLine {
        account: "FR7630006000011234567890189".into(),
        statement: "by hand".into(),
        identity: identity.into(),
        side,
        amount: Amount::from_cents(cents).unwrap(),
        booked_on: on,
        references: vec!["NOTPROVIDED".into(), reference.into()],
        details: LineDetails::default(),
    }
}

#[tokio::test]
async fn one_statement_may_tell_a_payment_twice_and_a_payout_that_left_and_came_back() {
    let s = Service::start().await;
    let (now, period) = (Utc::now(), last_month());
    let [lea, hugo] = s.operators().await;
    let on = day(period.next(), 2);
    donations(&s, 1..21, "foret-vivante").await;
    let collections = runs::run_collections(&s.app, now, on, period)
        .await
        .unwrap()
        .collections;
    let import = async |lines: &[BankLine]| {
        let mut tx = s.world.db.begin().await.unwrap();
        let imported = obole::reconciliation::import(&mut tx, now, lines)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        (
            imported.summary.matched,
            imported.summary.unmatched,
            imported.summary.known,
        )
    };
    let asked = collections[0].reference.as_str();
    let paid = |identity| line(identity, BankSide::Credit, asked, 2000, on);
    assert_eq!(
        import(&[paid("one"), paid("two"), paid("one")]).await,
        (1, 1, 1),
        "the second is a euro too many for each gift"
    );
    assert_eq!(s.balance("suspense:bank").await, -2000);
    assert_eq!(s.balance("association_payable:foret-vivante").await, 2000);

    let payout = runs::run_payouts(&s.app, now, on).await.unwrap().remove(0);
    let id = payout.payout_id;
    let went = |identity, side| line(identity, side, &payout.reference, 2000, on);
    // The second payment is somebody's, and the account holds it beside the payout.
    for who in [&lea, &hugo] {
        runs::approve_payout(&s.app, now, on, id, who)
            .await
            .unwrap();
    }
    let both = [
        went("back too early", BankSide::Credit),
        went("left", BankSide::Debit),
        went("back", BankSide::Credit),
    ];
    assert_eq!(import(&both).await, (2, 1, 0));
    assert_eq!(
        s.count("select count(*) from payout_donation where live")
            .await,
        0,
        "its gifts wait until they are paid again"
    );
    assert_eq!(s.balance("association_payable:foret-vivante").await, 2000);
    assert_eq!(
        import(&[went("again", BankSide::Debit)]).await,
        (1, 0, 0),
        "what came back twice and left twice is nobody's any more"
    );
    pay_again(&s, day(period.next(), 3)).await;
    let again = prepare_payouts(&s, day(period.next(), 3)).await;
    assert_eq!((again.len(), again[0].approvals), (1, 0));
    s.checked().await;
}

#[tokio::test]
async fn one_statement_settles_the_collections_of_many_shops() {
    let s = Service::start().await;
    let (now, period) = (Utc::now(), last_month());
    let on = day(period.next(), 2);
    for n in 0..60 {
        let new = new_merchant(&format!("Shop {n}"), None);
        let mut tx = s.world.db.begin().await.unwrap();
        let added = runs::add_merchant(&mut tx, now, s.app.key.expose(), &new)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let event = checkout(&format!("FR-{n}"), |e| {
            e["timestamp"] = format!("{}T10:00:00Z", day(period, 10)).into();
            e["data"]["donation"]["cause"] =
                if n % 3 == 0 { "abri" } else { "foret-vivante" }.into();
        });
        assert_eq!(Shop::new(&s.url, &added).send("m-1", &event).await.0, 200);
    }
    s.posted().await;
    let collections = runs::run_collections(&s.app, now, on, period)
        .await
        .unwrap()
        .collections;
    let incoming: Vec<_> = collections.iter().map(incoming).collect();
    let file = bank_day(&s, on, &incoming).unwrap();
    assert_eq!(
        import(&s, &file).await,
        ImportSummary {
            entries: 60,
            matched: 60,
            unmatched: 0,
            known: 0
        }
    );
    assert_eq!(s.balance("collection_in_transit:transfer").await, 0);
    assert_eq!(
        (
            s.balance("association_payable:abri").await,
            s.balance("association_payable:foret-vivante").await
        ),
        (2000, 4000)
    );
    s.checked().await;
}

/// Three donations that each get a receipt, three that get none, and a second one of a donor who
/// gave already.
async fn donations_for_receipts(s: &Service) {
    donations(s, 1..4, "foret-vivante").await;
    let send = async |n: u32, change: fn(&mut Value)| {
        let event = checkout(&format!("FR-{n}"), |e| {
            e["timestamp"] = format!("{}T10:00:00Z", day(last_month(), 12)).into();
            change(e);
        });
        s.shop.send(&format!("o-{n}"), &event).await;
    };
    send(50, |e| e["data"]["donor"] = Value::Null).await;
    send(51, |e| e["data"]["consent"]["preticked"] = true.into()).await;
    send(52, |e| {
        e["data"]["donor"] = json!({"email": "brief@example.org"})
    })
    .await;
    send(53, |e| {
        e["data"]["donor"]["email"] = "donor1@example.org".into()
    })
    .await;
    s.posted().await;
}

/// The receipts of last month.
async fn run_receipts(s: &Service, options: ReceiptOptions) -> ReceiptRun {
    let on = day(last_month().next(), 2);
    runs::run_receipts(&s.app, Utc::now(), on, last_month(), options)
        .await
        .unwrap()
}

/// Receipts are issued without being mailed: those that can be, under numbers without a gap.
async fn receipts_are_issued(s: &Service) -> ReceiptRun {
    let run = run_receipts(
        s,
        ReceiptOptions {
            dry_run: false,
            no_mail: true,
        },
    )
    .await;
    assert_eq!(
        (run.issued, run.amount.as_str(), run.mailed),
        (3, "4.00", 0)
    );
    let held: Vec<_> = run.held.iter().map(|h| (h.reason, h.count)).collect();
    assert_eq!(
        held,
        [
            ("anonymous", 1),
            ("identity-incomplete", 1),
            ("consent-unclear", 1)
        ]
    );
    let mut numbers: Vec<_> = run
        .receipts
        .iter()
        .map(|r| r.number.rsplit('-').next().unwrap().to_owned())
        .collect();
    numbers.sort();
    assert_eq!(numbers, ["000001", "000002", "000003"]);
    run
}

/// The file of a receipt says all that it must, on one tagged page.
fn receipt_is_complete(number: &str, file: &str) {
    tool("qpdf", "qpdf", &["--check", file]);
    if let Some(text) = tool("pdftotext", "poppler-utils", &["-layout", file, "-"]) {
        for mention in RECEIPT_MENTIONS.iter().chain([&number]) {
            assert!(
                text.replace('’', "'").contains(mention),
                "{mention} is missing in {text}"
            );
        }
    }
    if let Some(text) = tool("pdfinfo", "poppler-utils", &[file]) {
        let told = |name: &str| {
            text.lines()
                .find(|l| l.starts_with(name))
                .map(|l| l.rsplit(' ').next().unwrap().to_owned())
        };
        assert_eq!(
            (told("Tagged:").as_deref(), told("Pages:").as_deref()),
            (Some("yes"), Some("1")),
            "{text}"
        );
    }
}

/// What a receipt of two donations says.
const RECEIPT_MENTIONS: &[&str] = &[
    "Forêt Vivante",
    "12 rue des Chênes",
    "35000 Rennes",
    "Planter et protéger des forêts",
    "732829320",
    "W751234567",
    "Durand Camille",
    "3 rue des Lilas",
    "75020 Paris",
    "***2,00***",
    "deux euros",
    "déclaration de don manuel",
    "numéraire",
    "virement",
    "certifie sur l'honneur",
    "l'article 200 du CGI",
    "Anne Le Goff",
    "Présidente",
    "MR-2026-001",
    "FR-1",
    "FR-53",
];

/// Each message of a receipt was written once, with what a message needs to arrive.
fn receipts_are_mailed(s: &Service) {
    let written = std::fs::read_dir(s.app.settings.data.join("mail")).unwrap();
    let written: Vec<_> = written
        .map(|f| std::fs::read_to_string(f.unwrap().path()).unwrap())
        .collect();
    let mails: Vec<_> = written
        .iter()
        .filter(|m| m.contains("application/pdf"))
        .collect();
    assert_eq!(
        (written.len(), mails.len()),
        (6, 3),
        "a statement, a report, three messages of receipts, one that asks for an identity"
    );
    for part in [
        "To: donor",
        "Message-ID: <mail_",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "multipart/alternative",
        "application/pdf",
        "recu-foret-vivante-",
    ] {
        assert!(mails.iter().all(|m| m.contains(part)), "{part}");
    }
}

#[tokio::test]
async fn receipts_are_numbered_complete_and_mailed_once() {
    let s = Service::start().await;
    donations_for_receipts(&s).await;
    let early = run_receipts(&s, ReceiptOptions::default()).await;
    assert_eq!(
        (early.issued, early.held[0].reason, early.held[0].count),
        (0, "not-paid-out", 7)
    );

    settle_month(&s, day(last_month().next(), 2)).await;
    let dry = run_receipts(
        &s,
        ReceiptOptions {
            dry_run: true,
            no_mail: false,
        },
    )
    .await;
    assert_eq!(
        (dry.issued, s.count("select count(*) from receipt").await),
        (3, 0)
    );
    let first = receipts_are_issued(&s).await;
    let second = run_receipts(&s, ReceiptOptions::default()).await;
    assert_eq!(
        (second.issued, second.mailed),
        (0, 3),
        "one euro, one receipt; the messages left before go now"
    );
    let third = run_receipts(&s, ReceiptOptions::default()).await;
    assert_eq!(third.mailed, 0);
    let both = first.receipts.iter().find(|r| r.amount == "2.00").unwrap();
    receipt_is_complete(&both.number, both.file.as_deref().unwrap());
    receipts_are_mailed(&s);
    s.checked().await;
}

/// Collects, pays out and settles last month.
pub async fn settle_month(s: &Service, on: NaiveDate) {
    let now = Utc::now();
    let operators = s.operators().await;
    let collections = runs::run_collections(&s.app, now, on, last_month())
        .await
        .unwrap()
        .collections;
    let incoming: Vec<_> = collections.iter().map(incoming).collect();
    import(s, &bank_day(s, on, &incoming).unwrap()).await;
    for payout in runs::run_payouts(&s.app, now, on).await.unwrap() {
        for who in &operators {
            runs::approve_payout(&s.app, now, on, payout.payout_id, who)
                .await
                .unwrap();
        }
    }
    import(s, &bank_day(s, on, &[]).unwrap()).await;
}
