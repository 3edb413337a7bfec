//! Maps as people write them: in their order, each key with its place; and the JSON-like trees that connectors send.

#[cfg(test)]
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

#[cfg(test)]
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::slot::{Name, Spanned, TextSlot};

/// A map whose order counts. Keys are unique: the file's reader refuses doubles.
#[derive(Clone, Debug, PartialEq)]
pub struct Entries<V>(Vec<(Name, V)>);

impl<V> Default for Entries<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V> Entries<V> {
    pub fn new(entries: Vec<(Name, V)>) -> Self {
        Self(entries)
    }

    pub fn get(&self, key: &str) -> Option<&V> {
        self.entry(key).map(|(_, value)| value)
    }

    /// The key as written, and its value.
    pub fn entry(&self, key: &str) -> Option<(&Name, &V)> {
        self.iter().find(|(name, _)| name.text() == key)
    }

    pub fn contains(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Name, &V)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&Name, &mut V)> {
        self.0.iter_mut().map(|(name, value)| (&*name, value))
    }

    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        self.0.iter().map(|(name, _)| name.text())
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds an entry whose key is not there yet.
    pub fn push(&mut self, name: Name, value: V) {
        debug_assert!(!self.contains(name.text()), "a key is added once");
        self.0.push((name, value));
    }

    pub fn retain(&mut self, mut keep: impl FnMut(&Name, &V) -> bool) {
        self.0.retain(|(name, value)| keep(name, value));
    }
}

impl<V> IntoIterator for Entries<V> {
    type Item = (Name, V);
    type IntoIter = std::vec::IntoIter<(Name, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

struct EntriesVisitor<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for EntriesVisitor<V> {
    type Value = Entries<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<V>, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Entries<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

#[cfg(test)]
impl<V: JsonSchema> JsonSchema for Entries<V> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("EntriesOf{}", V::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": generator.subschema_for::<V>() })
    }
}

/// A list where a single one may stand alone.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(untagged, rename = "{T}OrList"))]
pub enum OneOrMany<T> {
    /// Several.
    #[serde(rename = "?list")]
    Many(Vec<T>),
    /// One.
    #[serde(rename = "?any")]
    One(T),
}

impl<T> OneOrMany<T> {
    pub fn as_slice(&self) -> &[T] {
        match self {
            OneOrMany::Many(many) => many,
            OneOrMany::One(one) => std::slice::from_ref(one),
        }
    }
}

/// Any JSON, with `{{ … }}` in its texts and keys.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
pub enum Tree {
    #[serde(rename = "?null")]
    Null,
    #[serde(rename = "?boolean")]
    Boolean(Spanned<bool>),
    /// The digits as written.
    #[serde(rename = "?number")]
    Number(Name),
    #[serde(rename = "?list")]
    List(Vec<Tree>),
    #[serde(rename = "?map")]
    Map(Entries<Tree>),
    #[serde(rename = "?text")]
    Text(TextSlot),
}

#[cfg(test)]
impl JsonSchema for Tree {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Tree".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "x-slot": "tree" })
    }
}
