//! `describe`: asking the vendor what is there.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use super::request::Request;
use crate::spec::entries::Entries;
use crate::spec::slot::{Expression, Name};

/// Objects, and the fields of each.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Describe {
    /// The objects. Default: those of the file.
    #[serde(default)]
    pub objects: Option<DescribeObjects>,
    /// The fields of one object. Required.
    pub fields: DescribeFields,
    /// What a new record is given where a create says nothing: a required field with a default may be left out. Default: not asked.
    #[serde(default)]
    pub defaults: Option<DescribeDefaults>,
}

/// A read of defaults. Its request sees `fields`: the required ones.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DescribeDefaults {
    /// The defaults in an answer, a map by field. Required. Example: `body.result`.
    pub of: Expression,
    /// The request.
    #[serde(default, rename = "*")]
    #[cfg_attr(test, schemars(flatten))]
    pub request: Request,
}

/// A read of objects.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DescribeObjects {
    /// The objects in an answer, a list. Required. Example: `body.sobjects`.
    pub each: Expression,
    /// An object's name; sees `item`. Required. Example: `item.name`.
    pub name: Expression,
    /// Its name for people. Default: the name.
    #[serde(default)]
    pub label: Option<Expression>,
    /// The request.
    #[serde(default, rename = "*")]
    #[cfg_attr(test, schemars(flatten))]
    pub request: Request,
}

/// A read of one object's fields. All expressions see `item`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DescribeFields {
    /// The fields in an answer, a list. Required. Example: `body.fields`.
    pub each: Expression,
    /// A field's name. Required. Example: `item.name`.
    pub name: Expression,
    /// Its name for people. Default: the name.
    #[serde(default)]
    pub label: Option<Expression>,
    /// Its kind, by the vendor's type. Required. Example: `{ of: item.type, datetime: instant, else: text }`.
    pub kind: Table,
    /// Whether it holds several values. Default: no.
    #[serde(default)]
    pub many: Option<Expression>,
    /// Most characters. Default: not told.
    #[serde(default)]
    pub length: Option<Expression>,
    /// The choices, a list. Default: none.
    #[serde(default)]
    pub values: Option<Expression>,
    /// What each choice is.
    #[serde(default)]
    pub value: Option<DescribeValue>,
    /// Whether a create may give it. Default: yes.
    #[serde(default)]
    pub creatable: Option<Expression>,
    /// Whether an update may change it. Default: yes.
    #[serde(default)]
    pub writable: Option<Expression>,
    /// Whether the vendor refuses a record without it. Default: no.
    #[serde(default)]
    pub required: Option<Expression>,
    /// Whether the vendor refuses two records with the same. Default: no.
    #[serde(default)]
    pub unique: Option<Expression>,
    /// The objects it refers to, a list. Default: none.
    #[serde(default)]
    pub refers_to: Option<Expression>,
    /// Whether it changes without moving the record's time. Default: no.
    #[serde(default)]
    pub blind: Option<Expression>,
    /// Its name in answers, where it differs. Default: its name.
    #[serde(default)]
    pub read_at: Option<Expression>,
    /// Its name in writes, where it differs. Default: its name.
    #[serde(default)]
    pub write_at: Option<Expression>,
    /// The request.
    #[serde(default, rename = "*")]
    #[cfg_attr(test, schemars(flatten))]
    pub request: Request,
}

/// A choice of a picklist. All expressions see `option` and `item`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DescribeValue {
    /// What is stored. Required. Example: `option.value`.
    pub key: Expression,
    /// What people see. Default: the key.
    #[serde(default)]
    pub label: Option<Expression>,
    /// Whether it can no longer be chosen. Default: no.
    #[serde(default)]
    pub hidden: Option<Expression>,
}

/// A table: what `of` gives, looked up among the other keys.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct Table {
    /// What is looked up. Required. Example: `item.type`.
    pub of: Expression,
    /// What it is when no key fits. Default: what `of` gave.
    #[serde(default, rename = "else")]
    pub otherwise: Option<Name>,
    /// What is found, and what it becomes.
    #[serde(default, rename = "*")]
    #[cfg_attr(test, schemars(flatten))]
    pub rows: Entries<Name>,
}
