//! Bank identifiers, checked by the `sepa` library: IBAN (ISO 13616), BIC (ISO 9362), RF reference
//! (ISO 11649).

/// The ring-fenced account that every donation passes through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankAccount {
    /// Its holder, exactly as the bank has it.
    pub holder: String,
    pub iban: Iban,
    pub bic: Bic,
    /// Whether it was set; otherwise it is an example that any bank refuses.
    pub given: bool,
}

/// Our own account is not set, and something needs it.
#[derive(Debug, thiserror::Error)]
#[error(
    "OBOLE_IBAN, OBOLE_BIC and OBOLE_ACCOUNT_HOLDER are not set, and {0}: set them to the \
     ring-fenced account, its holder exactly as the bank has it"
)]
pub struct AccountMissing(&'static str);

impl BankAccount {
    /// Refuses to go on without an account of our own; says what it is for.
    pub fn ensure_given(&self, purpose: &'static str) -> Result<(), AccountMissing> {
        if self.given {
            Ok(())
        } else {
            Err(AccountMissing(purpose))
        }
    }
}

/// An IBAN with valid check digits, electronic form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Iban(String);

impl Iban {
    pub fn parse(text: &str) -> Result<Self, String> {
        sepa::validate_iban(text)
            .map(|i| Self(i.as_str().to_owned()))
            .map_err(|e| format!("an IBAN looks like FR7630006000011234567890189 ({e})"))
    }
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// What may be shown: the country and the last four characters.
    #[must_use]
    pub fn masked(&self) -> String {
        format!("{}…{}", &self.0[..2], &self.0[self.0.len() - 4..])
    }
}

/// A BIC of 8 or 11 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bic(String);

impl Bic {
    pub fn parse(text: &str) -> Result<Self, String> {
        sepa::validate_bic(text)
            .map(|b| Self(b.as_str().to_owned()))
            .map_err(|e| format!("a BIC has 8 or 11 characters, such as AGRIFRPP ({e})"))
    }
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A creditor reference `RFkk…` over up to 21 letters and digits.
pub fn rf_reference(body: &str) -> Result<String, String> {
    sepa::RfReference::generate(body)
        .map(|r| r.as_str().to_owned())
        .map_err(|e| e.to_string())
}

/// Which way a line moved our account at the bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BankSide {
    Credit,
    Debit,
}

/// One booked line of a bank statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankLine {
    /// The account it moved, as an IBAN.
    pub account: String,
    /// The statement's own name.
    pub statement: String,
    /// What identifies the line, however many statements repeat it.
    pub identity: String,
    pub side: BankSide,
    pub amount: super::Amount,
    pub booked_on: chrono::NaiveDate,
    /// Everything on it that may be a reference of ours, without spaces, in capitals.
    pub references: Vec<String>,
}

/// A bank statement: what it says of the account before and after its lines, in cents, where it
/// says both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankStatement {
    /// The account, as an IBAN.
    pub account: String,
    /// The statement's own name.
    pub name: String,
    pub balances: Option<(i64, i64)>,
    pub lines: Vec<BankLine>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_check_digit_is_refused() {
        assert!(Iban::parse("FR76 3000 6000 0112 3456 7890 189").is_ok());
        assert!(Iban::parse("FR7630006000011234567890188").is_err());
        assert!(Bic::parse("AGRIFRPP").is_ok() && Bic::parse("AGRI").is_err());
        assert_eq!(
            rf_reference("539007547034").as_deref(),
            Ok("RF18539007547034")
        );
    }
}
