//! The message that tells an association and the team that another account is asked for, and what
//! became of it.

use chrono::NaiveDate;

use super::content::{content, greeting};
use crate::texts::{day, text, text_with};
use crate::values::{Locale, MailContent};

/// What is told of another account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountTelling {
    Asked,
    Confirmed,
    Refused,
}

/// The data of the message.
pub struct AccountMail<'a> {
    /// The association's name.
    pub association: &'a str,
    /// The new account and the one before, as they may be shown.
    pub iban: &'a str,
    pub previous_iban: &'a str,
    pub telling: AccountTelling,
    pub on: NaiveDate,
    pub locale: Locale,
}

impl AccountMail<'_> {
    /// The message to send.
    #[must_use]
    pub fn message(&self) -> MailContent {
        let locale = self.locale;
        let told = [
            ("association", self.association.into()),
            ("iban", self.iban.into()),
            ("previous", self.previous_iban.into()),
            ("day", day(locale, self.on).into()),
        ];
        let key = match self.telling {
            AccountTelling::Asked => "mail-account-asked",
            AccountTelling::Confirmed => "mail-account-confirmed",
            AccountTelling::Refused => "mail-account-refused",
        };
        let paragraphs = [
            greeting(locale, None),
            text_with(locale, key, &told),
            text(locale, "mail-account-wrong"),
        ];
        content(locale, text(locale, "mail-account-subject"), &paragraphs)
    }
}
