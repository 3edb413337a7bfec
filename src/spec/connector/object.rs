//! An object: its key, version, time, fields, and what can be done with it.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use super::feed::Feed;
use super::gone::Gone;
use super::outcome::Outcomes;
use super::read::{Find, Get, Read};
use super::request::Request;
use super::write::{Archive, Create, Upsert, Write};
use crate::spec::entries::{Entries, Tree};
use crate::spec::slot::{Expression, Name, PathSlot, Spanned, TextSlot};

/// One object. A block given here replaces the whole block of `each_object`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, schemars(extend("x-later" = {
    "inside": "Records that are only read through another one cannot take part yet; leave the object out",
    "merged": "Drop it; a merged record is seen as deleted",
    "becomes": "Drop it",
    "actions": "Drop it",
    "associations": "Drop it",
    "lines": "Rows inside a record are not written yet; drop it",
    "bulk": "Drop it; batches carry every volume, with more calls",
})))]
pub struct Object {
    /// What differs from `each_object` by a word, seen as `object.NAME`. Default: none. Example: `{ path: v2/deals }`.
    #[serde(default)]
    pub vars: Entries<Tree>,
    /// Objects that must be created first and deleted last. Default: none. Example: `[Account]`.
    #[serde(default)]
    pub parents: Vec<Name>,
    /// Nothing is written. Default: `false`.
    #[serde(default)]
    pub read_only: bool,
    /// Nothing is read. Default: `false`.
    #[serde(default)]
    pub write_only: bool,
    /// Lists tell little: each record is read again by `get`. Default: `false`.
    #[serde(default)]
    pub summaries: bool,
    /// The record key, as the vendor writes it. Required here or in `each_object`. Example: `record.Id`.
    #[serde(default)]
    pub key: Option<Expression>,
    /// What is compared of a key. Default: the key. Example: `key[:15]`.
    #[serde(default)]
    pub key_identity: Option<Expression>,
    /// The record's version, sent back byte for byte. Default: none. Example: `record['@odata.etag']`.
    #[serde(default)]
    pub version: Option<Expression>,
    /// When the vendor last changed it. Default: not told. Example: `record.LastModifiedDate`.
    #[serde(default)]
    pub time: Option<Expression>,
    /// Who the vendor says changed it last, for people who ask. Default: not told. Example: `record.LastModifiedById`.
    #[serde(default)]
    pub actor: Option<Expression>,
    /// Where the fields live. Default: the record.
    #[serde(default)]
    pub values: Option<Expression>,
    /// Fields by path: kind and flags, where there is no `describe` or to correct it. Default: none. Example: `email: email required`.
    #[serde(default)]
    pub fields: Entries<FieldNote>,
    /// Fields that are asked for even when no mapping wants them. Default: none.
    #[serde(default)]
    pub always_read: Vec<PathSlot>,
    /// A searchable field of ours that carries the entity's id on create. Default: none. Example: `external_key`.
    #[serde(default)]
    pub marker: Option<PathSlot>,
    /// Reads everything.
    #[serde(default)]
    pub list: Option<Verb<Read>>,
    /// Reads what changed.
    #[serde(default)]
    pub changes: Option<Feed>,
    /// How deletes are learnt.
    #[serde(default)]
    pub gone: Option<Gone>,
    /// Reads by key.
    #[serde(default)]
    pub get: Option<Verb<Get>>,
    /// Reads by a field's value.
    #[serde(default)]
    pub find: Option<Verb<Find>>,
    /// Where answers to batches say what became of each op. Default: none.
    #[serde(default)]
    pub outcomes: Option<Outcomes>,
    /// Creates.
    #[serde(default)]
    pub create: Option<Verb<Create>>,
    /// Updates.
    #[serde(default)]
    pub update: Option<Verb<Write>>,
    /// Creates or updates by a unique field.
    #[serde(default)]
    pub upsert: Option<Verb<Upsert>>,
    /// Archives.
    #[serde(default)]
    pub archive: Option<Verb<Archive>>,
    /// Deletes.
    #[serde(default)]
    pub delete: Option<Verb<Write>>,
    /// When a record cannot be written. Default: never.
    #[serde(default)]
    pub gates: Vec<Gate>,
    /// Picklists that do not come with `describe`. Default: none.
    #[serde(default)]
    pub choices: Option<Choices>,
}

