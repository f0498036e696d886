//! The receipt's document: data put into a Typst template, as a tagged PDF/A-3a and PDF/UA-1 file,
//! the same for the same data.

use std::num::NonZero;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, mpsc};

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

/// Why a document could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the receipt's document cannot be made: {0}")]
pub struct DocumentError(String);

/// All that is printed on a receipt; what is sealed in the vault. Dates as `24/11/2026`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReceiptContent {
    pub number: String,
    pub beneficiary: Beneficiary,
    pub donor: Identity,
    pub mandate: Mandate,
    pub signatory: Signatory,
    pub articles_line: String,
    pub articles_cited: String,
    pub figures: String,
    pub framed: String,
    pub words: String,
    pub dates_line: String,
    pub payment_mode: String,
    pub issued_on: String,
    /// The day of issue for the file's own date.
    pub issued: chrono::NaiveDate,
    pub gifts: Vec<ReceiptLine>,
}

/// The association, as printed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Beneficiary {
    pub name: String,
    pub address: Vec<String>,
    pub identifiers: String,
    pub object: String,
    pub kind: String,
}

/// The donor, as printed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Identity {
    pub last_name: String,
    pub first_name: String,
    pub address: Vec<String>,
}

/// The receipt mandate, as printed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Mandate {
    pub reference: String,
    pub signed_on: String,
}

/// Who signs, as printed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Signatory {
    pub name: String,
    pub capacity: String,
}

/// One gift of the detail table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReceiptLine {
    pub on: String,
    pub shop: String,
    pub order: String,
    pub paid_out_on: String,
    pub amount: String,
}

/// What all documents share: library, fonts, template.
struct Press {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
    template: Source,
    data: FileId,
}

static PRESS: LazyLock<Result<Press, DocumentError>> = LazyLock::new(|| {
    let named = |path: &str| -> Result<FileId, DocumentError> {
        let path = VirtualPath::new(path).map_err(|e| DocumentError(format!("{e:?}")))?;
        Ok(RootedPath::new(VirtualRoot::Project, path).intern())
    };
    // Embedded open fonts only: a document looks the same on every machine.
    let mut fonts: Vec<Font> = typst_assets::fonts()
        .flat_map(|data| Font::iter(Bytes::new(data)))
        .collect();
    fonts.retain(|f| f.info().family == "Libertinus Serif");
    // The regular face first: what it can show is what is printed.
    fonts.sort_by_key(|f| {
        f.post_script_name()
            .is_none_or(|n| !n.ends_with("-Regular"))
    });
    Ok(Press {
        library: LazyHash::new(Library::default()),
        book: LazyHash::new(FontBook::from_infos(fonts.iter().map(|f| f.info().clone()))),
        fonts,
        template: Source::new(
            named("/receipt.typ")?,
            include_str!("receipt.typ").to_owned(),
        ),
        data: named("/data.json")?,
    })
});

impl Press {
    /// Drops what the font has no sign for, such as a pictograph beside a name: an archivable file
    /// may not lack a glyph. Names in letters that cannot be printed never come here: they are
    /// asked for again in Latin letters.
    fn keep_printable(&self, value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) => {
                let shown = |c: char| {
                    self.book
                        .info(0)
                        .is_some_and(|i| i.coverage.contains(c.into()))
                        || c == '\u{a0}'
                };
                let kept: String = text.chars().filter(|c| shown(*c)).collect();
                *text = kept.trim().to_owned();
            }
            serde_json::Value::Array(values) => {
                values.iter_mut().for_each(|v| self.keep_printable(v))
            }
            serde_json::Value::Object(fields) => {
                fields.values_mut().for_each(|v| self.keep_printable(v))
            }
            _ => {}
        }
    }
}

/// One document's world: the press and its data.
struct Sheet {
    press: &'static Press,
    data: Bytes,
}

impl World for Sheet {
    fn library(&self) -> &LazyHash<Library> {
        &self.press.library
    }
    fn book(&self) -> &LazyHash<FontBook> {
        &self.press.book
    }
    fn main(&self) -> FileId {
        self.press.template.id()
    }
    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.press.template.id() {
            Ok(self.press.template.clone())
        } else {
            Err(FileError::AccessDenied)
        }
    }
    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == self.press.data {
            Ok(self.data.clone())
        } else {
            Err(FileError::AccessDenied)
        }
    }
    fn font(&self, index: usize) -> Option<Font> {
        self.press.fonts.get(index).cloned()
    }
    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}

/// A document to typeset, and who waits for it.
type Sheets = (
    ReceiptContent,
    oneshot::Sender<Result<Vec<u8>, DocumentError>>,
);

