//! `changes`: how changes are learnt.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use super::read::Read;
use crate::spec::slot::{DurationSlot, Expression};

/// A feed of changes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(tag = "type", extend("x-later" = { "cursor": "Use `window` if the vendor filters by time, else `full_read`" })))]
pub enum Feed {
    /// Reads what changed in `[window.from, window.to)`.
    #[serde(rename = "?type window")]
    #[cfg_attr(test, schemars(rename = "window"))]
    Window(Box<Window>),
    /// Lists everything and compares.
    #[serde(rename = "?type full_read")]
    #[cfg_attr(test, schemars(rename = "full_read"))]
    FullRead(FullRead),
}

/// Windows of time, on the vendor's clock.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// How much later than its own time a change may show. The cursor stays this far behind the vendor's clock. Default: `0s`. Example: `2m`.
    #[serde(default)]
    pub lag: Option<DurationSlot>,
    /// The next window begins earlier by it. Default: `2m`.
    #[serde(default)]
    pub overlap: Option<DurationSlot>,
    /// The window once more, this much later. Default: not read again.
    #[serde(default)]
    pub recheck: Option<DurationSlot>,
    /// Windows are cut to it. Default: `1ms`.
    #[serde(default)]
    pub precision: Option<DurationSlot>,
    /// Up to when the answer is whole; sees the answer and `newest`. Default: `window.to`. Example: `body.latestDateCovered`.
    #[serde(default)]
    pub moves_to: Option<Expression>,
    /// How long the vendor keeps the changes; an older cursor means a full read. Default: without end. Example: `15d`.
    #[serde(default)]
    pub keeps: Option<DurationSlot>,
    /// Says of an answer that it does not cover the window: everything is swept. Default: it does.
    #[serde(default)]
    pub hole: Option<Expression>,
    /// The read.
    #[serde(default, rename = "*")]
    #[cfg_attr(test, schemars(flatten))]
    pub read: Read,
}

/// No feed: the object's `list` is read and compared.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FullRead {}
