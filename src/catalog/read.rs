//! Reads: where an answer's records are, how a read goes on, and what each record's key and time are.

use super::compile::{Compiler, Seen};
use super::outcome::Outcomes;
use super::pick::Pick;
use super::request::Request;
use super::scope::{AFTER_KEY, AFTER_TIME, Group};
use super::tree::Tree;
use crate::diag::Diagnostic;
use crate::expr::{Program, Template, Want};
use crate::spec::connector as file;

/// A read of records.
#[derive(Clone, Debug)]
pub struct Read {
    pub request: Request,
    pub records: Records,
    pub page: Paging,
    pub sorted: Sorted,
    pub sort_time: Option<Pick>,
    pub first_key: Option<Template>,
    pub tombstone: Option<Program>,
    pub keep: Option<Program>,
    /// Instead of the object's.
    pub key: Option<Pick>,
    /// Instead of the object's.
    pub time: Option<Pick>,
}

/// Where the records are.
#[derive(Clone, Debug)]
pub enum Records {
    Many(Pick),
    One(Pick),
}

/// How one read is cut.
#[derive(Clone, Debug, Default)]
pub struct Paging {
    pub size: Option<u32>,
    pub first: Option<u64>,
    pub next: Option<Program>,
    pub next_url: Option<Pick>,
    pub cap: Option<u32>,
}

/// The order a read asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sorted {
    No,
    ByKey,
    ByTimeAndKey,
}

/// `get`.
#[derive(Clone, Debug)]
pub struct Get {
    pub read: Read,
    pub batch: usize,
    pub item: Option<Tree>,
    pub outcomes: Option<Outcomes>,
}

/// `find`.
#[derive(Clone, Debug)]
pub struct Find {
    pub read: Read,
    pub by: By,
    pub lag: std::time::Duration,
}

/// Which fields something goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    AnyField,
    Unique,
    Paths(Vec<crate::value::Path>),
}

/// What requests that page through an object see.
pub const PAGING: &[Group] = &[Group::Object, Group::Fields, Group::Paging];
/// What `get` sees.
pub const GET: &[Group] = &[Group::Object, Group::Fields, Group::Key, Group::Keys, Group::Op];
/// What `find` sees.
pub const FIND: &[Group] = &[Group::Object, Group::Fields, Group::Match];
/// What lookups in an answer see.
pub const ANSWER: &[Group] = &[Group::Object, Group::Answer, Group::Paging, Group::Match];
/// What lookups in a page with its records see.
pub const PAGE: &[Group] = &[Group::Object, Group::Answer, Group::Paging, Group::Read];
/// What lookups in a record see.
pub const RECORD: &[Group] = &[Group::Object, Group::Answer, Group::Paging, Group::Record];

