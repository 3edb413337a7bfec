//! Which staged records are one thing: rule by rule, groups grow while no system is in them twice.
//!
//! What a rule would bring together with two records of one system is ambiguous. Groups that an earlier rule made stay as they are; the
//! records that were still alone go to a person, together.

/// Set in a record's mark.
const AMBIGUOUS: u8 = 1;
/// Not the first of its group.
const FOLLOWS: u8 = 2;

/// Groups over places: the records of the first system in their order, then those of the second, and so on.
#[derive(Debug)]
pub struct Grouping {
    /// The first place of each system, and the end.
    begins: Vec<u32>,
    /// A place towards the first of its group, itself for the first.
    towards: Vec<u32>,
    /// The next of its group, in a ring.
    next: Vec<u32>,
    marks: Vec<u8>,
}

impl Grouping {
    pub fn new(counts: &[u32]) -> Self {
        let mut begins = vec![0];
        let mut end = 0u32;
        for count in counts {
            end = end.checked_add(*count).expect("each staged record takes memory; there are not that many");
            begins.push(end);
        }
        Self { begins, towards: (0..end).collect(), next: (0..end).collect(), marks: vec![0; end as usize] }
    }

    pub fn place(&self, system: u16, number: u32) -> u32 {
        self.begins[usize::from(system)] + number
    }

    /// System and number of the record at a place.
    pub fn record(&self, place: u32) -> (u16, u32) {
        let system = self.begins.partition_point(|begin| *begin <= place) - 1;
        (system as u16, place - self.begins[system])
    }

    /// Joins what has one key in common, in order; empties the list.
    pub fn join(&mut self, class: &mut Vec<u32>) {
        class.retain(|place| self.marks[*place as usize] & AMBIGUOUS == 0);
        if class.len() < 2 {
            class.clear();
            return;
        }
        let mut firsts: Vec<u32> = class.drain(..).map(|place| self.first(place)).collect();
        firsts.sort_unstable();
        firsts.dedup();
        if firsts.len() < 2 {
            return;
        }
        if !self.has_twins(&firsts) {
            self.unite(&firsts);
            return;
        }
        firsts.retain(|first| self.next[*first as usize] == *first);
        for single in &firsts {
            self.marks[*single as usize] |= AMBIGUOUS;
        }
        self.unite(&firsts);
    }

    fn has_twins(&self, firsts: &[u32]) -> bool {
        let systems = self.begins.len() - 1;
        let mut seen = vec![false; systems];
        firsts.iter().flat_map(|first| self.ring(*first)).any(|place| {
            let (system, _) = self.record(place);
            std::mem::replace(&mut seen[usize::from(system)], true)
        })
    }

    fn ring(&self, first: u32) -> impl Iterator<Item = u32> {
        let next = move |place: &u32| Some(self.next[*place as usize]).filter(|next| *next != first);
        std::iter::successors(Some(first), next)
    }

    fn first(&mut self, place: u32) -> u32 {
        let mut first = place;
        while self.towards[first as usize] != first {
            let above = self.towards[self.towards[first as usize] as usize];
            self.towards[first as usize] = above;
            first = above;
        }
        first
    }

    /// Makes one ring of several; `firsts` is in order, so its first is the first of all.
    fn unite(&mut self, firsts: &[u32]) {
        let Some((&first, rest)) = firsts.split_first() else { return };
        for &other in rest {
            self.towards[other as usize] = first;
            self.marks[other as usize] |= FOLLOWS;
            self.next.swap(first as usize, other as usize);
        }
    }

    /// The members of the next group at or after `from`, which moves behind its first; and whether they are ambiguous.
    pub fn group_from(&self, from: &mut u32) -> Option<(Vec<u32>, bool)> {
        let rest = self.marks.get(*from as usize..)?;
        let first = *from + u32::try_from(rest.iter().position(|mark| mark & FOLLOWS == 0)?).expect("places are 32 bits");
        *from = first + 1;
        let mut members: Vec<u32> = self.ring(first).collect();
        members.sort_unstable();
        Some((members, self.marks[first as usize] & AMBIGUOUS != 0))
    }
}
