//! `formula:` of a field: expressions and results checked, and the order in which fields are computed.

use super::draft::Draft;
use super::expression::program;
use crate::diag::Diagnostic;
use crate::expr::{Shape, Want};
use crate::mapping::formula::order;
use crate::mapping::scope::{EntityScope, shape_of_kind};
use crate::mapping::{EntitySlot, Field, FieldIx, Formula};
use crate::spec::entries::Entries;
use crate::spec::mapping::Formula as FormulaSpec;
use crate::spec::slot::{Expression, Name};
use crate::value::time::Zone;
use crate::value::{Kind, Str, Value};

/// The last line's condition, in `formula` and `wins`.
pub(super) const OTHERWISE: &str = "otherwise";

/// The formulas of all fields; one with a problem counts as absent (the mapping does not come out then).
pub(super) fn read(draft: &mut Draft<'_>, scope: &EntityScope<'_>) -> Vec<Option<Formula>> {
    (0..draft.fields.len()).map(|at| one(draft, at, scope)).collect()
}

fn one(draft: &mut Draft<'_>, at: usize, scope: &EntityScope<'_>) -> Option<Formula> {
    let field = &draft.fields[at];
    let spec = field.spec.formula.as_ref()?;
    let (name, place) = (field.name, field.at);
    if let Some(wins) = &field.spec.wins {
        let what = format!("`{name}` is computed, and says who wins: edits of it are put back, whoever makes them");
        draft.found.push(Diagnostic::error("formula_with_wins", what).at(wins.span().unwrap_or(place)).help("drop `wins`, or drop `formula`"));
    }
    if draft.fields[at].spec.unknown.is_some() && draft.fields[at].rows.is_none() {
        // Told with `unknown` itself.
        return None;
    }
    let kind = draft.fields[at].kind.clone();
    let reference = matches!(&kind, Kind::Ref(_)) || matches!(&kind, Kind::Set(of) if matches!(**of, Kind::Ref(_)));
    if reference {
        let what = format!("`{name}` is a reference, and a formula gives none");
        draft.by_type(
            at,
            Diagnostic::error("formula_of_reference", what).at(place).help("map the reference itself, and let a formula look through it: partner.tier"),
        );
        return None;
    }
    match spec {
        FormulaSpec::Expression(text) => {
            let untyped = draft.fields[at].untyped;
            let rows = draft.fields[at].rows.as_ref().map(|rows| rows.iter().map(|row| row.name.clone()).collect());
            let want = if untyped { Shape::Any } else { shape_of_kind(&kind, rows) };
            program(text, scope, Want::of(want), &mut draft.found).map(Formula::Expression)
        }
        FormulaSpec::Lines(lines) => {
            let lines = ordered(draft, name, "formula", lines)?;
            let results = lines.iter().map(|(result, _)| gives(draft, at, &kind, result)).collect::<Vec<_>>();
            let last = lines.len() - 1;
            let conditions: Vec<_> = lines[..last].iter().map(|(_, text)| program(text, scope, Want::boolean(), &mut draft.found)).collect();
            let whole = conditions.into_iter().map(|condition| condition.map(Some)).chain([Some(None)]);
            whole.zip(results).map(|(condition, result)| Some((condition?, result?))).collect::<Option<Vec<_>>>().map(Formula::Lines)
        }
    }
}

