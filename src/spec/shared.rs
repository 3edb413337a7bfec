//! `shared/*.yaml`: values and sets of fields that several mappings use by name.

use schemars::JsonSchema;
use serde::Deserialize;

use super::entries::Entries;
use super::mapping::{Field, Row};
use super::schema::Format;
use super::slot::{Name, TextSlot};
use crate::diag::{Diagnostic, FileId, Files};

/// One shared file. Names are flat over all shared files; nothing overrides.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
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
}

/// Reads a shared file: its documents without error, and all problems.
pub fn read(files: &Files, file: FileId) -> (Vec<SharedSpec>, Vec<Diagnostic>) {
    super::read(files, file, Format::Shared)
}
