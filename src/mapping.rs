//! The checked program of one mapping: after this floor no name is looked up by its text.
//!
//! A compiled [`Mapping`] reads records into agreed terms ([`Mapping::observe`]), says what a system would show once it was given a value
//! ([`Mapping::form`]), and spells agreed values for a system ([`Mapping::spell`]). Deciding is the core's.

pub mod compile;
pub mod field;
#[cfg(test)]
pub mod fixture;
pub mod form;
pub mod formula;
mod hangs;
mod keeps;
pub mod matching;
pub mod meaning;
pub mod observe;
pub mod reference;
pub mod round_trip;
pub mod scope;
pub mod spell;
pub mod summary;
pub mod system;
pub mod values;
pub mod view;
pub mod wins;
pub mod world;

use std::time::Duration;

use crate::diag::Span;
use crate::id::{ConnectionName, FieldName, MappingName, ObjectName, SystemName};
use crate::value::{Kind, Str};

pub use field::{CellProgram, Field, Unknown};
pub use formula::Formula;
pub use keeps::Keeps;
pub use matching::{MatchKey, MatchRule};
pub use observe::{Observation, Seen, ToldBy};
pub use reference::Target;
pub use scope::EntitySlot;
pub use system::{Create, Leaves, System};
pub use view::EntityView;
pub use wins::{Line, Wins};

/// Position of a system in its mapping, in the order of `systems:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SystemIx(pub u16);

/// Position of a field in its mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldIx(pub u16);

/// One mapping, compiled.
#[derive(Debug)]
pub struct Mapping {
    pub name: MappingName,
    pub was: Option<MappingName>,
    pub about: Option<String>,
    pub schedule: Schedule,
    pub adopt: Adopt,
    pub limits: Limits,
    pub systems: Vec<System>,
    pub fields: Vec<Field>,
    /// The fields with a `formula`, each behind those it draws on.
    pub formulas: Vec<FieldIx>,
    pub matching: Vec<MatchRule>,
    /// Where telephone numbers without a prefix are from, if its connections agree on it.
    pub country: Option<Str>,
    /// Mappings that its `ref` fields point to; they run first.
    pub refers_to: Vec<MappingName>,
    /// What the slots of its expressions over an entity stand for.
    pub slots: Vec<EntitySlot>,
    /// `tests:`, run offline.
    pub examples: Vec<Example>,
}

/// When a mapping runs by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    Every(Duration),
    /// A cron expression of six fields, in the project's time zone.
    Cron(String),
    Off,
}

/// Whether a first run waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adopt {
    Ask,
    Automatic,
}

/// Most writes of a run, each by its kind; more and the run waits for a person.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    pub creates: Limit,
    pub updates: Limit,
    pub deletes: Limit,
    pub blanks: Limit,
}

/// A share of a system's links (0.1 is 10 %), of which ten always pass, or a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    Share(f64),
    Number(u64),
}

/// One of `tests:`, and where it stands.
#[derive(Clone, Debug)]
pub struct Example {
    pub spec: crate::spec::mapping::Example,
    pub place: Option<Place>,
}

/// Where something was written, for reasons that name file and line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub file: String,
    pub line: u32,
    pub span: Option<Span>,
}

impl Mapping {
    pub fn system(&self, at: SystemIx) -> &System {
        &self.systems[at.0 as usize]
    }

    pub fn field(&self, at: FieldIx) -> &Field {
        &self.fields[at.0 as usize]
    }

    pub fn system_ix(&self, name: &SystemName) -> Option<SystemIx> {
        self.systems.iter().position(|s| s.name == *name).map(|i| SystemIx(i as u16))
    }

    pub fn field_ix(&self, name: &FieldName) -> Option<FieldIx> {
        self.fields.iter().position(|f| f.name == *name).map(|i| FieldIx(i as u16))
    }

    pub fn systems_ix(&self) -> impl Iterator<Item = SystemIx> + use<> {
        (0..self.systems.len() as u16).map(SystemIx)
    }

    pub fn fields_ix(&self) -> impl Iterator<Item = FieldIx> + use<> {
        (0..self.fields.len() as u16).map(FieldIx)
    }

    /// What people call a thing that has these values: its name, company or title, else the first text that is not blank.
    pub fn label(&self, value: impl Fn(FieldIx) -> String) -> String {
        let preferred = self.fields_ix().filter(|field| matches!(self.field(*field).name.as_str(), "name" | "company" | "title"));
        let textual = self.fields_ix().filter(|field| matches!(self.field(*field).kind, Kind::Text | Kind::Company | Kind::Name | Kind::Email | Kind::Domain));
        preferred.chain(textual).map(value).find(|text| !text.is_empty()).unwrap_or_default()
    }

    /// Every (connection, object) that this mapping reads.
    pub fn feeds(&self) -> impl Iterator<Item = (&ConnectionName, &ObjectName)> {
        self.systems.iter().map(|s| (&s.connection, &s.object))
    }
}

#[cfg(test)]
mod tests;
