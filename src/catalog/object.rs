//! An object's whole program: `each_object` laid under it, block by block.

use super::compile::{Compiler, Seen};
use super::describe::Choices;
use super::feed::{Changes, Gone};
use super::pick::Pick;
use super::read::{FIND, Find, GET, Get, PAGING, RECORD, Read};
use super::scope::Group;
use super::tree::Tree;
use super::wire::WireKind;
use super::write::{Archive, Create, Upsert, WRITE, Write};
use crate::diag::Diagnostic;
use crate::expr::{Program, Want};
use crate::id::ObjectName;
use crate::spec::Name;
use crate::spec::connector::{self as file, Access, FieldNote, FieldShape, Then, Verb};
use crate::value::{Path, Str};

/// One object.
#[derive(Clone, Debug)]
pub struct Object {
    pub vars: Vec<(Str, Tree)>,
    pub parents: Vec<ObjectName>,
    pub read_only: bool,
    pub write_only: bool,
    pub key: Pick,
    pub key_identity: Option<Program>,
    pub version: Option<Pick>,
    pub time: Option<Pick>,
    pub actor: Option<Pick>,
    pub values: Option<Pick>,
    pub fields: Vec<Field>,
    pub always_read: Vec<Path>,
    pub marker: Option<Path>,
    pub list: Option<Read>,
    pub changes: Option<Changes>,
    pub gone: Option<Gone>,
    pub get: Option<Get>,
    pub find: Option<Find>,
    pub create: Option<Create>,
    pub update: Option<Write>,
    pub upsert: Option<Upsert>,
    pub archive: Option<Archive>,
    pub delete: Option<Write>,
    pub gates: Vec<Gate>,
    pub choices: Option<Choices>,
}

/// What the file knows of a field.
#[derive(Clone, Debug)]
pub struct Field {
    pub path: Path,
    pub kind: Option<WireKind>,
    /// The kind's word as the file has it.
    pub kind_word: Str,
    pub length: Option<u32>,
    pub values: Vec<Str>,
    pub access: Option<Access>,
    pub required: bool,
    pub unique: bool,
    pub blind: bool,
    pub currency: Option<Program>,
    pub read_at: Option<Path>,
    pub write_at: Option<Path>,
}

/// When a record cannot be written.
#[derive(Clone, Debug)]
pub struct Gate {
    pub when: Program,
    /// What may be written all the same; none: nothing.
    pub allows: Vec<Path>,
    pub then: Then,
}

impl Object {
    pub fn field(&self, path: &Path) -> Option<&Field> {
        self.fields.iter().find(|field| field.path == *path)
    }
}

/// `own` over `each`: what it gives replaces the whole block; `vars` and `fields` entry by entry.
pub fn overlaid(each: Option<&file::Object>, own: &file::Object) -> file::Object {
    let Some(each) = each else { return own.clone() };
    let mut vars = own.vars.clone();
    each.vars.iter().filter(|(name, _)| !own.vars.contains(name.text())).for_each(|(name, tree)| vars.push(name.clone(), tree.clone()));
    let mut fields = own.fields.clone();
    each.fields.iter().filter(|(name, _)| !own.fields.contains(name.text())).for_each(|(name, note)| fields.push(name.clone(), note.clone()));
    file::Object {
        vars,
        parents: own.parents.clone(),
        read_only: own.read_only || each.read_only,
        write_only: own.write_only || each.write_only,
        summaries: own.summaries || each.summaries,
        key: own.key.clone().or_else(|| each.key.clone()),
        key_identity: own.key_identity.clone().or_else(|| each.key_identity.clone()),
        version: own.version.clone().or_else(|| each.version.clone()),
        time: own.time.clone().or_else(|| each.time.clone()),
        actor: own.actor.clone().or_else(|| each.actor.clone()),
        values: own.values.clone().or_else(|| each.values.clone()),
        fields,
        always_read: if own.always_read.is_empty() { each.always_read.clone() } else { own.always_read.clone() },
        marker: own.marker.clone().or_else(|| each.marker.clone()),
        list: own.list.clone().or_else(|| each.list.clone()),
        changes: own.changes.clone().or_else(|| each.changes.clone()),
        gone: own.gone.clone().or_else(|| each.gone.clone()),
        get: own.get.clone().or_else(|| each.get.clone()),
        find: own.find.clone().or_else(|| each.find.clone()),
        outcomes: own.outcomes.clone().or_else(|| each.outcomes.clone()),
        create: own.create.clone().or_else(|| each.create.clone()),
        update: own.update.clone().or_else(|| each.update.clone()),
        upsert: own.upsert.clone().or_else(|| each.upsert.clone()),
        archive: own.archive.clone().or_else(|| each.archive.clone()),
        delete: own.delete.clone().or_else(|| each.delete.clone()),
        gates: if own.gates.is_empty() { each.gates.clone() } else { own.gates.clone() },
        choices: own.choices.clone().or_else(|| each.choices.clone()),
    }
}

