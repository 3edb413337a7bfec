//! A system of a mapping: which of its records take part, and what may be made or taken away there.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use crate::spec::entries::{Entries, Tree};
use crate::spec::slot::{Expression, Name, Spanned};

/// A connection as it takes part in this mapping; a column of the table.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, schemars(extend("x-later" = {
    "entities": "Name an `object` of a connection",
    "lines": "Rows inside a record cannot take part yet; map an object that lists them as records of its own",
    "each": "It belongs to `entities`; drop it",
    "pick": "Make one connection, and one system, for each portal, with `only`",
})))]
pub struct System {
    /// Which connection of the project. Default: the one with the system's own name.
    #[serde(default)]
    pub connection: Option<Name>,
    /// Which of its objects, as the vendor spells it. Required. Example: `Opportunity`.
    pub object: Name,
    /// Whether a record found here may start an entity. Default: `always`.
    #[serde(default)]
    pub starts: Option<Spanned<Starts>>,
    /// Which of its records take part; sees the record's own paths. One that stops fitting falls asleep. Default: all. Example: `not IsPartner`.
    #[serde(default, rename = "where")]
    pub filter: Option<Expression>,
    /// For which entities a missing record is made: `never`, `always`, or an expression that sees the fields. Default: `never`. Example: `status in ['approved', 'won']`.
    #[serde(default)]
    pub create: Option<Expression>,
    /// More values for a record we make, by path. Default: none. Example: `{ LeadSource: Partner, RecordTypeId: "${partner_record_type}" }`.
    #[serde(default)]
    pub new: Entries<Tree>,
    /// The wall: which entities this system may hold; nothing is created, written or matched beyond it. Sees the fields, `deleted(…)`, `outside(…)`. Default: all. Example: `not deleted('crm')`.
    #[serde(default)]
    pub only: Option<Expression>,
    /// What becomes of its record when `only` stops holding. Default: `stop`.
    #[serde(default)]
    pub leaves: Option<Spanned<Leaves>>,
    /// Consent to writes of whole records that the vendor cannot check: an edit made between our read and our write is lost. Default: `false`.
    #[serde(default)]
    pub unguarded: bool,
    /// Records that are read but not written now; sees the record's own paths. Owed writes wait. Default: none. Example: `status.id != 'A'`.
    #[serde(default)]
    pub locked: Option<Expression>,
    /// Its former name. Default: none.
    #[serde(default)]
    pub was: Option<Name>,
}

/// For which entities a missing record is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Creation<'a> {
    Never,
    Always,
    When(&'a Expression),
}

impl System {
    pub fn creation(&self) -> Creation<'_> {
        match &self.create {
            None => Creation::Never,
            Some(create) if create.text() == "never" => Creation::Never,
            Some(create) if create.text() == "always" => Creation::Always,
            Some(create) => Creation::When(create),
        }
    }

    pub fn starts(&self) -> Starts {
        self.starts.map_or_else(Starts::default, |starts| starts.value)
    }

    pub fn leaves(&self) -> Leaves {
        self.leaves.map_or_else(Leaves::default, |leaves| leaves.value)
    }
}

/// Whether records found here start entities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Starts {
    /// A record that no entity claims starts one.
    #[default]
    Always,
    /// It only joins one that began elsewhere; the rest is counted.
    Never,
}

/// What becomes of a record that was inside the wall and no longer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Leaves {
    /// It stays, without a say and without further writes.
    #[default]
    Stop,
    /// It is archived, as the connector says.
    Archive,
    /// It is deleted.
    Delete,
    /// A person decides.
    Ask,
}
