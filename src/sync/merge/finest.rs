//! Lossy systems: what of several values is the finest, and who shows no more of it than it can.

use crate::plant::{planted, sometimes};
use crate::sync::entity::{FieldIx, SystemIx};
use crate::sync::look::Work;
use crate::sync::policy::Candidate;
use crate::value::Value;

/// Equal, or all that the candidate's system can show of the value.
pub(in crate::sync) fn agrees(work: &Work, field: FieldIx, one: &Candidate, value: &Value) -> bool {
    work.same(field, &one.value, value) || one.voice().is_some_and(|system| is_form(work, field, system, value, &one.value))
}

fn is_form(work: &Work, field: FieldIx, system: SystemIx, value: &Value, shown: &Value) -> bool {
    work.form(field, system, value).is_some_and(|form| work.same(field, &form, shown))
}

/// The finest candidate that the winner's own system would show as the winner: a lossy read-back never shortens the agreed value.
/// Not by a chain: rounding twice is not rounding once.
pub(in crate::sync) fn finest(work: &Work, field: FieldIx, winner: &Candidate, others: &[Candidate]) -> Value {
    let Some(system) = winner.voice().filter(|_| !planted!("read-back-shortens")) else { return winner.value.clone() };
    let finer: Vec<&Candidate> =
        others.iter().filter(|one| !work.same(field, &one.value, &winner.value) && is_form(work, field, system, &one.value, &winner.value)).collect();
    let coarser = |one: &&&Candidate| {
        finer.iter().any(|other| {
            !work.same(field, &other.value, &one.value) && one.voice().is_some_and(|system| is_form(work, field, system, &other.value, &one.value))
        })
    };
    if !finer.is_empty() {
        sometimes!("a finer value is taken than the winner showed");
    }
    finer.iter().find(|one| !coarser(one)).or(finer.first()).map_or_else(|| winner.value.clone(), |one| one.value.clone())
}
