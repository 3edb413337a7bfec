//! A registered mapping's numbers: which number stands for which position, and since when a cell means what it means.

use crate::mapping::{FieldIx, SystemIx};
use crate::store::MappingId;

/// The numbers of one mapping, as registered; shared by all that read and write it.
#[derive(Debug)]
pub struct Terms {
    pub mapping: MappingId,
    pub epoch: u32,
    /// The number of each system, by position.
    pub systems: Vec<u16>,
    /// The number of each field, by position.
    pub fields: Vec<u16>,
    /// Per system and field the epoch its present meaning began in; `None` where there is no cell.
    pub since: Vec<Vec<Option<u32>>>,
    /// Per field, whether other values hang on the entity that it refers to.
    pub hangs: Vec<bool>,
    positions: Vec<Option<FieldIx>>,
}

impl Terms {
    pub fn new(mapping: MappingId, epoch: u32, systems: Vec<u16>, fields: Vec<u16>, since: Vec<Vec<Option<u32>>>, hangs: Vec<bool>) -> Self {
        let mut positions = vec![None; fields.iter().max().map_or(0, |max| usize::from(*max) + 1)];
        for (position, number) in fields.iter().enumerate() {
            positions[usize::from(*number)] = Some(FieldIx(position as u16));
        }
        Self { mapping, epoch, systems, fields, since, hangs, positions }
    }

    pub fn system(&self, at: SystemIx) -> u16 {
        self.systems[usize::from(at.0)]
    }

    pub fn field(&self, at: FieldIx) -> u16 {
        self.fields[usize::from(at.0)]
    }

    /// `None`: the system left the mapping.
    pub fn system_ix(&self, number: u16) -> Option<SystemIx> {
        self.systems.iter().position(|n| *n == number).map(|at| SystemIx(at as u16))
    }

    /// `None`: the field left the mapping.
    pub fn field_ix(&self, number: u16) -> Option<FieldIx> {
        self.positions.get(usize::from(number)).copied().flatten()
    }
}
