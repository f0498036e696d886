//! A bank for demonstrations and tests: it executes pain.001 files and writes camt.053.001.08
//! statements, as a real bank would.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use super::read::{BankItem, BankReader};
use crate::gateways::files::{FileError, write_whole};
use crate::values::{Amount, BankAccount, BankSide, euros};

/// The first statement's opening balance, in cents: the account had money of its own before. Each
/// later statement opens with what the one before closed with.
const OPENING_CENTS: i64 = 1_000_000;

/// Why a banking day could not be played.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    #[error("{name}: not a pain.001 file that can be executed: {reason}")]
    PaymentOrder { name: String, reason: String },
    #[error(transparent)]
    File(#[from] FileError),
}

/// A transfer that somebody makes to the account.
#[derive(Clone, Debug)]
pub struct IncomingTransfer {
    pub from: String,
    pub reference: String,
    pub amount: Amount,
}

struct Line {
    side: BankSide,
    amount: Amount,
    party: String,
    reference: String,
    /// Whether the reference stands in the structured remittance information, otherwise in the
    /// EndToEndId.
    structured: bool,
}

/// Plays one banking day: executes the credit transfers that wait in the folder, books the incoming
/// transfers, and writes the day's statement. Returns its path, or none when nothing moved.
pub fn play_day(
    folder: &Path,
    account: &BankAccount,
    on: NaiveDate,
    incoming: &[IncomingTransfer],
) -> Result<Option<PathBuf>, SimulationError> {
    let mut lines: Vec<Line> = incoming
        .iter()
        .map(|i| Line {
            side: BankSide::Credit,
            amount: i.amount,
            party: i.from.clone(),
            reference: i.reference.clone(),
            structured: true,
        })
        .collect();
    let executed = folder.join("executed");
    for path in waiting(folder)? {
        let failed = |e| FileError::new(&path, e);
        let xml = fs::read_to_string(&path).map_err(failed)?;
        lines.extend(orders(&path, &xml)?);
        fs::create_dir_all(&executed).map_err(failed)?;
        fs::rename(&path, executed.join(path.file_name().unwrap_or_default())).map_err(failed)?;
    }
    // A bank executes an order once, however often it is sent.
    let mut seen = HashSet::new();
    lines.retain(|l| seen.insert((l.reference.clone(), l.side == BankSide::Credit)));
    if lines.is_empty() {
        return Ok(None);
    }
    let number = fs::read_dir(folder.join("statements")).map_or(0, Iterator::count);
    let path = folder
        .join("statements")
        .join(format!("camt.053-{on}-{number:04}.xml"));
    let opening = last_closing(&folder.join("statements"), number)?;
    write_whole(
        &path,
        statement(account, on, number, opening, &lines).as_bytes(),
    )?;
    Ok(Some(path))
}

/// What the account held after the statement before the one of this number, in cents.
fn last_closing(folder: &Path, number: usize) -> Result<i64, FileError> {
    let end = format!("-{:04}.xml", number.wrapping_sub(1));
    let failed = |e| FileError::new(folder, e);
    if number == 0 {
        return Ok(OPENING_CENTS);
    }
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.to_string_lossy().ends_with(&end) {
            return Ok(closing_of(&path).unwrap_or(OPENING_CENTS));
        }
    }
    Ok(OPENING_CENTS)
}

/// What the account held at the end of a statement of this bank.
fn closing_of(path: &Path) -> Option<i64> {
    let mut reader = BankReader::open(path, "statement").ok()?;
    while let Some(item) = reader.next_item().ok()? {
        if let BankItem::Statement(statement) = item {
            return statement.balances.map(|(_, closing)| closing);
        }
    }
    None
}

