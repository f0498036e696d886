//! The monthly message with its receipts.

use super::html;
use crate::values::MailContent;

/// What the message says: one line a receipt, number, association and amount.
pub struct ReceiptsMail<'a> {
    pub first_name: &'a str,
    pub lines: &'a [String],
    pub dashboard: &'a str,
    pub english: bool,
}

impl ReceiptsMail<'_> {
    #[must_use]
    pub fn message(&self) -> MailContent {
        let list = self
            .lines
            .iter()
            .map(|l| format!("• {l}"))
            .collect::<Vec<_>>()
            .join("\n");
        let (lang, subject, paragraphs) = if self.english {
            ("en", "Your tax receipts", vec![
                format!("Hello {},", self.first_name),
                "The euros you gave have reached the associations. Here are their tax receipts:".into(),
                list,
                "Keep them for your tax return: you enter their total. It is a reduction of tax, not a credit: it is worth nothing to who pays no income tax.".into(),
                "Your euros, your causes, all your receipts:".into(),
                self.dashboard.to_owned(),
            ])
        } else {
            ("fr", "Vos reçus fiscaux", vec![
                format!("Bonjour {},", self.first_name),
                "Les euros que vous avez donnés sont arrivés aux associations. Voici leurs reçus fiscaux :".into(),
                list,
                "Gardez-les pour votre déclaration de revenus : vous y reportez leur total. C'est une réduction d'impôt, pas un crédit : elle n'apporte rien à qui ne paie pas d'impôt sur le revenu.".into(),
                "Vos euros, vos causes, tous vos reçus :".into(),
                self.dashboard.to_owned(),
            ])
        };
        MailContent {
            subject: subject.into(),
            text: paragraphs.join("\n\n"),
            html: html(lang, &paragraphs),
        }
    }
}
