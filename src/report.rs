//! Questions answered from the store; nothing here writes to it.

pub mod agreement;
pub mod explain;
pub mod live;
pub mod logs;
pub mod review;
pub mod status;

use std::sync::Arc;

use crate::mapping::Mapping;
use crate::store::MappingId;
use crate::sync::entity::Entity;

/// A mapping and its number in the store.
#[derive(Clone, Debug)]
pub struct Kept {
    pub mapping: Arc<Mapping>,
    pub id: MappingId,
}

/// What people call an entity.
pub fn label(mapping: &Mapping, entity: &Entity) -> String {
    mapping.label(|field| entity.agreed(field).to_string())
}
