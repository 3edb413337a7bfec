//! Match keys of what a run has in hand: of agreed values, of what records show, and of both.

use super::ground::Laid;
use super::prepare::Prepared;
use crate::mapping::matching::MatchKey;
use crate::mapping::{Observation, Seen};
use crate::sync::entity::Entity;
use crate::sync::scene::Sight;

/// The match keys of an entity's agreed values.
pub fn agreed(laid: &Laid, entity: &Entity) -> Vec<MatchKey> {
    laid.mapping.keys(&|field| Some(entity.agreed(field)).filter(|value| !value.is_blank()))
}

/// The match keys of a record's own values.
pub fn shown(laid: &Laid, observation: &Observation) -> Vec<MatchKey> {
    laid.mapping.keys(&|field| match &observation.fields[field.0 as usize] {
        Seen::Value(value) if !value.is_blank() => Some(value),
        _ => None,
    })
}

/// The match keys of an entity about to be looked at: its agreed values, and what its records show.
pub fn all(laid: &Laid, prepared: &Prepared) -> Vec<MatchKey> {
    let mut keys = agreed(laid, &prepared.entity);
    for sight in &prepared.sights {
        if let Sight::Live(observation) = sight {
            keys.extend(shown(laid, observation));
        }
    }
    keys.sort_by(|a, b| (a.rule, &a.text).cmp(&(b.rule, &b.text)));
    keys.dedup();
    keys
}
