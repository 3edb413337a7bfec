//! Several files to one mapping: maps joined, shared fields and values put in place, cells held against the systems.

use super::{Field, MappingSpec, MatchRule, Row, Values};
use crate::diag::{Diagnostic, Span};
use crate::spec::SharedSpec;
use crate::spec::entries::Entries;
use crate::spec::lost::Lost;
use crate::spec::project::is_reserved;
use crate::spec::slot::{Name, ScheduleSlot, TextSlot};

/// The mappings by name, whole, and all problems of joining them. Whether `wins`, `match` and refs name what there is, is for the mapping's own check.
pub fn join(parts: Vec<MappingSpec>, shared: &[SharedSpec]) -> (Vec<MappingSpec>, Vec<Diagnostic>) {
    let mut found = Vec::new();
    let shared = Shared::new(shared, &mut found);
    let mut whole: Vec<MappingSpec> = Vec::new();
    for part in parts {
        match whole.iter_mut().find(|mapping| mapping.mapping == part.mapping) {
            Some(mapping) => add(mapping, part, &mut found),
            None => whole.push(part),
        }
    }
    // What nothing is known of is no mapping: it only keeps others from being blamed for it.
    for mapping in &mut whole {
        include(mapping, &shared, &mut found);
        values(mapping, &shared, &mut found);
        check(mapping, &mut found);
    }
    (whole, found)
}

/// What all shared files hold, by name.
struct Shared<'a> {
    values: Vec<(&'a Name, &'a Entries<Row>, &'a Lost)>,
    fields: Vec<(&'a Name, &'a Entries<Field>, &'a Lost)>,
    lost: Vec<&'a Lost>,
}

impl<'a> Shared<'a> {
    fn new(files: &'a [SharedSpec], found: &mut Vec<Diagnostic>) -> Self {
        let values: Vec<_> = files.iter().flat_map(|file| file.values.iter().map(|(name, rows)| (name, rows, &file.lost))).collect();
        let fields: Vec<_> = files.iter().flat_map(|file| file.fields.iter().map(|(name, fields)| (name, fields, &file.lost))).collect();
        twice(values.iter().map(|(name, ..)| *name), found);
        twice(fields.iter().map(|(name, ..)| *name), found);
        Self { values, fields, lost: files.iter().map(|file| &file.lost).collect() }
    }

    /// Whether it may stand where something is wrong.
    fn is_lost(&self, key: &str, name: &str) -> bool {
        self.lost.iter().any(|lost| lost.has(&[key, name]))
    }
}

fn given_twice(name: &str, second: Span, first: Span) -> Diagnostic {
    Diagnostic::error("given_twice", format!("`{name}` is given twice")).at(second).and_at(first, "the first one").help("Keep one")
}

fn twice<'a>(names: impl Iterator<Item = &'a Name>, found: &mut Vec<Diagnostic>) {
    let mut seen: Vec<&Name> = Vec::new();
    for name in names {
        match seen.iter().find(|first| **first == name) {
            Some(first) => found.push(given_twice(name.text(), name.span(), first.span())),
            None => seen.push(name),
        }
    }
}

/// Joins a further file's part. `match`, like every key but the maps and lists of names, stands in one file.
fn add(mapping: &mut MappingSpec, part: MappingSpec, found: &mut Vec<Diagnostic>) {
    for (key, place) in places(&part) {
        if let Some((_, first)) = places(mapping).into_iter().find(|(name, _)| *name == key) {
            found.push(given_twice(key, place, first));
        }
    }
    mapping.about = mapping.about.take().or(part.about);
    mapping.schedule = mapping.schedule.take().or(part.schedule);
    mapping.adopt = mapping.adopt.take().or(part.adopt);
    mapping.limits = mapping.limits.take().or(part.limits);
    mapping.wins = mapping.wins.take().or(part.wins);
    mapping.was = mapping.was.take().or(part.was);
    mapping.matching.extend(part.matching);
    mapping.include.extend(part.include);
    mapping.tests.extend(part.tests);
    mapping.files.extend(part.files);
    mapping.lost.add(part.lost);
    entries(&mut mapping.systems, part.systems, found);
    entries(&mut mapping.fields, part.fields, found);
}

