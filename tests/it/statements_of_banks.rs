//! Statements as banks write them (camt.053): versions, bookings of many transactions, entries that
//! are only announced, currencies, and accounts that are not ours.

use std::path::PathBuf;

use chrono::Utc;
use obole::audit::Actor;
use obole::reconciliation::ImportSummary;
use obole::runs;
use obole::values::{BankAccount, Bic, Iban};

use crate::shop::Service;
use crate::steps::{another_shop, collect, give_at, month, on};
use crate::support::{tool, written};

const OWN: &str = "FR7630006000011234567890189";
const OTHER: &str = "DE89370400440532013000";

/// The versions that are read.
const VERSIONS: [&str; 4] = ["02", "04", "06", "08"];

/// A service whose account is `OWN`.
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

/// A document of statements in a version of camt.053.
fn document(version: &str, statements: &str) -> String {
    format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}\">\
         <BkToCstmrStmt><GrpHdr><MsgId>M</MsgId><CreDtTm>2025-02-03T20:00:00</CreDtTm></GrpHdr>\
         {statements}</BkToCstmrStmt></Document>"
    )
}

/// A statement of an account: its balances, which are not read, and its entries.
fn statement(id: &str, iban: &str, entries: &str) -> String {
    let balance = |code| {
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">1.00</Amt>\
             <CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2025-02-03</Dt></Dt></Bal>"
        )
    };
    format!(
        "<Stmt><Id>{id}</Id><CreDtTm>2025-02-03T20:00:00</CreDtTm>\
         <Acct><Id><IBAN>{iban}</IBAN></Id></Acct>{}{}{entries}</Stmt>",
        balance("OPBD"),
        balance("CLBD")
    )
}

/// A credit as an entry of a version. Its status became an element of its own in version 07.
fn entry(version: &str, status: &str, amount: &str, bank_reference: &str, details: &str) -> String {
    let status = match version {
        "02" | "04" | "06" => status.to_owned(),
        _ => format!("<Cd>{status}</Cd>"),
    };
    format!(
        "<Ntry>{amount}<CdtDbtInd>CRDT</CdtDbtInd><Sts>{status}</Sts>\
         <BookgDt><Dt>2025-02-03</Dt></BookgDt><AcctSvcrRef>{bank_reference}</AcctSvcrRef>\
         <BkTxCd><Prtry><Cd>X</Cd></Prtry></BkTxCd><NtryDtls>{details}</NtryDtls></Ntry>"
    )
}

/// A transaction of an entry, with or without its amount, which version 02 has one level deeper.
fn transaction(version: &str, reference: &str, amount: Option<&str>) -> String {
    let amount = match (amount, version) {
        (None, _) => String::new(),
        (Some(amount), "02") => {
            format!("<AmtDtls><TxAmt>{}</TxAmt></AmtDtls>", euros(amount))
        }
        (Some(amount), _) => format!("{}<CdtDbtInd>CRDT</CdtDbtInd>", euros(amount)),
    };
    format!(
        "<TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>{amount}\
         <RmtInf><Ustrd>{reference}</Ustrd></RmtInf></TxDtls>"
    )
}

fn euros(amount: &str) -> String {
    format!("<Amt Ccy=\"EUR\">{amount}</Amt>")
}

/// An entry of one transaction.
fn credit(version: &str, amount: &str, bank_reference: &str, reference: &str) -> String {
    let details = transaction(version, reference, Some(amount));
    entry(version, "BOOK", &euros(amount), bank_reference, &details)
}

/// Imports files of which none may be set aside.
async fn import(s: &Service, files: &[PathBuf]) -> anyhow::Result<ImportSummary> {
    let import = runs::import_statements(&s.app, Utc::now(), files).await?;
    if let Some(set_aside) = import.set_aside.first() {
        anyhow::bail!("{}", set_aside.reason);
    }
    Ok(import.files[0].imported)
}

