//! The sign-in link.

use super::html;
use crate::values::MailContent;

/// What the message says.
pub struct SignInMail<'a> {
    pub url: &'a str,
    pub english: bool,
}

impl SignInMail<'_> {
    #[must_use]
    pub fn message(&self) -> MailContent {
        let (lang, subject, paragraphs) = if self.english {
            (
                "en",
                "Your sign-in link",
                vec![
                    "Hello,".to_owned(),
                    "Open this link to sign in to Obole. It works once, for fifteen minutes.".into(),
                    self.url.to_owned(),
                    "You did not ask for it? Then there is nothing to do: without the link, nobody can sign in.".into(),
                ],
            )
        } else {
            (
                "fr",
                "Votre lien de connexion",
                vec![
                    "Bonjour,".to_owned(),
                    "Ouvrez ce lien pour vous connecter à Obole. Il sert une seule fois, pendant quinze minutes.".into(),
                    self.url.to_owned(),
                    "Vous n'avez rien demandé ? Il n'y a rien à faire : sans ce lien, personne ne peut se connecter.".into(),
                ],
            )
        };
        MailContent {
            subject: subject.into(),
            text: paragraphs.join("\n\n"),
            html: html(lang, &paragraphs),
        }
    }
}
