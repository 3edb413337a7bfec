//! What a system is known to show just as it was given, without working out its form.

use super::field::{CellProgram, Field};
use super::{FieldIx, Mapping, SystemIx};

/// Values of a field whose form in a system is themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keeps {
    Nothing,
    Blank,
    /// Blank, and every value that it showed itself: cutting what was cut, or rounding what was rounded, changes nothing.
    All,
}

impl Mapping {
    pub fn keeps(&self, field: FieldIx, system: SystemIx) -> Keeps {
        let field = self.field(field);
        match &field.cells[system.0 as usize] {
            None => Keeps::All,
            Some(CellProgram::Path { shows, .. }) if shows.blank.is_some() => Keeps::Nothing,
            Some(CellProgram::Path { by: Some(_), .. }) => Keeps::Blank,
            Some(CellProgram::Parts(parts)) if parts.iter().any(|part| part.shows.blank.is_some()) => Keeps::Nothing,
            Some(CellProgram::Path { .. } | CellProgram::Parts(_)) if field.refers_to().is_none() && all_rows_spelt(field, system) => Keeps::All,
            Some(CellProgram::Path { .. } | CellProgram::Parts(_) | CellProgram::KeyedRef { .. }) => Keeps::Blank,
            Some(CellProgram::Computed { .. }) => Keeps::Nothing,
        }
    }
}

fn all_rows_spelt(field: &Field, system: SystemIx) -> bool {
    field.rows.as_ref().is_none_or(|rows| (0..rows.rows.len()).all(|row| rows.spelling(row, system, None).is_some()))
}
