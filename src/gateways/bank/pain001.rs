//! Writes credit transfers as pain.001.001.09 files, one transfer a file.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use sepa::{CreditTransferEntry, CreditTransferGroup, IsoDate, IsoDateTime, Pain001Builder};
use sha2::{Digest as _, Sha256};

use super::bank_text::{bank_text, cut};
use crate::gateways::files::{FileError, write_for_good};
use crate::values::{Amount, BankAccount};

/// The longest name that a SEPA credit transfer carries.
const MAX_NAME: usize = 70;
/// The longest remittance information that a SEPA credit transfer carries.
const MAX_TEXT: usize = 140;

/// Why a credit transfer was not written.
#[derive(Debug, thiserror::Error)]
pub enum CreditTransferError {
    /// This order alone: the bank's format cannot carry it.
    #[error("the bank's format cannot carry it: {0}")]
    Unwritable(String),
    /// Our own account, which every order names.
    #[error("OBOLE_IBAN, OBOLE_BIC and OBOLE_ACCOUNT_HOLDER make no order: {0}")]
    OwnAccount(String),
    #[error(transparent)]
    File(#[from] FileError),
}

/// A credit transfer to write.
#[derive(Clone, Debug)]
pub struct CreditTransfer {
    pub name: String,
    pub iban: String,
    /// None where the order names no bank: the IBAN does.
    pub bic: Option<String>,
    pub amount: Amount,
    /// The EndToEndId, and also the message's id: a bank rejects a message whose id it has seen.
    pub reference: String,
    pub text: String,
    pub on: NaiveDate,
}

/// A file for the bank, ready to be written.
#[derive(Clone, Debug)]
pub struct OrderFile {
    pub path: PathBuf,
    content: String,
}

/// What became of writing a file that was claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderWriting {
    /// It is there now.
    Written,
    /// It was there already, the same.
    Known,
    /// Another file has its name: nothing is written over.
    Differs,
}

/// The file of a credit transfer in a folder. The same transfer gives the same bytes.
pub fn order_file(
    folder: &Path,
    from: &BankAccount,
    transfer: &CreditTransfer,
) -> Result<OrderFile, CreditTransferError> {
    Ok(OrderFile {
        path: folder.join(format!("pain.001-{}.xml", transfer.reference)),
        content: pain001(from, transfer)?,
    })
}

impl OrderFile {
    /// SHA-256 of what is in it.
    #[must_use]
    pub fn digest(&self) -> Vec<u8> {
        Sha256::digest(self.content.as_bytes()).to_vec()
    }

    /// Writes it, unless it is there: whole, by way of a temporary name.
    pub fn write(&self) -> Result<OrderWriting, FileError> {
        match std::fs::read(&self.path) {
            Ok(there) if there == self.content.as_bytes() => Ok(OrderWriting::Known),
            Ok(_) => Ok(OrderWriting::Differs),
            Err(e) if e.kind() == ErrorKind::NotFound => {
                write_for_good(&self.path, self.content.as_bytes())?;
                Ok(OrderWriting::Written)
            }
            Err(e) => Err(FileError::new(&self.path, e)),
        }
    }
}

