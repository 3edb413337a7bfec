//! What the files say about the systems, held against what the systems say of themselves: objects, fields, permissions, choices.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::diag::{Diagnostic, Span};
use crate::id::{ConnectionName, ObjectName};
use crate::mapping::{CellProgram, Create, Field, Mapping, System as MappingSystem, SystemIx};
use crate::system::{Description, FieldDescription, System};

/// Asks every system, and tells all that does not fit. `complete`: connections whose descriptions name every field there is.
pub async fn check(mappings: &[Arc<Mapping>], systems: &BTreeMap<ConnectionName, Arc<dyn System>>, complete: &BTreeSet<ConnectionName>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut up = BTreeSet::new();
    for (name, system) in systems {
        match system.probe().await {
            Ok(_) => {
                up.insert(name.clone());
            }
            Err(error) => {
                found.push(Diagnostic::error("live_unreachable", error.to_string()).help("Check the address, the credentials and what they are allowed to do"))
            }
        }
    }
    let mut described: HashMap<(ConnectionName, ObjectName), Option<Description>> = HashMap::new();
    for mapping in mappings {
        for at in mapping.systems_ix() {
            let of = mapping.system(at);
            let Some(system) = systems.get(&of.connection).filter(|_| up.contains(&of.connection)) else { continue };
            let key = (of.connection.clone(), of.object.clone());
            if !described.contains_key(&key) {
                let description = match system.describe(&of.object).await {
                    Ok(description) => Some(description),
                    Err(error) => {
                        found.push(
                            spanned(Diagnostic::error("live_object", error.to_string()), of.place.span)
                                .help(format!("See what there is:\n    syncline discover {}", of.connection)),
                        );
                        None
                    }
                };
                described.insert(key.clone(), description);
            }
            if let Some(Some(description)) = described.get(&key) {
                Live { mapping, at, of, description, complete: complete.contains(&of.connection) }.check(&mut found);
            }
        }
    }
    found
}

/// One system of a mapping beside its object's description.
struct Live<'a> {
    mapping: &'a Mapping,
    at: SystemIx,
    of: &'a MappingSystem,
    description: &'a Description,
    complete: bool,
}

