//! Reading the files people write: text to spanned tree ([`yaml`]), checked against what the types say ([`conform`]), then decoded into them.
//!
//! The serde types are the only reference of the formats: JSON Schema and reference pages come out of them. Every problem of every file is
//! found at once; a spec exists only where its file had no error.

pub mod connector;
pub mod entries;
pub mod mapping;
pub mod project;
pub mod shared;
pub mod slot;
pub mod yaml;

pub use connector::ConnectorSpec;
pub use entries::{Entries, OneOrMany, Tree};
pub use mapping::MappingSpec;
pub use project::ProjectSpec;
pub use shared::SharedSpec;
pub use slot::{DateSlot, DurationSlot, Expression, Name, PathSlot, PeriodSlot, ScheduleSlot, SecretSlot, Share, Spanned, TextSlot};