/// The pain.001 document of one credit transfer.
fn pain001(from: &BankAccount, transfer: &CreditTransfer) -> Result<String, CreditTransferError> {
    let unwritable = |e: &dyn std::fmt::Display| CreditTransferError::Unwritable(e.to_string());
    let own = |e: &dyn std::fmt::Display| CreditTransferError::OwnAccount(e.to_string());
    let day: IsoDate = transfer
        .on
        .to_string()
        .parse()
        .map_err(|_| unwritable(&format!("{} is not a day", transfer.on)))?;
    let from_iban = sepa::validate_iban(from.iban.as_str()).map_err(|e| own(&e))?;
    let from_bic = sepa::validate_bic(from.bic.as_str()).map_err(|e| own(&e))?;
    let holder = writable_name(&from.holder).ok_or_else(|| own(&"the holder has no letter"))?;
    let iban = sepa::validate_iban(&transfer.iban).map_err(|e| unwritable(&e))?;
    let bic = transfer.bic.as_deref().map(sepa::validate_bic).transpose();
    let bic = bic.map_err(|e| unwritable(&e))?;
    let name = writable_name(&transfer.name)
        .ok_or_else(|| unwritable(&"the name has no letter that a SEPA order can carry"))?;
    let entry = CreditTransferEntry::new(name, iban, transfer.amount.cents(), &transfer.reference)
        .with_description(cut(&bank_text(&transfer.text), MAX_TEXT));
    let entry = match bic {
        Some(bic) => entry.with_bic(bic),
        None => entry,
    };
    let group = CreditTransferGroup::new(holder.clone(), &from_iban, day)
        .debtor_bic(from_bic)
        .add_entry(entry);
    Pain001Builder::new(holder, &transfer.reference)
        .created_at(IsoDateTime::from(day))
        .add_group(group)
        .build()
        .map_err(|e| unwritable(&e))
}

/// A name as a SEPA order carries it; none when no letter or digit of it can be written.
fn writable_name(name: &str) -> Option<String> {
    let written = cut(&bank_text(name), MAX_NAME).to_owned();
    written
        .contains(|c: char| c.is_ascii_alphanumeric())
        .then_some(written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::{Bic, Iban};

    /// The order of twenty euros to an association, changed.
    fn written(change: impl FnOnce(&mut CreditTransfer)) -> Result<String, CreditTransferError> {
        let from = BankAccount {
            holder: "Obole – L’œuvre".into(),
            iban: Iban::parse("FR7630006000011234567890189").unwrap(),
            bic: Bic::parse("AGRIFRPP").unwrap(),
            given: true,
        };
        let mut transfer = CreditTransfer {
            name: "Forêt Vivante".into(),
            iban: "FR7630006000011234567890189".into(),
            bic: Some("AGRIFRPP".into()),
            amount: Amount::from_cents(2000).unwrap(),
            reference: "OB0123456789".into(),
            text: "Obole 2026-11 20 dons OB0123456789".into(),
            on: NaiveDate::from_ymd_opt(2026, 11, 3).unwrap(),
        };
        change(&mut transfer);
        pain001(&from, &transfer)
    }

    #[test]
    fn names_are_written_in_the_characters_that_orders_carry() {
        let xml = written(|_| ()).unwrap();
        assert!(xml.contains("<Cdtr><Nm>Foret Vivante</Nm>"), "{xml}");
        assert!(xml.contains("Obole - L&apos;oeuvre"), "{xml}");
        assert!(xml.contains("<CdtrAgt>"), "{xml}");
        let without = written(|t| t.bic = None).unwrap();
        assert!(!without.contains("<CdtrAgt>"), "{without}");
        for name in [
            "é".repeat(200),
            "ß".repeat(40),
            format!("{} a", "œ".repeat(35)),
        ] {
            let xml = written(|t| t.name = name).unwrap();
            let name = xml.split("<Cdtr><Nm>").nth(1).unwrap();
            let name = name.split("</Nm>").next().unwrap();
            assert_eq!(name.chars().count(), 70, "{name}");
        }
    }

    #[test]
    fn what_no_order_can_carry_is_the_order_s_own_failure() {
        let largest = |t: &mut CreditTransfer| {
            t.amount = Amount::from_cents(99_999_999_999).unwrap();
        };
        assert!(written(largest).is_ok());
        let changes: [fn(&mut CreditTransfer); 5] = [
            |t| t.amount = Amount::from_cents(100_000_000_000).unwrap(),
            |t| t.name = "李 …".into(),
            |t| t.name = String::new(),
            |t| t.bic = Some("AGRIF".into()),
            |t| t.iban = "FR7630006000011234567890188".into(),
        ];
        for (n, change) in changes.into_iter().enumerate() {
            let refused = written(change);
            assert!(
                matches!(refused, Err(CreditTransferError::Unwritable(_))),
                "{n}: {refused:?}"
            );
        }
    }
}
