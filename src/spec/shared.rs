//! `shared/*.yaml`: values and sets of fields that several mappings use by name.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use super::entries::Entries;
use super::lost::Lost;
use super::mapping::{Field, Row};
use super::schema::Format;
use super::slot::{Name, Place, TextSlot, Written};
use crate::diag::{Diagnostic, FileId, Files};

/// One shared file. Names are flat over all shared files; nothing overrides.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SharedSpec {
    /// Its name. Required. Example: `common`.
    pub shared: Name,
    /// A sentence for people. Default: none.
    #[serde(default)]
    pub about: Option<TextSlot>,
    /// Rows of choices, used as `values: tier`. Columns that a mapping lacks are ignored.
    #[serde(default)]
    pub values: Entries<Entries<Row>>,
    /// Sets of fields, used as `include: [firm]`. Columns that a mapping lacks are ignored.
    #[serde(default)]
    pub fields: Entries<Entries<Field>>,
    /// What of it cannot be used.
    #[serde(skip)]
    #[cfg_attr(test, schemars(skip))]
    pub lost: Lost,
}

impl SharedSpec {
    /// A shared file of which nothing can be used.
    pub fn unread() -> Self {
        let nameless = Name::new(Written::new("", Place::default()));
        Self { shared: nameless, about: None, values: Entries::default(), fields: Entries::default(), lost: Lost::whole() }
    }
}

/// Reads a shared file: its documents as far as they can be used, and all problems.
pub fn read(files: &Files, file: FileId) -> (Vec<SharedSpec>, Vec<Diagnostic>) {
    let read = super::read::<SharedSpec>(files, file, Format::Shared);
    let specs = read.specs.into_iter().map(|(spec, lost)| SharedSpec { lost, ..spec });
    (specs.chain(read.unread.into_iter().map(|_| SharedSpec::unread())).collect(), read.found)
}
