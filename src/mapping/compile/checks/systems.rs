//! What `where`, `create`, `only` and `leaves` of a system add up to, and whether its object can do it.

use super::Parts;
use crate::diag::{Diagnostic, Span};
use crate::expr::{Env, Item};
use crate::mapping::compile::draft::{Draft, DraftSystem};
use crate::mapping::field::CellProgram;
use crate::mapping::system::NewText;
use crate::mapping::world::{Access, GoneKnown, Updates};
use crate::mapping::{Create, EntitySlot};
use crate::spec::lost::Lost;
use crate::spec::mapping::{Leaves, Starts};
use crate::value::Value;

pub(super) fn check(draft: &mut Draft<'_>, parts: &Parts<'_>) {
    nothing_begins(draft, parts);
    for system in 0..draft.systems.len() {
        let mut found = Vec::new();
        let of = &draft.systems[system];
        wall(of, &draft.spec.lost, &mut found);
        abilities(of, &draft.spec.lost, parts, system, &mut found);
        deletes_known(draft, parts, system, &mut found);
        // What a new record is given may stand where something is wrong.
        if !draft.spec.lost.touches(&["fields"]) && !draft.spec.lost.touches(&["systems", of.name]) {
            fits_where(of, draft, parts, system, &mut found);
            required(of, draft, parts, system, &mut found);
        }
        draft.found.append(&mut found);
    }
}

fn nothing_begins(draft: &mut Draft<'_>, parts: &Parts<'_>) {
    let at = draft.spec.mapping.span();
    if draft.spec.lost.touches(&["systems"]) {
        return;
    }
    if !draft.systems.is_empty() && draft.systems.iter().all(|system| system.spec.starts() == Starts::Never) {
        let problem = Diagnostic::error("nothing_starts", "No system starts an entity: `starts` is `never` everywhere").at(at);
        draft.found.push(problem.help("drop `starts` where entities begin"));
    }
    // A `create` that did not compile counts as never, and has its own message.
    let written = draft.systems.iter().any(|system| system.spec.create.as_ref().is_some_and(|create| create.text() != "never"));
    let creates = parts.programs.iter().any(|programs| !matches!(programs.create, Create::Never));
    if draft.systems.len() > 1 && !written && !creates {
        let note = Diagnostic::note("nothing_creates", "Nothing creates records in any system: only existing pairs are updated").at(at);
        draft.found.push(note.help("to make missing records, say where: create: always"));
    }
}

fn wall(of: &DraftSystem<'_>, lost: &Lost, found: &mut Vec<Diagnostic>) {
    let Some(leaves) = of.spec.leaves else { return };
    if of.spec.only.is_none() && !lost.has(&["systems", of.name, "only"]) {
        let problem = Diagnostic::warning("leaves_never", format!("`leaves` of {} never applies: there is no wall to leave", of.name)).at(leaves.span);
        found.push(problem.help("give `only`, such as only: not deleted('crm'), or drop `leaves`"));
    }
    let cannot = match leaves.value {
        Leaves::Archive => of.facts.archives == Some(false),
        Leaves::Delete => of.facts.deletes == Some(false),
        Leaves::Stop | Leaves::Ask => false,
    };
    if cannot {
        let verb = if leaves.value == Leaves::Archive { "archived" } else { "deleted" };
        let problem = Diagnostic::error("leaves_cannot", format!("Records of {} {} cannot be {verb}", of.connection_name, of.object)).at(leaves.span);
        found.push(problem.help("leaves: stop or leaves: ask"));
    }
}

fn abilities(of: &DraftSystem<'_>, lost: &Lost, parts: &Parts<'_>, system: usize, found: &mut Vec<Diagnostic>) {
    if of.facts.creates == Some(false) && !matches!(parts.programs[system].create, Create::Never) {
        let at = of.spec.create.as_ref().map_or(of.at, |create| create.span());
        let problem = Diagnostic::error("create_cannot", format!("Records of {} {} cannot be made by us", of.connection_name, of.object)).at(at);
        found.push(problem.help("drop `create`"));
    }
    let writes = parts.cells.iter().any(|cells| cells[system].as_ref().is_some_and(CellProgram::writes));
    match of.facts.updates {
        Some(Updates::Whole) if writes && !of.spec.unguarded && !lost.has(&["systems", of.name, "unguarded"]) => {
            let what =
                format!("{} {} is written whole and without a check: an edit made between our read and our write is lost", of.connection_name, of.object);
            found.push(Diagnostic::error("unguarded", what).at(of.at).help("consent with unguarded: true, or make its cells read only: { read: … }"));
        }
        Some(Updates::None) if writes => {
            let what = format!("Records of {} {} cannot be changed by us: values are given at birth only", of.connection_name, of.object);
            found.push(Diagnostic::warning("update_cannot", what).at(of.at).help("make its cells read only: { read: … }"));
        }
        Some(Updates::Versioned | Updates::Fields) if of.spec.unguarded => {
            let what = format!("`unguarded` says nothing here: writes to {} {} are checked", of.connection_name, of.object);
            found.push(Diagnostic::note("unguarded_unused", what).at(of.at).help("drop it"));
        }
        Some(_) | None => {}
    }
}

