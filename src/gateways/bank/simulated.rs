//! A bank for demonstrations: it reads the pain files a real bank would get and answers with camt.053.001.08 statements.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use super::{BankFileError, write_whole};
use crate::values::{Amount, BankAccount, BankSide, euros};

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
    structured: bool,
}

/// One banking day: executes the credit transfers that wait in the folder, books what came in, and writes the day's
/// statement. Answers its path, or none when nothing moved.
pub fn play_day(
    folder: &Path,
    account: &BankAccount,
    on: NaiveDate,
    incoming: &[IncomingTransfer],
) -> Result<Option<PathBuf>, BankFileError> {
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
        let failed = |source| BankFileError::File {
            path: path.display().to_string(),
            source,
        };
        let xml = fs::read_to_string(&path).map_err(failed)?;
        lines.extend(orders(&path, &xml)?);
        fs::create_dir_all(&executed).map_err(failed)?;
        fs::rename(&path, executed.join(path.file_name().unwrap_or_default())).map_err(failed)?;
    }
    let mut seen = HashSet::new();
    lines.retain(|l| seen.insert((l.reference.clone(), l.side == BankSide::Credit)));
    if lines.is_empty() {
        return Ok(None);
    }
    let number = fs::read_dir(folder.join("statements")).map_or(0, Iterator::count);
    let path = folder
        .join("statements")
        .join(format!("camt.053-{on}-{number:04}.xml"));
    write_whole(&path, statement(account, on, number, &lines).as_bytes())?;
    Ok(Some(path))
}

fn waiting(folder: &Path) -> Result<Vec<PathBuf>, BankFileError> {
    let failed = |source| BankFileError::File {
        path: folder.display().to_string(),
        source,
    };
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
fn orders(path: &Path, xml: &str) -> Result<Vec<Line>, BankFileError> {
    let not = |reason: &str| BankFileError::NotAStatement {
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

fn statement(account: &BankAccount, on: NaiveDate, number: usize, lines: &[Line]) -> String {
    let signed: i64 = lines
        .iter()
        .map(|l| {
            if l.side == BankSide::Credit {
                l.amount.cents()
            } else {
                -l.amount.cents()
            }
        })
        .sum();
    // The account opens each statement with enough to pay: what the ledger holds is proved by the entries, not by this balance.
    let opening: i64 = 1_000_000;
    let mut entries = String::new();
    for (n, line) in lines.iter().enumerate() {
        let (mark, party, code) = match line.side {
            BankSide::Credit => ("CRDT", "Dbtr", "RCDT"),
            BankSide::Debit => ("DBIT", "Cdtr", "ICDT"),
        };
        let end_to_end = if line.structured {
            "NOTPROVIDED"
        } else {
            &line.reference
        };
        let remittance = if line.structured {
            format!(
                "<RmtInf><Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp><Ref>{}</Ref></CdtrRefInf></Strd></RmtInf>",
                escape(&line.reference)
            )
        } else {
            String::new()
        };
        let written = writeln!(
            entries,
            "<Ntry><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>{mark}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{on}</Dt></BookgDt>\
             <ValDt><Dt>{on}</Dt></ValDt><AcctSvcrRef>SIM{number:04}{n:05}</AcctSvcrRef>\
             <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>{code}</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>\
             <NtryDtls><TxDtls><Refs><EndToEndId>{end_to_end}</EndToEndId></Refs><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>{mark}</CdtDbtInd>\
             <RltdPties><{party}><Pty><Nm>{name}</Nm></Pty></{party}></RltdPties>{remittance}</TxDtls></NtryDtls></Ntry>",
            amount = line.amount,
            name = escape(&line.party),
            end_to_end = escape(end_to_end),
        );
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
    }
    let balance = |kind: &str, cents: i64| {
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">{}</Amt><CdtDbtInd>{}</CdtDbtInd><Dt><Dt>{on}</Dt></Dt></Bal>",
            euros(cents.abs()),
            if cents < 0 { "DBIT" } else { "CRDT" },
        )
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt>\n\
         <GrpHdr><MsgId>SIM-{on}-{number:04}</MsgId><CreDtTm>{on}T20:00:00</CreDtTm></GrpHdr>\n\
         <Stmt><Id>SIM-{on}-{number:04}</Id><CreDtTm>{on}T20:00:00</CreDtTm><Acct><Id><IBAN>{iban}</IBAN></Id><Ccy>EUR</Ccy></Acct>\n\
         {opening}{closing}\n{entries}</Stmt></BkToCstmrStmt></Document>\n",
        iban = account.iban.as_str(),
        opening = balance("OPBD", opening),
        closing = balance("CLBD", opening + signed),
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