/// Imports one document of entries of the own account.
async fn import_entries(s: &Service, version: &str, entries: &str) -> ImportSummary {
    let xml = document(version, &statement("S", OWN, entries));
    let file = written("statement.xml", xml.as_bytes());
    import(s, &[file]).await.unwrap()
}

/// What one import did: matched lines, unmatched ones, known ones.
fn counts(imported: ImportSummary) -> (usize, usize, usize) {
    (imported.matched, imported.unmatched, imported.known)
}

/// Lines that were imported.
async fn lines(s: &Service) -> i64 {
    s.count("select count(*) from bank_line").await
}

/// So many shops, each asked for one euro more than the one before; returns the references.
async fn asked(s: &Service, shops: u32) -> Vec<String> {
    for n in 1..=shops {
        let shop = another_shop(s, &format!("Shop {n}")).await;
        give_at(s, &shop, "ONE", "2025-01-10T10:00:00Z", |event| {
            event["data"]["donation"]["amount"] = format!("{n}.00").into();
        })
        .await;
    }
    let mut collections = collect(s, on("2025-02-02"), month("2025-01-01")).await;
    collections.sort_by_key(|c| c.amount_cents);
    collections.into_iter().map(|c| c.reference).collect()
}

#[tokio::test]
async fn a_file_of_another_account_is_refused_by_name_and_stops_no_other() {
    let s = with_account().await;
    let entries = credit("08", "1.00", "R1", "HELLO");
    let own = written(
        "own.xml",
        document("08", &statement("A", OWN, &entries)).as_bytes(),
    );
    let no_iban = document("08", &statement("C", OWN, &entries))
        .replace(&format!("<IBAN>{OWN}</IBAN>"), "<Othr><Id>4711</Id></Othr>");
    for (xml, told) in [
        (
            document("08", &statement("B", OTHER, &entries)),
            "(DE…3000)",
        ),
        (no_iban, "(without IBAN)"),
    ] {
        let other = written("other.xml", xml.as_bytes());
        let error = import(&s, &[own.clone(), other]).await.unwrap_err();
        let error = format!("{error:#}");
        assert!(
            error.contains("other.xml is a statement of another account"),
            "{error}"
        );
        assert!(
            error.contains(told) && error.contains("OBOLE_IBAN (FR…0189)"),
            "{error}"
        );
        assert!(!error.contains(OTHER) && !error.contains(OWN), "{error}");
        assert_eq!(lines(&s).await, 1, "the own account's, once");
    }
    assert_eq!(counts(import(&s, &[own]).await.unwrap()), (0, 0, 1));
    s.checked().await;
}

#[tokio::test]
async fn every_version_that_is_read_settles_what_it_names() {
    let s = with_account().await;
    let references = asked(&s, 3).await;
    for (n, (version, reference)) in VERSIONS.iter().zip(&references).enumerate() {
        let amount = format!("{}.00", n + 1);
        let entries = credit(version, &amount, &format!("R{n}"), reference);
        if *version == "08" {
            let file = written(
                "08.xml",
                document("08", &statement("S", OWN, &entries)).as_bytes(),
            );
            let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/xsd/camt.053.001.08.xsd");
            let arguments = [
                "--noout",
                "--nonet",
                "--schema",
                schema,
                file.to_str().unwrap(),
            ];
            tool("xmllint", "libxml2-utils", &arguments);
        }
        let imported = import_entries(&s, version, &entries).await;
        assert_eq!(counts(imported), (1, 0, 0), "version {version}");
        let again = import_entries(&s, version, &entries).await;
        assert_eq!(counts(again), (0, 0, 1), "version {version}");
    }
    assert_eq!(s.balance("safeguarded_cash:bank").await, 600);
    assert_eq!(s.balance("collection_in_transit:transfer").await, 0);
    s.checked().await;
}