impl Compiler<'_> {
    /// Compiles one object; `name` is where problems of the whole object are shown.
    pub fn object(&self, own: &file::Object, name: &Name) -> Object {
        let spec = overlaid(self.spec.each_object.as_ref(), own);
        let vars: Vec<Str> = spec.vars.keys().map(Str::from).collect();
        let seen = Seen::new("", &[Group::Object]).vars(&vars);
        self.check_object(&spec, name);
        let own_outcomes = spec.outcomes.as_ref();
        let at = |block, groups| Seen { block, ..seen.with(groups) };
        let record = |block| at(block, RECORD);
        let key = match &spec.key {
            Some(key) => self.pick(key, "record", record("key"), &Want::any()),
            None => self.pick(&crate::spec::Expression::new(name.written().clone()), "record", record("key"), &Want::any()),
        };
        let writes = !spec.read_only;
        Object {
            // A variable may use those before it, so that a path can be built from a name.
            vars: spec.vars.iter().map(|(name, tree)| (Str::from(name.text()), self.tree(tree, at("vars", &[Group::Object])))).collect(),
            parents: spec.parents.iter().map(|parent| ObjectName::new(parent.text())).collect(),
            read_only: spec.read_only,
            write_only: spec.write_only,
            key,
            key_identity: self.maybe(spec.key_identity.as_ref(), at("key_identity", &[Group::Object, Group::Identity]), &Want::any()),
            version: self.maybe_pick(spec.version.as_ref(), "record", record("version"), &Want::any()),
            time: self.maybe_pick(spec.time.as_ref(), "record", record("time"), &Want::any()),
            actor: self.maybe_pick(spec.actor.as_ref(), "record", record("actor"), &Want::any()),
            values: self.maybe_pick(spec.values.as_ref(), "record", record("values"), &Want::any()),
            fields: spec.fields.iter().map(|(name, note)| self.field(name, note, record("fields"))).collect(),
            always_read: spec.always_read.iter().map(|path| self.path(&Name::new(path.written().clone()))).collect(),
            marker: spec.marker.as_ref().map(|path| self.path(&Name::new(path.written().clone()))),
            list: block(&spec.list).map(|read| self.read(read, at("list", PAGING))),
            changes: spec.changes.as_ref().map(|feed| self.changes(feed, at("changes", PAGING))),
            gone: spec.gone.as_ref().map(|gone| self.gone(gone, at("gone", PAGING))),
            get: block(&spec.get).map(|get| self.get(get, own_outcomes, at("get", GET))),
            find: block(&spec.find).map(|find| self.find(find, at("find", FIND))),
            create: block(&spec.create).filter(|_| writes).map(|create| self.create(create, own_outcomes, at("create", WRITE))),
            update: block(&spec.update).filter(|_| writes).map(|update| self.write(update, own_outcomes, at("update", WRITE))),
            upsert: block(&spec.upsert).filter(|_| writes).map(|upsert| self.upsert(upsert, own_outcomes, at("upsert", WRITE))),
            archive: block(&spec.archive).filter(|_| writes).map(|archive| self.archive(archive, own_outcomes, at("archive", WRITE))),
            delete: block(&spec.delete).filter(|_| writes).map(|delete| self.write(delete, own_outcomes, at("delete", WRITE))),
            gates: spec.gates.iter().map(|gate| self.gate(gate, record("gates"))).collect(),
            choices: spec.choices.as_ref().map(|choices| self.choices(choices, seen)),
        }
    }

    fn check_object(&self, spec: &file::Object, name: &Name) {
        if spec.key.is_none() {
            self.report(
                Diagnostic::error("key", format!("`{}` has no `key`", name.text())).at(name.span()).help("add `key: record.id` to it or to `each_object`"),
            );
        }
        if spec.changes.is_none() && !spec.write_only {
            let found = Diagnostic::error("changes", format!("`changes` of `{}` is missing", name.text())).at(name.span());
            self.report(found.help("if the vendor cannot tell changes, say `changes: { type: full_read }`"));
        }
        if spec.gone.is_none() && !spec.write_only {
            let found = Diagnostic::error("gone", format!("`{}` says nothing about `gone`", name.text())).at(name.span());
            self.report(found.help("say how deletes are learnt, or `gone: { unknown: why }`"));
        }
        if spec.list.as_ref().and_then(Verb::block).is_none() && !spec.write_only {
            self.report(
                Diagnostic::error("list", format!("`{}` cannot be listed", name.text())).at(name.span()).help("add `list:`; the first sync reads everything"),
            );
        }
        if spec.summaries {
            self.report(Diagnostic::error("later", format!("`summaries` of `{}` is not in this version", name.text())).at(name.span()).help("drop it"));
        }
    }

    fn gate(&self, spec: &file::Gate, seen: Seen) -> Gate {
        let allows = match &spec.allows {
            file::Allows::Paths(paths) => paths.iter().map(|path| self.path(&Name::new(path.written().clone()))).collect(),
            file::Allows::Nothing(word) => {
                if word.text() != "nothing" {
                    self.report(Diagnostic::error("gates", format!("`allows` is `nothing` or a list of paths, not `{}`", word.text())).at(word.span()));
                }
                Vec::new()
            }
        };
        Gate { when: self.program(&spec.when, seen, &Want::any()), allows, then: spec.then.value }
    }

    fn field(&self, name: &Name, note: &FieldNote, seen: Seen) -> Field {
        let (shape, word) = match note {
            FieldNote::Long(shape) => ((**shape).clone(), shape.kind.clone()),
            FieldNote::Short(words) => self.short(words),
        };
        let kind = word.as_ref().and_then(|word| self.kind(word));
        Field {
            path: self.path(name),
            kind,
            kind_word: word.as_ref().map_or(Str::from("text"), |word| Str::from(word.text().split_whitespace().next().unwrap_or("text"))),
            length: shape.length.map(|length| length.value),
            values: shape.values.iter().map(|value| Str::from(value.text())).collect(),
            access: shape.access.map(|access| access.value),
            required: shape.required,
            unique: shape.unique,
            blind: shape.blind,
            currency: self.maybe(shape.currency.as_ref(), seen, &Want::any()),
            read_at: shape.read_at.as_ref().map(|path| self.path(&Name::new(path.written().clone()))),
            write_at: shape.write_at.as_ref().map(|path| self.path(&Name::new(path.written().clone()))),
        }
    }

    /// `text read_only required`: a kind, then flags.
    fn short(&self, words: &Name) -> (FieldShape, Option<Name>) {
        let mut shape = FieldShape::default();
        let span = words.span();
        for flag in words.text().split_whitespace().skip(1) {
            let access = |value| Some(crate::spec::Spanned { value, span });
            match flag {
                "read_only" => shape.access = access(Access::ReadOnly),
                "create_only" => shape.access = access(Access::CreateOnly),
                "action_only" => shape.access = access(Access::ActionOnly),
                "required" => shape.required = true,
                "unique" => shape.unique = true,
                "blind" => shape.blind = true,
                other => {
                    let found = Diagnostic::error("field", format!("`{other}` is no flag of a field")).at(span);
                    self.report(found.nearest(other, FLAGS.iter().copied()));
                }
            }
        }
        (shape, Some(words.clone()))
    }

    fn kind(&self, word: &Name) -> Option<WireKind> {
        let kind = word.text().split_whitespace().next().unwrap_or_default();
        let known = wire_kind(kind);
        if known.is_none() {
            let found = Diagnostic::error("kind", format!("`{kind}` is no kind of field")).at(word.span());
            self.report(found.nearest(kind, KINDS.iter().map(|(name, _)| *name)));
        }
        known
    }
}

/// The kind that a word of the format names.
pub fn wire_kind(word: &str) -> Option<WireKind> {
    KINDS.iter().find(|(name, _)| *name == word).map(|(_, kind)| *kind)
}

const FLAGS: &[&str] = &["read_only", "create_only", "action_only", "required", "unique", "blind"];

const KINDS: &[(&str, WireKind)] = &[
    ("text", WireKind::Text),
    ("integer", WireKind::Integer),
    ("decimal", WireKind::Decimal),
    ("money", WireKind::Money),
    ("boolean", WireKind::Boolean),
    ("date", WireKind::Date),
    ("instant", WireKind::Instant),
    ("enum", WireKind::Enum),
    ("ref", WireKind::Ref),
    ("list", WireKind::List),
    ("email", WireKind::Text),
    ("phone", WireKind::Text),
    ("url", WireKind::Text),
    ("country", WireKind::Text),
];

fn block<T>(verb: &Option<Verb<T>>) -> Option<&T> {
    verb.as_ref().and_then(Verb::block)
}
