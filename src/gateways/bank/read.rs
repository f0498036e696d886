//! Reads what a bank gives, entry by entry: statements (camt.053), notifications (camt.054) and
//! status reports (pain.002), in the versions that French banks write.

use std::collections::VecDeque;
use std::path::Path;

use super::camt::{EntryReader, Unread, statement_of};
use super::pain002::statuses;
use super::source::Source;
use super::xml::{Element, Tree, XmlError, XmlReader};
use crate::values::{BankLine, BankStatement, OrderStatus, StatementKind};

/// The messages that are read, each with the element that holds it and its versions.
const MESSAGES: [(&str, &str, std::ops::RangeInclusive<u8>); 3] = [
    ("camt.053.001.", "BkToCstmrStmt", 2..=8),
    ("camt.054.001.", "BkToCstmrDbtCdtNtfctn", 2..=8),
    ("pain.002.001.", "CstmrPmtStsRpt", 2..=10),
];

/// Why a file cannot be read; nothing of it is then used.
#[derive(Debug, thiserror::Error)]
pub enum BankFileError {
    #[error(
        "{name}: not a camt.053 statement, camt.054 notification or pain.002 report that is read \
         here: {reason}"
    )]
    NotReadHere { name: String, reason: String },
    #[error("{name}: {source}")]
    Unreadable {
        name: String,
        source: std::io::Error,
    },
}

/// What a file says next.
#[derive(Clone, Debug)]
pub enum BankItem {
    /// A statement or a notification begins.
    Statement(BankStatement),
    /// The lines of one of its entries that is booked.
    Entry(Vec<BankLine>),
    /// An entry that is not read, by its number, and why.
    Unread { entry: usize, reason: String },
    /// What became of an order.
    Status(OrderStatus),
}

/// Where the reading stands.
enum Place {
    /// Before a document.
    Outside,
    /// Inside a message, between its parts.
    Message,
    /// Inside a statement, after what stands before its entries. Whether the next is entered.
    Statement(EntryReader, bool),
}

/// Reads a bank's file from its beginning to its end, holding one entry at a time.
pub struct BankReader {
    name: String,
    source: Source,
    /// Documents begun.
    documents: usize,
    xml: Option<XmlReader>,
    kind: StatementKind,
    place: Place,
    tree: Tree,
    ready: VecDeque<BankItem>,
    /// Whether the document held anything.
    found: bool,
}

impl BankReader {
    /// Opens a file, which errors call by `name`.
    pub fn open(path: &Path, name: &str) -> Result<Self, BankFileError> {
        let source = Source::open(path).map_err(|e| unreadable(name, e))?;
        Ok(Self {
            name: name.to_owned(),
            source,
            documents: 0,
            xml: None,
            kind: StatementKind::Booked,
            place: Place::Outside,
            tree: Tree::default(),
            ready: VecDeque::new(),
            found: false,
        })
    }

