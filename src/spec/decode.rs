//! A spanned tree into serde types, without losing places.
//!
//! Serde's own untagged, internally tagged and flattened forms copy what they read and lose where it stood, so the types spell these otherwise:
//! - a variant named `?text`, `?list`, `?map`, `?map read write` (has one of these keys), `?type window`, `?null`, `?boolean`, `?number`, `?any`
//!   is chosen by the shape of what stands in the file, the first that fits;
//! - a field named `*` takes the entries whose keys no other field names.

use std::fmt;

use serde::de::value::{StrDeserializer, U32Deserializer};
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::slot::{SPANNED, WRITTEN, Written};
use super::yaml::{Core, Kind, Node};
use crate::diag::Span;

/// Why a tree is no such value. The check of the file comes first and says it better; this is for what it cannot see.
#[derive(Clone, Debug)]
pub struct Mismatch {
    pub what: String,
    pub span: Option<Span>,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Mismatch {}

impl de::Error for Mismatch {
    fn custom<T: fmt::Display>(what: T) -> Self {
        Self { what: what.to_string(), span: None }
    }
}

impl Mismatch {
    /// Keeps the innermost place.
    fn at(mut self, span: Span) -> Self {
        self.span.get_or_insert(span);
        self
    }
}

/// A value of type `T`, if the tree is one.
pub fn decode<T: DeserializeOwned>(node: &Node) -> Result<T, Mismatch> {
    T::deserialize(View::Node(node)).map_err(|mismatch| mismatch.at(node.span))
}

/// A node, or some entries of a map.
#[derive(Clone)]
enum View<'a> {
    Node(&'a Node),
    Entries(Vec<&'a (Written, Node)>, Span),
}

impl<'a> View<'a> {
    fn span(&self) -> Span {
        match self {
            View::Node(node) => node.span,
            View::Entries(_, span) => *span,
        }
    }

    fn entries(&self) -> Option<Vec<&'a (Written, Node)>> {
        match self {
            View::Node(node) => node.map().map(|entries| entries.iter().collect()),
            View::Entries(entries, _) => Some(entries.clone()),
        }
    }

    fn core(&self) -> Option<Core> {
        match self {
            View::Node(node) => node.scalar().map(super::yaml::Scalar::core),
            View::Entries(..) => None,
        }
    }

    fn written(&self) -> Result<&'a Written, Mismatch> {
        match self {
            View::Node(Node { kind: Kind::Scalar(scalar), .. }) => Ok(&scalar.written),
            _ => Err(self.mismatch("a text is due here")),
        }
    }

    fn mismatch(&self, what: &str) -> Mismatch {
        Mismatch { what: what.to_string(), span: Some(self.span()) }
    }

    fn parsed<T: std::str::FromStr>(&self, what: &str) -> Result<T, Mismatch> {
        self.written()?.text().parse().map_err(|_| self.mismatch(what))
    }

    /// Whether the shape of this fits the name of a variant.
    fn fits(&self, variant: &str) -> bool {
        let mut words = variant.split(' ');
        let entries = self.entries();
        match words.next() {
            Some("?any") => true,
            Some("?null") => self.core() == Some(Core::Null),
            Some("?boolean") => matches!(self.core(), Some(Core::Boolean(_))),
            Some("?number") => matches!(self.core(), Some(Core::Integer | Core::Number)),
            Some("?text") => self.core().is_some(),
            Some("?list") => matches!(self, View::Node(Node { kind: Kind::List(_), .. })),
            Some("?type") => {
                let wanted = words.next();
                let given = entries.iter().flatten().find(|(key, _)| key.text() == "type");
                wanted.is_some() && given.and_then(|(_, node)| node.scalar()).map(super::yaml::Scalar::text) == wanted
            }
            Some("?map") => entries.is_some_and(|entries| {
                let mut keys = words.peekable();
                keys.peek().is_none() || keys.any(|key| entries.iter().any(|(name, _)| name.text() == key))
            }),
            _ => false,
        }
    }

    /// What the content of a chosen variant sees.
    fn content(self, variant: &str) -> Self {
        match (variant.starts_with("?type "), self.entries()) {
            (true, Some(entries)) => {
                let span = self.span();
                View::Entries(entries.into_iter().filter(|(key, _)| key.text() != "type").collect(), span)
            }
            _ => self,
        }
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $what:literal),* $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
            visitor.$visit(self.parsed($what)?)
        }
    )*};
}

impl<'de, 'a> Deserializer<'de> for View<'a> {
    type Error = Mismatch;

