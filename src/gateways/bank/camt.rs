//! What statements and notifications say (camt.053, camt.054): the statement's own data, and the
//! lines of each entry.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::references::find_references;
use super::xml::{Node, Tree};
use crate::values::{
    Amount, BankLine, BankSide, BankStatement, LineDetails, StatementKind, derived_id, paris_day,
};

/// What banks write as the reference of an entry to which they give none.
const NO_BANK_REFERENCE: [&str; 4] = ["NONREF", "NOTPROVIDED", "NOTAVAILABLE", "0"];
/// The longest text that is kept of what a bank says, in characters.
const LONGEST_TEXT: usize = 500;
const LONGEST_NAME: usize = 140;

/// An entry that is not read, by its number in the statement, and why.
pub(super) struct Unread {
    pub entry: usize,
    pub reason: String,
}

/// A statement by what stands before its entries.
pub(super) fn statement_of(kind: StatementKind, head: &[(String, Tree)]) -> BankStatement {
    let account = first(head, "Acct");
    // Some banks name a French account by its number, which the IBAN ends with.
    let iban = account.and_then(|a| {
        let id = a.at(&["Id"])?;
        id.text_at(&["IBAN"]).or(id.text_at(&["Othr", "Id"]))
    });
    BankStatement {
        kind,
        account: squeezed(iban.unwrap_or_default()),
        name: first(head, "Id").map_or_else(String::new, |id| cut(id.text(), LONGEST_NAME)),
        balances: balance(head, &["OPBD", "PRCD"]).zip(balance(head, &["CLBD"])),
    }
}

fn first<'t>(head: &'t [(String, Tree)], name: &str) -> Option<Node<'t>> {
    let found = head.iter().find(|(n, _)| n == name);
    found.map(|(_, tree)| tree.root())
}

/// A booked balance in cents, by its codes in order of preference.
fn balance(head: &[(String, Tree)], codes: &[&str]) -> Option<i64> {
    let balances = || {
        let balances = head.iter().filter(|(name, _)| name == "Bal");
        balances.map(|(_, tree)| tree.root())
    };
    let code_of = |b: Node<'_>| b.text_at(&["Tp", "CdOrPrtry", "Cd"]).map(str::to_owned);
    let found = codes
        .iter()
        .find_map(|code| balances().find(|b| code_of(*b).as_deref() == Some(*code)))?;
    let amount = found.at(&["Amt"])?;
    let cents = cents(amount.text()).filter(|_| amount.currency() == "EUR")?;
    Some(side(found.text_at(&["CdtDbtInd"]))?.signed(cents))
}

/// Reads the entries of one statement.
pub(super) struct EntryReader {
    kind: StatementKind,
    account: String,
    statement: String,
    /// The day the statement was made, for entries that say none.
    made_on: Option<NaiveDate>,
    entries: usize,
    /// How many lines there were of each identity, and of each by the earlier rule.
    equals: HashMap<Uuid, u32>,
    former_equals: HashMap<Uuid, u32>,
}

impl EntryReader {
    pub fn new(statement: &BankStatement, head: &[(String, Tree)]) -> Self {
        let made = first(head, "CreDtTm").and_then(|made| day(made.text()));
        Self {
            kind: statement.kind,
            account: statement.account.clone(),
            statement: statement.name.clone(),
            made_on: made,
            entries: 0,
            equals: HashMap::new(),
            former_equals: HashMap::new(),
        }
    }

    /// The lines of the next entry; none while it is only announced, or moves nothing.
    pub fn read(&mut self, entry: Node<'_>) -> Result<Vec<BankLine>, Unread> {
        let n = self.entries;
        self.entries += 1;
        let unread = |reason: String| Unread {
            entry: n + 1,
            reason,
        };
        let mut lines = self.lines(n, entry).map_err(unread)?;
        for line in &mut lines {
            line.details.nth = number(&mut self.equals, &line.identity);
            if let Some(former) = &mut line.details.former_identity {
                let before = number(&mut self.former_equals, former);
                if before > 0 {
                    former.push_str(&format!("|{before}"));
                }
            }
        }
        Ok(lines)
    }

