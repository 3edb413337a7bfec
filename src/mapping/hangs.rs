//! What the values of an entity hang on beside its own records: the date, and entities that it refers to.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{Create, EntitySlot, FieldIx, Formula, Mapping};
use crate::expr::Program;
use crate::value::fingerprint::hash64;

impl Mapping {
    /// Whether some expression asks for `today`.
    pub fn hangs_on_today(&self) -> bool {
        self.slots.contains(&EntitySlot::Today)
    }

    /// What computed fields, walls and creates are judged by: their rules, and the date where one asks for it. `None`: there are none.
    pub fn derives_by(&self, today: Date) -> Option<String> {
        let mut rules = String::new();
        for field in &self.formulas {
            let formula = self.field(*field).formula.as_ref().map(Formula::source).unwrap_or_default();
            rules.push_str(&format!("{} {formula}\n", self.field(*field).name));
        }
        for system in &self.systems {
            let create = match &system.create {
                Create::Never => "",
                Create::Always => "always",
                Create::When(program) => program.source(),
            };
            let only = system.only.as_ref().map_or("", Program::source);
            if !(create.is_empty() && only.is_empty()) {
                rules.push_str(&format!("{} {create}\n{only}\n", system.name));
            }
        }
        if rules.is_empty() {
            return None;
        }
        let day = if self.hangs_on_today() { today.to_string() } else { String::new() };
        Some(format!("{:016x}", hash64(format!("{day}\n{rules}").as_bytes())))
    }

    /// Whether some expression reads a field of what this one refers to.
    pub fn is_read_through(&self, reference: FieldIx) -> bool {
        self.slots.iter().any(|slot| matches!(slot, EntitySlot::Through(through, _) if *through == reference))
    }

    /// The fields of `target` that expressions read through references to it.
    pub fn reads_of(&self, target: &Mapping) -> BTreeSet<FieldIx> {
        let read = |slot: &EntitySlot| match slot {
            EntitySlot::Through(reference, name) if self.field(*reference).refers_to() == Some(&target.name) => {
                target.fields.iter().position(|field| field.name.as_str() == &**name).map(|at| FieldIx(at as u16))
            }
            EntitySlot::Through(..) | EntitySlot::Field(_) | EntitySlot::Deleted(_) | EntitySlot::Outside(_) | EntitySlot::Today | EntitySlot::Constant(_) => {
                None
            }
        };
        self.slots.iter().filter_map(read).collect()
    }

    /// Whether any field refers to entities, of another mapping or of its own.
    pub fn has_references(&self) -> bool {
        self.fields.iter().any(|field| field.refers_to().is_some())
    }
}
