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

/// Whether a text is a creditor reference with its right check digits.
#[must_use]
pub fn is_rf_reference(text: &str) -> bool {
    text.parse::<sepa::RfReference>().is_ok()
}

/// Which way a line moved our account at the bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BankSide {
    Credit,
    Debit,
}

impl BankSide {
    /// The stored word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Credit => "credit",
            Self::Debit => "debit",
        }
    }

    /// So many cents, negative where the account lost them.
    #[must_use]
    pub const fn signed(self, cents: i64) -> i64 {
        match self {
            Self::Credit => cents,
            Self::Debit => -cents,
        }
    }
}

/// One booked line of a bank statement: an entry, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankLine {
    /// The account it moved, as an IBAN.
    pub account: String,
    /// The statement's own name.
    pub statement: String,
    /// What the line says, whichever statement says it; its number among equals is `nth`.
    pub identity: String,
    pub side: BankSide,
    pub amount: super::Amount,
    pub booked_on: chrono::NaiveDate,
    /// Everything on it that may be a reference of ours, without spaces, in capitals.
    pub references: Vec<String>,
    pub details: LineDetails,
}

/// What else a bank says of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineDetails {
    /// Number among the equal lines of its statement, from 0.
    pub nth: u32,
    /// The identity that an earlier version of Obole gave it.
    pub former_identity: Option<String>,
    /// The other party, by name and IBAN.
    pub party: Option<String>,
    pub party_iban: Option<String>,
    /// What the bank and the payer wrote.
    pub text: String,
    /// Why money came back, word for word as the bank has it.
    pub return_reason: Option<String>,
    /// Says that an earlier act is undone; never a direction.
    pub is_reversal: bool,
    /// A charge that the bank took inside an entry.
    pub is_fee: bool,
    /// The parts of its entry do not sum to it: nothing on it is taken at its word.
    pub is_unclear: bool,
    /// The bank's own reference of the entry, if it gives one.
    pub bank_reference: Option<String>,
}

/// Whether a document tells what was booked, or only announces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementKind {
    /// A statement (camt.053): its lines are the account's.
    Booked,
    /// A notification (camt.054): its lines explain, and move nothing.
    Notified,
}

/// A bank statement: what it says of the account before and after its lines, in cents, where it
/// says both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankStatement {
    pub kind: StatementKind,
    /// The account, as an IBAN, or else as the bank names it.
    pub account: String,
    /// The statement's own name.
    pub name: String,
    pub balances: Option<(i64, i64)>,
}

/// What a bank says of an order of ours before or beside its statements (pain.002).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderStatus {
    /// The order's reference.
    pub reference: String,
    /// The bank's word, such as RJCT, and its reason, word for word.
    pub status: String,
    pub reason: Option<String>,
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
