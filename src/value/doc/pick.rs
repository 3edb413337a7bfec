//! Many paths out of one record in one pass over its bytes.

use super::{Doc, scan};
use crate::value::Path;
use crate::value::path::Step;

/// Paths compiled together; slot `n` is the `n`th path given.
#[derive(Clone, Debug)]
pub struct PathSet {
    root: Node,
    len: usize,
    /// Paths with brackets are rare and read one by one.
    odd: Vec<(usize, Path)>,
}

#[derive(Clone, Debug, Default)]
struct Node {
    /// Sorted by length and bytes, so that a search mostly compares lengths.
    members: Vec<(Box<str>, Node)>,
    slots: Vec<usize>,
}

impl PathSet {
    pub fn new(paths: &[Path]) -> PathSet {
        let mut set = PathSet { root: Node::default(), len: paths.len(), odd: Vec::new() };
        for (slot, path) in paths.iter().enumerate() {
            if path.steps().iter().all(|step| matches!(step, Step::Member(_))) {
                set.root.add(path.steps(), slot);
            } else {
                set.odd.push((slot, path.clone()));
            }
        }
        set.root.settle();
        set
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What stands at each path; `None` where the record has no such member.
    pub fn read(&self, doc: &Doc) -> Vec<Option<Doc>> {
        let mut out = vec![None; self.len];
        self.root.walk(&doc.bytes, 0, &mut |slot, begin, end| out[slot] = Some(doc.part(begin..end)));
        for (slot, path) in &self.odd {
            out[*slot] = doc.path(path);
        }
        out
    }

    /// As [`PathSet::read`], for hot loops: slices into the record, in a vector that is used again.
    ///
    /// Paths with brackets come as owned documents through `odd`, which gets slot and document.
    pub fn read_raw<'a>(&self, doc: &'a Doc, out: &mut Vec<Option<&'a str>>, mut odd: impl FnMut(usize, Doc)) {
        out.clear();
        out.resize(self.len, None);
        let raw = doc.raw();
        self.root.walk(raw.as_bytes(), 0, &mut |slot, begin, end| out[slot] = Some(&raw[begin..end]));
        for (slot, path) in &self.odd {
            if let Some(found) = doc.path(path) {
                odd(*slot, found);
            }
        }
    }
}

impl Node {
    fn add(&mut self, steps: &[Step], slot: usize) {
        let Some((Step::Member(name), rest)) = steps.split_first() else {
            self.slots.push(slot);
            return;
        };
        let found = self.members.iter().position(|(member, _)| **member == **name).unwrap_or_else(|| {
            self.members.push((name.as_str().into(), Node::default()));
            self.members.len() - 1
        });
        self.members[found].1.add(rest, slot);
    }

    fn settle(&mut self) {
        self.members.sort_by(|(a, _), (b, _)| (a.len(), &**a).cmp(&(b.len(), &**b)));
        for (_, node) in &mut self.members {
            node.settle();
        }
    }

    fn find(&self, quoted: &[u8]) -> Option<usize> {
        let inner = &quoted[1..quoted.len() - 1];
        let place = |wanted: &[u8]| self.members.binary_search_by(|(name, _)| (name.len(), name.as_bytes()).cmp(&(wanted.len(), wanted))).ok();
        match place(inner) {
            None if memchr::memchr(b'\\', inner).is_some() => place(super::decode(quoted).as_bytes()),
            found => found,
        }
    }

    /// Walks the map at `begin`, tells what is wanted, and stops when all wanted members were seen.
    fn walk(&self, raw: &[u8], begin: usize, tell: &mut dyn FnMut(usize, usize, usize)) {
        if self.members.is_empty() || raw[begin] != b'{' {
            return;
        }
        let inside = &raw[begin..];
        let mut entries = scan::entries(inside);
        let mut seen = 0_u128;
        let mut left = self.members.len();
        while let Some((name, value)) = entries.name() {
            let end = scan::skip(inside, value);
            entries.went_to(end);
            let Some(found) = self.find(&inside[name]) else { continue };
            // The first of two members of one name counts; 128 wanted members of one map are beyond any form, and beyond them the last counts.
            if found < 128 {
                if seen & (1 << found) != 0 {
                    continue;
                }
                seen |= 1 << found;
            }
            let node = &self.members[found].1;
            for slot in &node.slots {
                tell(*slot, begin + value, begin + end);
            }
            node.walk(raw, begin + value, tell);
            left -= 1;
            if left == 0 {
                return;
            }
        }
    }
}