/// Lines `RESULT: condition`: one key each, the last one and only it with `otherwise`.
pub(super) fn ordered<'a>(draft: &mut Draft<'_>, field: &str, key: &str, lines: &'a [Entries<Expression>]) -> Option<Vec<(&'a Name, &'a Expression)>> {
    let mut found = Vec::new();
    let entries: Vec<(&Name, &Expression)> = lines.iter().flat_map(Entries::iter).collect();
    if let Some((second, _)) = lines.iter().find(|line| line.len() != 1).and_then(|line| line.iter().nth(1)) {
        let what = format!("A line of `{key}` has one condition, and here stands a second one");
        found.push(Diagnostic::error("two_in_a_line", what).at(second.span()).help(format!("begin a line of its own: - {}: …", second.text())));
    }
    for (at, (name, condition)) in entries.iter().enumerate() {
        let (is_last, otherwise) = (at + 1 == entries.len(), condition.text() == OTHERWISE);
        if is_last && !otherwise {
            let what = format!("`{key}` of `{field}` has no `{OTHERWISE}`: where no line holds, nobody knows what follows");
            found.push(Diagnostic::error("no_otherwise", what).at(name.span()).help(format!("add a last line: - {}: {OTHERWISE}", name.text())));
        } else if otherwise && !is_last {
            let what = format!("What stands below `{OTHERWISE}` never holds");
            found.push(Diagnostic::error("otherwise_not_last", what).at(condition.span()).help("make it the last line"));
        }
    }
    if entries.is_empty() && lines.is_empty() {
        let what = format!("`{key}` of `{field}` has no line");
        let span = draft.fields.iter().find(|known| known.name == field).map_or(draft.spec.mapping.span(), |known| known.at);
        found.push(Diagnostic::error("no_otherwise", what).at(span).help(format!("write lines, the last with `{OTHERWISE}`")));
    }
    let sound = found.is_empty();
    draft.found.extend(found);
    (sound && !entries.is_empty()).then_some(entries)
}

/// The result of a line, as a value of the field.
fn gives(draft: &mut Draft<'_>, at: usize, kind: &Kind, result: &Name) -> Option<Value> {
    let field = &draft.fields[at];
    if let Some(rows) = &field.rows {
        if let Some(row) = rows.iter().find(|row| row.name == result.text()) {
            let row = Value::Text(row.name.clone());
            return Some(if matches!(kind, Kind::Set(_)) { Value::set([row]) } else { row });
        }
        let names: Vec<Str> = rows.iter().map(|row| row.name.clone()).collect();
        let problem = Diagnostic::error("unknown_row", format!("'{}' is no value of `{}`", result.text(), field.name)).at(result.span());
        draft.by_type(at, problem.nearest(result.text(), names.iter().map(|name| name.as_str())));
        return None;
    }
    let one = if let Kind::Set(of) = kind { of } else { kind };
    match one.read(result.text(), &Zone::utc()) {
        Ok(value) if matches!(kind, Kind::Set(_)) => Some(Value::set([value])),
        Ok(value) => Some(value),
        Err(problem) => {
            let found = Diagnostic::error("formula_result", format!("`{}` cannot be a value of `{}`: {}", result.text(), field.name, problem.message));
            let help = problem.help.unwrap_or_else(|| "a result is a plain value; for what is worked out, give `formula` one expression".to_owned());
            draft.by_type(at, found.at(result.span()).help(help));
            None
        }
    }
}

/// The order in which fields are computed; a ring is told.
pub(super) fn in_order(draft: &mut Draft<'_>, reads: &[Option<Vec<FieldIx>>]) -> Vec<FieldIx> {
    let (order, ring) = order(reads);
    if let Some(ring) = ring {
        let names: Vec<&str> = ring.iter().map(|field| draft.fields[field.0 as usize].name).collect();
        let mut problem =
            Diagnostic::error("hangs_on_itself", format!("A field hangs on itself: {}", names.join(" → "))).at(draft.fields[ring[0].0 as usize].at);
        for field in &ring[1..ring.len() - 1] {
            problem = problem.and_at(draft.fields[field.0 as usize].at, "through this one");
        }
        draft.found.push(problem.help("break one step: map a value from a system, or write it out"));
    }
    order
}

/// A field's formula with those it draws on, as they are written: what the field means changes with any of them.
pub(super) fn whole_source(fields: &[Field], at: usize, slots: &[EntitySlot], in_order: &[FieldIx]) -> String {
    let mut drawn = vec![FieldIx(at as u16)];
    let mut sources = Vec::new();
    for field in in_order.iter().rev().filter(|field| field.0 as usize == at || fields[at].formula.is_some()) {
        if let Some(formula) = fields[field.0 as usize].formula.as_ref().filter(|_| drawn.contains(field)) {
            sources.push(formula.source());
            drawn.extend(formula.fields(slots));
        }
    }
    sources.join("\n")
}
