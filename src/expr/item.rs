//! What an expression works on: typed values, documents read lazily, durations, and lists and maps of them.

use std::borrow::Cow;

use jiff::SignedDuration;

use super::Fault;
use crate::value::doc::DocKind;
use crate::value::{Doc, Str, Value, json};

/// One thing during evaluation. Members of a document are read when they are asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// Not told to us; whatever touches it is unread too.
    Unread,
    Value(Value),
    Doc(Doc),
    Duration(SignedDuration),
    Map(Vec<(Str, Item)>),
    List(Vec<Item>),
}

impl Item {
    pub const BLANK: Item = Item::Value(Value::Blank);

    /// A text as it is, without NFC, so that keys go back unchanged; the empty one is blank.
    pub fn text(text: impl AsRef<str>) -> Item {
        let text = text.as_ref();
        if text.is_empty() { Item::BLANK } else { Item::Value(Value::Text(Str::from(text))) }
    }

    pub fn integer(integer: i64) -> Item {
        Item::Value(Value::Integer(integer))
    }

    pub fn boolean(boolean: bool) -> Item {
        Item::Value(Value::Boolean(boolean))
    }

    /// Null, empty text or empty list.
    pub fn is_blank(&self) -> bool {
        match self {
            Item::Value(Value::List(items) | Value::Set(items)) => items.is_empty(),
            Item::Value(Value::Text(text)) => text.is_empty(),
            Item::Value(value) => value.is_blank(),
            Item::Doc(doc) => doc.kind() != DocKind::Map && doc.is_empty(),
            Item::List(items) => items.is_empty(),
            Item::Unread | Item::Duration(_) | Item::Map(_) => false,
        }
    }

    /// Not null, empty, 0 or false: what `or` in a connector looks for.
    pub fn is_truthy(&self) -> bool {
        match self.clone().settled() {
            Item::Value(Value::Boolean(value)) => value,
            Item::Value(Value::Map(entries)) => !entries.is_empty(),
            Item::Value(value) if value.as_decimal().is_some_and(|number| number.is_zero()) => false,
            Item::Doc(doc) => !doc.is_empty(),
            Item::Map(entries) => !entries.is_empty(),
            Item::Duration(duration) => !duration.is_zero(),
            item => !item.is_blank(),
        }
    }

    /// A single JSON value as the typed value it is; lists and maps stay documents.
    pub(super) fn settled(self) -> Item {
        match &self {
            Item::Doc(doc) => match doc.kind() {
                DocKind::List | DocKind::Map => self,
                DocKind::String => Item::text(doc.text().unwrap_or_default()),
                DocKind::Null | DocKind::Bool | DocKind::Number => Item::Value(doc.value()),
            },
            _ => self,
        }
    }

