//! A hash of what a field means in a system. Edited so that it changes, the field's shadows there are Unknown again and it is adopted anew.

use super::System;
use super::field::{CellProgram, Field};
use crate::value::fingerprint;
use crate::value::record::Columns;

/// What counts: kind, rows, formula, where the value lives and how it is read; not who decides, nor how it is written.
pub fn meaning(field: &Field, formula: &str, system: usize, of: &System, columns: &Columns) -> u64 {
    let mut text = format!("{} {} {} {:?}\n", of.connection, of.object, of.zone, of.currency);
    text.push_str(&field.kind.to_string());
    if !formula.is_empty() {
        text.push_str(&format!("\nformula {formula}"));
    }
    if let Some(rows) = &field.rows {
        for row in &rows.rows {
            // A row that says what it was keeps its meaning under its new name.
            text.push_str(&format!("\n{:?} {:?}", row.was.as_ref().unwrap_or(&row.name), row.spellings[system]));
        }
    }
    match &field.cells[system] {
        None => text.push_str("\nnone"),
        Some(CellProgram::Path { path, form, currency, by, .. }) => {
            text.push_str(&format!("\npath {path} {form:?} {currency:?}"));
            if let Some(by) = by {
                text.push_str(&format!(" by {}", by.path));
            }
        }
        Some(CellProgram::KeyedRef { path, form, mapping, field, .. }) => text.push_str(&format!("\nkeyed {path} {form:?} {mapping} {field}")),
        Some(CellProgram::Parts(parts)) => {
            for part in parts {
                text.push_str(&format!("\n{} {} {:?}", part.part.as_str(), part.path, part.form));
            }
        }
        Some(CellProgram::Computed { read, .. }) => {
            text.push_str("\nread ");
            if let Some(read) = read {
                text.push_str(read.source());
                for slot in read.slots() {
                    text.push_str(&format!(" {:?}", columns[*slot as usize]));
                }
            }
        }
    }
    fingerprint::hash64(text.as_bytes())
}
