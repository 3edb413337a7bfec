//! A system of a mapping: which records take part, and what becomes of them.

use super::{EntitySlot, FieldIx, Place};
use crate::expr::{Program, Template};
use crate::id::{ConnectionName, ObjectName, SystemName};
use crate::value::Path;
use crate::value::money::Currency;
use crate::value::record::{Columns, Form};
use crate::value::time::Zone;

/// One column of the crosswalk table.
#[derive(Debug)]
pub struct System {
    pub name: SystemName,
    pub was: Option<SystemName>,
    pub connection: ConnectionName,
    pub object: ObjectName,
    /// What this mapping asks of its records. A feed may carry more, for other mappings: [`super::Mapping::observe`] is told where ours are.
    pub columns: Columns,
    /// Its time zone, else the project's: what makes a date of an instant.
    pub zone: Zone,
    /// Of amounts that come without one.
    pub currency: Option<Currency>,
    /// Over the record's paths: slots are positions in `columns`.
    pub takes_part: Option<Program>,
    pub locked: Option<Program>,
    pub create: Create,
    /// More values for a record that we make: templates over the entity.
    pub new: Vec<NewValue>,
    /// The wall, over the entity.
    pub only: Option<Program>,
    pub leaves: Leaves,
    /// Whether a record found here may start an entity.
    pub starts: bool,
    /// Consent to writes of whole records that the vendor cannot check.
    pub unguarded: bool,
    pub place: Place,
}

/// One line of `new:`.
#[derive(Debug)]
pub struct NewValue {
    pub path: Path,
    pub form: Form,
    pub text: NewText,
}

/// What a line of `new:` gives: a text, or a list or map of them.
#[derive(Debug)]
pub enum NewText {
    Text(Template),
    /// A project variable, as it is.
    Constant(crate::value::Value),
    List(Vec<NewText>),
    Map(Vec<(crate::value::Str, NewText)>),
}

/// For which entities a missing record is made.
#[derive(Debug)]
pub enum Create {
    Never,
    Always,
    When(Box<Program>),
}

/// What becomes of a record when the wall no longer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaves {
    Stop,
    Archive,
    Delete,
    Ask,
}

impl Create {
    /// The fields of the mapping that decide it, references among them.
    pub fn fields(&self, slots: &[EntitySlot]) -> Vec<FieldIx> {
        let Create::When(program) = self else { return Vec::new() };
        let fields = program.slots().iter().filter_map(|slot| match &slots[*slot as usize] {
            EntitySlot::Field(field) | EntitySlot::Through(field, _) => Some(*field),
            EntitySlot::Deleted(_) | EntitySlot::Outside(_) | EntitySlot::Today | EntitySlot::Constant(_) => None,
        });
        fields.collect()
    }
}
