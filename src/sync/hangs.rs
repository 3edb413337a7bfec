//! Values that hang on more than an entity's own records: whether they would come out differently now.

use super::entity::{Entity, FieldIx, LinkState};
use super::neighbours::View;
use super::terms::Terms;

/// Whether the day that began makes something else of the entity: of a computed field, or of where it is wanted. Judged from what is stored.
pub fn turned(terms: &dyn Terms, view: &View<'_>) -> bool {
    let entity = view.entity;
    let computed = |field: &FieldIx| match terms.computed(*field, view) {
        Some(Ok(value)) => entity.fact(*field).is_none_or(|fact| fact.value != value),
        Some(Err(_)) | None => false,
    };
    !entity.closed && (terms.formulas().iter().any(computed) || terms.systems().any(|system| is_wanted_otherwise(terms, view, system)))
}

fn is_wanted_otherwise(terms: &dyn Terms, view: &View<'_>, system: super::entity::SystemIx) -> bool {
    let inside = || terms.inside_wall(system, view);
    match view.entity.link(system) {
        None => terms.creates(system) && terms.create_wanted(system, view),
        Some(link) => match link.state {
            LinkState::Live | LinkState::Owed(_) => terms.walled(system) && !link.kept && inside() == link.beyond,
            LinkState::GoneByUs { .. } => terms.walled(system) && inside(),
            LinkState::GoneByUser { .. } => false,
        },
    }
}

/// Whether others that read these fields through a reference may have to be looked at.
pub fn spreads(read: &[FieldIx], before: &Entity, after: &Entity) -> bool {
    read.iter().any(|field| before.fact(*field).map(|fact| &fact.value) != after.fact(*field).map(|fact| &fact.value))
}
