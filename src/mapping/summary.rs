//! One sentence per system: what `where`, `create`, `only`, `leaves` and `starts` add up to, in plain words.

mod english;

use super::{Create, Leaves, Mapping, System};
use crate::id::SystemName;
use english::{negated, plain};

/// A sentence for each system, in their order.
pub fn summary(mapping: &Mapping) -> Vec<(SystemName, String)> {
    mapping.systems.iter().map(|system| (system.name.clone(), sentence(system))).collect()
}

/// `made when the partner is known; archived when the CRM's record is deleted; never deleted`.
fn sentence(system: &System) -> String {
    let mut parts = Vec::new();
    if let Some(program) = &system.takes_part {
        parts.push(format!("takes part while {}", plain(program.source())));
    }
    parts.push(match &system.create {
        Create::Never => "never made".to_owned(),
        Create::Always => "made whenever it is missing".to_owned(),
        Create::When(program) => format!("made when {}", plain(program.source())),
    });
    if !system.starts {
        parts.push("starts nothing, only joins".to_owned());
    }
    if let Some(program) = &system.locked {
        parts.push(format!("not written while {}", plain(program.source())));
    }
    if let Some(only) = &system.only {
        let when = negated(only.source());
        parts.push(match system.leaves {
            Leaves::Stop => format!("left as it is when {when}"),
            Leaves::Archive => format!("archived when {when}"),
            Leaves::Delete => format!("deleted when {when}"),
            Leaves::Ask => format!("a person decides when {when}"),
        });
    }
    if !(system.leaves == Leaves::Delete && system.only.is_some()) {
        parts.push("never deleted".to_owned());
    }
    parts.join("; ")
}