    fn lines(&self, n: usize, entry: Node<'_>) -> Result<Vec<BankLine>, String> {
        let status = entry.text_at(&["Sts", "Cd"]).or(entry.text_at(&["Sts"]));
        match status {
            Some("BOOK") => {}
            Some("PDNG" | "INFO" | "FUTR") => return Ok(Vec::new()),
            Some(other) => return Err(format!("its status is {}", cut(other, 20))),
            None => return Err("it has no status".into()),
        }
        let amount = entry.at(&["Amt"]).ok_or("it has no amount")?;
        let total = cents(amount.text()).ok_or("its amount is no amount")?;
        if amount.currency() != "EUR" {
            let (amount, currency) = (cut(amount.text(), 30), cut(amount.currency(), 3));
            return Err(format!("it is of {amount} {currency}, which is not EUR"));
        }
        if total == 0 {
            return Ok(Vec::new());
        }
        let side = side(entry.text_at(&["CdtDbtInd"])).ok_or("it is neither credit nor debit")?;
        let booked_on = self.booking_day(entry).ok_or("it has no booking date")?;
        let bank_reference = entry.text_at(&["AcctSvcrRef"]);
        let bank_reference = bank_reference.filter(|r| !NO_BANK_REFERENCE.contains(r));
        let former = match bank_reference {
            Some(reference) => format!("{}|{booked_on}|{reference}", self.account),
            None => format!("{}|{}|{n}", self.account, self.statement),
        };
        let parts = parts(entry, side, total);
        let made = parts.into_iter().enumerate().map(|(index, part)| {
            let former = format!("{former}|{index}|{:?}|{}", part.side, part.cents);
            self.line(entry, &part, booked_on, bank_reference, former)
        });
        made.collect()
    }

    fn line(
        &self,
        entry: Node<'_>,
        part: &EntryPart<'_>,
        booked_on: NaiveDate,
        bank_reference: Option<&str>,
        former: String,
    ) -> Result<BankLine, String> {
        let said = said(entry, part);
        let identity = format!(
            "{}|{booked_on}|{:?}|{}|{}|{}|{}",
            self.account,
            part.side,
            part.cents,
            part.is_fee,
            bank_reference.unwrap_or_default(),
            said.identity,
        );
        Ok(BankLine {
            account: self.account.clone(),
            statement: self.statement.clone(),
            identity,
            side: part.side,
            amount: Amount::from_cents(part.cents).map_err(|_| "a part of it has no amount")?,
            booked_on,
            references: said.references,
            details: LineDetails {
                nth: 0,
                former_identity: (self.kind == StatementKind::Booked).then_some(former),
                party: said.party,
                party_iban: said.party_iban,
                text: said.text,
                return_reason: said.return_reason,
                is_reversal: matches!(entry.text_at(&["RvslInd"]), Some("true" | "1")),
                is_fee: part.is_fee,
                is_unclear: part.is_unclear,
                bank_reference: bank_reference.map(|r| cut(r, LONGEST_NAME)),
            },
        })
    }

    /// The day an entry was booked, or else its value date, or the statement's.
    fn booking_day(&self, entry: Node<'_>) -> Option<NaiveDate> {
        let told = ["BookgDt", "ValDt"].iter().find_map(|element| {
            let told = entry.at(&[element])?;
            let told = told.text_at(&["Dt"]).or(told.text_at(&["DtTm"]))?;
            day(told)
        });
        told.or(self.made_on)
    }
}

/// How many came before with these words; then there is one more.
fn number(seen: &mut HashMap<Uuid, u32>, words: &str) -> u32 {
    let count = seen.entry(derived_id(words)).or_default();
    let before = *count;
    *count += 1;
    before
}

/// A part of an entry that is a line of its own.
struct EntryPart<'t> {
    side: BankSide,
    cents: i64,
    /// The transactions that tell of it; none when the entry itself does.
    transactions: Vec<Node<'t>>,
    is_fee: bool,
    is_unclear: bool,
}

/// Divides an entry into its transactions, where they have amounts that sum to it, and charges that
/// the bank took inside. Any other entry is one part; nothing on it is clear when some of its
/// amounts contradict it.
fn parts<'t>(entry: Node<'t>, side: BankSide, total: i64) -> Vec<EntryPart<'t>> {
    let transactions: Vec<Node<'t>> = entry
        .all("NtryDtls")
        .flat_map(|details| details.all("TxDtls"))
        .collect();
    let amounts: Vec<Option<(BankSide, i64)>> = transactions
        .iter()
        .map(|t| transaction_amount(*t, side))
        .collect();
    let known = amounts.iter().flatten();
    let sum: i64 = known.map(|(s, cents)| s.signed(*cents)).sum();
    let complete = !amounts.is_empty() && amounts.iter().all(Option::is_some);
    let fee = included_fee(entry, &transactions, (side, total), complete.then_some(sum));
    let gross = side.signed(total) + fee;
    if complete && amounts.len() > 1 && sum == gross {
        let each = transactions.into_iter().zip(amounts.into_iter().flatten());
        let parts = each.filter(|(_, (_, cents))| *cents > 0);
        let parts = parts.map(|(transaction, (side, cents))| EntryPart {
            side,
            cents,
            transactions: vec![transaction],
            is_fee: false,
            is_unclear: false,
        });
        return parts.chain(fee_part(fee)).collect();
    }
    let told = amounts.iter().any(Option::is_some);
    let whole = EntryPart {
        side: if gross < 0 {
            BankSide::Debit
        } else {
            BankSide::Credit
        },
        cents: gross.abs(),
        is_fee: false,
        is_unclear: told && sum != gross && !(amounts.len() == 1 && sum == side.signed(total)),
        transactions,
    };
    std::iter::once(whole).chain(fee_part(fee)).collect()
}