    /// What the file says next; none at its end.
    pub fn next_item(&mut self) -> Result<Option<BankItem>, BankFileError> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Ok(Some(item));
            }
            if matches!(self.place, Place::Outside) {
                if self.documents == self.source.count() {
                    return Ok(None);
                }
                self.begin_document()?;
                continue;
            }
            let Some(mut xml) = self.xml.take() else {
                return Ok(None);
            };
            self.step(&mut xml).map_err(|e| self.not_read(&e))?;
            if matches!(self.place, Place::Outside) && !self.found {
                return Err(self.not_read(&"it holds no statement and no status of an order"));
            }
            self.xml = Some(xml);
        }
    }

    fn not_read(&self, reason: &dyn std::fmt::Display) -> BankFileError {
        BankFileError::NotReadHere {
            name: self.name.clone(),
            reason: reason.to_string(),
        }
    }

    /// Opens the next document and enters its message.
    fn begin_document(&mut self) -> Result<(), BankFileError> {
        let text = self.source.document(self.documents);
        let mut xml = XmlReader::new(text.map_err(|e| unreadable(&self.name, e))?);
        self.documents += 1;
        self.found = false;
        let message = message(&mut xml).map_err(|e| self.not_read(&e))?;
        let (document, message) = message.ok_or_else(|| self.not_read(&"it has no Document"))?;
        self.kind = kind(&document, &message).map_err(|e| self.not_read(&e))?;
        self.place = Place::Message;
        self.xml = Some(xml);
        Ok(())
    }

    /// Reads on to the next thing that may be said.
    fn step(&mut self, xml: &mut XmlReader) -> Result<(), XmlError> {
        match std::mem::replace(&mut self.place, Place::Message) {
            Place::Outside => self.place = Place::Outside,
            Place::Message => match xml.next_child()? {
                None => self.place = Place::Outside,
                Some(part) => match part.name.as_str() {
                    "Stmt" | "Ntfctn" => self.begin_statement(xml)?,
                    "OrgnlGrpInfAndSts" | "OrgnlPmtInfAndSts" => {
                        xml.tree(&mut self.tree)?;
                        self.found = true;
                        let told = statuses(self.tree.root());
                        self.ready.extend(told.into_iter().map(BankItem::Status));
                    }
                    _ => xml.skip()?,
                },
            },
            Place::Statement(reader, true) => self.read_entry(xml, reader)?,
            Place::Statement(reader, false) => match xml.next_child()? {
                None => {}
                Some(part) if part.name == "Ntry" => self.read_entry(xml, reader)?,
                Some(_) => {
                    xml.skip()?;
                    self.place = Place::Statement(reader, false);
                }
            },
        }
        Ok(())
    }

    /// Reads what stands before the entries of a statement.
    fn begin_statement(&mut self, xml: &mut XmlReader) -> Result<(), XmlError> {
        self.found = true;
        let mut head = Vec::new();
        let entered = loop {
            match xml.next_child()? {
                None => break false,
                Some(part) if part.name == "Ntry" => break true,
                Some(part) => {
                    let mut tree = Tree::default();
                    xml.tree(&mut tree)?;
                    head.push((part.name, tree));
                }
            }
        };
        let statement = statement_of(self.kind, &head);
        if entered {
            self.place = Place::Statement(EntryReader::new(&statement, &head), true);
        }
        self.ready.push_back(BankItem::Statement(statement));
        Ok(())
    }

    fn read_entry(&mut self, xml: &mut XmlReader, mut reader: EntryReader) -> Result<(), XmlError> {
        xml.tree(&mut self.tree)?;
        match reader.read(self.tree.root()) {
            Ok(lines) if lines.is_empty() => {}
            Ok(lines) => self.ready.push_back(BankItem::Entry(lines)),
            Err(Unread { entry, reason }) => {
                self.ready.push_back(BankItem::Unread { entry, reason });
            }
        }
        self.place = Place::Statement(reader, false);
        Ok(())
    }
}

fn unreadable(name: &str, source: std::io::Error) -> BankFileError {
    BankFileError::Unreadable {
        name: name.to_owned(),
        source,
    }
}

/// Enters the first Document, whatever envelope is around it, and the message inside.
fn message(xml: &mut XmlReader) -> Result<Option<(Element, Element)>, XmlError> {
    loop {
        match xml.next_child()? {
            Some(document) if document.name == "Document" => {
                return Ok(xml.next_child()?.map(|message| (document, message)));
            }
            None if xml.is_outside() => return Ok(None),
            _ => {}
        }
    }
}

/// What kind of message this is, if its version is one that is read.
fn kind(document: &Element, message: &Element) -> Result<StatementKind, String> {
    let namespaces = document.namespaces.iter().chain(&message.namespaces);
    let mut told = namespaces.filter_map(|n| n.rsplit(':').next());
    let told = told.find(|n| n.starts_with("camt.") || n.starts_with("pain."));
    let told = told.ok_or_else(|| format!("{} of no namespace", message.name))?;
    for (prefix, element, versions) in MESSAGES {
        let version = told.strip_prefix(prefix).and_then(|v| v.parse().ok());
        if message.name == element && version.is_some_and(|v: u8| versions.contains(&v)) {
            return Ok(match element {
                "BkToCstmrStmt" => StatementKind::Booked,
                _ => StatementKind::Notified,
            });
        }
    }
    Err(format!("it says {told}"))
}
