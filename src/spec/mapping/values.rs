//! `values`: a choice, row by row, and how each system spells it.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use crate::spec::entries::Entries;
use crate::spec::slot::Name;

/// The rows of a choice, or the name of shared ones.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(untagged))]
pub enum Values {
    /// A map of `shared/`, by name; joining puts its rows in place. Example: `tier`.
    #[serde(rename = "?text")]
    Shared(Name),
    /// Agreed value, and its cell in each system. Example: `won: { prm: closed_won, crm: Closed Won }`.
    #[serde(rename = "?map")]
    Rows(Entries<Row>),
}

/// One agreed value. Its other keys are system names.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct Row {
    /// Its former name. Default: none.
    #[serde(default)]
    pub was: Option<Name>,
    /// The spelling in each system.
    #[serde(default, rename = "*")]
    #[cfg_attr(test, schemars(flatten))]
    pub cells: Entries<RowCell>,
}

/// A system's spelling, exactly as the vendor has it (`NO` and `1.0` stay texts).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(untagged))]
pub enum RowCell {
    /// Read as this row, and written.
    #[serde(rename = "?text")]
    One(Name),
    /// All are read as this row; the first is written, and only over none of them. `[]`: not in this system.
    #[serde(rename = "?list")]
    Many(Vec<Name>),
    /// Of a cell with `by`: the spellings under each value of that path. A value that is not named has no such row. Example: `{ Partner: [Proposal, Legal] }`.
    #[serde(rename = "?map")]
    By(Entries<Spellings>),
}

/// What a row is under one value of `by`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(untagged))]
pub enum Spellings {
    /// Read as this row, and written.
    #[serde(rename = "?text")]
    One(Name),
    /// All are read as this row; the first is written.
    #[serde(rename = "?list")]
    Many(Vec<Name>),
}

impl RowCell {
    /// The spellings; the first is written. None for a cell with `by`, which has some for each of its values.
    pub fn spellings(&self) -> &[Name] {
        match self {
            RowCell::One(one) => std::slice::from_ref(one),
            RowCell::Many(many) => many,
            RowCell::By(_) => &[],
        }
    }

    /// All spellings, each with the value of `by` under which it counts.
    pub fn all(&self) -> Vec<(Option<&Name>, &Name)> {
        match self {
            RowCell::One(_) | RowCell::Many(_) => self.spellings().iter().map(|spelling| (None, spelling)).collect(),
            RowCell::By(entries) => entries.iter().flat_map(|(by, spellings)| spellings.all().iter().map(move |spelling| (Some(by), spelling))).collect(),
        }
    }
}

impl Spellings {
    pub fn all(&self) -> &[Name] {
        match self {
            Spellings::One(one) => std::slice::from_ref(one),
            Spellings::Many(many) => many,
        }
    }
}
