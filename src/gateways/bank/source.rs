//! Opens what a bank gives: an XML document, or a .zip of them, in whatever encoding it declares.
//! Read as a stream of bounded size, so that neither a large file nor a bomb fills the memory.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use encoding_rs::{Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// The longest document that is read, in bytes, after decompression.
const LONGEST_DOCUMENT: u64 = 1 << 30;
/// The most documents of a .zip, and how many bytes they may come to together.
const MOST_DOCUMENTS: usize = 200;
const LONGEST_ARCHIVE: u64 = 2 << 30;
/// Bytes that are read at once.
const BLOCK: usize = 32 * 1024;
/// The longest run of text between two tags, in bytes.
const LONGEST_TOKEN: usize = 1 << 20;

/// Numbers the temporary files of this process.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A bank's file: one document, or those of an archive.
pub(super) struct Source {
    path: PathBuf,
    /// Positions in the archive; none for a plain document.
    archived: Option<Vec<usize>>,
}

impl Source {
    /// Looks at how the file begins, whatever its name says.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut head = [0; 4];
        let read = File::open(path)?.take(4).read(&mut head)?;
        let archived = if head.get(..read) == Some(b"PK\x03\x04") {
            Some(documents_of(path)?)
        } else {
            None
        };
        Ok(Self {
            path: path.to_owned(),
            archived,
        })
    }

    /// How many documents there are.
    pub fn count(&self) -> usize {
        self.archived.as_ref().map_or(1, Vec::len)
    }

    /// Begins to read the nth document, as UTF-8.
    pub fn document(&self, n: usize) -> io::Result<Utf8Text> {
        let file = match &self.archived {
            None => File::open(&self.path)?,
            Some(positions) => {
                let position = positions.get(n).copied().unwrap_or_default();
                unpacked(&self.path, position)?
            }
        };
        Utf8Text::new(BufReader::with_capacity(BLOCK, file))
    }
}

fn too_large(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{what} is too large"))
}

fn archive(path: &Path) -> io::Result<zip::ZipArchive<BufReader<File>>> {
    zip::ZipArchive::new(BufReader::new(File::open(path)?))
        .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, format!("not a .zip: {e}")))
}

/// The XML documents of an archive.
fn documents_of(path: &Path) -> io::Result<Vec<usize>> {
    let mut archive = archive(path)?;
    let (mut found, mut bytes) = (Vec::new(), 0_u64);
    if archive.len() > 10 * MOST_DOCUMENTS {
        return Err(too_large("the archive"));
    }
    for position in 0..archive.len() {
        let file = archive.by_index(position).map_err(io::Error::other)?;
        let name = file.name().map_err(io::Error::other)?.to_ascii_lowercase();
        let is_xml = Path::new(&name)
            .extension()
            .is_some_and(|e| e == "xml" || e == "053" || e == "054" || e == "camt" || e == "c53");
        // What macOS adds beside each file.
        if file.is_file() && is_xml && !name.starts_with("__macosx/") {
            bytes = bytes.saturating_add(file.size());
            found.push(position);
        }
    }
    if found.len() > MOST_DOCUMENTS || bytes > LONGEST_ARCHIVE {
        return Err(too_large("the archive"));
    }
    if found.is_empty() {
        let none = "the archive holds no XML document";
        return Err(io::Error::new(io::ErrorKind::InvalidData, none));
    }
    Ok(found)
}

