//! `wins:` of a field, with the mapping's as its default; and `unknown:`.

use super::draft::Draft;
use super::expression::program;
use super::formula;
use crate::diag::Diagnostic;
use crate::expr::{Program, Want};
use crate::mapping::field::Unknown;
use crate::mapping::scope::EntityScope;
use crate::mapping::{Line, SystemIx, Wins};
use crate::spec::mapping::{Evidence, Line as LineSpec, Policy, Wins as WinsSpec};
use crate::spec::slot::Name;
use crate::value::{Kind, Str, Value};

/// The policy of the field at `at`, and the conditions of its lines.
pub(super) fn wins(draft: &mut Draft<'_>, at: usize, scope: &EntityScope<'_>) -> (Wins, Vec<Program>) {
    let spec = draft.fields[at].spec;
    let none = Vec::new;
    let (wins, own) = match (&spec.wins, &draft.spec.wins) {
        // Nobody decides what is computed.
        _ if spec.formula.is_some() => return (Wins::Latest(None), none()),
        (Some(wins), _) => (wins, true),
        (None, Some(wins)) => (wins, false),
        (None, None) => return (Wins::Latest(None), none()),
    };
    if own {
        mixed(draft, wins);
    }
    let mut conditions = none();
    let wins = match wins.policy() {
        Policy::Lines(_) => match lines(draft, at, wins, own, scope) {
            Some((lines, programs)) => {
                conditions = programs;
                Wins::Lines(lines)
            }
            None => Wins::Latest(None),
        },
        Policy::Highest | Policy::Lowest if !ordered(draft, at) => {
            if own {
                let problem = Diagnostic::error(
                    "no_order",
                    format!("`{}` has no order: `{}` has no meaning for type {}", draft.fields[at].name, word(&wins.policy()), draft.fields[at].kind),
                );
                let problem = wins.span().map_or(problem.clone(), |span| problem.clone().at(span));
                draft.by_type(at, problem.help("give it `values` in order, or a type with order: integer, decimal, percent, money, date, instant"));
            }
            Wins::Latest(None)
        }
        Policy::Highest => Wins::Highest,
        Policy::Lowest => Wins::Lowest,
        Policy::First => Wins::First,
        Policy::Ask => Wins::Ask,
        Policy::Latest([]) => Wins::Latest(None),
        Policy::Latest(names) => match deciders(draft, at, &names.iter().collect::<Vec<_>>(), own) {
            systems if systems.is_empty() => Wins::Latest(None),
            systems => Wins::Latest(Some(systems)),
        },
        Policy::Rank(names) => {
            let systems = deciders(draft, at, &names, own);
            match (systems.as_slice(), names.len()) {
                ([], _) => Wins::Latest(None),
                ([owner], 1) => Wins::Owner(*owner),
                _ => Wins::Ranks(systems),
            }
        }
    };
    if spec.evidence.is_some_and(|evidence| evidence.value == Evidence::Certain) && !matches!(wins, Wins::Latest(_)) {
        let problem =
            Diagnostic::warning("evidence_unused", format!("`evidence` says nothing here: `{}` is not decided by the newest edit", draft.fields[at].name));
        let span = spec.evidence.map_or(draft.fields[at].at, |evidence| evidence.span);
        draft.found.push(problem.at(span).help("drop it"));
    }
    (wins, conditions)
}

/// Lines `system: condition`. The mapping's own are told of by the checks, once.
fn lines(draft: &mut Draft<'_>, at: usize, wins: &WinsSpec, own: bool, scope: &EntityScope<'_>) -> Option<(Vec<Line>, Vec<Program>)> {
    let WinsSpec::List(written) = wins else { return None };
    let entries = written.iter().filter_map(|line| if let LineSpec::When(entries) = line { Some(entries.clone()) } else { None }).collect::<Vec<_>>();
    let before = draft.found.len();
    let name = draft.fields[at].name;
    let ordered = formula::ordered(draft, name, "wins", &entries)?;
    let mut lines = Vec::with_capacity(ordered.len());
    let mut programs = Vec::new();
    for (system, condition) in &ordered {
        // The mapping's default is taken as it stands: a system that does not hold the field owns it like one without a record.
        let owner = if own { deciders(draft, at, &[system], true).first().copied() } else { draft.system_ix(system.text()) };
        if condition.text() != formula::OTHERWISE {
            programs.extend(program(condition, scope, Want::boolean(), &mut draft.found));
        }
        lines.extend(owner.map(|owner| Line { owner, condition: Str::from(condition.text()) }));
    }
    if !own {
        draft.found.truncate(before);
    }
    (lines.len() == ordered.len() && programs.len() + 1 == lines.len()).then_some((lines, programs))
}