#[tokio::test]
async fn an_entry_of_several_transactions_with_amounts_becomes_as_many_lines() {
    for version in VERSIONS {
        let s = with_account().await;
        let references = asked(&s, 3).await;
        let transactions = |amounts: [Option<&str>; 3]| -> String {
            let each = references.iter().zip(amounts);
            each.map(|(r, amount)| transaction(version, r, amount))
                .collect()
        };
        let whole = transactions([Some("1.00"), Some("2.00"), Some("3.00")]);
        let booked = entry(version, "BOOK", &euros("6.00"), "BATCH", &whole);
        let imported = import_entries(&s, version, &booked).await;
        assert_eq!(counts(imported), (3, 0, 0), "version {version}");
        assert_eq!(s.balance("safeguarded_cash:bank").await, 600);

        // Where amounts are missing or are not the entry's together, nobody knows whose it is.
        let without = transactions([Some("1.00"), None, Some("3.00")]);
        let short = transactions([Some("1.00"), Some("2.00"), Some("2.99")]);
        let unclear = entry(version, "BOOK", &euros("6.00"), "WITHOUT", &without)
            + &entry(version, "BOOK", &euros("6.00"), "SHORT", &short);
        let imported = import_entries(&s, version, &unclear).await;
        assert_eq!(counts(imported), (0, 2, 0), "version {version}");
        assert_eq!(s.balance("suspense:bank").await, -1200);
        s.checked().await;
    }
}

#[tokio::test]
async fn an_entry_that_is_only_announced_counts_once_it_is_booked() {
    let s = with_account().await;
    let references = asked(&s, 1).await;
    for version in VERSIONS {
        let details = transaction(version, &references[0], Some("1.00"));
        for status in ["PDNG", "INFO", "FUTR"] {
            let entries = entry(version, status, &euros("1.00"), "R1", &details);
            let imported = import_entries(&s, version, &entries).await;
            assert_eq!(
                (imported.entries, lines(&s).await),
                (0, 0),
                "{version} {status}"
            );
        }
    }
    let entries = credit("08", "1.00", "R1", &references[0]);
    assert_eq!(counts(import_entries(&s, "08", &entries).await), (1, 0, 0));
    assert_eq!(s.balance("safeguarded_cash:bank").await, 100);
    s.checked().await;
}

#[tokio::test]
async fn a_statement_of_another_account_is_skipped_and_named() {
    let s = with_account().await;
    let references = asked(&s, 1).await;
    let foreign = credit("08", "7.00", "R1", "HELLO");
    let own = credit("08", "1.00", "R1", &references[0]);
    for both in [
        statement("B", OTHER, &foreign) + &statement("A", OWN, &own),
        statement("A", OWN, &own) + &statement("B", OTHER, &foreign),
    ] {
        let file = written("both.xml", document("08", &both).as_bytes());
        let import = runs::import_statements(&s.app, Utc::now(), &[file]).await;
        let import = import.unwrap();
        assert_eq!(import.set_aside, []);
        let [skipped] = &import.files[0].skipped[..] else {
            panic!("{import:?}")
        };
        assert_eq!(skipped.subject, "statement B");
        assert!(skipped.reason.contains("(DE…3000)"), "{skipped:?}");
        assert_eq!(lines(&s).await, 1, "the own account's, once");
    }
    assert_eq!(s.balance("safeguarded_cash:bank").await, 100);
    s.checked().await;
}