/// The keys that may stand in one file only, and where they stand; what keeps no place of its own, at the mapping's name.
fn places(mapping: &MappingSpec) -> Vec<(&'static str, Span)> {
    let name = mapping.mapping.span();
    let matching = mapping.matching.first().map(|rule| match rule {
        MatchRule::Link(fields) => fields.first().map_or(name, Name::span),
        MatchRule::Ask(rule) => rule.ask.first().map_or(name, Name::span),
    });
    [
        ("about", mapping.about.as_ref().map(TextSlot::span)),
        ("schedule", mapping.schedule.as_ref().map(ScheduleSlot::span)),
        ("adopt", mapping.adopt.map(|adopt| adopt.span)),
        ("limits", mapping.limits.as_ref().map(|_| name)),
        ("match", matching),
        ("wins", mapping.wins.as_ref().map(|wins| wins.span().unwrap_or(name))),
        ("was", mapping.was.as_ref().map(Name::span)),
    ]
    .into_iter()
    .filter_map(|(key, place)| Some((key, place?)))
    .collect()
}

fn entries<V>(whole: &mut Entries<V>, part: Entries<V>, found: &mut Vec<Diagnostic>) {
    for (name, value) in part {
        match whole.entry(name.text()) {
            Some((first, _)) => found.push(given_twice(name.text(), name.span(), first.span())),
            None => whole.push(name, value),
        }
    }
}

/// Puts shared fields in place, without the columns that this mapping lacks.
fn include(mapping: &mut MappingSpec, shared: &Shared<'_>, found: &mut Vec<Diagnostic>) {
    twice(mapping.include.iter(), found);
    if mapping.lost.touches(&["include"]) {
        // Any field may have come with it.
        mapping.lost.add(Lost::at(&["fields"]));
    }
    for wanted in std::mem::take(&mut mapping.include) {
        let Some((_, fields, lost)) = shared.fields.iter().find(|(name, ..)| **name == wanted) else {
            if shared.is_lost("fields", wanted.text()) {
                // Any field may be among those.
                mapping.lost.add(Lost::at(&["fields"]));
                continue;
            }
            let known = shared.fields.iter().map(|(name, ..)| name.text());
            found.push(
                Diagnostic::error("unknown_name", format!("No shared fields are called `{}`", wanted.text())).at(wanted.span()).nearest(wanted.text(), known),
            );
            continue;
        };
        mapping.lost.add(lost.moved(&["fields", wanted.text()], &["fields"]));
        for (name, field) in fields.iter() {
            let mut field = field.clone();
            field.cells.retain(|system, _| mapping.systems.contains(system.text()));
            match mapping.fields.entry(name.text()) {
                Some((first, _)) => {
                    let what = format!("`{}` is given twice: here, and by `include: {}`", name.text(), wanted.text());
                    found.push(Diagnostic::error("given_twice", what).at(first.span()).and_at(name.span(), "the shared one").help("Keep one"));
                }
                None => mapping.fields.push(name.clone(), field),
            }
        }
        mapping.include.push(wanted);
    }
}

