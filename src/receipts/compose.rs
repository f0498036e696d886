//! Composing a receipt: what is known of donations and association becomes the texts to print.

use chrono::NaiveDate;

use super::amount_in_words::{framed, in_words};
use super::candidates::{Candidate, Issuer};
use super::document::{
    Beneficiary, PrintedDonation, PrintedDonor, PrintedMandate, PrintedSignatory, ReceiptContent,
    composed,
};
use super::eligibility::{DonorFacts, printed_lines};
use crate::values::{TaxDate, body_in_words, figures, french_day, is_named_by_978, paris_day};

/// How the money went: the customer paid with the order, the association received a credit
/// transfer, and the receipt states both.
const PAYMENT_MODE: &str =
    "paiement en ligne avec la commande, reversé au bénéficiaire par virement";

/// The tax on real estate (impôt sur la fortune immobilière).
const REAL_ESTATE_TAX: &str = "978";
/// The tax on income.
const INCOME_TAX: &str = "200";

/// What is printed besides the donations.
pub(super) struct ReceiptHead<'a> {
    pub number: &'a str,
    /// The day of issue.
    pub on: NaiveDate,
    pub amount_cents: i64,
    /// Whose day counts as the payment.
    pub tax_date: Option<TaxDate>,
    /// The numbers of the receipts that it cancels and replaces.
    pub replaces: &'a [String],
}

/// The content of a receipt over donations, which are in order of the days that count. None when a
/// name, the address, a day or an article of law is missing, or the amount cannot be put in words.
pub(super) fn compose(
    issuer: &Issuer,
    head: &ReceiptHead<'_>,
    donations: &[Candidate],
) -> Option<ReceiptContent> {
    let articles = Articles::of(issuer)?;
    let printed: Option<Vec<_>> = donations
        .iter()
        .map(|d| printed_donation(head, d))
        .collect();
    let printed = printed?;
    Some(ReceiptContent {
        number: head.number.to_owned(),
        replaces: head.replaces.to_vec(),
        mark: None,
        replaced_by: Vec::new(),
        beneficiary: beneficiary(issuer),
        donor: printed_donor(&donations.first()?.facts(head.on).donor?)?,
        mandate: PrintedMandate {
            reference: composed(&issuer.receipt_mandate_reference),
            signed_on: french_day(issuer.receipt_mandate_signed_on),
        },
        signatory: PrintedSignatory {
            name: composed(&issuer.signatory_name),
            capacity: composed(&issuer.signatory_capacity),
        },
        articles_line: articles.line,
        articles_cited: articles.cited,
        figures: figures(head.amount_cents),
        framed: framed(head.amount_cents),
        words: in_words(head.amount_cents)?,
        dates_line: dates_line(head.tax_date, &printed)?,
        payment_mode: PAYMENT_MODE.into(),
        issued_on: french_day(head.on),
        issued: head.on,
        donations: printed,
    })
}

/// Whether an association may issue receipts: an article of law that its kind of body may cite is
/// among its own.
pub(super) fn is_entitled(issuer: &Issuer) -> bool {
    Articles::of(issuer).is_some()
}

fn beneficiary(issuer: &Issuer) -> Beneficiary {
    let identifiers = [
        issuer.siren.as_ref().map(|s| format!("SIREN {s}")),
        issuer.rna.as_ref().map(|r| format!("RNA {r}")),
    ];
    Beneficiary {
        name: composed(&issuer.name),
        address: composed_lines(&issuer.address),
        identifiers: identifiers
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" – "),
        object: composed(&issuer.object),
        kind: composed(body_in_words(&issuer.kind)),
    }
}

/// A donor as a receipt prints them; none where a name or the address is missing.
pub(super) fn printed_donor(donor: &DonorFacts<'_>) -> Option<PrintedDonor> {
    Some(PrintedDonor {
        last_name: composed(donor.last_name?),
        first_name: composed(donor.first_name?),
        address: composed_lines(donor.address?),
    })
}

fn composed_lines(address: &crate::values::PostalAddress) -> Vec<String> {
    printed_lines(address).iter().map(|l| composed(l)).collect()
}

/// The articles of the tax code (CGI) on which the reduction rests.
struct Articles {
    /// As the receipt's title gives them.
    line: String,
    /// As its declaration cites them.
    cited: String,
}