/// A block, or `never`, which takes the one of `each_object` away.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(untagged, rename = "{T}OrNever"))]
pub enum Verb<T> {
    /// `never`.
    #[serde(rename = "?text")]
    Never(Name),
    /// The block.
    #[serde(rename = "?map")]
    Do(Box<T>),
}

impl<T> Verb<T> {
    /// The block; none for `never`.
    pub fn block(&self) -> Option<&T> {
        match self {
            Verb::Never(_) => None,
            Verb::Do(block) => Some(block),
        }
    }
}

/// What is known about a field.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(untagged))]
pub enum FieldNote {
    /// Kind, then flags: `read_only` `create_only` `action_only` `required` `unique` `blind`. Example: `text read_only`.
    #[serde(rename = "?text")]
    Short(Name),
    /// The same, and more.
    #[serde(rename = "?map")]
    Long(Box<FieldShape>),
}

/// A field of an object.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FieldShape {
    /// `text integer decimal money boolean date instant enum ref list email phone url country`. Default: what `describe` says, else `text`.
    #[serde(default)]
    pub kind: Option<Name>,
    /// Most characters. Default: not told.
    #[serde(default)]
    pub length: Option<Spanned<u32>>,
    /// Of an `enum`: what may stand there. Default: not told.
    #[serde(default)]
    pub values: Vec<Name>,
    /// Who may write it, and when. Default: create and update.
    #[serde(default)]
    pub access: Option<Spanned<Access>>,
    /// The vendor refuses a record without it. Default: `false`.
    #[serde(default)]
    pub required: bool,
    /// The vendor refuses two records with the same. Default: `false`.
    #[serde(default)]
    pub unique: bool,
    /// It changes without moving `time`: read on a schedule. Default: `false`.
    #[serde(default)]
    pub blind: bool,
    /// Of `money`: its currency; sees `record`, `config`, `connection`. Default: the connection's. Example: `record.currency`.
    #[serde(default)]
    pub currency: Option<Expression>,
    /// Its name in answers, where it differs. Default: its path.
    #[serde(default)]
    pub read_at: Option<PathSlot>,
    /// Its name in writes, where it differs. Default: its path.
    #[serde(default)]
    pub write_at: Option<TextSlot>,
}

/// Who may write a field, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Nobody.
    ReadOnly,
    /// Only with the create.
    CreateOnly,
    /// Only an action changes it.
    ActionOnly,
}

/// A condition under which a record cannot be written.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// When; sees `record`. Required. Example: `record.status != 'Draft'`.
    pub when: Expression,
    /// What may be written all the same: `nothing`, or paths. Required.
    pub allows: Allows,
    /// What becomes of a write. Required.
    pub then: Spanned<Then>,
}

/// What a gate lets through.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(untagged))]
pub enum Allows {
    /// `nothing`.
    #[serde(rename = "?text")]
    Nothing(Name),
    /// These paths.
    #[serde(rename = "?list")]
    Paths(Vec<PathSlot>),
}

/// Not now is not never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// It waits until the gate opens.
    Wait,
    /// It is a dead letter.
    Refused,
}

/// A read of picklists.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Choices {
    /// The choices in an answer, a list. Required. Example: `body.data.items`.
    pub each: Expression,
    /// A list inside each. Default: none.
    #[serde(default)]
    pub many: Option<Expression>,
    /// The fields they belong to, and the value; sees `item`. Required. Example: `{ stage: item.key }`.
    pub fields: Entries<Expression>,
    /// The name for people; sees `item`. Default: the value.
    #[serde(default)]
    pub label: Option<Expression>,
    /// The request.
    #[serde(default, rename = "*")]
    #[cfg_attr(test, schemars(flatten))]
    pub request: Request,
}
