//! The ledger: what is posted balances, stays, and reads the same in the accountants' own tools.

use chrono::Utc;
use obole::ledger::{self, Account, Arrived, Fact, Parties, Transfer, export::Format};
use obole::rails::{CashAccount, Rail};
use obole::values::{Amount, Reader};
use uuid::Uuid;

use crate::support::{World, tool, written};

/// What is broken by a payment that is posted with no collection and no bank line behind it.
const POSTED_ALONE: [&str; 5] = [
    "every-transfer-belongs-to-a-fact",
    "accounts-stand-on-their-side",
    "the-bank-is-mirrored",
    "every-bank-line-is-posted",
    "every-state-of-a-collection-is-posted",
];

const fn arrived(now_cents: i64) -> Arrived {
    Arrived {
        now_cents,
        before_cents: 0,
    }
}

fn euros(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

fn fact() -> Fact {
    Fact {
        id: Uuid::now_v7(),
        occurred_at: Utc::now(),
    }
}

async fn post(world: &World, transfers: &[Transfer]) {
    let mut tx = world.db.begin().await.unwrap();
    let accounts = [
        Account::MerchantReceivable("librairie".into()),
        Account::AssociationPending("foret-vivante".into()),
        Account::AssociationPayable("foret-vivante".into()),
        Account::CollectionInTransit(Rail::Transfer),
        Account::SafeguardedCash(CashAccount::Bank),
    ];
    ledger::open(&mut tx, &accounts).await.unwrap();
    ledger::post(&mut tx, Utc::now(), transfers).await.unwrap();
    tx.commit().await.unwrap();
}

async fn balance(world: &World, name: &str) -> i64 {
    let all = ledger::balances(&mut world.db.acquire().await.unwrap(), Reader::System)
        .await
        .unwrap();
    all.iter()
        .find(|b| b.name == name)
        .map_or(0, |b| b.balance_cents)
}

#[tokio::test]
async fn a_batch_moves_each_balance_once_and_the_rebuild_agrees() {
    let world = World::new().await;
    let mut batch = vec![
        ledger::collection_submitted(fact(), Rail::Transfer, "librairie", euros("12.00")),
        ledger::collection_submitted(fact(), Rail::Transfer, "librairie", euros("0.50")),
        ledger::collection_rejected(fact(), Rail::Transfer, "librairie", euros("0.50")),
    ];
    batch.extend(ledger::collection_settled(
        fact(),
        Rail::Transfer,
        arrived(1200),
        &[("foret-vivante".into(), euros("12.00"))],
    ));
    post(&world, &batch).await;

    assert_eq!(
        balance(&world, "merchant_receivable:librairie").await,
        -1200
    );
    assert_eq!(balance(&world, "collection_in_transit:transfer").await, 0);
    assert_eq!(balance(&world, "safeguarded_cash:bank").await, 1200);
    assert_eq!(
        balance(&world, "association_pending:foret-vivante").await,
        -1200
    );
    assert_eq!(
        balance(&world, "association_payable:foret-vivante").await,
        1200
    );

    let mut db = world.owner.acquire().await.unwrap();
    let before = ledger::balances(&mut db, Reader::System).await.unwrap();
    ledger::rebuild(&mut db).await.unwrap();
    assert_eq!(
        ledger::balances(&mut db, Reader::System).await.unwrap(),
        before
    );
    drop(db);
    world.checked_but(&POSTED_ALONE).await;
}

#[tokio::test]
async fn a_fact_is_posted_once_and_never_changed_by_anyone() {
    let world = World::new().await;
    let submitted =
        ledger::collection_submitted(fact(), Rail::Transfer, "librairie", euros("1.00"));
    post(&world, std::slice::from_ref(&submitted)).await;

    let mut tx = world.db.begin().await.unwrap();
    assert!(
        ledger::post(&mut tx, Utc::now(), &[submitted])
            .await
            .is_err(),
        "the same fact again"
    );
    tx.rollback().await.unwrap();
    for sql in [
        "update transfer set amount_cents = 2",
        "delete from transfer",
        "truncate transfer",
    ] {
        assert!(
            sqlx::query(sql).execute(&world.db).await.is_err(),
            "the application's role: {sql}"
        );
        assert!(
            sqlx::query(sql).execute(&world.owner).await.is_err(),
            "the owner: {sql}"
        );
    }
    world
        .checked_but(&[
            "every-transfer-belongs-to-a-fact",
            "clearing-accounts-hold-only-what-is-on-its-way",
            "every-state-of-a-collection-is-posted",
        ])
        .await;
}

#[tokio::test]
async fn a_balance_that_lies_is_found() {
    let world = World::new().await;
    post(
        &world,
        &[ledger::collection_submitted(
            fact(),
            Rail::Transfer,
            "librairie",
            euros("1.00"),
        )],
    )
    .await;
    sqlx::query(
        "update account_balance set debits_cents = debits_cents + 1 where debits_cents > 0",
    )
    .execute(&world.owner)
    .await
    .unwrap();
    let verdicts = obole::checks::run(&mut world.owner.acquire().await.unwrap())
        .await
        .unwrap();
    let broken: Vec<_> = verdicts.iter().filter(|v| !v.ok).map(|v| v.name).collect();
    assert_eq!(
        broken,
        [
            "balances-equal-transfers",
            "debits-equal-credits",
            "every-transfer-belongs-to-a-fact",
            "clearing-accounts-hold-only-what-is-on-its-way",
            "every-state-of-a-collection-is-posted"
        ]
    );
    ledger::rebuild(&mut world.owner.acquire().await.unwrap())
        .await
        .unwrap();
    world
        .checked_but(&[
            "every-transfer-belongs-to-a-fact",
            "clearing-accounts-hold-only-what-is-on-its-way",
            "every-state-of-a-collection-is-posted",
        ])
        .await;
}

#[tokio::test]
async fn hledger_ledger_and_beancount_accept_the_books_and_find_the_same_balances() {
    let world = World::new().await;
    post(
        &world,
        &[ledger::collection_submitted(
            fact(),
            Rail::Transfer,
            "librairie",
            euros("1234.56"),
        )],
    )
    .await;
    post(
        &world,
        &ledger::collection_settled(
            fact(),
            Rail::Transfer,
            arrived(123_456),
            &[("foret-vivante".into(), euros("1234.56"))],
        ),
    )
    .await;
    let mut db = world.db.acquire().await.unwrap();
    let mut books = async |format| {
        ledger::export::export(&mut db, format, None, None)
            .await
            .unwrap()
    };

    let file = written("books.hledger", books(Format::Hledger).await.as_bytes());
    let path = file.to_str().unwrap();
    tool(
        "hledger",
        "hledger",
        &["-f", path, "check", "--strict", "ordereddates"],
    );
    if let Some(text) = tool(
        "hledger",
        "hledger",
        &["-f", path, "bal", "-N", "--flat", "safeguarded_cash"],
    ) {
        assert!(text.contains("1234.56 EUR"), "{text}");
    }
    let file = written("books.ledger", books(Format::Ledger).await.as_bytes());
    if let Some(text) = tool(
        "ledger",
        "ledger",
        &[
            "-f",
            file.to_str().unwrap(),
            "--pedantic",
            "bal",
            "safeguarded_cash",
        ],
    ) {
        assert!(text.contains("1234.56 EUR"), "{text}");
    }
    let file = written("books.beancount", books(Format::Beancount).await.as_bytes());
    tool("bean-check", "beancount", &[file.to_str().unwrap()]);
    drop(db);
    world.checked_but(&POSTED_ALONE).await;
}

#[tokio::test]
async fn a_posting_to_an_account_that_was_not_opened_leaves_nothing() {
    let world = World::new().await;
    post(&world, &[]).await;
    let mut tx = world.db.begin().await.unwrap();
    let stranger = ledger::donation_recorded(
        fact(),
        Parties {
            merchant: "nobody",
            association: "foret-vivante",
        },
        euros("1.00"),
    );
    let good = ledger::donation_recorded(
        fact(),
        Parties {
            merchant: "librairie",
            association: "foret-vivante",
        },
        euros("1.00"),
    );
    let refused = ledger::post(&mut tx, Utc::now(), &[good, stranger]).await;
    assert!(
        matches!(refused, Err(ledger::PostError::NoAccount)),
        "{refused:?}"
    );
    drop(tx);
    assert_eq!(balance(&world, "merchant_receivable:librairie").await, 0);
    world.checked().await;
}
