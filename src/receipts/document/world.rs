//! What Typst may see while it typesets a receipt: the template, the data, embedded fonts, and
//! nothing of the machine.

use std::collections::HashSet;
use std::sync::LazyLock;

use serde_json::Value;
use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt as _, World};

use super::error::DocumentError;

/// The embedded font family of receipts. No font of the machine is used, so a document looks the
/// same everywhere.
const FONT_FAMILY: &str = "Libertinus Serif";

/// What all documents share.
pub(super) struct Resources {
    library: LazyHash<Library>,
    fonts: Vec<Font>,
    book: LazyHash<FontBook>,
    /// Every character that the font's regular face has a glyph for.
    glyphs: HashSet<char>,
    template: Source,
    data_id: FileId,
}

impl Resources {
    /// The shared resources, loaded on first use.
    pub fn get() -> Result<&'static Self, DocumentError> {
        static RESOURCES: LazyLock<Result<Resources, DocumentError>> =
            LazyLock::new(Resources::load);
        RESOURCES.as_ref().map_err(DocumentError::clone)
    }

    fn load() -> Result<Self, DocumentError> {
        let mut fonts: Vec<Font> = typst_assets::fonts()
            .flat_map(|data| Font::iter(Bytes::new(data)))
            .filter(|f| f.info().family == FONT_FAMILY)
            .collect();
        // The regular face first: its glyphs decide what can be printed. Where the bold face lacks
        // one, Typst takes the regular one's.
        fonts.sort_by_key(|f| {
            f.post_script_name()
                .is_none_or(|n| !n.ends_with("-Regular"))
        });
        let coverage = fonts.first().map(|f| &f.info().coverage);
        Ok(Self {
            glyphs: coverage
                .into_iter()
                .flat_map(|c| c.iter().filter_map(char::from_u32))
                .collect(),
            library: LazyHash::new(Library::default()),
            book: LazyHash::new(FontBook::from_infos(fonts.iter().map(|f| f.info().clone()))),
            fonts,
            template: Source::new(
                file_id("/receipt.typ")?,
                include_str!("receipt.typ").to_owned(),
            ),
            data_id: file_id("/data.json")?,
        })
    }

    /// Removes the characters that the font has no glyph for, such as an emoji beside a name: PDF/A
    /// allows no missing glyph.
    ///
    /// Names written in other scripts never come here: eligibility asks for them again in Latin
    /// letters.
    pub fn retain_printable(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                let retained: String = text.chars().filter(|c| self.has_glyph(*c)).collect();
                *text = retained.trim().to_owned();
            }
            Value::Array(values) => values.iter_mut().for_each(|v| self.retain_printable(v)),
            Value::Object(fields) => fields.values_mut().for_each(|v| self.retain_printable(v)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Whether a character can be printed.
    pub fn has_glyph(&self, c: char) -> bool {
        const NO_BREAK_SPACE: char = '\u{a0}';
        c == NO_BREAK_SPACE || self.glyphs.contains(&c)
    }
}

fn file_id(path: &str) -> Result<FileId, DocumentError> {
    let path = VirtualPath::new(path).map_err(|e| DocumentError::new(&e))?;
    Ok(RootedPath::new(VirtualRoot::Project, path).intern())
}

/// The Typst world of one document: the shared resources and its data.
pub(super) struct ReceiptWorld {
    resources: &'static Resources,
    data: Bytes,
}

impl ReceiptWorld {
    pub fn new(resources: &'static Resources, data: &Value) -> Self {
        Self {
            resources,
            data: Bytes::new(data.to_string().into_bytes()),
        }
    }
}

impl World for ReceiptWorld {
    fn library(&self) -> &LazyHash<Library> {
        &self.resources.library
    }
    fn book(&self) -> &LazyHash<FontBook> {
        &self.resources.book
    }
    fn main(&self) -> FileId {
        self.resources.template.id()
    }
    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.resources.template.id() {
            Ok(self.resources.template.clone())
        } else {
            Err(FileError::AccessDenied)
        }
    }
    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == self.resources.data_id {
            Ok(self.data.clone())
        } else {
            Err(FileError::AccessDenied)
        }
    }
    fn font(&self, index: usize) -> Option<Font> {
        self.resources.fonts.get(index).cloned()
    }
    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        // The same content must give the same bytes on any day.
        None
    }
}