impl Compiler<'_> {
    /// Compiles a read whose request sees `groups`.
    pub fn read(&self, spec: &file::Read, seen: Seen) -> Read {
        let answer = seen.with(ANSWER);
        let record = seen.with(RECORD);
        let page = spec.page.clone().unwrap_or_default();
        let records = match (&spec.records, &spec.record) {
            (Some(records), _) => Records::Many(self.pick(records, "body", answer, &Want::list())),
            (None, Some(record)) => Records::One(self.pick(record, "body", answer, &Want::any())),
            (None, None) => {
                self.report(
                    Diagnostic::error("records", format!("`{}` does not say where the records are", seen.block))
                        .help("add `records: body.value`, or `record:` for a single one"),
                );
                Records::Many(self.body_pick(answer))
            }
        };
        for (later, is_there) in [("fields_per_call", spec.fields_per_call.is_some())] {
            if is_there {
                self.report(Diagnostic::error("later", format!("`{later}` of `{}` is not in this version", seen.block)).help("drop it"));
            }
        }
        let read = Read {
            request: self.request(&spec.request, seen),
            records,
            page: Paging {
                size: page.size.map(|size| size.value),
                first: page.first.map(|first| first.value),
                next: self.maybe(page.next.as_ref(), seen.with(PAGE), &Want::any()),
                next_url: self.maybe_pick(page.next_url.as_ref(), "body", answer, &Want::text()),
                cap: page.cap.map(|cap| cap.value),
            },
            sorted: self.sorted(spec, seen.block),
            sort_time: self.maybe_pick(spec.sort_time.as_ref(), "record", record, &Want::any()),
            first_key: spec.first_key.as_ref().map(|text| self.template(text, seen)),
            tombstone: self.maybe(spec.tombstone.as_ref(), record, &Want::any()),
            keep: self.maybe(spec.keep.as_ref(), record, &Want::any()),
            key: self.maybe_pick(spec.key.as_ref(), "record", record, &Want::any()),
            time: self.maybe_pick(spec.time.as_ref(), "record", record, &Want::any()),
        };
        self.check_order(&read, spec, seen.block);
        read
    }

    pub fn get(&self, spec: &file::Get, own: Option<&file::Outcomes>, seen: Seen) -> Get {
        let outcomes = spec.outcomes.as_ref().or(if spec.item.is_some() { own } else { None });
        let read = match &outcomes {
            // Each outcome holds one record: `record` then sees the outcome's body.
            Some(_) | None => self.read(&spec.read, seen),
        };
        Get {
            read,
            batch: spec.batch.map_or(1, |batch| usize::try_from(batch.value).unwrap_or(1)).max(1),
            item: spec.item.as_ref().map(|item| self.tree(item, seen)),
            outcomes: outcomes.map(|outcomes| self.outcomes(outcomes, seen)),
        }
    }

    pub fn find(&self, spec: &file::Find, seen: Seen) -> Find {
        Find { read: self.read(&spec.read, seen), by: self.by(spec.by.as_slice()), lag: spec.lag.as_ref().map(|lag| lag.duration()).unwrap_or_default() }
    }

    pub fn by(&self, names: &[crate::spec::Name]) -> By {
        match names {
            [one] if one.text() == "any_field" => By::AnyField,
            [one] if one.text() == "unique" => By::Unique,
            many => By::Paths(many.iter().map(|name| self.path(name)).collect()),
        }
    }

    fn body_pick(&self, seen: Seen) -> Pick {
        let slot = crate::spec::Expression::new(crate::spec::slot::Written::new(
            "body",
            crate::spec::slot::Place::new(Default::default(), crate::spec::slot::Runs::default()),
        ));
        self.pick(&slot, "body", seen, &Want::any())
    }

    fn sorted(&self, spec: &file::Read, block: &str) -> Sorted {
        let Some(order) = &spec.sorted_by else { return Sorted::No };
        let words: Vec<&str> = order.text().split(',').map(str::trim).collect();
        match words.as_slice() {
            ["key"] => Sorted::ByKey,
            ["time", "key"] => Sorted::ByTimeAndKey,
            ["time"] => {
                let found = Diagnostic::error("sorted_by", "`sorted_by: time` alone loses records that share an instant").at(order.span());
                self.report(found.help("add `key`: `sorted_by: time, key`, and send that order"));
                Sorted::ByTimeAndKey
            }
            _ => {
                let found = Diagnostic::error("sorted_by", format!("`sorted_by` of `{block}` is `key` or `time, key`, not `{}`", order.text()));
                self.report(found.at(order.span()));
                Sorted::No
            }
        }
    }

    fn check_order(&self, read: &Read, spec: &file::Read, block: &str) {
        let slots = read.request.slots();
        if read.sorted == Sorted::No && (slots.contains(&AFTER_KEY) || slots.contains(&AFTER_TIME)) {
            self.report(
                Diagnostic::error("sorted_by", format!("`{block}` uses `after` but `sorted_by` is not set"))
                    .help("say in what order the vendor answers: `sorted_by: key` or `sorted_by: time, key`"),
            );
        }
        if slots.contains(&AFTER_KEY) && spec.first_key.is_none() {
            self.report(
                Diagnostic::error("first_key", format!("`{block}` uses `after.key` but has no `first_key`"))
                    .help("give the key before all others, such as `first_key: \"0\"`"),
            );
        }
        if let (Some(cap), Sorted::No) = (spec.page.as_ref().and_then(|page| page.cap), read.sorted)
            && !slots.contains(&super::scope::WINDOW_TO)
        {
            let found = Diagnostic::error("cap", "`page.cap` without `sorted_by`, and `window.to` is not sent: this read can never be completed").at(cap.span);
            self.report(found.help("sort it, or bound it with `window.to`"));
        }
    }
}
