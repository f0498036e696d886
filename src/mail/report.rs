//! The association's payout report, with the entry its treasurer books.

use super::html;
use crate::values::MailContent;

/// What the message says. Amounts as people write them.
pub struct ReportMail<'a> {
    pub association: &'a str,
    pub count: i32,
    pub amount: &'a str,
    /// The day the money left for the association's account, as people write it.
    pub paid_on: &'a str,
    /// EndToEndId, as the association's bank shows it.
    pub reference: &'a str,
}

impl ReportMail<'_> {
    /// In French: associations are in France.
    #[must_use]
    pub fn message(&self) -> MailContent {
        let paragraphs = [
            "Bonjour,".to_owned(),
            format!(
                "{} a reçu {} le {} par virement : {} dons, entiers, sans aucuns frais. La référence du virement est {}.",
                self.association, self.amount, self.paid_on, self.count, self.reference
            ),
            "Le détail joint donne chaque don : jour, boutique, commande, cause, montant. Il ne nomme aucun donateur ; les reçus fiscaux \
             partent en votre nom, selon votre mandat."
                .into(),
            format!("Écriture à passer : débit 512 Banque {}, crédit 754 Collectes et dons {}.", self.amount, self.amount),
        ];
        MailContent {
            subject: "Votre reversement est arrivé".into(),
            text: paragraphs.join("\n\n"),
            html: html("fr", &paragraphs),
        }
    }
}