/// The payment orders in the folder, by name.
fn waiting(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let failed = |e| FileError::new(folder, e);
    fs::create_dir_all(folder).map_err(failed)?;
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_file() && path.extension().is_some_and(|e| e == "xml") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The credit transfers that a pain.001 file orders.
fn orders(path: &Path, xml: &str) -> Result<Vec<Line>, SimulationError> {
    let not = |reason: &str| SimulationError::PaymentOrder {
        name: path.display().to_string(),
        reason: reason.to_owned(),
    };
    let tree = roxmltree::Document::parse(xml).map_err(|e| not(&e.to_string()))?;
    let text = |node: roxmltree::Node<'_, '_>, tag: &str| {
        node.descendants()
            .find(|n| n.tag_name().name() == tag)
            .and_then(|n| n.text())
            .map(str::to_owned)
    };
    let mut lines = Vec::new();
    for order in tree
        .descendants()
        .filter(|n| n.tag_name().name() == "CdtTrfTxInf")
    {
        let creditor = order
            .children()
            .find(|n| n.tag_name().name() == "Cdtr")
            .and_then(|n| text(n, "Nm"));
        let (Some(reference), Some(amount), Some(party)) =
            (text(order, "EndToEndId"), text(order, "InstdAmt"), creditor)
        else {
            return Err(not("an order lacks its reference, amount or creditor"));
        };
        let amount = Amount::parse(&amount).map_err(|e| not(&e.to_string()))?;
        lines.push(Line {
            side: BankSide::Debit,
            amount,
            party,
            reference,
            structured: false,
        });
    }
    Ok(lines)
}

/// A camt.053.001.08 document of the day's lines.
fn statement(
    account: &BankAccount,
    on: NaiveDate,
    number: usize,
    opening_cents: i64,
    lines: &[Line],
) -> String {
    let moved: i64 = lines
        .iter()
        .map(|l| match l.side {
            BankSide::Credit => l.amount.cents(),
            BankSide::Debit => -l.amount.cents(),
        })
        .sum();
    let entries: String = lines
        .iter()
        .enumerate()
        .map(|(n, line)| entry(line, on, &format!("SIM{number:04}{n:05}")))
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document \
         xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt>\n\
         <GrpHdr><MsgId>SIM-{on}-{number:04}</MsgId><CreDtTm>{on}T20:00:00</CreDtTm></GrpHdr>\n\
         <Stmt><Id>SIM-{on}-{number:04}</Id><CreDtTm>{on}T20:00:00</CreDtTm><Acct><Id>\
         <IBAN>{iban}</IBAN></Id><Ccy>EUR</Ccy></Acct>\n\
         {opening}{closing}\n{entries}</Stmt></BkToCstmrStmt></Document>\n",
        iban = account.iban.as_str(),
        opening = balance("OPBD", opening_cents, on),
        closing = balance("CLBD", opening_cents + moved, on),
    )
}

/// A `Bal` element; `code` is OPBD for the opening balance, CLBD for the closing one.
fn balance(code: &str, cents: i64, on: NaiveDate) -> String {
    format!(
        "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">{}</Amt>\
         <CdtDbtInd>{}</CdtDbtInd><Dt><Dt>{on}</Dt></Dt></Bal>",
        euros(cents.abs()),
        if cents < 0 { "DBIT" } else { "CRDT" },
    )
}

/// An `Ntry` element with one transaction; `bank_reference` is the bank's own.
fn entry(line: &Line, on: NaiveDate, bank_reference: &str) -> String {
    let (mark, party, code) = match line.side {
        BankSide::Credit => ("CRDT", "Dbtr", "RCDT"),
        BankSide::Debit => ("DBIT", "Cdtr", "ICDT"),
    };
    let reference = escape(&line.reference);
    let (end_to_end, remittance) = if line.structured {
        (
            "NOTPROVIDED",
            format!(
                "<RmtInf><Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp>\
                 <Ref>{reference}</Ref></CdtrRefInf></Strd></RmtInf>"
            ),
        )
    } else {
        (reference.as_str(), String::new())
    };
    format!(
        "<Ntry><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>{mark}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>\
         <BookgDt><Dt>{on}</Dt></BookgDt>\
         <ValDt><Dt>{on}</Dt></ValDt><AcctSvcrRef>{bank_reference}</AcctSvcrRef>\
         <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>{code}</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn>\
         </BkTxCd>\
         <NtryDtls><TxDtls><Refs><EndToEndId>{end_to_end}</EndToEndId></Refs><Amt \
         Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>{mark}</CdtDbtInd>\
         <RltdPties><{party}><Pty><Nm>{name}</Nm></Pty></{party}></RltdPties>{remittance}</TxDtls>\
         </NtryDtls></Ntry>\n",
        amount = line.amount,
        name = escape(&line.party),
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