#[tokio::test]
async fn an_entry_that_is_not_in_euros_or_cannot_be_read_is_shown_and_stops_no_other() {
    let s = with_account().await;
    let references = asked(&s, 1).await;
    let details = transaction("08", "HELLO", None);
    let odd = |amount: &str| entry("08", "BOOK", amount, "R2", &details);
    let entries = odd("<Amt Ccy=\"USD\">1.00</Amt>")
        + &odd("<Amt Ccy=\"EUR\">0.00</Amt>")
        + &odd("<Amt Ccy=\"EUR\">1,00</Amt>")
        + &entry("08", "ODD", "<Amt Ccy=\"EUR\">1.00</Amt>", "R3", &details)
        + &credit("08", "1.00", "R1", &references[0]);
    let xml = document("08", &statement("S", OWN, &entries));
    for _ in 0..2 {
        let file = written("odd.xml", xml.as_bytes());
        let import = runs::import_statements(&s.app, Utc::now(), &[file]).await;
        let import = import.unwrap();
        let told: Vec<(&str, &str)> = import.files[0]
            .skipped
            .iter()
            .map(|s| (s.subject.as_str(), s.reason.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (
                    "statement S, entry 1",
                    "it is of 1.00 USD, which is not EUR"
                ),
                ("statement S, entry 3", "its amount is no amount"),
                ("statement S, entry 4", "its status is ODD")
            ]
        );
    }
    assert_eq!(s.balance("safeguarded_cash:bank").await, 100);
    let cases = "select count(*) from open_case where kind = 'entry-unread'";
    assert_eq!(s.count(cases).await, 3, "each once");
    s.checked().await;
}

#[tokio::test]
async fn two_entries_that_the_bank_names_alike_are_two_lines() {
    let s = with_account().await;
    // Banks that number no entry write a word instead, the same on each; some name a whole batch.
    for bank_reference in ["NONREF", "NOTPROVIDED", "BATCH-7"] {
        let said = format!("HELLO {bank_reference}");
        let twice: String = (0..2)
            .map(|_| credit("08", "1.00", bank_reference, &said))
            .collect();
        let xml = document("08", &statement(bank_reference, OWN, &twice));
        let file = [written("twice.xml", xml.as_bytes())];
        let first = import(&s, &file).await.unwrap();
        assert_eq!(counts(first), (0, 2, 0), "{bank_reference}");
        let again = import(&s, &file).await.unwrap();
        assert_eq!(counts(again), (0, 0, 2), "{bank_reference}");
        // The same days exported again under another number, with one entry more.
        let thrice = twice + &credit("08", "1.00", bank_reference, &said);
        let more = statement("LATER", OWN, &thrice);
        let file = written("later.xml", document("08", &more).as_bytes());
        let later = import(&s, &[file]).await.unwrap();
        assert_eq!(counts(later), (0, 1, 2), "{bank_reference}");
    }
    assert_eq!(s.balance("suspense:bank").await, -900);
    s.checked().await;
}

/// A statement that says what the account held before and after its entries, in cents.
fn with_balances(id: &str, opening: i64, closing: i64, entries: &str) -> String {
    let amount = |cents: i64| format!("{}.{:02}", cents / 100, cents % 100);
    let (before, after) = ("<Amt Ccy=\"EUR\">1.00</Amt><CdtDbtInd>", "OPBD");
    let whole = statement(id, OWN, entries);
    let (head, rest) = whole.split_once(after).unwrap();
    let rest = rest.replacen(before, &before.replace("1.00", &amount(opening)), 1);
    let (own, closing_part) = rest.split_once("CLBD").unwrap();
    let closing_part = closing_part.replacen(before, &before.replace("1.00", &amount(closing)), 1);
    format!("{head}{after}{own}CLBD{closing_part}")
}

