//! A receipt's content as a PDF file.

use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{Datelike as _, NaiveDate};
use serde_json::json;
use typst::foundations::{Datetime, Smart};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use super::content::ReceiptContent;
use super::error::DocumentError;
use super::world::{ReceiptWorld, Resources};

/// Typst caches what it computes for later documents. Its caches are trimmed after so many
/// documents …
const DOCUMENTS_PER_EVICTION: usize = 32;
/// … of what was not used since so many trimmings, so that memory stays flat.
const MAX_CACHE_AGE: usize = 2;

/// Renders a receipt. The same content gives the same bytes.
pub(super) fn render(content: &ReceiptContent) -> Result<Vec<u8>, DocumentError> {
    static RENDERED: AtomicUsize = AtomicUsize::new(0);
    let rendered = compile(content);
    if RENDERED.fetch_add(1, Ordering::Relaxed) % DOCUMENTS_PER_EVICTION
        == DOCUMENTS_PER_EVICTION - 1
    {
        comemo::evict(MAX_CACHE_AGE);
    }
    rendered
}

fn compile(content: &ReceiptContent) -> Result<Vec<u8>, DocumentError> {
    let resources = Resources::get()?;
    let day = content.issued;
    let mut data = serde_json::to_value(content).map_err(|e| DocumentError::new(&e))?;
    resources.retain_printable(&mut data);
    data["issued"] = json!({"year": day.year(), "month": day.month(), "day": day.day()});
    let world = ReceiptWorld::new(resources, &data);
    let document: PagedDocument = typst::compile(&world)
        .output
        .map_err(|e| DocumentError::new(&e))?;
    let standards = PdfStandards::new(&[PdfStandard::A_3a, PdfStandard::Ua_1])
        .map_err(|e| DocumentError::new(&e))?;
    let options = PdfOptions {
        ident: Smart::Custom(content.number.clone()),
        creator: Smart::Custom(Some("Obole".into())),
        timestamp: midnight(day)?,
        standards,
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&document, &options).map_err(|e| DocumentError::new(&e))
}

/// The beginning of a day, as the file's date: the time of rendering would make each file
/// different.
fn midnight(day: NaiveDate) -> Result<Option<Timestamp>, DocumentError> {
    let month = u8::try_from(day.month()).map_err(|e| DocumentError::new(&e))?;
    let day_of_month = u8::try_from(day.day()).map_err(|e| DocumentError::new(&e))?;
    Ok(Datetime::from_ymd_hms(day.year(), month, day_of_month, 0, 0, 0).map(Timestamp::new_utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content() -> ReceiptContent {
        serde_json::from_value(json!({
            "number": "foret-vivante-2026-000001",
            "articles_line": "Article 200 du code général des impôts",
            "articles_cited": "l'article 200 du CGI",
            "beneficiary": {
                "name": "Forêt *Vivante*",
                "address": ["12 rue des Chênes", "35000 Rennes"],
                "identifiers": "SIREN 732 829 320",
                "object": "Planter",
                "kind": "Association d'intérêt général",
            },
            "donor": {
                "last_name": "#panic()",
                "first_name": "$x$ Zoë 🌳",
                "address": ["3 rue des Lilas", "75020 Paris"],
            },
            "mandate": {"reference": "MR", "signed_on": "05/01/2026"},
            "signatory": {"name": "Anne Le Goff", "capacity": "Présidente"},
            "figures": "1,00 €",
            "framed": "***1,00***",
            "words": "un euro",
            "dates_line": "Date du versement : 10/10/2026",
            "payment_mode": "virement",
            "issued_on": "02/11/2026",
            "issued": "2026-11-02",
            "donations": [{
                "on": "10/10/2026",
                "merchant": "L",
                "order": "1",
                "paid_out_on": "02/11/2026",
                "amount": "1,00 €",
            }],
        }))
        .unwrap()
    }

    #[test]
    fn a_receipt_is_one_file_the_same_each_time_and_markup_in_a_name_is_only_text() {
        let pdf = render(&content()).unwrap();
        assert!(pdf.starts_with(b"%PDF-"));
        assert_eq!(pdf, render(&content()).unwrap());
    }
}
