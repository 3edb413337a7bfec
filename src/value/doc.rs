//! A JSON document read lazily: one check when it arrives, then slices of the same bytes; values are made only of what is asked for.
//!
//! A tree of every page would cost as much as all other work on it, so nothing here builds one. Where an object names a member twice, the first counts.

mod check;
mod number;
mod outline;
mod pick;
mod scan;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::path::Step;
use super::{Path, Str, Value, json, text};
pub use number::decimal;
use outline::{OUTLINED_BYTES_MIN, Outline};
pub use pick::PathSet;

/// One JSON value inside shared bytes; cloning copies no text.
#[derive(Clone)]
pub struct Doc {
    bytes: Bytes,
    /// Where its parts are, while it is one of the outline's.
    place: Option<(Arc<Outline>, u32)>,
}

/// What kind of JSON value a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocKind {
    Null,
    Bool,
    Number,
    String,
    List,
    Map,
}

/// Why bytes are no JSON document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no JSON at byte {at}: {message}")]
pub struct DocError {
    pub at: usize,
    pub message: &'static str,
}

impl Doc {
    /// Checks that the bytes are one JSON value, no deeper than `JSON_DEPTH_MAX`, and keeps them.
    ///
    /// # Errors
    /// Says at which byte the text stops being JSON.
    pub fn new(bytes: Bytes) -> Result<Doc, DocError> {
        let text = std::str::from_utf8(&bytes).map_err(|error| DocError { at: error.valid_up_to(), message: "not UTF-8" })?;
        let mut outline = (text.len() >= OUTLINED_BYTES_MIN).then(Outline::default);
        let range = check::whole(text.as_bytes(), outline.as_mut())?;
        Ok(Doc { bytes: bytes.slice(range), place: outline.map(|outline| (Arc::new(outline), 0)) })
    }

    /// The document that says the same as a value.
    pub fn from_value(value: &Value) -> Doc {
        let mut out = String::new();
        json::write(value, &mut out);
        Doc { bytes: Bytes::from(out), place: None }
    }

    pub fn null() -> Doc {
        Doc { bytes: Bytes::from_static(b"null"), place: None }
    }

    pub fn kind(&self) -> DocKind {
        kind_of(&self.bytes)
    }

    /// Whether it is null, an empty text, an empty list or an empty map.
    pub fn is_empty(&self) -> bool {
        match self.kind() {
            DocKind::Null => true,
            DocKind::String => self.bytes.len() == 2,
            DocKind::List => scan::items(&self.bytes).next().is_none(),
            DocKind::Map => scan::entries(&self.bytes).next().is_none(),
            DocKind::Bool | DocKind::Number => false,
        }
    }

    /// The JSON text itself, as the vendor wrote it.
    pub fn raw(&self) -> &str {
        std::str::from_utf8(&self.bytes).expect("checked when the document was made")
    }

    /// The bytes, for passing on.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// A member of a map; `None` as well when this is no map.
    pub fn member(&self, name: &str) -> Option<Doc> {
        match &self.place {
            Some((outline, number)) => {
                let begin = outline.begins(*number);
                let is_named = |(_, quoted, _): &(u32, Range<usize>, Range<usize>)| {
                    !quoted.is_empty() && scan::names(&self.bytes[quoted.start - begin..quoted.end - begin], name)
                };
                outline.inside(*number).find(is_named).map(|(part, _, value)| self.outlined(part, value))
            }
            None => scan::member(&self.bytes, name).map(|range| self.part(range)),
        }
    }

    /// An element of a list.
    pub fn at(&self, index: usize) -> Option<Doc> {
        scan::items(&self.bytes).nth(index).map(|range| self.part(range))
    }

    pub fn path(&self, path: &Path) -> Option<Doc> {
        let mut doc = self.clone();
        for step in path.steps() {
            doc = match step {
                Step::Member(name) => doc.member(name)?,
                Step::Index(index) => doc.at(*index)?,
                Step::Where { name, value } => doc.items().find(|item| item.member(name).is_some_and(|member| member.reads(value)))?,
            };
        }
        Some(doc)
    }

