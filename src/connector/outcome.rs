//! What an answer says about each op of a batch; an op about which nothing is said has no part here, and is in doubt.

use super::Line;
use super::call::Answer;
use super::decode::identity;
use super::frame::{Frame, Local, word};
use super::page::doc_of;
use super::verdict::{Circumstances, Judged, judge};
use crate::catalog::outcome::{Matching, Outcomes};
use crate::catalog::scope::{BODY, OUTCOME, STATUS};
use crate::expr::Item;
use crate::id::RecordKey;
use crate::spec::connector::Verdict;
use crate::value::{Doc, Str};

/// The part of an answer that is one op's.
pub struct Part {
    pub judged: Judged,
    pub body: Doc,
    pub status: u16,
}

/// The name of the `at`th op inside one request: letters and digits, because some vendors take nothing else.
pub fn op_id(at: usize) -> Str {
    Str::from(format!("op{}", at + 1))
}

/// Deals the outcomes of an answer to `count` ops; `key` gives the record key of an op, where it has one.
///
/// # Errors
/// In words, when the lists of outcomes are not where they should be.
#[allow(clippy::too_many_arguments, reason = "what an outcome is judged by comes from eight places, used nowhere else together")]
pub fn parts<'k>(
    outcomes: &Outcomes,
    line: &Line,
    local: &Local,
    seen: &Frame,
    answer: &Answer,
    count: usize,
    key: impl Fn(usize) -> Option<&'k RecordKey>,
    precondition: bool,
) -> Result<Vec<Option<Part>>, String> {
    let mut out: Vec<Option<Part>> = (0..count).map(|_| None).collect();
    if outcomes.all_or_nothing {
        for part in &mut out {
            *part = Some(Part { judged: answer.judged.clone(), body: answer.body.clone(), status: answer.status });
        }
        return Ok(out);
    }
    let mut told: Vec<Item> = Vec::with_capacity(count);
    for from in &outcomes.from {
        let item = from.eval(seen).map_err(|fault| format!("`outcomes.from`: {fault}"))?;
        match item.elements() {
            Some(items) => told.extend(items),
            None => return Err(format!("`outcomes.from` should give a list and gives {}", item.noun())),
        }
    }
    // By position only a list of the right length tells whose is whose.
    if matches!(outcomes.matching, Matching::Position) && told.len() != count {
        return Ok(out);
    }
    let seen = &seen.for_one();
    for (position, outcome) in told.into_iter().enumerate() {
        let frame = seen.clone().with(OUTCOME, outcome.clone());
        let at = match &outcomes.matching {
            Matching::Position => Some(position),
            Matching::By(program) => program.eval(&frame).ok().as_ref().and_then(word).and_then(|name| whose(&name, count, &key, local, seen)),
        };
        let Some(slot) = at.and_then(|at| out.get_mut(at)) else { continue };
        *slot = Some(part(outcomes, line, &frame, outcome, answer, precondition));
    }
    Ok(out)
}

fn whose<'k>(name: &str, count: usize, key: &impl Fn(usize) -> Option<&'k RecordKey>, local: &Local, seen: &Frame) -> Option<usize> {
    if let Some(at) = (0..count).find(|at| op_id(*at) == name) {
        return Some(at);
    }
    let wanted = identity(local, seen, name);
    (0..count).find(|at| key(*at).is_some_and(|key| identity(local, seen, key.as_str()) == wanted))
}

fn part(outcomes: &Outcomes, line: &Line, frame: &Frame, outcome: Item, answer: &Answer, precondition: bool) -> Part {
    let status = outcomes.status.as_ref().and_then(|program| program.eval(frame).ok()).as_ref().and_then(word).and_then(|text| text.parse::<u16>().ok());
    // Where the outcome should have a status of its own and has none, nothing is known of it.
    let is_lost = outcomes.status.is_some() && status.is_none();
    let status = status.unwrap_or(answer.status);
    let body = match &outcomes.body {
        Some(program) => program.eval(frame).unwrap_or(Item::BLANK),
        None => outcome,
    };
    let body = doc_of(body).unwrap_or_else(Doc::null);
    let mut own = frame.clone();
    own.set(STATUS, Item::integer(i64::from(status))).set(BODY, Item::Doc(body.clone()));
    let about = Circumstances { precondition, garbled: false };
    let mut judged = judge(&line.ground.connector, &own, status, outcomes.code.as_ref(), about, line.clock.now(), None);
    if is_lost {
        judged.is = Verdict::Retry;
    }
    Part { judged, body, status }
}
