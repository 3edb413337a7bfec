//! Mappings in the order in which they run: what others refer to comes first.

use crate::mapping::Mapping;

/// Sorts by reference; in a ring, and among equals, the given order stays.
pub fn by_reference(mut left: Vec<Mapping>) -> Vec<Mapping> {
    let mut done: Vec<Mapping> = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let waits = |mapping: &Mapping| mapping.refers_to.iter().any(|name| *name != mapping.name && left.iter().any(|other| other.name == *name));
        // In a ring somebody has to begin: references that cannot be followed yet are written by a later run.
        let next = left.iter().position(|mapping| !waits(mapping)).unwrap_or(0);
        done.push(left.remove(next));
    }
    done
}
