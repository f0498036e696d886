//! A platform's JSON, read leniently: shops send lists as objects, nulls, numbers for texts and
//! texts cut in the middle of a character, and the donation stands beside all that.
//!
//! Numbers stay as they are written, so that no amount passes through floating point. A byte order
//! mark, half of a surrogate pair and control characters within texts are no mistakes here; what is
//! not JSON at all is one.

use std::borrow::Cow;

/// A JSON value that borrows from its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Json<'t> {
    Null,
    Bool(bool),
    /// As it is written.
    Number(&'t str),
    Text(Cow<'t, str>),
    List(Vec<Json<'t>>),
    /// In the order of the text; of two members with one name, the last counts.
    Object(Vec<(Cow<'t, str>, Json<'t>)>),
}

/// What a missing member is.
static NULL: Json<'static> = Json::Null;

impl<'t> Json<'t> {
    /// A member of an object; null where there is none.
    pub fn get(&self, name: &str) -> &Self {
        let Self::Object(members) = self else {
            return &NULL;
        };
        let member = members.iter().rev().find(|(n, _)| n == name);
        member.map_or(&NULL, |(_, value)| value)
    }

    /// The elements of a list. PHP writes a list with holes as an object with numbers for names,
    /// and an empty object for an empty list; any other object is a list of one.
    pub fn items(&self) -> impl Iterator<Item = &Self> {
        let (list, members, single): (&[Self], &[(Cow<'t, str>, Self)], _) = match self {
            Self::List(list) => (list, &[], None),
            Self::Object(members) if members.iter().all(|(n, _)| is_index(n)) => {
                (&[], members, None)
            }
            Self::Object(_) => (&[], &[], Some(self)),
            _ => (&[], &[], None),
        };
        let values = members.iter().map(|(_, value)| value);
        list.iter().chain(values).chain(single)
    }

    /// A text, or a number as it is written.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Number(written) => Some(written),
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A text with something in it.
    pub fn filled(&self) -> Option<&str> {
        self.text().map(str::trim).filter(|t| !t.is_empty())
    }

    /// Whether it says yes, as PHP and forms write it too.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Bool(yes) => *yes,
            other => matches!(other.text(), Some("true" | "1" | "yes")),
        }
    }

    /// Whether nothing is there.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value under a name in a list of pairs such as `{"name": …, "value": …}`, or in an object
    /// that has the name itself.
    pub fn value_of(&self, key: &str, name: &str) -> Option<&Self> {
        let direct = self.get(name);
        if !direct.is_null() {
            return Some(direct);
        }
        self.items()
            .find(|pair| pair.get(key).text() == Some(name))
            .map(|pair| pair.get("value"))
    }
}

fn is_index(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit())
}
