//! Questions answered from the store; nothing here writes to it.

pub mod agreement;
pub mod live;
pub mod review;
pub mod status;

use std::sync::Arc;

use crate::mapping::Mapping;
use crate::store::MappingId;
use crate::sync::entity::Entity;
use crate::value::Kind;

/// A mapping and its number in the store.
#[derive(Clone, Debug)]
pub struct Kept {
    pub mapping: Arc<Mapping>,
    pub id: MappingId,
}

/// What people call an entity: its name, company or title, else the first text that is not blank.
pub fn label(mapping: &Mapping, entity: &Entity) -> String {
    let preferred = mapping.fields_ix().filter(|field| matches!(mapping.field(*field).name.as_str(), "name" | "company" | "title"));
    let textual =
        mapping.fields_ix().filter(|field| matches!(mapping.field(*field).kind, Kind::Text | Kind::Company | Kind::Name | Kind::Email | Kind::Domain));
    preferred.chain(textual).map(|field| entity.agreed(field)).find(|value| !value.is_blank()).map(ToString::to_string).unwrap_or_default()
}
