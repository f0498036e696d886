//! The shop's monthly statement, with what its accountant needs.

use super::html;
use crate::values::MailContent;

/// What the message says. Amounts as people write them.
pub struct StatementMail<'a> {
    pub shop: &'a str,
    /// The month, such as `novembre 2026`.
    pub month: &'a str,
    pub count: i32,
    pub amount: &'a str,
    /// Euros given back after an earlier statement, if there are any.
    pub credited: Option<&'a str>,
    pub reference: &'a str,
    pub holder: &'a str,
    pub iban: &'a str,
    pub bic: &'a str,
}

impl StatementMail<'_> {
    /// In French: shops and their accountants are in France.
    #[must_use]
    pub fn message(&self) -> MailContent {
        let credited = self
            .credited
            .map(|c| format!(" Les euros rendus après un relevé précédent en sont déduits : {c}."))
            .unwrap_or_default();
        let paragraphs = [
            "Bonjour,".to_owned(),
            format!(
                "Voici le relevé de {} pour {} : {} dons de vos clients, {} à virer.{credited} Le détail, commande par commande, est joint.",
                self.shop, self.month, self.count, self.amount
            ),
            format!(
                "Virement à faire :\nTitulaire : {}\nIBAN : {}\nBIC : {}\nMontant : {}\nRéférence à reporter telle quelle : {}",
                self.holder, self.iban, self.bic, self.amount, self.reference
            ),
            "Pour votre comptable : ces euros sont à vos clients et vont en entier aux associations. À l'encaissement, débit 512, crédit 467 ; \
             au virement, débit 467, crédit 512. Ce n'est pas du chiffre d'affaires, il n'y a pas de TVA, et la boutique n'en déduit rien."
                .into(),
            "Merci pour eux.".into(),
        ];
        MailContent {
            subject: format!("Relevé des dons, {}", self.month),
            text: paragraphs.join("\n\n"),
            html: html("fr", &paragraphs),
        }
    }
}