    numbers! {
        deserialize_bool visit_bool "`true` or `false` is due here",
        deserialize_i8 visit_i8 "a whole number is due here",
        deserialize_i16 visit_i16 "a whole number is due here",
        deserialize_i32 visit_i32 "a whole number is due here",
        deserialize_i64 visit_i64 "a whole number is due here",
        deserialize_u8 visit_u8 "a whole number is due here",
        deserialize_u16 visit_u16 "a whole number is due here",
        deserialize_u32 visit_u32 "a whole number is due here",
        deserialize_u64 visit_u64 "a whole number is due here",
        deserialize_f32 visit_f32 "a number is due here",
        deserialize_f64 visit_f64 "a number is due here",
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match &self {
            View::Node(Node { kind: Kind::List(_), .. }) => self.deserialize_seq(visitor),
            View::Node(Node { kind: Kind::Map(_), .. }) | View::Entries(..) => self.deserialize_map(visitor),
            View::Node(_) => self.deserialize_str(visitor),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_str(self.written()?.text())
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        if self.core() == Some(Core::Null) { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Mismatch> {
        match name {
            WRITTEN => visitor.visit_seq(WrittenParts { written: self.written()?, next: 0 }),
            SPANNED => visitor.visit_seq(SpannedParts { view: self, next: 0 }),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self {
            View::Node(Node { kind: Kind::List(nodes), .. }) => visitor.visit_seq(Elements(nodes.iter())),
            _ => Err(self.mismatch("a list is due here")),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        let entries = self.entries().ok_or_else(|| self.mismatch("a map is due here"))?;
        visitor.visit_map(Pairs { entries: entries.into_iter(), value: None, rest: None })
    }

    fn deserialize_struct<V: Visitor<'de>>(self, _: &'static str, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Mismatch> {
        let entries = self.entries().ok_or_else(|| self.mismatch("a map is due here"))?;
        if !fields.contains(&"*") {
            return visitor.visit_map(Pairs { entries: entries.into_iter(), value: None, rest: None }).map_err(|found| found.at(self.span()));
        }
        let (named, rest): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(key, _)| key.text() != "*" && fields.contains(&key.text()));
        let pairs = Pairs { entries: named.into_iter(), value: None, rest: Some(View::Entries(rest, self.span())) };
        visitor.visit_map(pairs).map_err(|found| found.at(self.span()))
    }

    fn deserialize_enum<V: Visitor<'de>>(self, _: &'static str, variants: &'static [&'static str], visitor: V) -> Result<V::Value, Mismatch> {
        if !variants.iter().any(|variant| variant.starts_with('?')) {
            let text = self.written()?.text();
            let chosen: StrDeserializer<'_, Mismatch> = text.into_deserializer();
            return visitor.visit_enum(chosen).map_err(|found| found.at(self.span()));
        }
        let variant = variants.iter().find(|variant| self.fits(variant)).ok_or_else(|| self.mismatch("something else is due here"))?;
        visitor.visit_enum(Chosen { variant, view: self.content(variant) })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! { i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct }
}

struct Elements<'a>(std::slice::Iter<'a, Node>);

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Mismatch;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Mismatch> {
        self.0.next().map(|node| seed.deserialize(View::Node(node)).map_err(|found| found.at(node.span))).transpose()
    }
}

/// The entries, and after them, under `*`, the rest.
struct Pairs<'a> {
    entries: std::vec::IntoIter<&'a (Written, Node)>,
    value: Option<View<'a>>,
    rest: Option<View<'a>>,
}

impl<'de> MapAccess<'de> for Pairs<'_> {
    type Error = Mismatch;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Mismatch> {
        if let Some((key, node)) = self.entries.next() {
            self.value = Some(View::Node(node));
            return seed.deserialize(KeyText(key)).map(Some).map_err(|found| found.at(key.span()));
        }
        let Some(rest) = self.rest.take() else { return Ok(None) };
        self.value = Some(rest);
        let star: StrDeserializer<'_, Mismatch> = "*".into_deserializer();
        seed.deserialize(star).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Mismatch> {
        let view = self.value.take().expect("serde asks for a value after its key");
        let span = view.span();
        seed.deserialize(view).map_err(|found| found.at(span))
    }
}

struct KeyText<'a>(&'a Written);

impl<'de> Deserializer<'de> for KeyText<'_> {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_str(self.0.text())
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Mismatch> {
        if name == WRITTEN { visitor.visit_seq(WrittenParts { written: self.0, next: 0 }) } else { visitor.visit_newtype_struct(self) }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple tuple_struct map struct
        enum identifier ignored_any
    }
}

struct Chosen<'a> {
    variant: &'static str,
    view: View<'a>,
}

impl<'de, 'a> EnumAccess<'de> for Chosen<'a> {
    type Error = Mismatch;
    type Variant = View<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, View<'a>), Mismatch> {
        let name: StrDeserializer<'_, Mismatch> = self.variant.into_deserializer();
        Ok((seed.deserialize(name)?, self.view))
    }
}

impl<'de> VariantAccess<'de> for View<'_> {
    type Error = Mismatch;

    fn unit_variant(self) -> Result<(), Mismatch> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Mismatch> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_struct("", fields, visitor)
    }
}

/// A scalar as [`WRITTEN`] takes it: text, file, start, end, then its runs.
struct WrittenParts<'a> {
    written: &'a Written,
    next: usize,
}

impl<'de> SeqAccess<'de> for WrittenParts<'_> {
    type Error = Mismatch;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Mismatch> {
        let span = self.written.span();
        let runs = self.written.runs();
        let number = match self.next {
            0 => {
                self.next = 1;
                let text: StrDeserializer<'_, Mismatch> = self.written.text().into_deserializer();
                return seed.deserialize(text).map(Some);
            }
            1 => span.file.0,
            2 => span.start,
            3 => span.end,
            later => match runs.get((later - 4) / 2) {
                Some(run) if later % 2 == 0 => run.value,
                Some(run) => run.source,
                None => return Ok(None),
            },
        };
        self.next += 1;
        let number: U32Deserializer<Mismatch> = number.into_deserializer();
        seed.deserialize(number).map(Some)
    }
}

/// A value as [`SPANNED`] takes it: file, start, end, the value.
struct SpannedParts<'a> {
    view: View<'a>,
    next: usize,
}

impl<'de> SeqAccess<'de> for SpannedParts<'_> {
    type Error = Mismatch;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Mismatch> {
        let span = self.view.span();
        self.next += 1;
        let number = match self.next {
            1 => span.file.0,
            2 => span.start,
            3 => span.end,
            4 => return seed.deserialize(self.view.clone()).map(Some),
            _ => return Ok(None),
        };
        let number: U32Deserializer<Mismatch> = number.into_deserializer();
        seed.deserialize(number).map(Some)
    }
}
