//! What the bank says of the account is held against the ledger, statement by statement: a gap or a
//! statement that contradicts itself silences nothing but itself.

use chrono::Utc;
use obole::cases::CaseKind;
use obole::reconciliation::ImportSummary;
use obole::runs;
use obole::values::{BankAccount, Bic, Iban};

use crate::shop::Service;
use crate::steps::open_cases;
use crate::support::written;

const CHECK: &str = "the-banks-balance-is-the-ledgers";
const OWN: &str = "FR7630006000011234567890189";

async fn with_account() -> Service {
    Service::start_with(|settings| {
        settings.account = BankAccount {
            holder: "Obole".into(),
            iban: Iban::parse(OWN).unwrap(),
            bic: Bic::parse("AGRIFRPP").unwrap(),
            given: true,
        };
    })
    .await
}

fn euros(cents: i64) -> String {
    format!(
        "<Amt Ccy=\"EUR\">{}.{:02}</Amt>",
        cents.abs() / 100,
        cents.abs() % 100
    )
}

/// A statement of credits, each with its day of December and its text.
fn statement(name: &str, opening: i64, closing: i64, credits: &[(u32, i64, &str)]) -> String {
    let balance = |code: &str, cents: i64| {
        let side = if cents < 0 { "DBIT" } else { "CRDT" };
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{}<CdtDbtInd>{side}</CdtDbtInd>\
             <Dt><Dt>2025-12-01</Dt></Dt></Bal>",
            euros(cents)
        )
    };
    let entries: String = credits
        .iter()
        .map(|(day, cents, text)| {
            format!(
                "<Ntry>{}<CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>\
                 <BookgDt><Dt>2025-12-{day:02}</Dt></BookgDt>\
                 <BkTxCd><Prtry><Cd>X</Cd></Prtry></BkTxCd>\
                 <AddtlNtryInf>{text}</AddtlNtryInf></Ntry>",
                euros(*cents)
            )
        })
        .collect();
    format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt>\
         <GrpHdr><MsgId>M</MsgId><CreDtTm>2025-12-31T20:00:00</CreDtTm></GrpHdr>\
         <Stmt><Id>{name}</Id><CreDtTm>2025-12-31T20:00:00</CreDtTm>\
         <Acct><Id><IBAN>{OWN}</IBAN></Id></Acct>{}{}{entries}</Stmt></BkToCstmrStmt></Document>",
        balance("OPBD", opening),
        balance("CLBD", closing)
    )
}

/// What an import did: new lines, and known ones.
async fn told(
    s: &Service,
    name: &str,
    balances: (i64, i64),
    credits: &[(u32, i64, &str)],
) -> (usize, usize) {
    let xml = statement(name, balances.0, balances.1, credits);
    let file = written("compared.xml", xml.as_bytes());
    let import = runs::import_statements(&s.app, Utc::now(), &[file]).await;
    let done: ImportSummary = import.unwrap().files[0].imported;
    (done.matched + done.unmatched, done.known)
}

async fn gaps(s: &Service) -> Vec<String> {
    let open = open_cases(s, CaseKind::StatementGap).await;
    open.into_iter().map(|c| c.what).collect()
}

/// How many violations the check counts, as things stand.
async fn violations(s: &Service) -> i64 {
    let mut owner = s.world.owner.acquire().await.unwrap();
    let verdicts = obole::checks::run(&mut owner).await.unwrap();
    verdicts
        .iter()
        .find(|v| v.name == CHECK)
        .unwrap()
        .violations
}

/// Changes every row of what the bank told in turn, and expects each to be seen; changes it back.
async fn each_falsified_balance_is_seen(s: &Service, but: &[&str]) {
    let names: Vec<String> = sqlx::query_scalar("select statement from bank_statement")
        .fetch_all(&s.world.owner)
        .await
        .unwrap();
    let names: Vec<&String> = names
        .iter()
        .filter(|n| !but.contains(&n.as_str()))
        .collect();
    assert!(!names.is_empty());
    let column = ["closing_cents", "opening_cents"];
    for (name, column) in names.iter().flat_map(|n| column.map(|c| (*n, c))) {
        for (by, seen) in [(1, true), (-1, false)] {
            let sql = format!(
                "do $$ begin
                   alter table bank_statement disable trigger bank_statement_is_append_only;
                   update bank_statement set {column} = {column} + {by} where statement = '{name}';
                   alter table bank_statement enable trigger bank_statement_is_append_only;
                 end $$"
            );
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .execute(&s.world.owner)
                .await
                .unwrap();
            assert_eq!(violations(s).await > 0, seen, "{column} of {name}");
        }
    }
}