/// Renders a receipt as PDF on threads kept for it, one a core: a document is typeset half as fast
/// again where the last one was.
pub async fn typeset(printed: ReceiptContent) -> Result<Vec<u8>, DocumentError> {
    static PRESSES: LazyLock<mpsc::Sender<Sheets>> = LazyLock::new(|| {
        let (sender, waiting) = mpsc::channel::<Sheets>();
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..std::thread::available_parallelism().map_or(1, NonZero::get) {
            let waiting = waiting.clone();
            std::thread::spawn(move || {
                loop {
                    let next = waiting
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .recv();
                    let Ok((printed, done)) = next else { return };
                    // A document that breaks the typesetter is an error of its own, not the end of
                    // the press.
                    let rendered = catch_unwind(|| render(&printed))
                        .unwrap_or_else(|_| Err(DocumentError("the typesetter broke off".into())));
                    if done.send(rendered).is_err() {
                        tracing::debug!("nobody waits for this document any more");
                    }
                }
            });
        }
        sender
    });
    let stopped = || DocumentError("no press is running".into());
    let (done, rendered) = oneshot::channel();
    PRESSES.send((printed, done)).map_err(|_| stopped())?;
    rendered.await.map_err(|_| stopped())?
}

/// Renders a receipt as PDF. What the typesetter remembers of it is forgotten after some more, so
/// that memory stays flat.
pub fn render(printed: &ReceiptContent) -> Result<Vec<u8>, DocumentError> {
    static RENDERED: AtomicUsize = AtomicUsize::new(0);
    let rendered = compile(printed);
    if RENDERED.fetch_add(1, Ordering::Relaxed) % 32 == 31 {
        comemo::evict(2);
    }
    rendered
}

fn compile(printed: &ReceiptContent) -> Result<Vec<u8>, DocumentError> {
    use chrono::Datelike as _;
    let wrong = |e: &dyn std::fmt::Debug| DocumentError(format!("{e:?}"));
    let press = PRESS.as_ref().map_err(|e| DocumentError(e.0.clone()))?;
    let mut data = serde_json::to_value(printed).map_err(|e| wrong(&e))?;
    press.keep_printable(&mut data);
    let day = printed.issued;
    data["issued"] =
        serde_json::json!({"year": day.year(), "month": day.month(), "day": day.day()});
    let sheet = Sheet {
        press,
        data: Bytes::new(data.to_string().into_bytes()),
    };
    let document: PagedDocument = typst::compile(&sheet).output.map_err(|e| wrong(&e))?;
    let (Ok(month), Ok(of_month)) = (u8::try_from(day.month()), u8::try_from(day.day())) else {
        return Err(wrong(&day));
    };
    let timestamp =
        Datetime::from_ymd_hms(day.year(), month, of_month, 0, 0, 0).map(Timestamp::new_utc);
    let standards =
        PdfStandards::new(&[PdfStandard::A_3a, PdfStandard::Ua_1]).map_err(|e| wrong(&e))?;
    let options = PdfOptions {
        ident: Smart::Custom(printed.number.clone()),
        creator: Smart::Custom(Some("Obole".into())),
        timestamp,
        standards,
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&document, &options).map_err(|e| wrong(&e))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_one_file_the_same_each_time_and_markup_in_a_name_is_only_text() {
        let printed: ReceiptContent = serde_json::from_value(serde_json::json!({
            "number": "foret-vivante-2026-000001", "articles_line": "Article 200 du code général des impôts", "articles_cited": "l'article 200 du CGI",
            "beneficiary": {"name": "Forêt *Vivante*", "address": ["12 rue des Chênes", "35000 Rennes"], "identifiers": "SIREN 732 829 320", "object": "Planter", "kind": "Association d'intérêt général"},
            "donor": {"last_name": "#panic()", "first_name": "$x$ Zoë 🌳", "address": ["3 rue des Lilas", "75020 Paris"]},
            "mandate": {"reference": "MR", "signed_on": "05/01/2026"}, "signatory": {"name": "Anne Le Goff", "capacity": "Présidente"},
            "figures": "1,00 €", "framed": "***1,00***", "words": "un euro", "dates_line": "Date du versement : 10/10/2026", "payment_mode": "virement",
            "issued_on": "02/11/2026", "issued": "2026-11-02", "gifts": [{"on": "10/10/2026", "shop": "L", "order": "1", "paid_out_on": "02/11/2026", "amount": "1,00 €"}]
        }))
        .unwrap();
        let pdf = render(&printed).unwrap();
        assert!(pdf.starts_with(b"%PDF-"));
        assert_eq!(pdf, render(&printed).unwrap());
    }
}