/// Puts shared rows in place. A system with a cell must have a column among them.
fn values(mapping: &mut MappingSpec, shared: &Shared<'_>, found: &mut Vec<Diagnostic>) {
    let systems: Vec<String> = mapping.systems.keys().map(str::to_string).collect();
    for (field_name, field) in mapping.fields.iter_mut() {
        let Some(Values::Shared(wanted)) = &field.values else { continue };
        let Some((name, rows, lost)) = shared.values.iter().find(|(name, ..)| *name == wanted) else {
            if shared.is_lost("values", wanted.text()) {
                field.values = None;
                mapping.lost.add(Lost::at(&["fields", field_name.text(), "values"]));
                continue;
            }
            let known = shared.values.iter().map(|(name, ..)| name.text());
            found.push(
                Diagnostic::error("unknown_name", format!("No shared values are called `{}`", wanted.text())).at(wanted.span()).nearest(wanted.text(), known),
            );
            continue;
        };
        for (system, _) in field.cells.iter().filter(|(system, _)| systems.iter().any(|known| known == system.text())) {
            if !rows.iter().any(|(_, row)| row.cells.contains(system.text())) && !lost.touches(&["values", wanted.text()]) {
                let what = format!("Shared values `{}` have no column `{}`, and field `{}` has a cell there", wanted.text(), system.text(), field_name.text());
                let problem = Diagnostic::error("missing_column", what).at(system.span()).and_at(name.span(), "the shared values");
                found.push(problem.help(format!("Add `{}` to their rows, or drop the cell", system.text())));
            }
        }
        mapping.lost.add(lost.moved(&["values", wanted.text()], &["fields", field_name.text(), "values"]));
        let mut rows = (*rows).clone();
        for (_, row) in rows.iter_mut() {
            row.cells.retain(|system, _| systems.iter().any(|known| known == system.text()));
        }
        field.values = Some(Values::Rows(rows));
    }
}

fn check(mapping: &MappingSpec, found: &mut Vec<Diagnostic>) {
    let name = &mapping.mapping;
    if mapping.systems.is_empty() && !mapping.lost.touches(&["systems"]) {
        found.push(
            Diagnostic::error("missing_key", format!("Mapping `{}` has no systems", name.text()))
                .at(name.span())
                .help("Add `systems:`, such as `crm: { object: Opportunity }`"),
        );
    }
    if mapping.fields.is_empty() && !mapping.lost.touches(&["fields"]) {
        found.push(
            Diagnostic::error("missing_key", format!("Mapping `{}` has no fields", name.text()))
                .at(name.span())
                .help("Add `fields:`, such as `name: { crm: Name, prm: account_name }`"),
        );
    }
    for (system, _) in mapping.systems.iter().filter(|(system, _)| is_reserved(system.text())) {
        let what = format!("A system cannot be called `{}`: the format uses that word", system.text());
        found.push(Diagnostic::error("reserved_name", what).at(system.span()).help("Rename it, and say which connection it is: `connection: …`"));
    }
    for (field_name, field) in mapping.fields.iter() {
        let place = format!("field `{}`", field_name.text());
        for (system, _) in field.cells.iter() {
            known(mapping, system, &Field::KEYS, &place, found);
        }
        if let Some(Values::Rows(rows)) = &field.values {
            for (row_name, row) in rows.iter() {
                let place = format!("row `{}` of field `{}`", row_name.text(), field_name.text());
                row.cells.iter().for_each(|(system, _)| known(mapping, system, &["was"], &place, found));
            }
        }
    }
    for example in &mapping.tests {
        let words = ["agreed", "absent", "review", "writes"];
        for expect in example.expectations() {
            expect.records.iter().for_each(|(system, _)| known(mapping, system, &words, "`expect`", found));
            expect.absent.iter().for_each(|system| known(mapping, system, &[], "`absent`", found));
        }
        example.edits().for_each(|(system, _)| known(mapping, system, &[], "`edit`", found));
    }
}

/// A key that is neither a word of the format nor a system of the mapping.
fn known(mapping: &MappingSpec, key: &Name, words: &[&str], place: &str, found: &mut Vec<Diagnostic>) {
    if mapping.systems.contains(key.text()) || mapping.lost.has(&["systems", key.text()]) {
        return;
    }
    let what = format!("Unknown key `{}` in {place}", key.text());
    let problem = Diagnostic::error("unknown_key", what).at(key.span());
    let all = mapping.systems.keys().chain(mapping.lost.names("systems")).chain(words.iter().copied());
    let problem = match crate::diag::suggest::nearest(key.text(), all) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem
            .help(format!("The systems of this mapping are {}", crate::diag::suggest::listed(mapping.systems.keys()).unwrap_or_else(|| "none".to_string()))),
    };
    found.push(problem);
}
