//! The values that records, entities and files hold: typed, exact, and blank in one way only.
//!
//! Blank stands for null, empty text and empty list. *Unread* (not told to us) is no value at all: see [`crate::system::Cell`].

pub mod country;
pub mod doc;
pub mod fingerprint;
pub mod json;
pub mod kind;
pub mod money;
pub mod path;
pub mod record;
pub mod text;
pub mod time;

use std::fmt;

use compact_str::CompactString;
use jiff::{Timestamp, civil};
use rust_decimal::Decimal;

use crate::id::EntityId;
pub use doc::Doc;
pub use kind::Kind;
pub use money::{Currency, Money};
pub use path::Path;

/// Short texts stay inside the value.
pub type Str = CompactString;

/// One value. Texts are NFC, decimals exact, instants UTC, sets sorted and without twins.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    #[default]
    Blank,
    Boolean(bool),
    Integer(i64),
    Decimal(Decimal),
    Money(Money),
    Date(civil::Date),
    Instant(Timestamp),
    Text(Str),
    Name(Box<Name>),
    Address(Box<Address>),
    /// An entity of the mapping that the field refers to.
    Ref(EntityId),
    Set(Vec<Value>),
    /// Only in documents: what connectors send and receive, and `new:` in mappings.
    List(Vec<Value>),
    /// Only in documents. Order is kept.
    Map(Vec<(Str, Value)>),
}

/// A person's name in parts; one without a last name is legal.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    pub first: Str,
    pub last: Str,
}

/// A postal address; its parts are decided together.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    pub street: Str,
    pub city: Str,
    pub region: Str,
    pub postcode: Str,
    pub country: Str,
}

impl Address {
    /// The parts in their order, with the names that cells use.
    pub fn parts(&self) -> [(&'static str, &Str); 5] {
        let Address { street, city, region, postcode, country } = self;
        [("street", street), ("city", city), ("region", region), ("postcode", postcode), ("country", country)]
    }

    pub fn is_empty(&self) -> bool {
        self.parts().iter().all(|(_, part)| part.is_empty())
    }
}

impl Name {
    pub fn is_empty(&self) -> bool {
        self.first.is_empty() && self.last.is_empty()
    }
}

impl Value {
    /// A text in NFC; the empty one is blank.
    pub fn text(text: impl AsRef<str>) -> Self {
        let text = text::nfc(text.as_ref());
        if text.is_empty() { Value::Blank } else { Value::Text(Str::from(text)) }
    }

    /// A set: sorted, without twins and blanks; the empty one is blank.
    pub fn set(items: impl IntoIterator<Item = Value>) -> Self {
        let mut items: Vec<Value> = items.into_iter().filter(|item| !item.is_blank()).collect();
        items.sort();
        items.dedup();
        if items.is_empty() { Value::Blank } else { Value::Set(items) }
    }

    /// A list; the empty one is blank.
    pub fn list(items: Vec<Value>) -> Self {
        if items.is_empty() { Value::Blank } else { Value::List(items) }
    }

    pub fn name(name: Name) -> Self {
        if name.is_empty() { Value::Blank } else { Value::Name(Box::new(name)) }
    }

    pub fn address(address: Address) -> Self {
        if address.is_empty() { Value::Blank } else { Value::Address(Box::new(address)) }
    }

    /// Whether this is the one blank; constructors never build an empty text, list or set.
    pub fn is_blank(&self) -> bool {
        matches!(self, Value::Blank)
    }

    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number it is, whole or not.
    pub fn as_decimal(&self) -> Option<Decimal> {
        match self {
            Value::Integer(integer) => Some(Decimal::from(*integer)),
            Value::Decimal(decimal) => Some(*decimal),
            _ => None,
        }
    }

    /// What it is called in messages, with its article.
    pub fn noun(&self) -> &'static str {
        match self {
            Value::Blank => "a blank",
            Value::Boolean(_) => "a boolean",
            Value::Integer(_) => "an integer",
            Value::Decimal(_) => "a decimal",
            Value::Money(_) => "money",
            Value::Date(_) => "a date",
            Value::Instant(_) => "an instant",
            Value::Text(_) => "a text",
            Value::Name(_) => "a name",
            Value::Address(_) => "an address",
            Value::Ref(_) => "a reference",
            Value::Set(_) => "a set",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

/// As people read it, and as `~` and `{{ }}` join it: digits, ISO times, `12.50 EUR`; lists and maps as JSON.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Blank => Ok(()),
            Value::Boolean(value) => write!(f, "{value}"),
            Value::Integer(value) => write!(f, "{value}"),
            Value::Decimal(value) => write!(f, "{value}"),
            Value::Money(value) => write!(f, "{value}"),
            Value::Date(value) => write!(f, "{value}"),
            Value::Instant(value) => write!(f, "{value}"),
            Value::Text(value) => f.write_str(value),
            Value::Name(name) => match (name.first.as_str(), name.last.as_str()) {
                ("", only) | (only, "") => f.write_str(only),
                (first, last) => write!(f, "{first} {last}"),
            },
            Value::Address(address) => {
                let parts: Vec<&str> = address.parts().iter().map(|(_, part)| part.as_str()).filter(|part| !part.is_empty()).collect();
                f.write_str(&parts.join(", "))
            }
            Value::Ref(entity) => write!(f, "{entity}"),
            Value::Set(_) | Value::List(_) | Value::Map(_) => {
                let mut out = String::new();
                json::write(self, &mut out);
                f.write_str(&out)
            }
        }
    }
}
