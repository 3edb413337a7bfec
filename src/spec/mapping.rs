//! `mappings/*.yaml`: one kind of record, the systems it lives in, its fields and who decides them.
//!
//! The format's later keys (`lines`, `rollup`, `rules` …) stand under `x-later`: known by name, and refused with what to do instead.

pub mod example;
pub mod field;
pub mod join;

pub mod system;
pub mod values;
pub mod wins;

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use super::entries::Entries;
use super::lost::Lost;
use super::schema::Format;
use super::slot::{Name, Place, ScheduleSlot, Share, Spanned, TextSlot, Written};
use crate::diag::{Diagnostic, FileId, Files};

pub use example::{Example, Expectation, Other, Step, StepAt};
pub use field::{Cell, Field, Formula, Parts, Pathed, ReadWrite};
pub use join::join;
pub use system::{Creation, Leaves, Starts, System};
pub use values::{Row, RowCell, Spellings, Values};
pub use wins::{Evidence, Latest, Line, Policy, Wins};

/// One mapping. Files that begin with the same `mapping:` name are one: their maps are joined.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, schemars(extend("x-later" = {
    "rules": "Drop it; for a person's decision there is `wins: ask`",
    "metrics": "Drop it; `/metrics` tells what the engine does",
})))]
pub struct MappingSpec {
    /// Its name, first in every file that belongs to it. Required. Example: `deals`.
    pub mapping: Name,
    /// A sentence for people. Default: none.
    #[serde(default)]
    pub about: Option<TextSlot>,
    /// When it runs by itself: `every 2m`, `cron 0 */5 * * * *` (seconds first), `off`. Deliveries wake it in any case. Default: `every 5m`.
    #[serde(default)]
    pub schedule: Option<ScheduleSlot>,
    /// Whether its first run waits for a person. Default: `ask`.
    #[serde(default)]
    pub adopt: Option<Spanned<Adopt>>,
    /// How much a run may write without a person's consent.
    #[serde(default)]
    pub limits: Option<Limits>,
    /// The columns: the systems that hold these records. Required (in one of the mapping's files). Example: `crm: { object: Opportunity }`.
    #[serde(default)]
    pub systems: Entries<System>,
    /// The rows: the fields, each with a cell for every system that has it. Required (in one of the mapping's files).
    #[serde(default)]
    pub fields: Entries<Field>,
    /// How an unlinked record finds its entity before one is created: rules in order, the first that finds one wins; several hits go to review.
    /// Default: none; every record starts an entity of its own. Example: `[ [domain], { ask: [name, country] } ]`.
    #[serde(default, rename = "match")]
    pub matching: Vec<MatchRule>,
    /// Who decides fields that do not say it themselves. Default: `latest`.
    #[serde(default)]
    pub wins: Option<Wins>,
    /// Sets of fields from `shared/`, by name. Default: none. Example: `[firm]`.
    #[serde(default)]
    pub include: Vec<Name>,
    /// Its former name: state is kept under names, and a rename is never guessed. Default: none.
    #[serde(default)]
    pub was: Option<Name>,
    /// Examples that `syncline test` runs, offline. Default: none.
    #[serde(default)]
    pub tests: Vec<Example>,
    /// The files it was read from, in their order.
    #[serde(skip)]
    #[cfg_attr(test, schemars(skip))]
    pub files: Vec<FileId>,
    /// What of them cannot be used.
    #[serde(skip)]
    #[cfg_attr(test, schemars(skip))]
    pub lost: Lost,
}

impl MappingSpec {
    /// A mapping, or a part of one, of which nothing can be used. Without a name it may be any.
    pub fn unread(name: Option<Name>, files: Vec<FileId>) -> Self {
        Self {
            mapping: name.unwrap_or_else(|| Name::new(Written::new("", Place::default()))),
            about: None,
            schedule: None,
            adopt: None,
            limits: None,
            systems: Entries::default(),
            fields: Entries::default(),
            matching: Vec::new(),
            wins: None,
            include: Vec::new(),
            was: None,
            tests: Vec::new(),
            files,
            lost: Lost::whole(),
        }
    }
}

/// Whether the first run waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Adopt {
    /// The first run, and the first after an edit that would write beyond `limits`, waits for a person.
    #[default]
    Ask,
    /// Only `limits` hold it.
    Automatic,
}

/// The most that one run may write; beyond it the run writes nothing until a person agrees. Ten always pass.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, schemars(extend("x-later" = { "fires": "It comes with `rules`; drop it" })))]
pub struct Limits {
    /// New records, as a share of the entities or a number. Default: `10%`.
    #[serde(default)]
    pub creates: Option<Share>,
    /// Changed records. Default: `20%`.
    #[serde(default)]
    pub updates: Option<Share>,
    /// Deleted or archived records. Default: `2%`.
    #[serde(default)]
    pub deletes: Option<Share>,
    /// Values that become blank. Default: `2%`.
    #[serde(default)]
    pub blanks: Option<Share>,
}

/// Fields that must all be there and agree, in their type's matching form.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(untagged))]
pub enum MatchRule {
    /// One hit is linked; several go to review.
    #[serde(rename = "?list")]
    Link(Vec<Name>),
    /// Even one hit is only proposed.
    #[serde(rename = "?map")]
    Ask(AskRule),
}

/// A match that a person confirms.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AskRule {
    /// The fields that must agree. Required. Example: `[name, country]`.
    pub ask: Vec<Name>,
}

/// Reads a mapping file: its documents as far as they can be used, not joined yet, and all problems.
pub fn read(files: &Files, file: FileId) -> (Vec<MappingSpec>, Vec<Diagnostic>) {
    let read = super::read::<MappingSpec>(files, file, Format::Mapping);
    let specs = read.specs.into_iter().map(|(spec, lost)| MappingSpec { files: vec![file], lost, ..spec });
    let unread = read.unread.into_iter().map(|name| MappingSpec::unread(name, vec![file]));
    (specs.chain(unread).collect(), read.found)
}

#[cfg(test)]
pub(super) mod tests;