/// `deleted('s')` where nothing ever tells that a record of `s` is gone.
fn deletes_known(draft: &Draft<'_>, parts: &Parts<'_>, system: usize, found: &mut Vec<Diagnostic>) {
    let spec = draft.systems[system].spec;
    let texts = [("only", &spec.only, parts.programs[system].only.as_ref()), ("create", &spec.create, create_program(parts, system))];
    for (key, text, program) in texts {
        let (Some(text), Some(program)) = (text, program) else { continue };
        for slot in program.slots() {
            let EntitySlot::Deleted(named) = &parts.slots[*slot as usize] else { continue };
            let unknowing = |of: &DraftSystem<'_>| of.facts.gone == GoneKnown::Never;
            let never = match named {
                Some(named) => unknowing(&draft.systems[named.0 as usize]),
                None => draft.systems.iter().all(unknowing),
            };
            if never {
                let call = named.map_or("deleted()".to_owned(), |named| format!("deleted('{}')", draft.systems[named.0 as usize].name));
                let at = text.text().find(&call).map_or(text.span(), |start| text.locate(start..start + call.len()));
                let problem =
                    Diagnostic::error("delete_never_known", format!("`{call}` in `{key}` is never known: these objects do not tell of deletes")).at(at);
                found.push(problem.help("go by a field that says so instead, such as only: status != 'removed'"));
            }
        }
    }
}

fn create_program<'a>(parts: &'a Parts<'_>, system: usize) -> Option<&'a crate::expr::Program> {
    match &parts.programs[system].create {
        Create::When(program) => Some(program),
        Create::Never | Create::Always => None,
    }
}

/// A record as it would be born, as far as the file tells.
struct Newborn(Vec<Value>);

impl Env for Newborn {
    fn slot(&self, slot: u32) -> Item {
        self.0.get(slot as usize).map_or(Item::Unread, |value| Item::Value(value.clone()))
    }
}

/// A created record that `where` would leave out is never seen again.
fn fits_where(of: &DraftSystem<'_>, draft: &Draft<'_>, parts: &Parts<'_>, system: usize, found: &mut Vec<Diagnostic>) {
    let programs = &parts.programs[system];
    let (Some(program), Some(text)) = (&programs.takes_part, &of.spec.filter) else { return };
    if matches!(programs.create, Create::Never) {
        return;
    }
    let columns = of.columns.borrow();
    let mut born = vec![Value::Blank; columns.len()];
    let mut unset = None;
    for slot in program.slots() {
        let path = columns[*slot as usize].path.to_string();
        let given = programs.new.iter().find(|new| new.path.to_string() == path);
        match given.map(|new| &new.text) {
            Some(NewText::Constant(value)) => born[*slot as usize] = value.clone(),
            Some(NewText::Text(template)) if template.is_plain() => born[*slot as usize] = Value::text(template.source()),
            Some(_) => return,
            None if set_elsewhere(draft, parts, system, &path) => return,
            None => unset = unset.or(Some(path)),
        }
    }
    if program.condition(&Newborn(born)) == Ok(false) {
        let why = unset.as_ref().map_or("`new` sets it to something else".to_owned(), |path| format!("nothing sets `{path}`"));
        let problem = Diagnostic::warning("born_outside", format!("A record created in {} would not fit its `where`: {why}", of.name)).at(text.span());
        found.push(problem.help(unset.map_or("make `new` and `where` agree".to_owned(), |path| format!("add it to `new` or `fields`: new: {{ {path}: … }}"))));
    }
}

/// A field writes the path, or `new` sets what the vendor derives it from (`RecordTypeId` for `RecordType.DeveloperName`).
fn set_elsewhere(draft: &Draft<'_>, parts: &Parts<'_>, system: usize, path: &str) -> bool {
    let head = path.split(['.', '[']).next().unwrap_or(path);
    let dotted = head.len() < path.len();
    let sets = |other: String| other == path || (dotted && other.starts_with(head));
    let by_field = (0..draft.fields.len()).any(|field| parts.writes(field, system).iter().any(|path| sets(path.to_string())));
    by_field || (dotted && parts.programs[system].new.iter().any(|new| sets(new.path.to_string())))
}

/// Fields the vendor requires of a new record.
fn required(of: &DraftSystem<'_>, draft: &Draft<'_>, parts: &Parts<'_>, system: usize, found: &mut Vec<Diagnostic>) {
    if matches!(parts.programs[system].create, Create::Never) {
        return;
    }
    let at: Span = of.spec.create.as_ref().map_or(of.at, |create| create.span());
    for (path, facts) in &of.facts.fields {
        let given = parts.programs[system].new.iter().any(|new| new.path.to_string() == *path)
            || (0..draft.fields.len()).any(|field| parts.writes(field, system).iter().any(|written| written.to_string() == *path));
        if facts.required && facts.access != Access::ReadOnly && !given {
            let problem =
                Diagnostic::error("required_unset", format!("{} requires `{path}` of new records of {}, and nothing sets it", of.connection_name, of.object))
                    .at(at);
            found.push(problem.help(format!("give it a field, or a constant: new: {{ {path}: … }}")));
        }
    }
}
