//! Composing a receipt: what is known of donations and association becomes the texts to print.

use chrono::NaiveDate;

use super::amount_in_words::{framed, in_words};
use super::candidates::{Candidate, Issuer};
use super::document::{
    Beneficiary, PrintedDonation, PrintedDonor, PrintedMandate, PrintedSignatory, ReceiptContent,
};
use crate::values::{figures, french_day, paris_day};

/// How the money went: the customer paid with the order, the association received a credit
/// transfer, and the receipt states both.
const PAYMENT_MODE: &str =
    "paiement en ligne avec la commande, reversé au bénéficiaire par virement";

/// The content of a receipt over donations, which are in order of time. None when a name, the
/// address or an article of law is missing, or the amount cannot be put in words.
pub(super) fn compose(
    issuer: &Issuer,
    number: &str,
    on: NaiveDate,
    donations: &[Candidate],
    cents: i64,
) -> Option<ReceiptContent> {
    let articles = Articles::of(&issuer.articles)?;
    Some(ReceiptContent {
        number: number.to_owned(),
        beneficiary: beneficiary(issuer),
        donor: donor(donations.first()?)?,
        mandate: PrintedMandate {
            reference: issuer.receipt_mandate_reference.clone(),
            signed_on: french_day(issuer.receipt_mandate_signed_on),
        },
        signatory: PrintedSignatory {
            name: issuer.signatory_name.clone(),
            capacity: issuer.signatory_capacity.clone(),
        },
        articles_line: articles.line,
        articles_cited: articles.cited,
        figures: figures(cents),
        framed: framed(cents),
        words: in_words(cents)?,
        dates_line: dates_line(donations)?,
        payment_mode: PAYMENT_MODE.into(),
        issued_on: french_day(on),
        issued: on,
        donations: donations.iter().map(printed_donation).collect(),
    })
}

fn beneficiary(issuer: &Issuer) -> Beneficiary {
    let identifiers = [
        issuer.siren.as_ref().map(|s| format!("SIREN {s}")),
        issuer.rna.as_ref().map(|r| format!("RNA {r}")),
    ];
    let kind = match issuer.kind.as_str() {
        "general-interest" => "œuvre ou organisme d'intérêt général",
        kind => kind,
    };
    Beneficiary {
        name: issuer.name.clone(),
        address: issuer.address.lines(),
        identifiers: identifiers
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" – "),
        object: issuer.object.clone(),
        kind: kind.to_owned(),
    }
}

fn donor(donation: &Candidate) -> Option<PrintedDonor> {
    Some(PrintedDonor {
        last_name: donation.last_name.clone()?,
        first_name: donation.first_name.clone()?,
        address: donation.address.as_ref()?.lines(),
    })
}

/// The articles of the tax code (CGI) on which the reduction rests.
struct Articles {
    /// As the receipt's title gives them.
    line: String,
    /// As its declaration cites them.
    cited: String,
}

impl Articles {
    /// None when there are none.
    fn of(articles: &[String]) -> Option<Self> {
        match articles {
            [] => None,
            [one] => Some(Self {
                line: format!("Article {one} du code général des impôts (CGI)"),
                cited: format!("l'article {one} du CGI"),
            }),
            [others @ .., last] => {
                let list = format!("{} et {last}", others.join(", "));
                Some(Self {
                    line: format!("Articles {list} du code général des impôts (CGI)"),
                    cited: format!("aux articles {list} du CGI"),
                })
            }
        }
    }
}

fn dates_line(donations: &[Candidate]) -> Option<String> {
    let day = |d: &Candidate| french_day(paris_day(d.occurred_at));
    let (first, last) = (donations.first()?, donations.last()?);
    Some(match donations.len() {
        1 => format!("Date du versement : {}", day(first)),
        count => format!(
            "Dates des versements : {count} versements du {} au {}, détaillés ci-dessous",
            day(first),
            day(last)
        ),
    })
}

fn printed_donation(donation: &Candidate) -> PrintedDonation {
    PrintedDonation {
        on: french_day(paris_day(donation.occurred_at)),
        merchant: donation.merchant.clone(),
        order: donation.order_id.clone(),
        paid_out_on: donation.paid_out_on.map(french_day).unwrap_or_default(),
        amount: figures(donation.amount_cents),
    }
}
