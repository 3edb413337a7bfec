//! `tests`: examples that show what the mapping does, run offline.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::spec::entries::{Entries, Tree};
use crate::spec::slot::{Name, Spanned, TextSlot};

/// One example: what is given, what somebody edits, what is expected then.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-later" = { "steps": "Write one example with `edit` and `expect` for each step" }))]
pub struct Example {
    /// What it shows, in a sentence. Default: none.
    #[serde(default)]
    pub about: Option<TextSlot>,
    /// Agreed values at the start, by field, written through the mapping to every system that may hold the entity. Default: no entity.
    #[serde(default)]
    pub given: Entries<Tree>,
    /// Entities of other mappings that references lead to, by mapping. Example: `{ partners: [ { as: p1, name: Acme } ] }`.
    #[serde(default)]
    pub others: Entries<Vec<Other>>,
    /// What somebody types, by system and path. Default: nothing. Example: `{ crm: { StageName: Closed Won } }`.
    #[serde(default)]
    pub edit: Entries<Entries<Tree>>,
    /// What is so after the next run. Required.
    pub expect: Expectation,
}

/// An entity elsewhere. Its other keys are fields of its mapping.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
pub struct Other {
    /// The label by which `given` and `expect` refer to it. Required. Example: `p1`.
    #[serde(rename = "as")]
    pub label: Name,
    /// Its agreed values, by field.
    #[serde(default, rename = "*")]
    #[schemars(flatten)]
    pub values: Entries<Tree>,
}

/// What is expected. Its other keys are system names: the values a record shows, by path.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(extend("x-later" = {
    "held": "It comes with `rules`; drop it",
    "fired": "It comes with `rules`; drop it",
    "notified": "It comes with `rules`; drop it",
}))]
pub struct Expectation {
    /// Agreed values, by field.
    #[serde(default)]
    pub agreed: Entries<Tree>,
    /// Systems that hold no record of it.
    #[serde(default)]
    pub absent: Vec<Name>,
    /// Fields that wait for a person. Example: `[amount]`.
    #[serde(default)]
    pub review: Vec<Name>,
    /// How many records were written. Default: any number.
    #[serde(default)]
    pub writes: Option<Spanned<u64>>,
    /// Values of records, by system and path.
    #[serde(default, rename = "*")]
    #[schemars(flatten)]
    pub records: Entries<Entries<Tree>>,
}
