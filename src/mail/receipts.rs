//! The message that brings a donor their tax receipts.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::content::{content, greeting};
use crate::texts::{amount, text, text_with};
use crate::values::{Locale, MailContent, TaxBox};

/// The data of the message.
pub struct ReceiptsMail<'a> {
    pub first_name: Option<&'a str>,
    /// At least one.
    pub receipts: &'a [EnclosedReceipt<'a>],
    /// The address of the donor's page.
    pub dashboard: &'a str,
    pub locale: Locale,
}

/// A receipt that is attached to the message.
pub struct EnclosedReceipt<'a> {
    pub number: &'a str,
    /// The name of the association that issues it.
    pub association: &'a str,
    /// The year and the box of the return that it is declared in.
    pub tax_year: i32,
    pub tax_box: TaxBox,
    pub amount_cents: i64,
    /// The numbers of the receipts that it cancels and replaces.
    pub replaces: &'a [String],
}

impl EnclosedReceipt<'_> {
    pub(super) fn line(&self, locale: Locale) -> String {
        let arguments = [
            ("number", self.number.into()),
            ("association", self.association.into()),
            ("amount", amount(locale, self.amount_cents).into()),
            ("year", self.tax_year.to_string().into()),
            ("box", self.tax_box.code().into()),
        ];
        let line = text_with(locale, "mail-receipts-line", &arguments);
        if self.replaces.is_empty() {
            return line.into_owned();
        }
        let replaced = [
            ("numbers", self.replaces.join(", ").into()),
            ("count", self.replaces.len().into()),
        ];
        let replaced = text_with(locale, "mail-receipts-line-replaces", &replaced);
        format!("{line}\n{replaced}")
    }
}

impl ReceiptsMail<'_> {
    /// The message to send.
    #[must_use]
    pub fn message(&self) -> MailContent {
        let locale = self.locale;
        let count = [("count", self.receipts.len().into())];
        let lines: Vec<String> = self.receipts.iter().map(|r| r.line(locale)).collect();
        let paragraphs = [
            greeting(locale, self.first_name),
            text_with(locale, "mail-receipts-enclosed", &count),
            lines.join("\n").into(),
            text_with(locale, "mail-receipts-keep", &count),
            self.sums().join("\n").into(),
            text(locale, "mail-receipts-reduction"),
            text(locale, "mail-receipts-dashboard"),
            self.dashboard.into(),
        ];
        content(locale, text(locale, "mail-receipts-subject"), &paragraphs)
    }

    /// What is declared, one line for each year and each box of the return: they have rates of
    /// their own.
    fn sums(&self) -> Vec<Cow<'static, str>> {
        let mut sums: BTreeMap<(i32, TaxBox), i64> = BTreeMap::new();
        for r in self.receipts {
            *sums.entry((r.tax_year, r.tax_box)).or_default() += r.amount_cents;
        }
        let line = |((year, tax_box), cents): ((i32, TaxBox), i64)| {
            let arguments = [
                ("year", year.to_string().into()),
                ("box", tax_box.code().into()),
                ("rate", tax_box.rate().into()),
                ("amount", amount(self.locale, cents).into()),
            ];
            text_with(self.locale, "mail-receipts-sum", &arguments)
        };
        sums.into_iter().map(line).collect()
    }
}
