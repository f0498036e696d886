//! Reads XML element by element, of bounded depth and size, without DOCTYPE: a bank's file comes
//! from outside.

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::source::Utf8Text;

/// How deep elements may be nested: camt has about a dozen levels.
const DEEPEST: usize = 40;
/// The most attributes of an element: ISO 20022 has one.
const MOST_ATTRIBUTES: usize = 20;
/// The most elements read into one tree: a booking of some thirty thousand transactions.
const MOST_NODES: usize = 1_500_000;

/// Why a document cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum XmlError {
    #[error("it has a DOCTYPE, which no bank's file needs")]
    Doctype,
    #[error("its elements are nested too deep, or too many")]
    TooMuch,
    #[error("it ends in the middle")]
    Truncated,
    #[error("&{0}; stands for nothing here")]
    Entity(String),
    #[error("it is not XML: {0}")]
    Malformed(String),
}

impl From<quick_xml::Error> for XmlError {
    fn from(error: quick_xml::Error) -> Self {
        Self::Malformed(error.to_string())
    }
}

/// A position in a document, between elements.
pub(super) struct XmlReader {
    reader: Reader<Utf8Text>,
    buffer: Vec<u8>,
    depth: usize,
}

/// An element that begins: its name without prefix, and its namespaces as it declares them.
pub(super) struct Element {
    pub name: String,
    pub namespaces: Vec<String>,
}

enum Token {
    Start,
    End,
    Text,
    Nothing,
    Eof,
}

impl XmlReader {
    pub fn new(text: Utf8Text) -> Self {
        let mut reader = Reader::from_reader(text);
        reader.config_mut().expand_empty_elements = true;
        Self {
            reader,
            buffer: Vec::new(),
            depth: 0,
        }
    }

    /// Whether every element that was entered is left.
    pub const fn is_outside(&self) -> bool {
        self.depth == 0
    }

    /// Enters the next element inside the current one; none at the current one's end, which it
    /// leaves, and at the end of the document.
    pub fn next_child(&mut self) -> Result<Option<Element>, XmlError> {
        loop {
            self.buffer.clear();
            self.reader.get_mut().begin_token();
            match self.reader.read_event_into(&mut self.buffer)? {
                Event::Start(start) => {
                    let element = Element {
                        name: name_of(&start)?,
                        namespaces: namespaces_of(&start)?,
                    };
                    self.depth += 1;
                    if self.depth > DEEPEST {
                        return Err(XmlError::TooMuch);
                    }
                    return Ok(Some(element));
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(None);
                }
                Event::Eof if self.depth == 0 => return Ok(None),
                Event::Eof => return Err(XmlError::Truncated),
                Event::DocType(_) => return Err(XmlError::Doctype),
                _ => {}
            }
        }
    }

    /// Leaves the element that was entered last, without reading it.
    pub fn skip(&mut self) -> Result<(), XmlError> {
        let inside = self.depth;
        while self.depth >= inside {
            self.next_child()?;
        }
        Ok(())
    }

    /// Reads the element that was entered last, whole, and leaves it.
    pub fn tree(&mut self, tree: &mut Tree) -> Result<(), XmlError> {
        tree.clear();
        let mut open = vec![0_usize];
        while !open.is_empty() {
            self.buffer.clear();
            self.reader.get_mut().begin_token();
            let event = self.reader.read_event_into(&mut self.buffer)?;
            match tree.take(&event, &mut open)? {
                Token::Start => self.depth += 1,
                Token::End => self.depth = self.depth.saturating_sub(1),
                Token::Eof => return Err(XmlError::Truncated),
                Token::Text | Token::Nothing => {}
            }
            if self.depth > DEEPEST || tree.nodes.len() > MOST_NODES {
                return Err(XmlError::TooMuch);
            }
        }
        Ok(())
    }
}

fn name_of(start: &BytesStart<'_>) -> Result<String, XmlError> {
    let name = start.local_name();
    let name =
        std::str::from_utf8(name.as_ref()).map_err(|e| XmlError::Malformed(e.to_string()))?;
    Ok(name.to_owned())
}

/// What an element's `xmlns` attributes declare.
fn namespaces_of(start: &BytesStart<'_>) -> Result<Vec<String>, XmlError> {
    let mut found = Vec::new();
    for (n, attribute) in start.attributes().enumerate() {
        let attribute = attribute.map_err(|e| XmlError::Malformed(e.to_string()))?;
        if n >= MOST_ATTRIBUTES {
            return Err(XmlError::TooMuch);
        }
        if attribute.key.as_ref().starts_with(b"xmlns") {
            found.push(String::from_utf8_lossy(&attribute.value).into_owned());
        }
    }
    Ok(found)
}

struct Slot {
    name: Range<usize>,
    value: Range<usize>,
    currency: Range<usize>,
    /// The node after its last descendant.
    end: usize,
}

/// An element read whole. Its room is used again for the next.
#[derive(Default)]
pub(super) struct Tree {
    text: String,
    nodes: Vec<Slot>,
}

