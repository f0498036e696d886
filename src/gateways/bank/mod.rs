//! ISO 20022 files: camt.053 statements in, pain.001.001.09 credit transfers out.

pub mod simulated;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use sepa::{
    CreditDebitIndicator, CreditTransferEntry, CreditTransferGroup, EntryStatus, IsoDate,
    IsoDateTime, Pain001Builder, parse_camt053,
};

use crate::values::{Amount, BankAccount, BankLine, BankSide};

/// Why a bank's file cannot be used; nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum BankFileError {
    #[error("{path}: {source}")]
    File {
        path: String,
        source: std::io::Error,
    },
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
    #[error("the credit transfer cannot be written: {0}")]
    NotWritten(String),
}

/// The booked euro lines of a camt.053 document.
///
/// An entry with several transactions, each with its amount and together the entry's, is as many lines.
pub fn read_statement(name: &str, xml: &str) -> Result<Vec<BankLine>, BankFileError> {
    let not = |reason: String| BankFileError::NotAStatement {
        name: name.to_owned(),
        reason,
    };
    // The structured creditor references are read beside: the library gives only the free text.
    let tree = roxmltree::Document::parse(xml).map_err(|e| not(e.to_string()))?;
    let kind = tree.root_element().tag_name();
    let kind = kind.namespace().unwrap_or_else(|| kind.name());
    let document = parse_camt053(xml).map_err(|e| not(format!("it says {kind} ({e})")))?;
    let named = |tag: &'static str| {
        move |n: &roxmltree::Node<'_, '_>| n.is_element() && n.tag_name().name() == tag
    };
    let statements: Vec<_> = tree.descendants().filter(named("Stmt")).collect();
    let mut lines = Vec::new();
    for (statement, node) in document.statements.iter().zip(statements) {
        let account = statement.account.iban.clone().unwrap_or_default();
        let entries: Vec<_> = node.children().filter(named("Ntry")).collect();
        for (n, (entry, node)) in statement.entries.iter().zip(entries).enumerate() {
            let wrong = |reason: &str| BankFileError::Entry {
                name: name.to_owned(),
                entry: n + 1,
                reason: reason.to_owned(),
            };
            if entry.status != EntryStatus::Booked {
                continue;
            }
            if entry.amount.currency.as_deref() != Some("EUR") {
                return Err(wrong("its currency is not EUR"));
            }
            let total = entry.amount.ct.ok_or_else(|| wrong("it has no amount"))?;
            let side = match entry.amount.direction {
                Some(CreditDebitIndicator::Credit) => BankSide::Credit,
                Some(CreditDebitIndicator::Debit) => BankSide::Debit,
                _ => return Err(wrong("it is neither a credit nor a debit")),
            };
            let day = entry
                .booking_date_raw
                .as_deref()
                .or(entry.value_date_raw.as_deref())
                .and_then(|d| d.get(..10));
            let booked_on: NaiveDate = day
                .and_then(|d| d.parse().ok())
                .ok_or_else(|| wrong("it has no booking date"))?;
            let identity = match &entry.account_servicer_ref {
                Some(reference) => format!("{account}|{booked_on}|{reference}"),
                None => format!("{account}|{}|{n}", statement.stmt_id),
            };
            let details: Vec<_> = node.descendants().filter(named("TxDtls")).collect();
            let amounts: Vec<i64> = entry.details.iter().filter_map(|d| d.amount.ct).collect();
            let split = details.len() > 1
                && amounts.len() == details.len()
                && amounts.iter().sum::<i64>() == total;
            let parts: Vec<(i64, Vec<roxmltree::Node<'_, '_>>)> = if split {
                amounts
                    .into_iter()
                    .zip(details.into_iter().map(|d| vec![d]))
                    .collect()
            } else {
                vec![(total, vec![node])]
            };
            for (part, (cents, nodes)) in parts.into_iter().enumerate() {
                let amount = Amount::from_cents(cents).map_err(|e| wrong(&e.to_string()))?;
                let told = nodes
                    .iter()
                    .flat_map(|node| node.descendants())
                    .filter(|n| {
                        matches!(
                            n.tag_name().name(),
                            "EndToEndId"
                                | "Ref"
                                | "Ustrd"
                                | "AddtlNtryInf"
                                | "AddtlTxInf"
                                | "InstrId"
                                | "PmtInfId"
                        )
                    });
                lines.push(BankLine {
                    account: account.clone(),
                    statement: statement.stmt_id.clone(),
                    identity: format!("{identity}|{part}|{side:?}|{cents}"),
                    side,
                    amount,
                    booked_on,
                    references: told.filter_map(|n| n.text()).flat_map(candidates).collect(),
                });
            }
        }
    }
    Ok(lines)
}