/// A document of an archive, decompressed into a file that only this process can reach.
fn unpacked(path: &Path, position: usize) -> io::Result<File> {
    let mut archive = archive(path)?;
    let packed = archive.by_index(position).map_err(io::Error::other)?;
    let (process, n) = (process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let spool = std::env::temp_dir().join(format!("obole-{process}-{n}.partial"));
    let mut file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&spool)?;
    fs::remove_file(&spool)?;
    // The size that the archive states is its maker's word.
    let copied = io::copy(&mut packed.take(LONGEST_DOCUMENT + 1), &mut file)?;
    if copied > LONGEST_DOCUMENT {
        return Err(too_large("a document of the archive"));
    }
    file.flush()?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

/// A document as UTF-8, whatever encoding it declares.
pub(super) struct Utf8Text {
    file: BufReader<File>,
    decoder: Decoder,
    decoded: Vec<u8>,
    at: usize,
    read: u64,
    ended: bool,
    /// Bytes since the last tag.
    since_token: usize,
}

impl Utf8Text {
    fn new(mut file: BufReader<File>) -> io::Result<Self> {
        let decoder = encoding_of(file.fill_buf()?).new_decoder();
        Ok(Self {
            file,
            decoder,
            decoded: Vec::with_capacity(4 * BLOCK),
            at: 0,
            read: 0,
            ended: false,
            since_token: 0,
        })
    }

    /// A tag or a text is read: the next may be as long again.
    pub const fn begin_token(&mut self) {
        self.since_token = 0;
    }

    fn decode_more(&mut self) -> io::Result<()> {
        self.decoded.clear();
        self.at = 0;
        while self.decoded.is_empty() && !self.ended {
            let block = self.file.fill_buf()?;
            self.ended = block.is_empty();
            let needed = self.decoder.max_utf8_buffer_length(block.len());
            self.decoded.resize(needed.unwrap_or(4 * BLOCK), 0);
            let (_, taken, written, _) =
                self.decoder
                    .decode_to_utf8(block, &mut self.decoded, self.ended);
            self.decoded.truncate(written);
            self.file.consume(taken);
            self.read += u64::try_from(taken).unwrap_or(u64::MAX);
        }
        if self.read > LONGEST_DOCUMENT {
            return Err(too_large("the document"));
        }
        Ok(())
    }
}

impl Read for Utf8Text {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let n = available.len().min(into.len());
        into[..n].copy_from_slice(&available[..n]);
        self.consume(n);
        Ok(n)
    }
}

impl BufRead for Utf8Text {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.since_token > LONGEST_TOKEN {
            return Err(too_large("a text of the document"));
        }
        if self.at >= self.decoded.len() {
            self.decode_more()?;
        }
        Ok(&self.decoded[self.at..])
    }

    fn consume(&mut self, n: usize) {
        self.at += n;
        self.since_token += n;
    }
}

/// The encoding of a document that begins so: by its byte order mark, by how its first tag is
/// written, or by what it declares (XML 1.0, appendix F).
fn encoding_of(head: &[u8]) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return encoding;
    }
    match head {
        [b'<', 0, ..] => return UTF_16LE,
        [0, b'<', ..] => return UTF_16BE,
        _ => {}
    }
    let declaration = head.get(..head.len().min(400)).unwrap_or_default();
    let declaration = String::from_utf8_lossy(declaration);
    let declared = declaration
        .split_once("?>")
        .and_then(|(declaration, _)| declaration.split_once("encoding"))
        .and_then(|(_, rest)| rest.trim_start().strip_prefix('='))
        .map(|rest| rest.trim_start().trim_start_matches(['"', '\'']))
        .and_then(|rest| rest.split(['"', '\'']).next());
    let encoding = declared.and_then(|label| Encoding::for_label(label.trim().as_bytes()));
    // Read as bytes, so it is not written in two bytes a character, whatever it says.
    encoding
        .filter(|e| e.is_ascii_compatible())
        .unwrap_or(UTF_8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> String {
        let path = std::env::temp_dir().join(format!(
            "obole-test-{}-{}",
            process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        ));
        fs::write(&path, bytes).unwrap();
        let mut text = String::new();
        let source = Source::open(&path).unwrap();
        let read = source.document(0).unwrap().read_to_string(&mut text);
        fs::remove_file(&path).unwrap();
        read.unwrap();
        text
    }

    #[test]
    fn a_document_is_read_in_the_encoding_that_it_has() {
        let declared = |label: &str| format!("<?xml version=\"1.0\" encoding=\"{label}\"?><a>");
        for (label, byte, character) in [
            ("ISO-8859-1", 0xe9, "é"),
            ("iso-8859-15", 0xa4, "€"),
            ("windows-1252", 0x9c, "œ"),
            ("WINDOWS-1252", 0x80, "€"),
        ] {
            let bytes = [declared(label).as_bytes(), &[byte]].concat();
            assert!(read(&bytes).ends_with(character), "{label}");
        }
        let text = "<a>é€</a>";
        let utf16 = |pair: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(pair);
        let little: Vec<u8> = utf16(u16::to_le_bytes).collect();
        let big: Vec<u8> = utf16(u16::to_be_bytes).collect();
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            little.clone(),
            big.clone(),
            [b"\xff\xfe", little.as_slice()].concat(),
            [b"\xfe\xff", big.as_slice()].concat(),
        ] {
            assert_eq!(read(&bytes), text, "{bytes:x?}");
        }
    }
}
