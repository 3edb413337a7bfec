//! Asking a vendor what is there.

use super::compile::{Compiler, Seen};
use super::request::Request;
use super::scope::Group;
use crate::expr::{Program, Want};
use crate::spec::connector as file;
use crate::value::Str;

/// Objects, and the fields of each.
#[derive(Clone, Debug)]
pub struct Describe {
    pub objects: Option<DescribeObjects>,
    pub fields: DescribeFields,
    pub defaults: Option<DescribeDefaults>,
}

/// What a new record is given by itself.
#[derive(Clone, Debug)]
pub struct DescribeDefaults {
    pub request: Request,
    pub of: Program,
}

/// The objects there are.
#[derive(Clone, Debug)]
pub struct DescribeObjects {
    pub request: Request,
    pub each: Program,
    pub name: Program,
    pub label: Option<Program>,
}

/// One object's fields.
#[derive(Clone, Debug)]
pub struct DescribeFields {
    pub request: Request,
    pub each: Program,
    pub name: Program,
    pub label: Option<Program>,
    pub kind: Table,
    pub many: Option<Program>,
    pub length: Option<Program>,
    pub values: Option<Program>,
    pub value: Option<DescribeValue>,
    pub creatable: Option<Program>,
    pub writable: Option<Program>,
    pub required: Option<Program>,
    pub unique: Option<Program>,
    pub refers_to: Option<Program>,
}

/// One choice.
#[derive(Clone, Debug)]
pub struct DescribeValue {
    pub key: Program,
    pub label: Option<Program>,
    pub hidden: Option<Program>,
}

/// Picklists that come by a call of their own.
#[derive(Clone, Debug)]
pub struct Choices {
    pub request: Request,
    pub each: Program,
    pub many: Option<Program>,
    pub fields: Vec<(Str, Program)>,
    pub label: Option<Program>,
}

/// A lookup: what `of` gives, among the rows.
#[derive(Clone, Debug)]
pub struct Table {
    pub of: Program,
    pub rows: Vec<(Str, Str)>,
    pub otherwise: Option<Str>,
}

impl Table {
    /// What a word becomes.
    pub fn row<'a>(&'a self, word: &'a str) -> &'a str {
        let row = self.rows.iter().find(|(name, _)| name == word).map(|(_, value)| value);
        row.or(self.otherwise.as_ref()).map_or(word, Str::as_str)
    }
}

const OBJECTS: &[Group] = &[];
const ANSWER: &[Group] = &[Group::Answer, Group::Object];
const ITEM: &[Group] = &[Group::Answer, Group::Object, Group::Item];
const OPTION: &[Group] = &[Group::Answer, Group::Object, Group::Item, Group::Option];

impl Compiler<'_> {
    pub fn describe(&self, spec: &file::Describe, vars: &[Str]) -> Describe {
        let objects = spec.objects.as_ref().map(|objects| {
            let seen = Seen::new("describe.objects", OBJECTS);
            let item = seen.with(&[Group::Answer, Group::Item]);
            DescribeObjects {
                request: self.request(&objects.request, seen),
                each: self.program(&objects.each, seen.with(&[Group::Answer]), &Want::any()),
                name: self.program(&objects.name, item, &Want::any()),
                label: self.maybe(objects.label.as_ref(), item, &Want::any()),
            }
        });
        let seen = Seen::new("describe.fields", &[Group::Object]).vars(vars);
        let item = seen.with(ITEM);
        let fields = &spec.fields;
        let any = |slot: &Option<crate::spec::Expression>| self.maybe(slot.as_ref(), item, &Want::any());
        let defaults = spec.defaults.as_ref().map(|defaults| {
            let seen = Seen::new("describe.defaults", &[Group::Object, Group::Fields]).vars(vars);
            DescribeDefaults { request: self.request(&defaults.request, seen), of: self.program(&defaults.of, seen.with(ANSWER), &Want::any()) }
        });
        Describe {
            objects,
            defaults,
            fields: DescribeFields {
                request: self.request(&fields.request, seen),
                each: self.program(&fields.each, seen.with(ANSWER), &Want::any()),
                name: self.program(&fields.name, item, &Want::any()),
                label: any(&fields.label),
                kind: self.table(&fields.kind, item),
                many: any(&fields.many),
                length: any(&fields.length),
                values: any(&fields.values),
                value: fields.value.as_ref().map(|value| DescribeValue {
                    key: self.program(&value.key, seen.with(OPTION), &Want::any()),
                    label: self.maybe(value.label.as_ref(), seen.with(OPTION), &Want::any()),
                    hidden: self.maybe(value.hidden.as_ref(), seen.with(OPTION), &Want::any()),
                }),
                creatable: any(&fields.creatable),
                writable: any(&fields.writable),
                required: any(&fields.required),
                unique: any(&fields.unique),
                refers_to: any(&fields.refers_to),
            },
        }
    }

    pub fn choices(&self, spec: &file::Choices, seen: Seen) -> Choices {
        let seen = Seen { block: "choices", ..seen.with(&[Group::Object]) };
        let item = seen.with(ITEM);
        Choices {
            request: self.request(&spec.request, seen),
            each: self.program(&spec.each, seen.with(ANSWER), &Want::any()),
            many: self.maybe(spec.many.as_ref(), item, &Want::any()),
            fields: self.saved(&spec.fields, item),
            label: self.maybe(spec.label.as_ref(), item, &Want::any()),
        }
    }

    pub fn table(&self, spec: &file::Table, seen: Seen) -> Table {
        Table {
            of: self.program(&spec.of, seen, &Want::any()),
            rows: spec.rows.iter().map(|(name, value)| (Str::from(name.text()), Str::from(value.text()))).collect(),
            otherwise: spec.otherwise.as_ref().map(|name| Str::from(name.text())),
        }
    }
}
