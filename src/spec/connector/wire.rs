//! `wire`: how values look in requests and answers.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use crate::spec::entries::{Entries, Tree};
use crate::spec::slot::{Name, Spanned, TextSlot};

/// Forms by kind. JSON's own types are always accepted on read where nothing is lost.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Wire {
    /// Of texts, and of what is spelt as text. Default: `text`.
    #[serde(default)]
    pub text: Option<WireForm>,
    /// Of whole numbers. Default: `number`.
    #[serde(default)]
    pub integer: Option<WireForm>,
    /// Of decimals. Default: `number`.
    #[serde(default)]
    pub decimal: Option<WireForm>,
    /// Of amounts. Default: as `decimal`. Example: `cents`.
    #[serde(default)]
    pub money: Option<WireForm>,
    /// Of yes and no. Default: `json`. Example: `{ T: true, F: false }`.
    #[serde(default)]
    pub boolean: Option<WireForm>,
    /// Of days. Default: `iso`.
    #[serde(default)]
    pub date: Option<WireForm>,
    /// Of points in time. Default: `iso`. Example: `epoch_ms`.
    #[serde(default)]
    pub instant: Option<WireForm>,
    /// Of choices. Default: `text`.
    #[serde(default, rename = "enum")]
    pub choice: Option<WireForm>,
    /// Of references; `write` also sees `target`. Default: `text`.
    #[serde(default, rename = "ref")]
    pub reference: Option<WireForm>,
    /// Of lists. Default: `json`. Example: `{ separator: ";" }`.
    #[serde(default)]
    pub list: Option<WireForm>,
    /// What counts as blank, and what clears. Default: null both ways.
    #[serde(default)]
    pub blank: Option<WireBlank>,
    /// `ignore_case`: names of fields differ in case between answers. Default: they are exact.
    #[serde(default)]
    pub names: Option<Spanned<WireNames>>,
}

/// How one kind looks.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(untagged))]
pub enum WireForm {
    /// `json text number iso iso_seconds epoch_s epoch_ms dotnet_date cents`, or a strftime pattern.
    #[serde(rename = "?text")]
    Named(TextSlot),
    /// Reading and writing apart.
    #[serde(rename = "?map read write zone separator")]
    Pair(Box<WirePair>),
    /// A table: the vendor's spelling, and the value. Example: `{ T: true, F: false }`.
    #[serde(rename = "?map")]
    Table(Entries<Tree>),
}

/// Reading and writing apart.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WirePair {
    /// A form, a strftime pattern, or an expression on `value`. Default: JSON's own. Example: `value.decimal`.
    #[serde(default)]
    pub read: Option<TextSlot>,
    /// A form, a strftime pattern, or what is sent, a text or tree that sees `value`. Default: JSON's own.
    #[serde(default)]
    pub write: Option<Tree>,
    /// The zone of times that carry none. Required where the pattern has none. Example: `UTC`.
    #[serde(default)]
    pub zone: Option<Name>,
    /// Of lists: what stands between the elements of a text. Example: `";"`.
    #[serde(default)]
    pub separator: Option<TextSlot>,
}

/// Blank, as the vendor writes it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WireBlank {
    /// What counts as blank; `missing` says that a member which was asked for and is not there is blank. Required. Example: `[null, ""]`.
    pub read: Vec<Tree>,
    /// What clears a value. Default: null.
    #[serde(default)]
    pub write: Option<Tree>,
}

/// Names of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum WireNames {
    /// They differ in case between answers.
    IgnoreCase,
}