    /// The elements of a list, found in one scan; of anything else, none.
    pub fn items(&self) -> impl Iterator<Item = Doc> + '_ {
        let is_list = self.kind() == DocKind::List;
        let known = self.place.as_ref().filter(|_| is_list);
        let noted = known.into_iter().flat_map(move |(outline, number)| {
            let begin = outline.begins(*number);
            outline.inside(*number).map(move |(_, _, value)| self.part(value.start - begin..value.end - begin))
        });
        let scanned = known.is_none().then(|| scan::items(&self.bytes).map(|range| self.part(range)));
        noted.chain(scanned.into_iter().flatten())
    }

    /// The members of a map in their order; of anything else, none.
    pub fn entries(&self) -> impl Iterator<Item = (Str, Doc)> + '_ {
        scan::entries(&self.bytes).map(|(name, range)| (Str::from(decode(&self.bytes[name])), self.part(range)))
    }

    /// How many elements or members it has; `None` for what has none by nature.
    pub fn len(&self) -> Option<usize> {
        match self.kind() {
            DocKind::List => Some(scan::items(&self.bytes).count()),
            DocKind::Map => Some(scan::entries(&self.bytes).count()),
            _ => None,
        }
    }

    /// What a JSON text says, as its sender spelt it (so that keys go back unchanged); `None` when it is no text.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        (self.kind() == DocKind::String).then(|| decode(&self.bytes))
    }

    /// Makes the value: numbers exactly from their digits, texts in NFC, null and empty ones blank.
    ///
    /// A number that neither `i64` nor a decimal holds exactly comes as the text of its digits, which no numeric kind accepts: loud, and nothing lost.
    pub fn value(&self) -> Value {
        value_of(&self.bytes)
    }

    fn part(&self, range: Range<usize>) -> Doc {
        Doc { bytes: self.bytes.slice(range), place: None }
    }

    /// A part that the outline knows, at a place in the whole text.
    fn outlined(&self, number: u32, value: Range<usize>) -> Doc {
        let Some((outline, own)) = &self.place else { return self.part(value) };
        let begin = outline.begins(*own);
        let bytes = self.bytes.slice(value.start - begin..value.end - begin);
        let is_nest = matches!(bytes[0], b'{' | b'[');
        Doc { bytes, place: is_nest.then(|| (Arc::clone(outline), number)) }
    }

    fn reads(&self, wanted: &str) -> bool {
        match self.kind() {
            DocKind::String => decode(&self.bytes) == wanted,
            DocKind::Number | DocKind::Bool => self.bytes.as_ref() == wanted.as_bytes(),
            DocKind::Null | DocKind::List | DocKind::Map => false,
        }
    }
}

/// Makes the value of a raw slice that a [`PathSet`] gave.
pub fn raw_value(raw: &str) -> Value {
    value_of(raw.as_bytes())
}

fn kind_of(raw: &[u8]) -> DocKind {
    match raw[0] {
        b'n' => DocKind::Null,
        b't' | b'f' => DocKind::Bool,
        b'"' => DocKind::String,
        b'[' => DocKind::List,
        b'{' => DocKind::Map,
        _ => DocKind::Number,
    }
}

fn value_of(raw: &[u8]) -> Value {
    match kind_of(raw) {
        DocKind::Null => Value::Blank,
        DocKind::Bool => Value::Boolean(raw[0] == b't'),
        DocKind::Number => number::value(std::str::from_utf8(raw).expect("a checked number is ASCII")),
        DocKind::String => Value::text(text::nfc(&decode(raw))),
        DocKind::List => {
            let items: Vec<Value> = scan::items(raw).map(|range| value_of(&raw[range])).collect();
            if items.is_empty() { Value::Blank } else { Value::List(items) }
        }
        DocKind::Map => Value::Map(scan::entries(raw).map(|(name, range)| (Str::from(decode(&raw[name])), value_of(&raw[range]))).collect()),
    }
}

/// What a quoted JSON text says. A lone half of a surrogate pair, which no text of ours can hold, reads as U+FFFD.
fn decode(quoted: &[u8]) -> Cow<'_, str> {
    let inner = std::str::from_utf8(&quoted[1..quoted.len() - 1]).expect("checked when the document was made");
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Cow::Borrowed(inner);
    }
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let (c, used) = escape(&rest[at..]);
        out.push(c);
        rest = &rest[at + used..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn escape(text: &str) -> (char, usize) {
    match text.as_bytes()[1] {
        b'n' => ('\n', 2),
        b't' => ('\t', 2),
        b'r' => ('\r', 2),
        b'b' => ('\u{8}', 2),
        b'f' => ('\u{c}', 2),
        b'u' => {
            let first = unit(text, 2);
            if (0xD800..0xDC00).contains(&first) && text.as_bytes().get(6..8) == Some(b"\\u") {
                let second = unit(text, 8);
                if (0xDC00..0xE000).contains(&second) {
                    let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                    return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12);
                }
            }
            (char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 6)
        }
        other => (char::from(other), 2),
    }
}

fn unit(text: &str, at: usize) -> u32 {
    u32::from_str_radix(&text[at..at + 4], 16).expect("checked when the document was made")
}

impl PartialEq for Doc {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Doc {}

impl std::fmt::Debug for Doc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.raw())
    }
}

#[cfg(test)]
mod tests;
