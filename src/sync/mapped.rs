//! A compiled mapping in the core's terms.

use std::cmp::Ordering;

use super::terms::{Access, Terms};
use crate::mapping::matching::MatchRule;
use crate::mapping::system::{Create, Leaves};
use crate::mapping::{EntityView, FieldIx, Keeps, Mapping, Place, SystemIx, Wins};
use crate::value::{Path, Str, Value};

impl Terms for Mapping {
    fn system_count(&self) -> usize {
        self.systems.len()
    }

    fn field_count(&self) -> usize {
        self.fields.len()
    }

    fn system_name(&self, system: SystemIx) -> &str {
        self.system(system).name.as_str()
    }

    fn field_name(&self, field: FieldIx) -> &str {
        self.field(field).name.as_str()
    }

    fn field_place(&self, field: FieldIx) -> Option<&Place> {
        Some(&self.field(field).place)
    }

    fn access(&self, field: FieldIx, system: SystemIx) -> Access {
        match &self.field(field).cells[system.0 as usize] {
            None => Access::None,
            Some(cell) => match (cell.reads(), cell.writes()) {
                (true, true) => Access::Both,
                (true, false) => Access::ReadOnly,
                (false, true) => Access::WriteOnly,
                (false, false) => Access::None,
            },
        }
    }

    fn writes_new(&self, field: FieldIx, system: SystemIx) -> bool {
        self.field(field).cells[system.0 as usize].as_ref().is_some_and(|cell| cell.writes_new())
    }

    fn wins(&self, field: FieldIx) -> &Wins {
        &self.field(field).wins
    }

    fn owner(&self, field: FieldIx, view: &dyn EntityView) -> Option<SystemIx> {
        Mapping::owner(self, field, view)
    }

    fn formulas(&self) -> &[FieldIx] {
        &self.formulas
    }

    fn computed(&self, field: FieldIx, view: &dyn EntityView) -> Option<Result<Value, Str>> {
        Mapping::computed(self, field, view)
    }

    fn certain(&self, field: FieldIx) -> bool {
        self.field(field).certain
    }

    fn required(&self, field: FieldIx) -> bool {
        self.field(field).required
    }

    fn is_set(&self, field: FieldIx) -> bool {
        self.field(field).is_set()
    }

    fn starts(&self, system: SystemIx) -> bool {
        self.system(system).starts
    }

    fn leaves(&self, system: SystemIx) -> Leaves {
        self.system(system).leaves
    }

    fn walled(&self, system: SystemIx) -> bool {
        self.system(system).only.is_some()
    }

    fn inside_wall(&self, system: SystemIx, view: &dyn EntityView) -> bool {
        Mapping::inside_wall(self, system, view)
    }

    fn creates(&self, system: SystemIx) -> bool {
        !matches!(self.system(system).create, Create::Never)
    }

    fn create_wanted(&self, system: SystemIx, view: &dyn EntityView) -> bool {
        Mapping::create_wanted(self, system, view)
    }

    fn create_asks(&self, system: SystemIx, field: FieldIx) -> bool {
        Mapping::create_asks(self, system, field)
    }

    fn form(&self, field: FieldIx, system: SystemIx, value: &Value, view: &dyn EntityView) -> Option<Value> {
        Mapping::form(self, field, system, value, view)
    }

    fn keeps(&self, field: FieldIx, system: SystemIx) -> Keeps {
        Mapping::keeps(self, field, system)
    }

    fn same(&self, field: FieldIx, a: &Value, b: &Value) -> bool {
        Mapping::same(self, field, a, b)
    }

    fn compare(&self, field: FieldIx, a: &Value, b: &Value) -> Option<Ordering> {
        Mapping::compare(self, field, a, b)
    }

    fn paths(&self, field: FieldIx, system: SystemIx) -> Vec<&Path> {
        self.field(field).cells[system.0 as usize].as_ref().map(|cell| cell.paths()).unwrap_or_default()
    }

    fn match_rules(&self) -> &[MatchRule] {
        &self.matching
    }
}
