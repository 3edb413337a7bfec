//! Writes: what is sent for each op and what comes back.

use std::time::Duration;

use super::compile::{Compiler, Seen};
use super::outcome::Outcomes;
use super::pick::Pick;
use super::read::By;
use super::request::Request;
use super::scope::{Group, OP_TOKEN};
use super::tree::Tree;
use crate::diag::Diagnostic;
use crate::expr::{Program, Want};
use crate::spec::connector as file;
use crate::value::{Path, Value};

/// A write.
#[derive(Clone, Debug)]
pub struct Write {
    pub request: Request,
    /// Ops in one call; `None`: an op is a call.
    pub batch: Option<usize>,
    pub item: Option<Tree>,
    pub outcomes: Option<Outcomes>,
    pub key: Option<Program>,
    pub record: Option<Pick>,
    pub version: Option<Program>,
    pub created: Option<Program>,
}

impl Write {
    pub fn uses(&self, slot: u32) -> bool {
        let mut slots = self.request.slots();
        if let Some(item) = &self.item {
            item.slots(&mut slots);
        }
        slots.contains(&slot)
    }

    pub fn batch_size(&self) -> usize {
        self.batch.unwrap_or(1)
    }
}

/// A create, and how long its token protects.
#[derive(Clone, Debug)]
pub struct Create {
    pub write: Write,
    /// `None`: no token is sent.
    pub remembers: Option<Duration>,
}

/// An upsert, and the fields it may go by.
#[derive(Clone, Debug)]
pub struct Upsert {
    pub write: Write,
    pub by: By,
    pub except: Vec<Path>,
}

/// An archive: a call of its own, or an update that sets these.
#[derive(Clone, Debug)]
pub enum Archive {
    Call(Box<Write>),
    Sets {
        sets: Vec<(Path, Value)>,
        /// What makes the record live again; empty where nothing does.
        restores: Vec<(Path, Value)>,
    },
}

/// What a write's request sees.
pub const WRITE: &[Group] = &[Group::Object, Group::Fields, Group::Key, Group::Keys, Group::Op, Group::Values, Group::Match];
/// What a write's lookups see in the (outcome's) answer.
const WRITTEN: &[Group] = &[Group::Object, Group::Answer, Group::Match];

/// What an unknown memory for tokens is taken for.
const REMEMBERS_UNKNOWN: Duration = Duration::from_secs(600);

impl Compiler<'_> {
    pub fn write(&self, spec: &file::Write, own: Option<&file::Outcomes>, seen: Seen) -> Write {
        let answer = seen.with(WRITTEN);
        let batch = spec.batch.map(|batch| usize::try_from(batch.value).unwrap_or(1).max(1));
        let outcomes = spec.outcomes.as_ref().or(if batch.is_some() { own } else { None });
        if batch.is_some() && outcomes.is_none() {
            let found = Diagnostic::error("outcomes", format!("`{}` sends batches, and nothing says what became of each op", seen.block));
            self.report(found.help("add `outcomes: { from: [body.responses], match: outcome.id }` to it or to the object"));
        }
        Write {
            request: self.request(&spec.request, seen),
            batch,
            item: spec.item.as_ref().map(|item| self.tree(item, seen)),
            outcomes: outcomes.map(|outcomes| self.outcomes(outcomes, seen)),
            key: self.maybe(spec.key.as_ref(), answer, &Want::any()),
            record: self.maybe_pick(spec.record.as_ref(), "body", answer, &Want::any()),
            version: self.maybe(spec.version.as_ref(), answer, &Want::any()),
            created: self.maybe(spec.created.as_ref(), answer, &Want::any()),
        }
    }

    pub fn create(&self, spec: &file::Create, own: Option<&file::Outcomes>, seen: Seen) -> Create {
        let write = self.write(&spec.write, own, seen);
        let remembers = match (&spec.remembers, write.uses(OP_TOKEN)) {
            (Some(name), _) if name.text() == "unknown" => Some(REMEMBERS_UNKNOWN),
            (Some(name), _) => crate::value::time::duration(name.text()).or_else(|| {
                self.report(Diagnostic::error("remembers", format!("`{}` is no duration", name.text())).at(name.span()).help("write `24h`, or `unknown`"));
                None
            }),
            (None, true) => {
                let found = Diagnostic::error("remembers", format!("`op.token` is used in `{}`; say how long the vendor `remembers` it", seen.block));
                self.report(found.help("add `remembers: 24h`, or `remembers: unknown`"));
                None
            }
            (None, false) => None,
        };
        Create { write, remembers }
    }

    pub fn upsert(&self, spec: &file::Upsert, own: Option<&file::Outcomes>, seen: Seen) -> Upsert {
        let by = self.by(spec.by.as_slice());
        if by == By::Unique && self.spec.describe.as_ref().is_none_or(|describe| describe.fields.unique.is_none()) {
            let span = spec.by.as_slice().first().map(|name| name.span());
            let found = Diagnostic::error("upsert", "`upsert.by: unique` needs `describe` with `unique`");
            self.report(match span {
                Some(span) => found.at(span),
                None => found,
            });
        }
        Upsert { write: self.write(&spec.write, own, seen), by, except: spec.except.iter().map(|name| self.path(name)).collect() }
    }

    pub fn archive(&self, spec: &file::Archive, own: Option<&file::Outcomes>, seen: Seen) -> Archive {
        if spec.sets.is_empty() {
            return Archive::Call(Box::new(self.write(&spec.write, own, seen)));
        }
        let sets: Vec<(Path, Value)> = spec.sets.iter().map(|(name, tree)| (self.path(name), self.fixed(tree))).collect();
        let restores = match spec.restores.is_empty() {
            true => turned_round(&sets),
            false => spec.restores.iter().map(|(name, tree)| (self.path(name), self.fixed(tree))).collect(),
        };
        Archive::Sets { sets, restores }
    }
}

/// `active: false` is made live again by `active: true`; what the opposite of any other value is, only the file can say.
fn turned_round(sets: &[(Path, Value)]) -> Vec<(Path, Value)> {
    let opposite = |(path, value): &(Path, Value)| match value {
        Value::Boolean(value) => Some((path.clone(), Value::Boolean(!value))),
        _ => None,
    };
    sets.iter().map(opposite).collect::<Option<_>>().unwrap_or_default()
}