impl Live<'_> {
    fn check(&self, found: &mut Vec<Diagnostic>) {
        for field in &self.mapping.fields {
            let Some(cell) = &field.cells[self.at.0 as usize] else { continue };
            for path in self.paths(cell) {
                self.path(field, cell, &path, found);
            }
            if let (Some(_), CellProgram::Path { path, .. }) = (&field.rows, cell) {
                self.choices(field, &path.to_string(), found);
            }
        }
        self.filter(found);
        self.required(found);
    }

    /// What a cell reads or writes by its path.
    fn paths(&self, cell: &CellProgram) -> Vec<String> {
        let mut paths: Vec<String> = cell.paths().into_iter().map(ToString::to_string).collect();
        if let CellProgram::Computed { read: Some(read), .. } = cell {
            paths.extend(read.slots().iter().map(|slot| self.of.columns[*slot as usize].path.to_string()));
        }
        paths.sort();
        paths.dedup();
        paths
    }

    fn described(&self, path: &str) -> Option<&FieldDescription> {
        self.description.fields.iter().find(|field| field.path == path)
    }

    /// `RecordType.DeveloperName` is known where `RecordTypeId` refers to something, `Partner__r.Name` where `Partner__c` does.
    fn leads_somewhere(&self, path: &str) -> bool {
        let Some((head, _)) = path.split_once(['.', '[']) else { return false };
        let custom = head.strip_suffix("__r").map(|stem| format!("{stem}__c"));
        self.description.fields.iter().any(|field| field.path == head || field.path.strip_suffix("Id") == Some(head) || Some(&field.path) == custom.as_ref())
    }

    fn path(&self, field: &Field, cell: &CellProgram, path: &str, found: &mut Vec<Diagnostic>) {
        let Some(known) = self.described(path) else {
            return self.missing(path, field.place.span, found);
        };
        let written = cell.paths().into_iter().any(|written| written.to_string() == path);
        let (never, only_once) = (!known.writable && !known.creatable, !known.writable && known.creatable);
        if written && cell.writes() && (never || only_once) {
            let how = if never { "is read only for us" } else { "can only be set when a record is made" };
            let what = format!("{} {}.{path} {how}, and `{}` writes it", self.of.name, self.of.object, field.name);
            found.push(
                spanned(Diagnostic::warning("live_not_writable", what), field.place.span)
                    .help(format!("make the cell read only: {}: {{ read: {path} }}, or allow the field to be edited", self.of.name)),
            );
        }
    }

    fn missing(&self, path: &str, span: Option<Span>, found: &mut Vec<Diagnostic>) {
        if !self.complete || self.leads_somewhere(path) {
            return;
        }
        let problem = Diagnostic::error("live_path", format!("{} {} shows us no `{path}`", self.of.name, self.of.object));
        let problem = spanned(problem, span).nearest(path, self.description.fields.iter().map(|field| field.path.as_str()));
        found.push(problem);
    }

    /// Paths of `where` and `locked`.
    fn filter(&self, found: &mut Vec<Diagnostic>) {
        let programs = [&self.of.takes_part, &self.of.locked];
        for slot in programs.into_iter().flatten().flat_map(|program| program.slots()) {
            let path = self.of.columns[*slot as usize].path.to_string();
            if self.described(&path).is_none() {
                self.missing(&path, self.of.place.span, found);
            }
        }
    }

    /// Values on one side only.
    fn choices(&self, field: &Field, path: &str, found: &mut Vec<Diagnostic>) {
        let (Some(rows), Some(known)) = (&field.rows, self.described(path)) else { return };
        if known.values.is_empty() {
            return;
        }
        let spellings: Vec<&str> = rows
            .rows
            .iter()
            .filter_map(|row| row.spellings[self.at.0 as usize].as_ref())
            .flat_map(|spellings| spellings.all())
            .map(|spelling| spelling.as_str())
            .collect();
        let vendors = || known.values.iter().map(|(key, _)| key.as_str());
        for spelling in spellings.iter().filter(|spelling| !vendors().any(|vendor| vendor == **spelling)) {
            let what = format!("`{spelling}` is no value of {} {}.{path}", self.of.name, self.of.object);
            found.push(spanned(Diagnostic::error("live_value", what), field.place.span).nearest(spelling, vendors()));
        }
        let without: Vec<String> = vendors().filter(|vendor| !spellings.contains(vendor)).map(|vendor| format!("`{vendor}`")).collect();
        if !without.is_empty() {
            let what = format!("{} {}.{path} may hold {}, which `{}` has no row for", self.of.name, self.of.object, without.join(", "), field.name);
            found.push(
                spanned(Diagnostic::warning("live_value_without_row", what), field.place.span)
                    .help("add rows, or leave them: such values are reported and take no part"),
            );
        }
    }

    /// What a new record needs.
    fn required(&self, found: &mut Vec<Diagnostic>) {
        if matches!(self.of.create, Create::Never) {
            return;
        }
        let mut given: BTreeSet<String> = self.of.new.iter().map(|new| new.path.to_string()).collect();
        given.extend(
            self.mapping
                .fields
                .iter()
                .filter_map(|field| field.cells[self.at.0 as usize].as_ref())
                .filter(|cell| cell.writes_new())
                .flat_map(|cell| cell.paths())
                .map(ToString::to_string),
        );
        for field in self.description.fields.iter().filter(|field| field.required && field.creatable && !given.contains(&field.path)) {
            let what = format!("{} requires `{}` of a new {}, and nothing sets it", self.of.name, field.path, self.of.object);
            let help = format!("give it a field, or a constant: new: {{ {}: … }}", field.path);
            let (problem, help) = match self.description.fills_in {
                true => (Diagnostic::warning("live_required", what), format!("{help}; it has no default, and a create without it is probably refused")),
                false => (Diagnostic::error("live_required", what), help),
            };
            found.push(spanned(problem, self.of.place.span).help(help));
        }
    }
}

fn spanned(problem: Diagnostic, span: Option<Span>) -> Diagnostic {
    match span {
        Some(span) => problem.at(span),
        None => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::fixture::{Known, sound};

    fn told(fills_in: bool) -> Vec<Diagnostic> {
        let text = "mapping: deals\nsystems: { crm: { object: Opportunity }, erp: { object: sale.sale, create: always } }\nfields: { name: { crm: Name, erp: reference } }\n";
        let mapping = sound(text, &Known::default());
        let field = |path: &str| FieldDescription { path: path.into(), creatable: true, writable: true, required: true, ..FieldDescription::default() };
        let description = Description { fields: vec![field("reference"), field("party")], fills_in, ..Description::default() };
        let mut found = Vec::new();
        let at = SystemIx(1);
        Live { mapping: &mapping, at, of: mapping.system(at), description: &description, complete: true }.check(&mut found);
        found
    }

    #[test]
    fn what_a_create_lacks_is_told_as_surely_as_it_is_known() {
        for (fills_in, sure) in [(false, true), (true, false)] {
            let found = told(fills_in);
            let [problem] = &found[..] else { panic!("{found:?}") };
            assert_eq!((problem.code, problem.is_error()), ("live_required", sure));
            assert_eq!(problem.what, "erp requires `party` of a new sale.sale, and nothing sets it");
            assert!(problem.help.as_ref().is_some_and(|help| help.contains("new: { party: … }")), "{problem:?}");
        }
    }
}
