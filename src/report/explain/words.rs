//! The words for what the store keeps in closed sets.

use crate::mapping::Mapping;
use crate::store::Journalled;
use crate::sync::entity::{Cause, Origin};
use crate::sync::op::EntryState;

pub fn cause(mapping: &Mapping, cause: Cause) -> String {
    match cause {
        Cause::Wall => "`only` holds no more".to_owned(),
        Cause::Deleted(by) => format!("its record in {} was deleted", mapping.system(by).name),
        Cause::Undone => "the run that made it is taken back".to_owned(),
    }
}

pub fn origin(mapping: &Mapping, origin: Origin) -> String {
    match origin {
        Origin::System(system) => mapping.system(system).name.to_string(),
        Origin::Person => "a person".to_owned(),
        Origin::Rule => "a rule".to_owned(),
        Origin::Formula => "a formula".to_owned(),
    }
}

/// What became of a write: the vendor's answer, and where that leaves it open, how it stands.
pub fn outcome(one: &Journalled) -> String {
    let answer = one.answer.as_deref().map(|answer| answer.replace('_', " "));
    let state = match one.entry.state {
        EntryState::Ready => "not sent yet",
        EntryState::Sent => "sent, not answered yet",
        EntryState::InDoubt => "in doubt",
        EntryState::Ghost => "in doubt, and planned anew",
        EntryState::Done => "done",
        EntryState::Superseded => "given up for a new plan",
        EntryState::Refused => "refused",
        EntryState::Review => "waits for a person",
    };
    match answer {
        Some(answer) if answer == state => answer,
        Some(answer) => format!("{answer}; {state}"),
        None => state.to_owned(),
    }
}
