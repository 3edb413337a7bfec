//! `gone`: how deletes are learnt.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use super::feed::Feed;
use super::read::Read;
use crate::spec::slot::{Name, TextSlot};

/// One or several ways, the most trusted first.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, schemars(extend("minProperties" = 1, "x-later" = { "listing": "Use `sweep: list`" })))]
pub struct Gone {
    /// A feed of deleted keys. Default: none.
    #[serde(default)]
    pub read: Option<Feed>,
    /// What a read of everything lacks; confirmed by `get` before it counts. Default: none. Example: `list`.
    #[serde(default)]
    pub sweep: Option<Sweep>,
    /// Records are never deleted, and why. Example: `the vendor archives`.
    #[serde(default)]
    pub never: Option<TextSlot>,
    /// Deletes cannot be learnt, and why.
    #[serde(default)]
    pub unknown: Option<TextSlot>,
}

/// A read of everything.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(untagged))]
pub enum Sweep {
    /// `list`: the object's own.
    #[serde(rename = "?text")]
    List(Name),
    /// A cheaper read, of keys alone.
    #[serde(rename = "?map")]
    Keys(Box<Read>),
}
