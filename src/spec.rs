//! Reading the files people write: text to spanned tree ([`yaml`]), checked against what the types say ([`conform`]), then decoded into them.
//!
//! The serde types are the only reference of the formats: JSON Schema and reference pages come out of them. Every problem of every file is
//! found at once; a spec exists only where its file had no error.

mod conform;
pub mod connector;
mod decode;
pub mod entries;
pub mod mapping;
pub mod project;
pub mod schema;
pub mod shared;
pub mod slot;
pub mod yaml;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::diag::{Diagnostic, FileId, Files, Span, has_error};
use schema::Format;
use yaml::Documents;

pub use connector::ConnectorSpec;
pub use entries::{Entries, OneOrMany, Tree};
pub use mapping::MappingSpec;
pub use project::ProjectSpec;
pub use shared::SharedSpec;
pub use slot::{DateSlot, DurationSlot, Expression, Name, PathSlot, PeriodSlot, ScheduleSlot, SecretSlot, Share, Spanned, TextSlot};

/// The code of what the check of a file let pass and its types did not take: a gap in the check.
const UNDECODED: &str = "undecoded";

/// Reads every document of a file: those without an error, and all problems.
fn read<T: DeserializeOwned + JsonSchema>(files: &Files, file: FileId, format: Format) -> (Vec<T>, Vec<Diagnostic>) {
    let documents = match format {
        Format::Mapping | Format::Shared => Documents::Several,
        Format::Project | Format::Connector => Documents::One,
    };
    let (nodes, mut found) = yaml::parse(files, file, documents);
    if nodes.iter().all(yaml::Node::is_null) && !has_error(&found) {
        found.push(Diagnostic::error("empty_file", "The file is empty").at(Span::new(file, 0, 0)).help("Write into it, or delete it"));
    }
    let broken = has_error(&found);
    let mut specs = Vec::new();
    for node in nodes.iter().filter(|node| !node.is_null()) {
        let problems = conform::conform(format.full(), node, format.word());
        if !broken && !has_error(&problems) {
            match decode::decode(node) {
                Ok(spec) => specs.push(spec),
                Err(mismatch) => found.push(Diagnostic::error(UNDECODED, mismatch.what).at(mismatch.span.unwrap_or(node.span))),
            }
        }
        found.extend(problems);
    }
    (specs, found)
}