impl Tree {
    fn clear(&mut self) {
        self.text.clear();
        self.nodes.clear();
        self.nodes.push(Slot {
            name: 0..0,
            value: 0..0,
            currency: 0..0,
            end: 0,
        });
    }

    /// The element itself.
    pub const fn root(&self) -> Node<'_> {
        Node { tree: self, at: 0 }
    }

    fn keep(&mut self, text: &str) -> Range<usize> {
        let from = self.text.len();
        // A text column refuses NUL.
        self.text.extend(text.chars().filter(|c| *c != '\0'));
        from..self.text.len()
    }

    fn take(&mut self, event: &Event<'_>, open: &mut Vec<usize>) -> Result<Token, XmlError> {
        let malformed = |e: &dyn std::fmt::Display| XmlError::Malformed(e.to_string());
        match event {
            Event::Start(start) => {
                self.enter(start, open)?;
                return Ok(Token::Start);
            }
            Event::End(_) => {
                if let Some(at) = open.pop() {
                    let end = self.nodes.len();
                    self.nodes[at].end = end;
                }
                return Ok(Token::End);
            }
            Event::Text(text) => {
                let text = text.decode().map_err(|e| malformed(&e))?;
                self.append(&text, open);
            }
            Event::CData(text) => {
                let text = text.decode().map_err(|e| malformed(&e))?;
                self.append(&text, open);
            }
            Event::GeneralRef(name) => {
                let name_text = name.decode().map_err(|e| malformed(&e))?;
                let character = match name.resolve_char_ref()? {
                    Some(character) => character,
                    None => match name_text.as_ref() {
                        "amp" => '&',
                        "lt" => '<',
                        "gt" => '>',
                        "quot" => '"',
                        "apos" => '\'',
                        other => return Err(XmlError::Entity(other.chars().take(40).collect())),
                    },
                };
                self.append(character.encode_utf8(&mut [0; 4]), open);
            }
            Event::DocType(_) => return Err(XmlError::Doctype),
            Event::Eof => return Ok(Token::Eof),
            _ => return Ok(Token::Nothing),
        }
        Ok(Token::Text)
    }

    fn enter(&mut self, start: &BytesStart<'_>, open: &mut Vec<usize>) -> Result<(), XmlError> {
        let name = self.keep(&name_of(start)?);
        let mut currency = 0..0;
        for (n, attribute) in start.attributes().enumerate() {
            let attribute = attribute.map_err(|e| XmlError::Malformed(e.to_string()))?;
            if n >= MOST_ATTRIBUTES {
                return Err(XmlError::TooMuch);
            }
            if attribute.key.as_ref() == b"Ccy" {
                currency = self.keep(&String::from_utf8_lossy(&attribute.value));
            }
        }
        open.push(self.nodes.len());
        let from = self.text.len();
        self.nodes.push(Slot {
            name,
            value: from..from,
            currency,
            end: 0,
        });
        Ok(())
    }

    /// Adds text to the innermost element, as long as it has no elements inside.
    fn append(&mut self, text: &str, open: &[usize]) {
        if let Some(at) = open.last()
            && at + 1 == self.nodes.len()
        {
            self.keep(text);
            self.nodes[*at].value.end = self.text.len();
        }
    }
}

/// An element of a tree.
#[derive(Clone, Copy)]
pub(super) struct Node<'t> {
    tree: &'t Tree,
    at: usize,
}

impl<'t> Node<'t> {
    fn node(self) -> &'t Slot {
        &self.tree.nodes[self.at]
    }

    pub fn name(self) -> &'t str {
        &self.tree.text[self.node().name.clone()]
    }

    /// Its text, without the space around it; empty for an element that holds others.
    pub fn text(self) -> &'t str {
        self.tree.text[self.node().value.clone()].trim()
    }

    /// The attribute `Ccy`.
    pub fn currency(self) -> &'t str {
        &self.tree.text[self.node().currency.clone()]
    }

    /// The elements directly inside.
    pub fn children(self) -> impl Iterator<Item = Self> + use<'t> {
        let (tree, end) = (self.tree, self.node().end);
        let mut next = self.at + 1;
        std::iter::from_fn(move || {
            (next < end).then(|| {
                let child = Self { tree, at: next };
                next = child.node().end.max(next + 1);
                child
            })
        })
    }

    /// Every element inside, at any depth, in the order of the document.
    pub fn descendants(self) -> impl Iterator<Item = Self> + use<'t> {
        let tree = self.tree;
        (self.at + 1..self.node().end).map(move |at| Self { tree, at })
    }

    /// The elements directly inside of a name.
    pub fn all(self, name: &'static str) -> impl Iterator<Item = Self> + use<'t> {
        self.children().filter(move |c| c.name() == name)
    }

    /// The first element that a path of names leads to.
    pub fn at(self, path: &[&str]) -> Option<Self> {
        match path {
            [] => Some(self),
            [name, rest @ ..] => self
                .children()
                .filter(|c| c.name() == *name)
                .find_map(|c| c.at(rest)),
        }
    }

    /// The text that a path of names leads to, if there is any.
    pub fn text_at(self, path: &[&str]) -> Option<&'t str> {
        self.at(path).map(Self::text).filter(|t| !t.is_empty())
    }
}