#[tokio::test]
async fn after_a_gap_every_statement_is_still_compared_with_the_ledger() {
    let s = with_account().await;
    assert_eq!(told(&s, "1", (500, 600), &[(1, 100, "a")]).await, (1, 0));
    assert_eq!(told(&s, "2", (600, 700), &[(2, 100, "b")]).await, (1, 0));
    assert_eq!(told(&s, "4", (800, 900), &[(4, 100, "d")]).await, (1, 0));
    let shown = gaps(&s).await;
    assert!(shown[0].contains("opens with 8.00 euros"), "{shown:?}");
    assert!(shown[0].contains("closed with 7.00"), "{shown:?}");
    // One that contradicts itself is a case of its own.
    assert_eq!(told(&s, "5", (900, 1300), &[(5, 100, "e")]).await, (1, 0));
    assert_eq!(told(&s, "6", (1300, 1400), &[(6, 100, "f")]).await, (1, 0));
    assert_eq!(gaps(&s).await.len(), 2);
    assert_eq!(violations(&s).await, 0);
    each_falsified_balance_is_seen(&s, &["5"]).await;
    // The missing one comes: its successor's case is closed by it.
    assert_eq!(told(&s, "3", (700, 800), &[(3, 100, "c")]).await, (1, 0));
    assert_eq!(gaps(&s).await.len(), 1, "only the contradiction is left");
    each_falsified_balance_is_seen(&s, &["5"]).await;
    // A line that is gone with its posting is seen by its day.
    let gone = "do $$ begin
        alter table bank_line disable trigger bank_line_is_append_only;
        update bank_line set booked_on = booked_on - 1 where booked_on = '2025-12-04';
        alter table bank_line enable trigger bank_line_is_append_only; end $$";
    sqlx::query(gone).execute(&s.world.owner).await.unwrap();
    assert_eq!(violations(&s).await, 2, "a day too many, a day too few");
    s.checked_but(&[CHECK]).await;
}

#[tokio::test]
async fn statements_of_parts_of_a_day_are_compared_together_and_exports_of_other_bounds_too() {
    let s = with_account().await;
    let noon = [(2, 100, "a")];
    assert_eq!(told(&s, "noon", (0, 100), &noon).await, (1, 0));
    assert_eq!(
        told(&s, "night", (100, 300), &[(2, 200, "b")]).await,
        (1, 0)
    );
    assert_eq!(told(&s, "next", (300, 400), &[(3, 100, "c")]).await, (1, 0));
    let days = [(2, 100, "a"), (2, 200, "b"), (3, 100, "c")];
    assert_eq!(told(&s, "all", (0, 400), &days).await, (0, 3));
    let more = [(3, 100, "c"), (4, 50, "d")];
    assert_eq!(told(&s, "on", (300, 450), &more).await, (1, 1));
    assert_eq!(gaps(&s).await, Vec::<String>::new());
    assert_eq!(violations(&s).await, 0);
    each_falsified_balance_is_seen(&s, &[]).await;
    s.checked().await;
}

#[tokio::test]
async fn a_statement_whose_lines_equal_known_ones_is_a_fact_and_its_gap_a_case() {
    let s = with_account().await;
    let fee = [(2, 100, "the same every time")];
    assert_eq!(told(&s, "1", (0, 100), &fee).await, (1, 0));
    // Nine euros were on the account at no time while the first was told: this is other money.
    assert_eq!(told(&s, "9", (900, 1000), &fee).await, (1, 0));
    assert_eq!(gaps(&s).await.len(), 1);
    // The account may have held half a euro then: the line may be the one that is known.
    assert_eq!(told(&s, "?", (50, 150), &fee).await, (0, 1));
    let shown = gaps(&s).await;
    assert!(
        shown.iter().any(|w| w.starts_with("statement ?")),
        "{shown:?}"
    );
    let stored = "select count(*) from bank_statement";
    assert_eq!(s.count(stored).await, 3);
    // Sent once more it is the same fact, and the same case.
    assert_eq!(told(&s, "?", (50, 150), &fee).await, (0, 1));
    assert_eq!(told(&s, "9", (900, 1000), &fee).await, (0, 1));
    assert_eq!((s.count(stored).await, gaps(&s).await.len()), (3, 2));
    assert_eq!(s.balance("safeguarded_cash:bank").await, 200);
    s.checked().await;
}

#[tokio::test]
async fn a_line_that_was_taken_for_another_counts_once_the_statement_before_it_came() {
    let s = with_account().await;
    let fee = [(2, 100, "the same every time")];
    let both = [(2, 100, "the same every time"), (2, 30, "another")];
    assert_eq!(told(&s, "1", (0, 130), &both).await, (2, 0));
    assert_eq!(told(&s, "3", (110, 210), &fee).await, (0, 1));
    assert_eq!(gaps(&s).await.len(), 1);
    let between = "<CdtDbtInd>DBIT</CdtDbtInd>";
    let xml = statement("2", 130, 110, &[(2, 20, "a debit")]).replacen(
        "<CdtDbtInd>CRDT</CdtDbtInd><Sts>",
        &format!("{between}<Sts>"),
        1,
    );
    let file = written("between.xml", xml.as_bytes());
    let import = runs::import_statements(&s.app, Utc::now(), &[file]).await;
    assert_eq!(import.unwrap().files[0].imported.unmatched, 1);
    assert_eq!(gaps(&s).await, Vec::<String>::new());
    assert!(violations(&s).await > 0, "the bank shows a euro more");
    assert_eq!(
        told(&s, "3", (110, 210), &fee).await,
        (1, 0),
        "now it chains"
    );
    assert_eq!(told(&s, "3", (110, 210), &fee).await, (0, 1));
    assert_eq!(told(&s, "1", (0, 130), &both).await, (0, 2));
    assert_eq!(violations(&s).await, 0);
    s.checked().await;
}
