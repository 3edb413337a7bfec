//! `values:` of a field: rows that say what every system holds, each spelling read as one row.

use std::collections::HashMap;

use super::draft::{Draft, DraftRow};
use crate::diag::{Diagnostic, Span};
use crate::mapping::values::Spellings;
use crate::spec::entries::Entries;
use crate::spec::mapping::{Cell as CellSpec, Field as FieldSpec, Row as RowSpec, RowCell, Values};
use crate::spec::slot::Name;
use crate::value::Str;

/// The rows of a field, if it is a choice.
pub(super) fn read(draft: &mut Draft<'_>, name: &Name, field: &FieldSpec) -> Option<Vec<DraftRow>> {
    let rows = match field.values.as_ref()? {
        Values::Rows(rows) => rows,
        Values::Shared(shared) => {
            let problem = Diagnostic::error("unknown_shared", format!("No file in shared/ has values `{}`", shared.text())).at(shared.span());
            draft.found.push(problem.help("add them there, or write the rows here"));
            return None;
        }
    };
    if rows.is_empty() && !draft.spec.lost.touches(&["fields", name.text(), "values"]) {
        draft.found.push(
            Diagnostic::error("no_rows", format!("`{}` has no row in `values`", name.text()))
                .at(name.span())
                .help("write a row for each value, or drop `values`"),
        );
    }
    let read = rows.iter().map(|(row_name, row)| one(draft, name.text(), field, row_name, row)).collect();
    read_twice(draft, field, rows);
    Some(read)
}

fn one(draft: &mut Draft<'_>, of: &str, field: &FieldSpec, name: &Name, row: &RowSpec) -> DraftRow {
    for (system, _) in row.cells.iter() {
        draft.system_named(system, &format!("Row `{}` names", name.text()));
    }
    let mut spellings = Vec::with_capacity(draft.systems.len());
    let mut missing = Vec::new();
    for system in &draft.systems {
        let cell = row.cells.get(system.name);
        let lost = draft.lost(&["fields", of, "values", name.text(), system.name]);
        if cell.is_none() && field.cells.contains(system.name) && !lost {
            missing.push(system.name);
        }
        spellings.push(cell.map(spelt));
    }
    for (system, cell) in row.cells.iter() {
        without_by(draft, field, name, system, cell);
    }
    for system in missing {
        let problem = Diagnostic::error("row_without_cell", format!("Row `{}` has no cell for {system}", name.text())).at(name.span());
        draft.found.push(problem.help(format!("write what {system} holds for it, or `{system}: []` if it has no such value")));
    }
    DraftRow { name: Str::from(name.text()), was: row.was.as_ref().map(|was| Str::from(was.text())), spellings }
}

fn spelt(cell: &RowCell) -> Spellings {
    let texts = |names: &[Name]| names.iter().map(|text| Str::from(text.text())).collect::<Vec<_>>();
    match cell {
        RowCell::By(values) => Spellings::By(values.iter().map(|(by, spellings)| (Str::from(by.text()), texts(spellings.all()))).collect()),
        RowCell::One(_) | RowCell::Many(_) => Spellings::Always(texts(cell.spellings())),
    }
}

/// Spellings by another path, in a system whose cell names no such path.
fn without_by(draft: &mut Draft<'_>, field: &FieldSpec, row: &Name, system: &Name, cell: &RowCell) {
    let RowCell::By(values) = cell else { return };
    let says = matches!(field.cells.get(system.text()), Some(CellSpec::Pathed(pathed)) if pathed.by.is_some());
    if says || !field.cells.contains(system.text()) {
        return;
    }
    let at = values.iter().next().map_or(system.span(), |(by, _)| by.span());
    let what = format!("Row `{}` has cells by value for {}, whose cell does not say by what", row.text(), system.text());
    draft.found.push(Diagnostic::error("row_without_by", what).at(at).help(format!("{}: {{ path: …, by: PATH }}", system.text())));
}

/// A spelling that two rows claim would be read as a guess.
fn read_twice(draft: &mut Draft<'_>, field: &FieldSpec, rows: &Entries<RowSpec>) {
    for (system, _) in field.cells.iter() {
        let mut seen: HashMap<(Option<&str>, &str), (&str, Span)> = HashMap::new();
        for (row_name, row) in rows.iter() {
            for (by, spelling) in row.cells.get(system.text()).map(RowCell::all).unwrap_or_default() {
                let place = (by.map(Name::text), spelling.text());
                match seen.get(&place).or_else(|| seen.get(&(None, spelling.text()))) {
                    Some((other, span)) => {
                        let problem = Diagnostic::error(
                            "spelling_twice",
                            format!("`{}` in {} is read as two rows, `{other}` and `{}`", spelling.text(), system.text(), row_name.text()),
                        );
                        draft.found.push(problem.at(spelling.span()).and_at(*span, "here too").help("keep it in one row"));
                    }
                    None => {
                        seen.insert(place, (row_name.text(), spelling.span()));
                    }
                }
            }
        }
    }
}