#[tokio::test]
async fn equal_entries_of_statements_that_chain_are_new_and_of_exports_that_overlap_are_not() {
    let s = with_account().await;
    let entry = credit("08", "88.00", "NONREF", "HELLO");
    let told = async |id: &str, opening, closing, entries: &str| {
        let xml = document("08", &with_balances(id, opening, closing, entries));
        let file = written("chain.xml", xml.as_bytes());
        counts(import(&s, &[file]).await.unwrap())
    };
    let (one, two) = (entry.clone(), entry.repeat(2));
    assert_eq!(told("1", 0, 8800, &one).await, (0, 1, 0));
    assert_eq!(told("1", 0, 8800, &one).await, (0, 0, 1), "the same again");
    assert_eq!(
        told("1-BIS", 0, 8800, &one).await,
        (0, 0, 1),
        "another number"
    );
    assert_eq!(told("2", 8800, 17_600, &one).await, (0, 1, 0), "it chains");
    assert_eq!(told("2", 8800, 17_600, &one).await, (0, 0, 1));
    assert_eq!(told("1", 0, 8800, &one).await, (0, 0, 1));
    assert_eq!(
        told("DAY", 0, 17_600, &two).await,
        (0, 0, 2),
        "the whole day"
    );
    assert_eq!(
        told("4", 26_400, 35_200, &one).await,
        (0, 1, 0),
        "the account held so much at no time before"
    );
    assert_eq!(
        told("3", 17_600, 26_400, &one).await,
        (0, 1, 0),
        "it chains"
    );
    assert_eq!(s.balance("suspense:bank").await, -35_200);
    s.checked().await;
}

#[tokio::test]
async fn a_statement_that_does_not_follow_from_the_last_is_shown_and_imported() {
    let s = with_account().await;
    let entry = |n: u32| credit("08", "1.00", &format!("R{n}"), "HELLO");
    let gaps = "select count(*) from open_case where kind = 'statement-gap'";
    for (id, opening, closing, n, cases) in [
        ("1", 500, 600, 1, 0),
        ("2", 600, 700, 2, 0),
        ("4", 800, 900, 4, 1),
        ("4", 800, 900, 4, 1),
        ("5", 900, 1100, 5, 2),
    ] {
        let xml = document("08", &with_balances(id, opening, closing, &entry(n)));
        let file = written("gap.xml", xml.as_bytes());
        import(&s, &[file]).await.unwrap();
        assert_eq!(s.count(gaps).await, cases, "{id}");
    }
    assert_eq!(lines(&s).await, 4);
    let id = "select case_id from open_case where kind = 'statement-gap' limit 1";
    let decision = runs::CaseDecision {
        case_id: sqlx::query_scalar(id).fetch_one(&s.world.db).await.unwrap(),
        decision: "explain",
        actor: &Actor::system(),
        why: "the third is missing",
        amount: None,
        email: None,
    };
    runs::decide_case(&s.app, Utc::now(), on("2025-02-04"), decision)
        .await
        .unwrap();
    assert_eq!(s.count(gaps).await, 1);
    s.checked().await;
}

#[tokio::test]
async fn a_notification_explains_what_a_statement_tells_in_one_sum_whichever_comes_first() {
    for notified_first in [true, false] {
        let s = with_account().await;
        let references = asked(&s, 3).await;
        let parts: String = references
            .iter()
            .zip(["1.00", "2.00", "3.00"])
            .map(|(r, amount)| transaction("08", r, Some(amount)))
            .collect();
        let inside = entry("08", "BOOK", &euros("6.00"), "LOT-1", &parts);
        let statement_of = |entries: &str| document("08", &statement("S", OWN, entries));
        let notification = statement_of(&inside)
            .replace("camt.053", "camt.054")
            .replace("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn")
            .replace("Stmt>", "Ntfctn>");
        let sum = entry("08", "BOOK", &euros("6.00"), "LOT-1", "");
        let (first, second) = (notification, statement_of(&sum));
        let files = if notified_first {
            [first, second]
        } else {
            [second, first]
        };
        for (n, xml) in files.iter().enumerate() {
            let file = written("lot.xml", xml.as_bytes());
            import(&s, &[file]).await.unwrap();
            let cash = s.balance("safeguarded_cash:bank").await;
            assert_eq!(
                cash == 0,
                notified_first && n == 0,
                "only the statement moves cash"
            );
        }
        assert_eq!(s.balance("suspense:bank").await, 0);
        assert_eq!(s.balance("collection_in_transit:transfer").await, 0);
        assert_eq!(s.balance("safeguarded_cash:bank").await, 600);
        s.checked().await;
    }
}
