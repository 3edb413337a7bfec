//! `config`: what a connection must give.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use crate::spec::slot::{Name, Spanned, TextSlot};

/// One setting. Without `default` or `optional` it is required.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, schemars(extend("x-later" = { "from": "Settings that come with a browser's callback wait for `authorization_code`" })))]
pub struct ConfigKey {
    /// What it is. Required. Example: `secret`.
    pub kind: Spanned<ConfigKind>,
    /// What it is when nothing is given. Default: none.
    #[serde(default)]
    pub default: Option<TextSlot>,
    /// Whether it may be left out. Default: `false`.
    #[serde(default)]
    pub optional: bool,
    /// A sentence for people. Default: none.
    #[serde(default)]
    pub about: Option<TextSlot>,
    /// Of a `choice`: what may be given. Example: `[target, target_url]`.
    #[serde(default)]
    pub of: Vec<Name>,
}

/// What a setting is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ConfigKind {
    /// Any text.
    Text,
    /// A secret: given by reference only, never shown, never logged.
    Secret,
    /// An absolute URL.
    Url,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// One of `of`.
    Choice,
}