impl Articles {
    /// None when there are none: article 978 is only for the bodies on its closed list, whatever an
    /// association's file said when it was added.
    fn of(issuer: &Issuer) -> Option<Self> {
        let articles = issuer.articles.iter().map(|a| a.trim());
        let lawful = |a: &&str| *a != REAL_ESTATE_TAX || is_named_by_978(&issuer.kind);
        let articles: Vec<&str> = articles.filter(lawful).collect();
        let cited = articles.iter().map(|a| format!("l'article {a} du CGI"));
        let cited = cited.collect::<Vec<_>>().join(" ou à ");
        match articles.as_slice() {
            [] => None,
            [one] => Some(Self {
                line: format!("Article {one} du code général des impôts (CGI)"),
                cited,
            }),
            [others @ .., last] => {
                let both = articles.contains(&INCOME_TAX) && articles.contains(&REAL_ESTATE_TAX);
                // CGI 978, III: what gave one advantage gives no other.
                let once = " ; un même don ne donne droit qu'à une seule de ces réductions";
                let list = format!("{} et {last}", others.join(", "));
                Some(Self {
                    line: format!("Articles {list} du code général des impôts (CGI)"),
                    cited: format!("{cited}{}", if both { once } else { "" }),
                })
            }
        }
    }
}

fn dates_line(tax_date: Option<TaxDate>, donations: &[PrintedDonation]) -> Option<String> {
    let (first, last) = (&donations.first()?.on, &donations.last()?.on);
    let whose = match tax_date {
        None | Some(TaxDate::DonorPayment) => "",
        Some(TaxDate::MandataryCredit) => " (crédit du compte du mandataire)",
        Some(TaxDate::AssociationCredit) => " (crédit du compte du bénéficiaire)",
    };
    Some(match donations.len() {
        1 => format!("Date du versement{whose} : {first}"),
        count => format!(
            "Dates des versements{whose} : {count} versements du {first} au {last}, détaillés \
             ci-dessous"
        ),
    })
}

/// None when the day that counts is not known.
fn printed_donation(head: &ReceiptHead<'_>, donation: &Candidate) -> Option<PrintedDonation> {
    let made_on = paris_day(donation.occurred_at);
    let counts = donation.facts(head.on).tax_day(head.tax_date)?;
    let another_counts = !matches!(head.tax_date, None | Some(TaxDate::DonorPayment));
    Some(PrintedDonation {
        on: french_day(counts),
        paid_on: another_counts.then(|| french_day(made_on)),
        merchant: composed(&donation.merchant),
        order: composed(&donation.order_id),
        paid_out_on: donation.paid_out_on.map(french_day).unwrap_or_default(),
        amount: figures(donation.remaining_cents),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::AssociationId;

    fn issuer(kind: &str, articles: &[&str]) -> Issuer {
        let address = serde_json::from_value(serde_json::json!({
            "line1": "12 rue des Chênes",
            "postal_code": "35000",
            "city": "Rennes",
        }));
        Issuer {
            association_id: AssociationId::new(),
            slug: "a".into(),
            name: "A".into(),
            kind: kind.into(),
            object: "O".into(),
            siren: None,
            rna: None,
            address: sqlx::types::Json(address.unwrap()),
            articles: articles.iter().map(|a| (*a).to_owned()).collect(),
            signatory_name: "S".into(),
            signatory_capacity: "C".into(),
            receipt_mandate_signed_on: NaiveDate::MIN,
            receipt_mandate_reference: "M".into(),
        }
    }

    #[test]
    fn only_bodies_of_its_list_cite_article_978_and_never_both_for_one_donation() {
        let cited =
            |kind, articles: &[&str]| Articles::of(&issuer(kind, articles)).map(|a| a.cited);
        let income = Some("l'article 200 du CGI".to_owned());
        assert_eq!(cited("general-interest", &["200"]), income);
        assert_eq!(cited("general-interest", &["200", "978"]), income);
        assert_eq!(cited("fonds de dotation", &["978"]), None);
        assert!(!is_entitled(&issuer("fonds de dotation", &["978"])));
        let foundation = "public-utility-foundation";
        let real_estate = Some("l'article 978 du CGI".to_owned());
        assert_eq!(cited(foundation, &["978"]), real_estate);
        let both = cited(foundation, &["200", "978"]).unwrap();
        assert_eq!(
            both,
            "l'article 200 du CGI ou à l'article 978 du CGI ; un même don ne donne droit qu'à une \
             seule de ces réductions"
        );
    }
}
