//! Writes credit transfers as pain.001.001.09 files, one transfer a file.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use sepa::{CreditTransferEntry, CreditTransferGroup, IsoDate, IsoDateTime, Pain001Builder};

use crate::gateways::files::{FileError, write_whole};
use crate::values::{Amount, BankAccount};

/// The longest name that a SEPA credit transfer carries.
const MAX_NAME: usize = 70;
/// The longest remittance information that a SEPA credit transfer carries.
const MAX_TEXT: usize = 140;

/// Why a credit transfer was not written.
#[derive(Debug, thiserror::Error)]
pub enum CreditTransferError {
    #[error("the credit transfer cannot be written: {0}")]
    Invalid(String),
    #[error(transparent)]
    File(#[from] FileError),
}

/// A credit transfer to write.
#[derive(Clone, Debug)]
pub struct CreditTransfer {
    pub name: String,
    pub iban: String,
    pub bic: String,
    pub amount: Amount,
    /// The EndToEndId, and also the message's id: a bank rejects a message whose id it has seen.
    pub reference: String,
    pub text: String,
    pub on: NaiveDate,
}

/// Writes a credit transfer into a folder; returns the file's path. The same transfer gives the
/// same bytes.
pub fn write_credit_transfer(
    folder: &Path,
    from: &BankAccount,
    transfer: &CreditTransfer,
) -> Result<PathBuf, CreditTransferError> {
    let xml = pain001(from, transfer).map_err(CreditTransferError::Invalid)?;
    let path = folder.join(format!("pain.001-{}.xml", transfer.reference));
    write_whole(&path, xml.as_bytes())?;
    Ok(path)
}

/// The pain.001 document of one credit transfer.
fn pain001(from: &BankAccount, transfer: &CreditTransfer) -> Result<String, String> {
    let day: IsoDate = transfer
        .on
        .to_string()
        .parse()
        .map_err(|_| format!("{} is not a day", transfer.on))?;
    let from_iban = sepa::validate_iban(from.iban.as_str()).map_err(|e| e.to_string())?;
    let from_bic = sepa::validate_bic(from.bic.as_str()).map_err(|e| e.to_string())?;
    let iban = sepa::validate_iban(&transfer.iban).map_err(|e| e.to_string())?;
    let bic = sepa::validate_bic(&transfer.bic).map_err(|e| e.to_string())?;
    let entry = CreditTransferEntry::new(
        bank_text(&transfer.name, MAX_NAME),
        iban,
        transfer.amount.cents(),
        &transfer.reference,
    )
    .with_bic(bic)
    .with_description(bank_text(&transfer.text, MAX_TEXT));
    let group = CreditTransferGroup::new(bank_text(&from.holder, MAX_NAME), &from_iban, day)
        .debtor_bic(from_bic)
        .add_entry(entry);
    Pain001Builder::new(bank_text(&from.holder, MAX_NAME), &transfer.reference)
        .created_at(IsoDateTime::from(day))
        .add_group(group)
        .build()
        .map_err(|e| e.to_string())
}

/// A text cut to a length, with the letters replaced that the library would drop when it reduces it
/// to the SEPA character set.
fn bank_text(text: &str, max: usize) -> String {
    let spelled_out = text
        .replace('œ', "oe")
        .replace('Œ', "OE")
        .replace('æ', "ae")
        .replace('Æ', "AE")
        .replace('&', "et");
    spelled_out.chars().take(max).collect()
}
