//! Composing: what is known of gifts and association becomes what is printed.

use chrono::NaiveDate;

use super::amount_in_words::{framed, in_words};
use super::candidates::{Candidate, Issuer};
use super::document::{Beneficiary, Identity, Mandate, ReceiptContent, ReceiptLine, Signatory};
use crate::values::{figures, french_day, paris_day};

/// What a receipt over these gifts prints, the gifts in order of time.
pub(super) fn compose(
    a: &Issuer,
    number: &str,
    on: NaiveDate,
    gifts: &[Candidate],
    cents: i64,
) -> Option<ReceiptContent> {
    let day = french_day;
    let first = gifts.first()?;
    let days: Vec<NaiveDate> = gifts.iter().map(|g| paris_day(g.occurred_at)).collect();
    let (from, to) = (*days.first()?, *days.last()?);
    let ids = [
        a.siren.as_ref().map(|s| format!("SIREN {s}")),
        a.rna.as_ref().map(|r| format!("RNA {r}")),
    ];
    let (articles_line, articles_cited) = match a.articles.as_slice() {
        [one] => (
            format!("Article {one} du code général des impôts (CGI)"),
            format!("l'article {one} du CGI"),
        ),
        [others @ .., last] => {
            let list = format!("{} et {last}", others.join(", "));
            (
                format!("Articles {list} du code général des impôts (CGI)"),
                format!("aux articles {list} du CGI"),
            )
        }
        [] => return None,
    };
    let address = first.address.as_ref()?;
    Some(ReceiptContent {
        number: number.to_owned(),
        beneficiary: Beneficiary {
            name: a.name.clone(),
            address: a.address.lines(),
            identifiers: ids.into_iter().flatten().collect::<Vec<_>>().join(" – "),
            object: a.object.clone(),
            kind: if a.kind == "general-interest" {
                "œuvre ou organisme d'intérêt général".into()
            } else {
                a.kind.clone()
            },
        },
        donor: Identity {
            last_name: first.last_name.clone()?,
            first_name: first.first_name.clone()?,
            address: address.lines(),
        },
        mandate: Mandate {
            reference: a.receipt_mandate_reference.clone(),
            signed_on: day(a.receipt_mandate_signed_on),
        },
        signatory: Signatory {
            name: a.signatory_name.clone(),
            capacity: a.signatory_capacity.clone(),
        },
        articles_line,
        articles_cited,
        figures: figures(cents),
        framed: framed(cents),
        words: in_words(cents)?,
        dates_line: if gifts.len() == 1 {
            format!("Date du versement : {}", day(from))
        } else {
            format!(
                "Dates des versements : {} versements du {} au {}, détaillés ci-dessous",
                gifts.len(),
                day(from),
                day(to)
            )
        },
        // The shop's customer paid with the order; the association received a credit transfer. Both
        // are facts, so both are told.
        payment_mode: "paiement en ligne avec la commande, reversé au bénéficiaire par virement"
            .into(),
        issued_on: day(on),
        issued: on,
        gifts: gifts
            .iter()
            .zip(&days)
            .map(|(g, d)| ReceiptLine {
                on: day(*d),
                shop: g.merchant.clone(),
                order: g.order_id.clone(),
                paid_out_on: g.paid_out_on.map(day).unwrap_or_default(),
                amount: figures(g.amount_cents),
            })
            .collect(),
    })
}
