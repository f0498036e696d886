//! Reads camt.053 statements, versions 02, 06 and 08.
//!
//! Two parsers read the same document: `sepa` for amounts, dates and ids, `roxmltree` for the
//! structured creditor references, which `sepa` does not give. What they find is paired by
//! position, after checking that both found equally many statements and entries.

use std::collections::HashMap;

use chrono::NaiveDate;
use roxmltree::{Document, Node};
use sepa::{Camt053Statement, CashEntry, CreditDebitIndicator, EntryStatus, parse_camt053};

use crate::values::{Amount, BankLine, BankSide, BankStatement, parse_cents};

/// The elements that may hold a reference of ours, depending on the bank and on how the payer typed
/// it.
const REFERENCE_TAGS: &[&str] = &[
    "EndToEndId",
    "Ref",
    "Ustrd",
    "AddtlNtryInf",
    "AddtlTxInf",
    "InstrId",
    "PmtInfId",
];

/// What banks write as the reference of an entry to which they give none.
const NO_BANK_REFERENCE: &[&str] = &["NONREF", "NOTPROVIDED"];

/// The length of our references: RF, two check digits and twenty characters.
const REFERENCE_LENGTH: usize = 24;

/// Why a statement cannot be read; none of its lines is then used.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    #[error(
        "{name}: not a camt.053 statement that is read here (versions 02, 06 and 08): {reason}"
    )]
    NotAStatement { name: String, reason: String },
    #[error("{name}: entry {entry} cannot be read: {reason}")]
    Entry {
        name: String,
        entry: usize,
        reason: String,
    },
    /// The two parsers disagree: pairing what they found could give an amount another line's
    /// reference.
    #[error("{name}: two readings of the file find {library} and {tree} {element} elements")]
    Disagreement {
        name: String,
        element: &'static str,
        library: usize,
        tree: usize,
    },
}

/// The statements of a camt.053 document with their booked lines, in euros. `name` names the file
/// in errors.
pub fn read_statements(name: &str, xml: &str) -> Result<Vec<BankStatement>, StatementError> {
    let not = |reason: String| StatementError::NotAStatement {
        name: name.to_owned(),
        reason,
    };
    let tree = Document::parse(xml).map_err(|e| not(e.to_string()))?;
    let kind = tree.root_element().tag_name();
    let kind = kind.namespace().unwrap_or_else(|| kind.name());
    let document = parse_camt053(xml).map_err(|e| not(format!("it says {kind} ({e})")))?;
    let nodes = tree.descendants().filter(|n| is_element(n, "Stmt"));
    let mut statements = Vec::new();
    for (statement, node) in paired(name, "Stmt", &document.statements, nodes.collect())? {
        let nodes = node.children().filter(|n| is_element(n, "Ntry"));
        let entries = paired(name, "Ntry", &statement.entries, nodes.collect())?;
        let mut of_statement = Vec::new();
        for (n, (entry, node)) in entries.enumerate() {
            let read = entry_lines(statement, n, entry, node);
            of_statement.extend(read.map_err(|reason| StatementError::Entry {
                name: name.to_owned(),
                entry: n + 1,
                reason,
            })?);
        }
        number_repetitions(&mut of_statement);
        statements.push(BankStatement {
            account: statement.account.iban.clone().unwrap_or_default(),
            name: statement.stmt_id.clone(),
            balances: balance(node, &["OPBD", "PRCD"]).zip(balance(node, &["CLBD"])),
            lines: of_statement,
        });
    }
    Ok(statements)
}

/// A booked balance of a statement, in cents, by its codes in order of preference.
fn balance(statement: Node<'_, '_>, codes: &[&str]) -> Option<i64> {
    let balances = || statement.children().filter(|n| is_element(n, "Bal"));
    let text = |of: Node<'_, '_>, tag: &str| {
        let found = of.descendants().find(|n| is_element(n, tag));
        found.and_then(|n| n.text()).map(|t| t.trim().to_owned())
    };
    let found = codes
        .iter()
        .find_map(|code| balances().find(|b| text(*b, "Cd").as_deref() == Some(*code)))?;
    let cents = parse_cents(&text(found, "Amt")?).ok()?;
    match text(found, "CdtDbtInd")?.as_str() {
        "CRDT" => Some(cents),
        "DBIT" => Some(-cents),
        _ => None,
    }
}

/// Tells apart the lines of one statement that the bank's reference does not: a statement never
/// says the same movement twice.
fn number_repetitions(lines: &mut [BankLine]) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for line in lines {
        let before = seen.entry(line.identity.clone()).or_default();
        if *before > 0 {
            line.identity.push_str(&format!("|{before}"));
        }
        *before += 1;
    }
}

/// What both parsers found for an element, side by side; an error if they did not find equally
/// many.
fn paired<'l, 't, T>(
    name: &str,
    element: &'static str,
    library: &'l [T],
    tree: Vec<Node<'t, 't>>,
) -> Result<impl Iterator<Item = (&'l T, Node<'t, 't>)> + use<'l, 't, T>, StatementError> {
    if library.len() != tree.len() {
        return Err(StatementError::Disagreement {
            name: name.to_owned(),
            element,
            library: library.len(),
            tree: tree.len(),
        });
    }
    Ok(library.iter().zip(tree))
}

