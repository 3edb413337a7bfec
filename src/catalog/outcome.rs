//! What an answer says about each op of a batch.

use super::compile::{Compiler, Seen};
use super::scope::Group;
use crate::expr::{Program, Want};
use crate::spec::connector as file;

/// Where the outcomes are and whose each one is.
#[derive(Clone, Debug)]
pub struct Outcomes {
    pub from: Vec<Program>,
    pub matching: Matching,
    pub status: Option<Program>,
    pub body: Option<Program>,
    pub code: Option<Program>,
    /// One bad op fails all: halve until it is found.
    pub atomic: bool,
    /// No word about single ops: all done, or none.
    pub all_or_nothing: bool,
}

/// How an outcome finds its op.
#[derive(Clone, Debug)]
pub enum Matching {
    Position,
    /// Gives the op's id, or the record key.
    By(Box<Program>),
}

const OUTCOME: &[Group] = &[Group::Object, Group::Answer, Group::Outcome, Group::Match];
const ANSWER: &[Group] = &[Group::Object, Group::Answer, Group::Match];

impl Compiler<'_> {
    pub fn outcomes(&self, spec: &file::Outcomes, seen: Seen) -> Outcomes {
        let outcome = seen.with(OUTCOME);
        let from: Vec<Program> = spec.from.as_slice().iter().map(|from| self.program(from, seen.with(ANSWER), &Want::list())).collect();
        let matching =
            if spec.matching.text() == "position" { Matching::Position } else { Matching::By(Box::new(self.program(&spec.matching, outcome, &Want::any()))) };
        if matches!(matching, Matching::Position) && from.len() > 1 {
            let found = crate::diag::Diagnostic::error("outcomes", "`match: position` with two lists in `from`: nobody can tell which op an outcome is of");
            self.report(found.at(spec.matching.span()).help("match by what the vendor gives back: `match: outcome.id`"));
        }
        Outcomes {
            from,
            matching,
            status: self.maybe(spec.status.as_ref(), outcome, &Want::any()),
            body: self.maybe(spec.body.as_ref(), outcome, &Want::any()),
            code: self.maybe(spec.code.as_ref(), outcome, &Want::any()),
            atomic: spec.atomic,
            all_or_nothing: spec.all_or_nothing,
        }
    }
}
