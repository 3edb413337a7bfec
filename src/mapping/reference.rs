//! References: where the keys of another mapping's entities are found, and the order in which mappings run.

use std::collections::{BTreeMap, BTreeSet};

use super::SystemIx;
use crate::id::{MappingName, ObjectName};

/// Where a reference's record keys belong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub mapping: MappingName,
    /// The system of that mapping (its own position) on the same connection.
    pub system: SystemIx,
    pub object: ObjectName,
}

/// Mappings in the order in which they run: referred to before referring. Rings are allowed; a ring is entered at its first mapping by name, and what cannot be
/// resolved yet is deferred and written a run later.
pub fn order(refers_to: &BTreeMap<MappingName, Vec<MappingName>>) -> Vec<MappingName> {
    let mut done = BTreeSet::new();
    let mut order = Vec::with_capacity(refers_to.len());
    for start in refers_to.keys() {
        if done.insert(start.clone()) {
            // An own stack instead of recursion: a chain of references may be long.
            let mut stack = vec![(start, 0)];
            while let Some((name, next)) = stack.pop() {
                let Some(target) = refers_to.get(name).and_then(|targets| targets.get(next)) else {
                    order.push(name.clone());
                    continue;
                };
                stack.push((name, next + 1));
                if let Some((target, _)) = refers_to.get_key_value(target)
                    && done.insert(target.clone())
                {
                    stack.push((target, 0));
                }
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(edges: &[(&str, &[&str])]) -> String {
        let map = edges.iter().map(|(name, to)| (MappingName::new(name), to.iter().map(MappingName::new).collect())).collect();
        order(&map).iter().map(MappingName::as_str).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_referred_to_runs_first() {
        assert_eq!(ordered(&[("accounts", &["partners"]), ("deals", &["partners", "accounts"]), ("partners", &[])]), "partners accounts deals");
    }

    #[test]
    fn rings_and_unknown_targets_still_have_an_order() {
        assert_eq!(ordered(&[("a", &["b"]), ("b", &["a", "nowhere"]), ("c", &["c"])]), "b a c");
    }
}