/// The lines of the nth entry of a statement; none while the entry is only announced.
///
/// An entry whose transactions each have an amount, together the entry's, is one line per
/// transaction; any other is one line.
fn entry_lines(
    statement: &Camt053Statement,
    n: usize,
    entry: &CashEntry,
    node: Node<'_, '_>,
) -> Result<Vec<BankLine>, String> {
    if entry.status != EntryStatus::Booked {
        return Ok(Vec::new());
    }
    if entry.amount.currency.as_deref() != Some("EUR") {
        return Err("its currency is not EUR".into());
    }
    let total = entry.amount.ct.ok_or("it has no amount")?;
    let side = match entry.amount.direction {
        Some(CreditDebitIndicator::Credit) => BankSide::Credit,
        Some(CreditDebitIndicator::Debit) => BankSide::Debit,
        _ => return Err("it is neither a credit nor a debit".into()),
    };
    let booked_on = booking_day(entry).ok_or("it has no booking date")?;
    let account = statement.account.iban.clone().unwrap_or_default();
    let bank_reference = entry.account_servicer_ref.as_deref();
    let identity = match bank_reference.filter(|r| !NO_BANK_REFERENCE.contains(r)) {
        Some(reference) => format!("{account}|{booked_on}|{reference}"),
        None => format!("{account}|{}|{n}", statement.stmt_id),
    };
    parts(entry, total, node)
        .into_iter()
        .enumerate()
        .map(|(part, (cents, node))| {
            Ok(BankLine {
                account: account.clone(),
                statement: statement.stmt_id.clone(),
                identity: format!("{identity}|{part}|{side:?}|{cents}"),
                side,
                amount: Amount::from_cents(cents).map_err(|e| e.to_string())?,
                booked_on,
                references: references(node),
            })
        })
        .collect()
}

/// The day an entry was booked, or else its value date.
fn booking_day(entry: &CashEntry) -> Option<NaiveDate> {
    entry
        .booking_date_raw
        .as_deref()
        .or(entry.value_date_raw.as_deref())?
        .get(..10)?
        .parse()
        .ok()
}

/// The amounts, in cents, into which an entry divides, each with the element that tells of it.
fn parts<'a, 't>(entry: &CashEntry, total: i64, node: Node<'a, 't>) -> Vec<(i64, Node<'a, 't>)> {
    let transactions: Vec<_> = node
        .descendants()
        .filter(|n| is_element(n, "TxDtls"))
        .collect();
    let amounts: Vec<i64> = entry.details.iter().filter_map(|d| d.amount.ct).collect();
    let divides = transactions.len() > 1
        && amounts.len() == transactions.len()
        && amounts.iter().sum::<i64>() == total;
    if divides {
        amounts.into_iter().zip(transactions).collect()
    } else {
        vec![(total, node)]
    }
}

/// Everything in an element that may be a reference of ours.
fn references(node: Node<'_, '_>) -> Vec<String> {
    node.descendants()
        .filter(|n| REFERENCE_TAGS.contains(&n.tag_name().name()))
        .filter_map(|n| n.text())
        .flat_map(candidates)
        .collect()
}

/// What in a text may be a reference: each word, what follows `RF` once spaces are removed, and the
/// whole without spaces.
fn candidates(text: &str) -> Vec<String> {
    let whole: String = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect::<String>()
        .to_uppercase();
    let mut found: Vec<String> = text.split_whitespace().map(str::to_uppercase).collect();
    found.extend(
        whole
            .match_indices("RF")
            .filter_map(|(at, _)| whole.get(at..at + REFERENCE_LENGTH))
            .map(str::to_owned),
    );
    found.push(whole);
    found
}

fn is_element(node: &Node<'_, '_>, tag: &str) -> bool {
    node.is_element() && node.tag_name().name() == tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_found_however_a_payer_writes_it() {
        for text in [
            "RF18ABCDEF0123456789ABCD",
            "rf18 abcd ef01 2345 6789 abcd",
            "Obole novembre RF18ABCDEF0123456789ABCD merci",
        ] {
            assert!(
                candidates(text).contains(&"RF18ABCDEF0123456789ABCD".to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_statement_is_refused_by_name() {
        for (xml, word) in [
            ("<a/>", "camt"),
            ("not xml", "camt"),
            ("<!DOCTYPE x [<!ENTITY a \"b\">]><Document/>", "camt"),
            (
                "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.13\">\
                 <BkToCstmrStmt/></Document>",
                "001.13",
            ),
        ] {
            let error =
                read_statements("f.xml", xml).map_or_else(|e| e.to_string(), |_| "read".into());
            assert!(
                error.starts_with("f.xml") && error.contains(word),
                "{error}"
            );
        }
    }

    #[test]
    fn a_statement_that_the_two_parsers_read_differently_is_refused_by_name() {
        // Only one parser sees the statement inside the supplementary data.
        let stmt = "<Stmt><Id>1</Id></Stmt>";
        let xml = format!(
            "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt>\
             <GrpHdr><MsgId>M</MsgId></GrpHdr>{stmt}<SplmtryData><Envlp>{stmt}</Envlp>\
             </SplmtryData>\
             </BkToCstmrStmt></Document>"
        );
        let error = read_statements("f.xml", &xml).unwrap_err();
        assert_eq!(
            error.to_string(),
            "f.xml: two readings of the file find 1 and 2 Stmt elements"
        );
    }
}
