//! A mapping while it is compiled: names and kinds are known, programs are not.

use std::cell::RefCell;

use crate::diag::{Diagnostic, Span};
use crate::id::{ConnectionName, ObjectName};
use crate::mapping::values::Spellings;
use crate::mapping::world::{ConnectionFacts, ObjectFacts, World};
use crate::mapping::{SystemIx, Target};
use crate::spec::mapping::{Field as FieldSpec, MappingSpec, System as SystemSpec};
use crate::spec::slot::Name;
use crate::value::record::Column;
use crate::value::{Kind, Str};

/// Everything the steps of the compiler share.
pub(super) struct Draft<'a> {
    pub spec: &'a MappingSpec,
    pub world: &'a World<'a>,
    pub systems: Vec<DraftSystem<'a>>,
    pub fields: Vec<DraftField<'a>>,
    pub found: Vec<Diagnostic>,
}

pub(super) struct DraftSystem<'a> {
    pub name: &'a str,
    pub at: Span,
    pub spec: &'a SystemSpec,
    pub connection_name: ConnectionName,
    pub object: ObjectName,
    pub connection: ConnectionFacts,
    pub facts: ObjectFacts,
    /// What is asked of its records; cells and expressions add to it.
    pub columns: RefCell<Vec<Column>>,
}

pub(super) struct DraftField<'a> {
    pub name: &'a str,
    pub at: Span,
    pub spec: &'a FieldSpec,
    pub kind: Kind,
    /// Something is wrong with its `type` or `values`, which is told; nothing is said of what would follow from it.
    pub untyped: bool,
    pub rows: Option<Vec<DraftRow>>,
    pub targets: Vec<Option<Target>>,
}

/// A row and its spellings, one place per system.
pub(super) struct DraftRow {
    pub name: Str,
    pub was: Option<Str>,
    pub spellings: Vec<Option<Spellings>>,
}

impl<'a> Draft<'a> {
    pub fn new(spec: &'a MappingSpec, world: &'a World<'a>) -> Self {
        Self { spec, world, systems: Vec::new(), fields: Vec::new(), found: Vec::new() }
    }

    pub fn system_ix(&self, name: &str) -> Option<SystemIx> {
        self.systems.iter().position(|system| system.name == name).map(|at| SystemIx(at as u16))
    }

    /// The system a key of this file means; an unknown one is reported with what was probably meant.
    pub fn system_named(&mut self, name: &Name, what: &str) -> Option<SystemIx> {
        let found = self.system_ix(name.text());
        if found.is_none() && !self.spec.lost.has(&["systems", name.text()]) {
            let problem = Diagnostic::error("unknown_name", format!("{what} `{}`, which is no system of this mapping", name.text())).at(name.span());
            self.found.push(problem.nearest(name.text(), self.spec.systems.keys()));
        }
        found
    }

    /// Whether this is not there because something is wrong with it, which is told.
    pub fn lost(&self, way: &[&str]) -> bool {
        self.spec.lost.has(way)
    }

    /// Reports what follows from a field's type, unless its type is what is wrong.
    pub fn by_type(&mut self, field: usize, problem: Diagnostic) {
        if !self.fields[field].untyped {
            self.found.push(problem);
        }
    }

    /// Another mapping (or this one) by its name.
    pub fn mapping(&self, name: &str) -> Option<&'a MappingSpec> {
        self.world.mappings.iter().find(|mapping| mapping.mapping.text() == name)
    }

    /// Reports a name that no mapping has, unless there is one whose name cannot be read.
    pub fn unknown_mapping(&mut self, name: &Name, written: &str, what: String) {
        let nameless = |mapping: &MappingSpec| mapping.mapping.text().is_empty();
        if !self.world.mappings.iter().any(nameless) {
            let known: Vec<&str> = self.world.mappings.iter().map(|mapping| mapping.mapping.text()).collect();
            self.found.push(Diagnostic::error("unknown_mapping", what).at(name.span()).nearest(written, known.iter().copied()));
        }
    }
}

/// The kind a field's `type` says; text where it says nothing or nonsense (which is reported where the field is compiled).
pub(super) fn kind_of(field: &FieldSpec) -> Kind {
    field.kind.as_ref().and_then(|kind| kind.text().parse().ok()).unwrap_or_default()
}

/// The connection a system of any mapping stands for.
pub(super) fn connection_of<'a>(name: &'a str, system: &'a SystemSpec) -> &'a str {
    system.connection.as_ref().map_or(name, Name::text)
}
