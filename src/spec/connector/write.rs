//! `create`, `update`, `upsert`, `archive`, `delete`: writing records.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use super::outcome::Outcomes;
use super::request::Request;
use crate::spec::entries::{Entries, OneOrMany, Tree};
use crate::spec::slot::{Expression, Name, Spanned};

/// A write. It sees `key`, `values` (changed fields, encoded), `whole`, `version`, `op.id`, `op.token` and, in batches, `items`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Write {
    /// How many ops one call takes. Default: one.
    #[serde(default)]
    pub batch: Option<Spanned<u32>>,
    /// What is sent for each op, seen together as `items`. Default: nothing.
    #[serde(default)]
    pub item: Option<Tree>,
    /// Where the answer says what became of each op. Default: the object's `outcomes`.
    #[serde(default)]
    pub outcomes: Option<Outcomes>,
    /// The new record's key in the (outcome's) answer. Default: the `key` of `record`. Example: `body.id`.
    #[serde(default)]
    pub key: Option<Expression>,
    /// The record as it now is, in the (outcome's) answer. Default: not told. Example: `body.data`.
    #[serde(default)]
    pub record: Option<Expression>,
    /// The record's new version. Default: the `version` of `record`.
    #[serde(default)]
    pub version: Option<Expression>,
    /// Whether it was created or updated. Default: not told. Example: `body.created`.
    #[serde(default)]
    pub created: Option<Expression>,
    /// The request.
    #[serde(default, rename = "*")]
    #[cfg_attr(test, schemars(flatten))]
    pub request: Request,
}

/// A create.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// How long the vendor remembers `op.token`: a duration, or `unknown`. Required where `op.token` is used.
    #[serde(default)]
    pub remembers: Option<Name>,
    /// The write.
    #[serde(default, rename = "*")]
    #[cfg_attr(test, schemars(flatten))]
    pub write: Write,
}

/// A write that creates or updates by a unique field, seen as `match.field` and `match.value`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Upsert {
    /// Fields whose uniqueness the vendor enforces: `unique` (those of which `describe` says so) or names. Required.
    pub by: OneOrMany<Name>,
    /// Fields that do not count. Default: none.
    #[serde(default)]
    pub except: Vec<Name>,
    /// The write.
    #[serde(default, rename = "*")]
    #[cfg_attr(test, schemars(flatten))]
    pub write: Write,
}

/// A delete that can be taken back.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Archive {
    /// Archiving is an update that sets these, by path. Default: it is a call of its own. Example: `{ active: false }`.
    #[serde(default)]
    pub sets: Entries<Tree>,
    /// What makes it live again, by path. Default: what `sets` says, turned round, where all of it is `true` or `false`; else a record stays archived for good,
    /// and one that is needed again is made anew. Example: `{ blocked: none }`.
    #[serde(default)]
    pub restores: Entries<Tree>,
    /// The write.
    #[serde(default, rename = "*")]
    #[cfg_attr(test, schemars(flatten))]
    pub write: Write,
}