/// What is wrong with the lines of the mapping's own `wins`.
pub(super) fn default_lines(draft: &mut Draft<'_>, wins: &WinsSpec, scope: &EntityScope<'_>) {
    mixed(draft, wins);
    let WinsSpec::List(written) = wins else { return };
    let entries = written.iter().filter_map(|line| if let LineSpec::When(entries) = line { Some(entries.clone()) } else { None }).collect::<Vec<_>>();
    if entries.is_empty() {
        return;
    }
    let mapping = draft.spec.mapping.text();
    for (_, condition) in formula::ordered(draft, mapping, "wins", &entries).into_iter().flatten() {
        if condition.text() != formula::OTHERWISE {
            program(condition, scope, Want::boolean(), &mut draft.found);
        }
    }
}

/// Ranks and lines in one list.
fn mixed(draft: &mut Draft<'_>, wins: &WinsSpec) {
    let WinsSpec::List(written) = wins else { return };
    let rank = written.iter().find_map(|line| if let LineSpec::Rank(name) = line { Some(name) } else { None });
    let when = written.iter().any(|line| matches!(line, LineSpec::When(_)));
    if let (Some(rank), true) = (rank, when) {
        let what = format!("`{}` has no condition, and the other lines of `wins` have", rank.text());
        draft.found.push(
            Diagnostic::error("mixed_wins", what).at(rank.span()).help(format!("write {}: otherwise as the last line, or systems by rank alone", rank.text())),
        );
    }
}

fn word(policy: &Policy<'_>) -> &'static str {
    if matches!(policy, Policy::Highest) { "highest" } else { "lowest" }
}

fn ordered(draft: &Draft<'_>, at: usize) -> bool {
    let field = &draft.fields[at];
    match &field.kind {
        Kind::Set(_) => false,
        kind => field.rows.is_some() || kind.ordered(),
    }
}

/// The systems that `wins` names. A field's own `wins` must name systems that hold it and are read; the mapping's default is taken as far as it goes.
fn deciders(draft: &mut Draft<'_>, at: usize, names: &[&Name], own: bool) -> Vec<SystemIx> {
    let mut systems = Vec::with_capacity(names.len());
    for name in names {
        // The mapping's own `wins` is reported once, by the checks.
        let Some(system) = (if own { draft.system_named(name, "`wins` names") } else { draft.system_ix(name.text()) }) else { continue };
        let field = &draft.fields[at];
        let cell = field.spec.cells.get(name.text());
        if own && cell.is_none() && !draft.lost(&["fields", field.name, name.text()]) {
            let problem = Diagnostic::error("owner_without_cell", format!("`wins` names {}, but `{}` has no {} cell", name.text(), field.name, name.text()));
            draft.found.push(problem.at(name.span()).help(format!("add the cell, {}: PATH, or name one of {}", name.text(), listed(field.spec.cells.keys()))));
        }
        if cell.is_some() && !systems.contains(&system) {
            systems.push(system);
        }
    }
    systems
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    crate::diag::suggest::listed(names).unwrap_or_else(|| "its systems".to_owned())
}

/// The stand-in of the field at `at`.
pub(super) fn unknown(draft: &mut Draft<'_>, at: usize) -> Unknown {
    let field = &draft.fields[at];
    let Some(text) = &field.spec.unknown else { return Unknown::Hold };
    if text.text() == "hold" {
        return Unknown::Hold;
    }
    if let Some(rows) = &field.rows {
        if let Some(row) = rows.iter().position(|row| row.name == text.text()) {
            return Unknown::Row(row as u16);
        }
        let names: Vec<String> = rows.iter().map(|row| row.name.to_string()).collect();
        let problem = Diagnostic::error("unknown_row", format!("'{}' is no value of `{}`", text.text(), field.name)).at(text.span());
        draft.by_type(at, problem.nearest(text.text(), names.iter().map(String::as_str)));
        return Unknown::Hold;
    }
    if matches!(&field.kind, Kind::Ref(_)) || matches!(&field.kind, Kind::Set(of) if matches!(**of, Kind::Ref(_))) {
        return Unknown::Match(Value::text(text.text()));
    }
    let problem = Diagnostic::error(
        "unknown_without_choice",
        format!("`unknown` has no meaning for `{}`: a value of type {} has a counterpart everywhere", field.name, field.kind),
    );
    let problem = problem.at(text.span()).help("drop it, or give the field `values`");
    draft.by_type(at, problem);
    Unknown::Hold
}