/// What in a text may be a reference: each word, the whole without spaces, and what follows `RF` in it.
fn candidates(text: &str) -> Vec<String> {
    let whole: String = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect::<String>()
        .to_uppercase();
    let mut found: Vec<String> = text.split_whitespace().map(str::to_uppercase).collect();
    // Ours are 24 characters long: RF, two check digits and twenty more.
    found.extend(
        whole
            .match_indices("RF")
            .filter_map(|(at, _)| whole.get(at..at + 24))
            .map(str::to_owned),
    );
    found.push(whole);
    found
}

/// A credit transfer to write.
#[derive(Clone, Debug)]
pub struct CreditTransfer {
    pub name: String,
    pub iban: String,
    pub bic: String,
    pub amount: Amount,
    /// EndToEndId, and the message's id: the bank drops a message it has seen.
    pub reference: String,
    pub text: String,
    pub on: NaiveDate,
}

/// Writes a credit transfer as a pain.001.001.09 file in a folder; answers its path. The same transfer gives the same file.
pub fn write_credit_transfer(
    folder: &Path,
    from: &BankAccount,
    transfer: &CreditTransfer,
) -> Result<PathBuf, BankFileError> {
    let not = |e: String| BankFileError::NotWritten(e);
    let day: IsoDate = transfer
        .on
        .to_string()
        .parse()
        .map_err(|_| not(format!("{} is not a day", transfer.on)))?;
    let own = sepa::validate_iban(from.iban.as_str()).map_err(|e| not(e.to_string()))?;
    let own_bic = sepa::validate_bic(from.bic.as_str()).map_err(|e| not(e.to_string()))?;
    let iban = sepa::validate_iban(&transfer.iban).map_err(|e| not(e.to_string()))?;
    let bic = sepa::validate_bic(&transfer.bic).map_err(|e| not(e.to_string()))?;
    let entry = CreditTransferEntry::new(
        bank_text(&transfer.name, 70),
        iban,
        transfer.amount.cents(),
        &transfer.reference,
    )
    .with_bic(bic)
    .with_description(bank_text(&transfer.text, 140));
    let group = CreditTransferGroup::new(bank_text(&from.holder, 70), &own, day)
        .debtor_bic(own_bic)
        .add_entry(entry);
    let xml = Pain001Builder::new(bank_text(&from.holder, 70), &transfer.reference)
        .created_at(IsoDateTime::from(day))
        .add_group(group)
        .build()
        .map_err(|e| not(e.to_string()))?;
    let path = folder.join(format!("pain.001-{}.xml", transfer.reference));
    write_whole(&path, xml.as_bytes())?;
    Ok(path)
}

/// Writes a file so that nobody ever reads half of it; it and the folders made for it are their owner's alone.
pub fn write_whole(path: &Path, content: &[u8]) -> Result<(), BankFileError> {
    let failed = |source| BankFileError::File {
        path: path.display().to_string(),
        source,
    };
    if let Some(folder) = path.parent() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(failed)?;
    }
    let half = path.with_extension("partial");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&half)
        .map_err(failed)?;
    file.write_all(content)
        .and_then(|()| file.sync_all())
        .map_err(failed)?;
    fs::rename(&half, path).map_err(failed)
}

/// A name as banks take it: ligatures spread before the library transliterates, and cut to a length.
fn bank_text(text: &str, most: usize) -> String {
    let spread = text
        .replace('œ', "oe")
        .replace('Œ', "OE")
        .replace('æ', "ae")
        .replace('Æ', "AE")
        .replace('&', "et");
    spread.chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_found_however_a_shop_writes_it() {
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
                "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.13\"><BkToCstmrStmt/></Document>",
                "001.13",
            ),
        ] {
            let error =
                read_statement("f.xml", xml).map_or_else(|e| e.to_string(), |_| "read".into());
            assert!(
                error.starts_with("f.xml") && error.contains(word),
                "{error}"
            );
        }
    }
}
