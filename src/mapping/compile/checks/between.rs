//! What two mappings do to one another.

mod rings;

use crate::diag::Diagnostic;
use crate::mapping::field::CellProgram;
use crate::mapping::{Mapping, SystemIx};
use crate::value::Path;

/// Two mappings that write one path of one object, unless their `where` keep them apart.
pub fn together(mappings: &[Mapping]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (at, a) in mappings.iter().enumerate() {
        for b in &mappings[at + 1..] {
            for (left, right) in a.systems_ix().flat_map(|left| b.systems_ix().map(move |right| (left, right))) {
                let (one, other) = (a.system(left), b.system(right));
                if one.connection == other.connection && one.object == other.object && !apart(a, left, b, right) {
                    both_write(a, left, b, right, &mut found);
                }
            }
        }
    }
    found.extend(rings::told(mappings));
    found
}

fn both_write(a: &Mapping, left: SystemIx, b: &Mapping, right: SystemIx, found: &mut Vec<Diagnostic>) {
    for (path, field) in writes(a, left) {
        let Some((_, other)) = writes(b, right).find(|(written, _)| *written == path) else { continue };
        let system = a.system(left);
        let what = format!("`{}` and `{}` both write {} {}.{path}, and their `where` may overlap", a.name, b.name, system.connection, system.object);
        let mut problem =
            Diagnostic::warning("written_by_two", what).help("make them disjoint on one path, where: PATH == 'a' and where: PATH == 'b', or drop one cell");
        if let Some(span) = a.field(crate::mapping::FieldIx(field)).place.span {
            problem = problem.at(span);
        }
        if let Some(span) = b.field(crate::mapping::FieldIx(other)).place.span {
            problem = problem.and_at(span, "the other mapping");
        }
        found.push(problem);
    }
}

fn writes(mapping: &Mapping, system: SystemIx) -> impl Iterator<Item = (&Path, u16)> {
    mapping.fields.iter().enumerate().flat_map(move |(at, field)| {
        let paths: Vec<&Path> = match &field.cells[system.0 as usize] {
            Some(cell) if !cell.writes_new() => Vec::new(),
            Some(CellProgram::Path { path, .. } | CellProgram::KeyedRef { path, .. }) => vec![path],
            Some(CellProgram::Parts(parts)) => parts.iter().map(|part| &part.path).collect(),
            Some(CellProgram::Computed { write, .. }) => write.iter().flatten().map(|written| &written.path).collect(),
            None => Vec::new(),
        };
        paths.into_iter().map(move |path| (path, at as u16))
    })
}

/// Whether no record can take part in both: one condition is the other's `not`, or they ask one path for different texts.
fn apart(a: &Mapping, left: SystemIx, b: &Mapping, right: SystemIx) -> bool {
    let (Some(one), Some(other)) = (&a.system(left).takes_part, &b.system(right).takes_part) else { return false };
    let (one, other) = (conditions(one.source()), conditions(other.source()));
    one.iter().any(|a| other.iter().any(|b| contradict(a, b)))
}

/// The parts of a condition that must all hold; none where an `or` leaves a way out.
fn conditions(source: &str) -> Vec<&str> {
    if source.contains(" or ") { Vec::new() } else { source.split(" and ").map(str::trim).collect() }
}

fn contradict(a: &str, b: &str) -> bool {
    let negated = |a: &str, b: &str| a.strip_prefix("not ").is_some_and(|inner| inner.trim() == b && !b.contains(' '));
    let blank = |a: &str, b: &str| a.strip_suffix(" is not blank").is_some_and(|path| b.strip_suffix(" is blank") == Some(path));
    let equal = match (a.split_once(" == "), b.split_once(" == ")) {
        (Some((path, one)), Some((same, other))) => path == same && literal(one) && literal(other) && one != other,
        _ => false,
    };
    equal || negated(a, b) || negated(b, a) || blank(a, b) || blank(b, a)
}

/// A text in quotes, and nothing behind it.
fn literal(text: &str) -> bool {
    text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).is_some_and(|inner| !inner.contains('\''))
}
