//! The values that records, entities and files hold: typed, exact, and blank in one way only.
//!
//! Blank stands for null, empty text and empty list. *Unread* (not told to us) is no value at all: see [`crate::system::Cell`].

pub mod doc;
pub mod fingerprint;
pub mod kind;
pub mod money;
pub mod path;
pub mod record;
pub mod text;
pub mod time;

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

impl Value {
    pub fn text(text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        if text.is_empty() { Value::Blank } else { Value::Text(Str::from(text)) }
    }

    /// Whether this is the one blank; constructors never build an empty text, list or set.
    pub fn is_blank(&self) -> bool {
        matches!(self, Value::Blank)
    }
}