    /// What it is called in messages, with its article.
    pub fn noun(&self) -> &'static str {
        match self {
            Item::Unread => "something unread",
            Item::Value(value) => value.noun(),
            Item::Doc(doc) => match doc.kind() {
                DocKind::Null => "a blank",
                DocKind::Bool => "a boolean",
                DocKind::Number => "a number",
                DocKind::String => "a text",
                DocKind::List => "a list",
                DocKind::Map => "a map",
            },
            Item::Duration(_) => "a duration",
            Item::Map(_) => "a map",
            Item::List(_) => "a list",
        }
    }

    /// As `~`, `{{ }}` and `text` write it: digits, ISO times; lists and maps as JSON; blank as nothing.
    ///
    /// # Errors
    /// [`Fault::Unread`] when a part of it is unread.
    pub fn to_text(&self) -> Result<Cow<'_, str>, Fault> {
        Ok(match self {
            Item::Unread => return Err(Fault::Unread),
            Item::Value(Value::Text(text)) => Cow::Borrowed(text),
            Item::Value(value) => Cow::Owned(value.to_string()),
            Item::Doc(doc) => match doc.kind() {
                DocKind::Null => Cow::Borrowed(""),
                DocKind::String => doc.text().unwrap_or_default(),
                _ => Cow::Borrowed(doc.raw()),
            },
            Item::Duration(duration) => Cow::Owned(duration.to_string()),
            Item::Map(_) | Item::List(_) => {
                let mut out = String::new();
                self.write_json(&mut out)?;
                Cow::Owned(out)
            }
        })
    }

    /// Appends it as JSON: documents as their vendor wrote them, numbers with all digits.
    ///
    /// # Errors
    /// [`Fault::Unread`] when a part of it is unread.
    pub fn write_json(&self, out: &mut String) -> Result<(), Fault> {
        match self {
            Item::Unread => return Err(Fault::Unread),
            Item::Value(value) => json::write(value, out),
            Item::Doc(doc) => out.push_str(doc.raw()),
            Item::Duration(duration) => json::text(&duration.to_string(), out),
            Item::Map(entries) => {
                out.push('{');
                for (index, (name, item)) in entries.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    json::text(name, out);
                    out.push(':');
                    item.write_json(out)?;
                }
                out.push('}');
            }
            Item::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write_json(out)?;
                }
                out.push(']');
            }
        }
        Ok(())
    }

    /// The value it is, built whole.
    ///
    /// # Errors
    /// [`Fault::Unread`] when a part of it is unread; [`Fault::Kind`] for a duration, which no field holds.
    pub fn into_value(self) -> Result<Value, Fault> {
        Ok(match self {
            Item::Unread => return Err(Fault::Unread),
            Item::Value(value) => value,
            Item::Doc(doc) => doc.value(),
            Item::Duration(_) => return Err(Fault::Kind { range: 0..0, message: "a duration is no value; add it to a date or an instant".into() }),
            Item::Map(entries) => Value::Map(entries.into_iter().map(|(name, item)| Ok((name, item.into_value()?))).collect::<Result<_, Fault>>()?),
            Item::List(items) => Value::list(items.into_iter().map(Item::into_value).collect::<Result<_, Fault>>()?),
        })
    }

    /// Its elements, if it is a list or set; a blank has none.
    pub fn elements(&self) -> Option<Box<dyn Iterator<Item = Item> + '_>> {
        match self {
            Item::Value(Value::Blank) => Some(Box::new(std::iter::empty())),
            Item::Value(Value::List(items) | Value::Set(items)) => Some(Box::new(items.iter().cloned().map(Item::Value))),
            Item::List(items) => Some(Box::new(items.iter().cloned())),
            Item::Doc(doc) if matches!(doc.kind(), DocKind::List | DocKind::Null) => Some(Box::new(doc.items().map(Item::Doc))),
            _ => None,
        }
    }

    /// Its members in their order, if it is a map.
    pub fn members(&self) -> Option<Box<dyn Iterator<Item = (Str, Item)> + '_>> {
        match self {
            Item::Value(Value::Map(entries)) => Some(Box::new(entries.iter().map(|(name, value)| (name.clone(), Item::Value(value.clone()))))),
            Item::Map(entries) => Some(Box::new(entries.iter().cloned())),
            Item::Doc(doc) if doc.kind() == DocKind::Map => Some(Box::new(doc.entries().map(|(name, doc)| (name, Item::Doc(doc))))),
            _ => None,
        }
    }

    /// A member of a map; `None` when there is none of that name, or this is no map.
    pub fn member(&self, name: &str) -> Option<Item> {
        match self {
            Item::Value(Value::Map(entries)) => entries.iter().find(|(key, _)| key == name).map(|(_, value)| Item::Value(value.clone())),
            Item::Map(entries) => entries.iter().find(|(key, _)| key == name).map(|(_, item)| item.clone()),
            Item::Doc(doc) => doc.member(name).map(Item::Doc),
            _ => None,
        }
    }
}

impl From<Value> for Item {
    fn from(value: Value) -> Item {
        Item::Value(value)
    }
}

impl From<Doc> for Item {
    fn from(doc: Doc) -> Item {
        Item::Doc(doc)
    }
}
