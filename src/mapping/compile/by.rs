//! `by:` of a cell: on which other path of the record it hangs which rows apply, and what stands there in a record that we make.

use super::cell::placed;
use super::draft::Draft;
use crate::diag::Diagnostic;
use crate::mapping::SystemIx;
use crate::mapping::field::{Born, By};
use crate::spec::entries::Tree;
use crate::spec::mapping::{Cell as CellSpec, Creation, RowCell, Values};
use crate::spec::slot::{Name, PathSlot};
use crate::value::record::Form;
use crate::value::{Path, Str, Value};

/// The `by` of the field at `at` in `system`; `None` where something is wrong with it.
pub(super) fn read(draft: &mut Draft<'_>, at: usize, system: SystemIx, by: &PathSlot) -> Option<By> {
    if draft.fields[at].rows.is_none() {
        let what = format!("`by` says which values apply, and `{}` has no `values`", draft.fields[at].name);
        draft.by_type(at, Diagnostic::error("by_without_choice", what).at(by.span()).help("drop `by`, or give the field `values`"));
        return None;
    }
    let place = placed(draft, system, by, Form::Text)?;
    let born = born(draft, at, system, &place.path);
    let creates = !matches!(draft.systems[system.0 as usize].spec.creation(), Creation::Never);
    if born == Born::Unsaid && creates && !draft.lost(&["systems", draft.systems[system.0 as usize].name]) {
        let name = draft.systems[system.0 as usize].name;
        let what = format!("A record made in {name} would have no values for `{}`: `by: {}` is set by nothing", draft.fields[at].name, by.text());
        let help = format!("add it to `new`, with a plain text; give it a field; or ask for it in `where`: {} == 'a value'", by.text());
        draft.found.push(Diagnostic::error("by_is_set_by_nothing", what).at(by.span()).help(help));
    }
    if let Born::Always(text) = &born
        && creates
    {
        unused(draft, at, system, by, text);
    }
    Some(By { column: place.column, path: place.path, born })
}

fn born(draft: &Draft<'_>, at: usize, system: SystemIx, path: &Path) -> Born {
    let of = &draft.systems[system.0 as usize];
    let stands = |slot: &PathSlot| Path::parse(slot.text()).is_ok_and(|parsed| parsed == *path);
    let held = draft.fields.iter().enumerate().find(|(other, field)| {
        *other != at
            && match field.spec.cells.get(of.name) {
                Some(CellSpec::Path(slot)) => stands(slot),
                Some(CellSpec::Pathed(pathed)) => stands(&pathed.path),
                Some(CellSpec::Parts(_) | CellSpec::ReadWrite(_)) | None => false,
            }
    });
    if let Some((other, _)) = held {
        return Born::Field(crate::mapping::FieldIx(other as u16));
    }
    let set = of.spec.new.iter().find(|(written, _)| Path::parse(written.text()).is_ok_and(|parsed| parsed == *path));
    let text = set.and_then(|(_, tree)| constant(draft, tree)).or_else(|| asked(of.spec.filter.as_ref()?.text(), path));
    text.map_or(Born::Unsaid, Born::Always)
}

/// The text that a line of `new` always gives.
fn constant(draft: &Draft<'_>, tree: &Tree) -> Option<Str> {
    match tree {
        Tree::Text(text) => match text.text().strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => match draft.world.variables.get(name)? {
                Value::Text(text) => Some(text.clone()),
                other => Some(Str::from(other.to_string())),
            },
            None => (!text.text().contains("{{")).then(|| Str::from(text.text())),
        },
        Tree::Number(digits) => Some(Str::from(digits.text())),
        Tree::Boolean(_) | Tree::Null | Tree::List(_) | Tree::Map(_) => None,
    }
}

/// What `where` asks of the path: every record that takes part shows it, one that we make too.
fn asked(filter: &str, path: &Path) -> Option<Str> {
    if filter.contains(" or ") {
        return None;
    }
    filter.split(" and ").find_map(|condition| {
        let (left, right) = condition.split_once(" == ")?;
        let text = right.trim().strip_prefix('\'')?.strip_suffix('\'').filter(|text| !text.contains('\''))?;
        (Path::parse(left.trim()).ok()? == *path).then(|| Str::from(text))
    })
}

/// A value for new records under which no row says anything is misspelt.
fn unused(draft: &mut Draft<'_>, at: usize, system: SystemIx, by: &PathSlot, text: &str) {
    let name = draft.systems[system.0 as usize].name;
    let Some(Values::Rows(rows)) = &draft.fields[at].spec.values else { return };
    let known: Vec<&Name> = rows
        .iter()
        .filter_map(|(_, row)| match row.cells.get(name) {
            Some(RowCell::By(values)) => Some(values.iter().map(|(by, _)| by)),
            _ => None,
        })
        .flatten()
        .collect();
    if known.is_empty() || known.iter().any(|known| known.text() == text) {
        return;
    }
    let what = format!("Records made in {name} are of `{text}`, under which no row of `{}` has a value", draft.fields[at].name);
    let problem = Diagnostic::error("by_without_row", what).at(by.span());
    draft.found.push(problem.nearest(text, known.iter().map(|known| known.text())));
}