fn fee_part<'t>(fee: i64) -> Option<EntryPart<'t>> {
    (fee > 0).then(|| EntryPart {
        side: BankSide::Debit,
        cents: fee,
        transactions: Vec::new(),
        is_fee: true,
        is_unclear: false,
    })
}

/// What a transaction moves, in euros; none when it does not say.
fn transaction_amount(transaction: Node<'_>, of_entry: BankSide) -> Option<(BankSide, i64)> {
    let amount = transaction
        .at(&["Amt"])
        .or_else(|| transaction.at(&["AmtDtls", "TxAmt", "Amt"]))?;
    let cents = cents(amount.text()).filter(|_| amount.currency() == "EUR")?;
    let own = side(transaction.text_at(&["CdtDbtInd"]));
    Some((own.unwrap_or(of_entry), cents))
}

/// The charges, in cents, that the bank took inside an entry: it says so, or the transactions and
/// the charges together are the entry.
fn included_fee(
    entry: Node<'_>,
    transactions: &[Node<'_>],
    (entry_side, total): (BankSide, i64),
    sum: Option<i64>,
) -> i64 {
    let (mut fee, mut told) = (0, false);
    for of in std::iter::once(&entry).chain(transactions) {
        for charges in of.all("Chrgs") {
            for record in charges.all("Rcrd").chain([charges]) {
                let Some(amount) = record.at(&["Amt"]).filter(|a| a.currency() == "EUR") else {
                    continue;
                };
                let of_bank = side(record.text_at(&["CdtDbtInd"])).unwrap_or(BankSide::Debit);
                fee -= of_bank.signed(cents(amount.text()).unwrap_or(0));
                let flag = record.text_at(&["ChrgInclInd"]);
                told |= matches!(flag, Some("true" | "1"));
            }
        }
    }
    let total = entry_side.signed(total);
    let fits = match sum {
        Some(sum) => sum == total + fee || (told && sum == total),
        None => told,
    };
    // A debit that is nothing but charges has no gross.
    let has_gross = (total + fee).signum() == total.signum();
    if fee > 0 && fits && has_gross { fee } else { 0 }
}

/// What is said of a line.
struct Said {
    references: Vec<String>,
    identity: String,
    party: Option<String>,
    party_iban: Option<String>,
    text: String,
    return_reason: Option<String>,
}

fn said(entry: Node<'_>, part: &EntryPart<'_>) -> Said {
    if part.is_fee {
        return Said {
            references: Vec::new(),
            identity: squeezed(entry.text_at(&["NtryRef"]).unwrap_or_default()),
            party: None,
            party_iban: None,
            text: "charges that the bank took inside an entry".into(),
            return_reason: None,
        };
    }
    let mut references = Vec::new();
    let (mut identity, mut text) = (String::new(), Vec::new());
    let alone: &[Node<'_>] = &[entry];
    for transaction in &part.transactions {
        for told in texts(*transaction) {
            find_references(&told.concat(), &mut references);
            identity.push_str(&squeezed(&told.concat()));
            identity.push('/');
        }
        text.extend(transaction_text(*transaction));
    }
    // Where an entry is divided, what it adds names none of its parts.
    let added: Vec<&str> = entry.all("AddtlNtryInf").map(Node::text).collect();
    let transactions = entry
        .all("NtryDtls")
        .flat_map(|details| details.all("TxDtls"));
    if transactions.count() == part.transactions.len() {
        find_references(&added.concat(), &mut references);
    }
    identity.push_str(&squeezed(&added.concat()));
    text.extend(added.iter().map(|t| (*t).to_owned()));
    let tellers = if part.transactions.is_empty() {
        alone
    } else {
        &part.transactions
    };
    let (party, party_iban) = party(tellers, part.side);
    let reasons = ["Cd", "Prtry"].map(|kind| {
        let told = tellers
            .iter()
            .find_map(|t| t.text_at(&["RtrInf", "Rsn", kind]));
        told.map(|t| cut(t, LONGEST_NAME))
    });
    text.dedup();
    Said {
        references,
        identity,
        party,
        party_iban,
        text: cut(&text.join(" "), LONGEST_TEXT),
        return_reason: reasons.into_iter().flatten().next(),
    }
}

/// The texts of a transaction in which a reference may stand, each in the pieces into which the
/// bank cut it.
fn texts(transaction: Node<'_>) -> Vec<Vec<&str>> {
    let mut texts: Vec<Vec<&str>> = Vec::new();
    if let Some(references) = transaction.at(&["Refs"]) {
        texts.extend(references.children().map(|r| vec![r.text()]));
    }
    for information in transaction.all("RmtInf") {
        for structured in information.all("Strd") {
            texts.extend(
                structured
                    .at(&["CdtrRefInf", "Ref"])
                    .map(|r| vec![r.text()]),
            );
            texts.push(structured.all("AddtlRmtInf").map(Node::text).collect());
        }
        texts.push(information.all("Ustrd").map(Node::text).collect());
    }
    if let Some(returned) = transaction.at(&["RtrInf"]) {
        texts.push(returned.all("AddtlInf").map(Node::text).collect());
    }
    texts.push(transaction.all("AddtlTxInf").map(Node::text).collect());
    texts.retain(|pieces| pieces.iter().any(|p| !p.is_empty()));
    texts
}

/// What people would read of a transaction.
fn transaction_text(transaction: Node<'_>) -> Vec<String> {
    let readable = ["Ref", "Ustrd", "AddtlRmtInf", "AddtlTxInf", "AddtlInf"];
    let told = transaction
        .descendants()
        .filter(|n| readable.contains(&n.name()));
    let mut told: Vec<String> = told.map(|n| n.text().to_owned()).collect();
    told.retain(|t| !t.is_empty());
    told
}

/// The name and the IBAN of who is at the other end.
fn party(tellers: &[Node<'_>], side: BankSide) -> (Option<String>, Option<String>) {
    let (who, ultimate, account) = match side {
        BankSide::Credit => ("Dbtr", "UltmtDbtr", "DbtrAcct"),
        BankSide::Debit => ("Cdtr", "UltmtCdtr", "CdtrAcct"),
    };
    let find = |path: &[&str]| tellers.iter().find_map(|t| t.text_at(path));
    let name = [who, ultimate].iter().find_map(|element| {
        find(&["RltdPties", element, "Pty", "Nm"]).or_else(|| find(&["RltdPties", element, "Nm"]))
    });
    let iban = find(&["RltdPties", account, "Id", "IBAN"]);
    (name.map(|n| cut(n, LONGEST_NAME)), iban.map(squeezed))
}

fn side(mark: Option<&str>) -> Option<BankSide> {
    match mark? {
        "CRDT" => Some(BankSide::Credit),
        "DBIT" => Some(BankSide::Debit),
        _ => None,
    }
}

/// Cents of a decimal number as XML Schema writes it: leading zeros, a plus, more decimals that are
/// zero. Nothing below zero: direction is the side.
fn cents(text: &str) -> Option<i64> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let (kept, rest) = fraction.split_at(fraction.len().min(2));
    if !rest.bytes().all(|b| b == b'0') {
        return None;
    }
    let whole: i64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let kept: i64 = format!("{kept:0<2}").parse().ok()?;
    // No account holds more than ten million million euros.
    let cents = whole.checked_mul(100)?.checked_add(kept)?;
    (cents <= 1_000_000_000_000_000).then_some(cents)
}

/// The day of a date, or of an instant in Paris.
fn day(text: &str) -> Option<NaiveDate> {
    let instant = DateTime::parse_from_rfc3339(text);
    let day = match instant {
        Ok(instant) => paris_day(instant.with_timezone(&Utc)),
        Err(_) => text.get(..10)?.parse().ok()?,
    };
    let year = chrono::Datelike::year(&day);
    (2000..2200).contains(&year).then_some(day)
}

/// Without spaces, in capitals.
fn squeezed(text: &str) -> String {
    let kept = text.chars().filter(|c| !c.is_whitespace());
    kept.flat_map(char::to_uppercase).collect()
}

fn cut(text: &str, longest: usize) -> String {
    text.chars().take(longest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_xml_schema_writes_decimals() {
        for (text, expected) in [
            ("20", Some(2000)),
            ("20.5", Some(2050)),
            ("+000020.00000", Some(2000)),
            (".05", Some(5)),
            ("0.00", Some(0)),
            ("20.001", None),
            ("-1.00", None),
            ("1,00", None),
            ("", None),
            (".", None),
            ("1e3", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(cents(text), expected, "{text}");
        }
    }

    #[test]
    fn an_instant_counts_by_its_day_in_paris() {
        for (text, expected) in [
            ("2026-12-31T23:30:00Z", "2027-01-01"),
            ("2026-12-31T23:30:00+01:00", "2026-12-31"),
            ("2026-12-31T23:30:00", "2026-12-31"),
            ("2026-12-02+01:00", "2026-12-02"),
        ] {
            assert_eq!(day(text).unwrap().to_string(), expected, "{text}");
        }
        assert_eq!(day("0001-01-01"), None);
    }
}
