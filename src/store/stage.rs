//! A scratch place beside the store for the first match of big mappings: records wait on disk until all systems are listed, then come back
//! in groups that are one thing.
//!
//! It is not durable and needs no transaction, so it is plain files without a name, gone with the process. In memory is some sixteen bytes for
//! each record; keys are sorted in runs on disk.

mod grouping;
mod shelf;
mod spool;

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::StoreError;
use super::stored::{Reader, Writer};
use crate::mapping::SystemIx;
use crate::mapping::matching::MatchKey;
use grouping::Grouping;
use shelf::Shelf;
use spool::{Spool, Staged};

/// A record as listed, waiting for its match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagedRecord {
    pub system: SystemIx,
    pub keys: Vec<MatchKey>,
    /// Whatever the caller needs of it afterwards.
    pub bytes: Vec<u8>,
}

/// A staged record that came back: most are never taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub system: SystemIx,
    /// Its match keys, then the caller's bytes.
    bytes: Vec<u8>,
    keys: Range<usize>,
}

impl Member {
    /// The caller's bytes.
    pub fn body(&self) -> &[u8] {
        &self.bytes[self.keys.end..]
    }

    /// Whether both have the very same match keys.
    pub fn has_keys_of(&self, other: &Self) -> bool {
        self.bytes[self.keys.clone()] == other.bytes[other.keys.clone()]
    }

    /// The rule of its first key.
    fn first_rule(&self) -> Option<u16> {
        let mut input = Reader::plain(&self.bytes, "match keys");
        (input.number().ok()? > 0).then(|| input.small().ok()).flatten()
    }

    /// Rule and hash of each match key.
    pub fn key_hashes(&self) -> Vec<(u16, u64)> {
        let mut input = Reader::plain(&self.bytes[self.keys.clone()], "match keys");
        let count = input.number().expect("as for `match_keys`");
        (0..count).map(|_| read_key(&mut input).map(|(rule, hash, _)| (rule, hash)).expect("as for `match_keys`")).collect()
    }

    pub fn match_keys(&self) -> Vec<MatchKey> {
        read_keys(&self.bytes[self.keys.clone()]).expect("the bytes were taken apart once, when they came back")
    }
}

/// Records that are one thing, or that nobody can tell apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// In the order of systems, and of each system's listing.
    pub members: Vec<Member>,
    /// Several records of one system have a key in common; nobody picks one.
    pub ambiguous: bool,
    /// The last match rule that was needed to bring them together; none for a record alone.
    pub rule: Option<u16>,
}

/// Staged records of one first match.
#[derive(Debug)]
pub struct Stage {
    place: PathBuf,
    shelves: Vec<Shelf>,
    spool: Spool,
    grouping: Option<Grouping>,
}

impl Stage {
    /// Makes an empty stage whose files lie in `place`.
    pub fn create(place: &Path) -> Result<Self, StoreError> {
        let spool = scratch(place).map_err(|e| failed(place, &e))?;
        Ok(Self { place: place.to_owned(), shelves: Vec::new(), spool: Spool::new(spool), grouping: None })
    }

    /// Adds records. Each system's come in the order in which they were listed; systems may be mixed.
    pub fn put(&mut self, records: Vec<StagedRecord>) -> Result<(), StoreError> {
        assert!(self.grouping.is_none(), "nothing is staged once groups are made");
        self.add(&records).map_err(|e| failed(&self.place, &e))
    }

    fn add(&mut self, records: &[StagedRecord]) -> io::Result<()> {
        let mut out = Writer::default();
        for record in records {
            let system = usize::from(record.system.0);
            while self.shelves.len() <= system {
                self.shelves.push(Shelf::new(scratch(&self.place)?));
            }
            out.0.clear();
            write(record, &mut out);
            let number = self.shelves[system].add(&out.0)?;
            for key in &record.keys {
                self.spool.add(Staged { rule: key.rule, hash: key.hash, system: record.system.0, number })?;
            }
        }
        Ok(())
    }

    /// Makes the groups; call it once, after the last record.
    pub fn finish(&mut self) -> Result<(), StoreError> {
        self.group().map_err(|e| failed(&self.place, &e))
    }

    fn group(&mut self) -> io::Result<()> {
        let counts: Vec<u32> = self.shelves.iter().map(Shelf::count).collect();
        for shelf in &mut self.shelves {
            shelf.finish()?;
        }
        let mut grouping = Grouping::new(&counts);
        let mut class = Vec::new();
        let mut of = None;
        for staged in self.spool.sorted()? {
            let staged = staged?;
            if of != Some((staged.rule, staged.hash)) {
                grouping.join(&mut class);
                of = Some((staged.rule, staged.hash));
            }
            class.push(grouping.place(staged.system, staged.number));
        }
        grouping.join(&mut class);
        self.grouping = Some(grouping);
        Ok(())
    }

    /// How many records are staged.
    pub fn len(&self) -> u64 {
        self.shelves.iter().map(|shelf| u64::from(shelf.count())).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All groups in slices of about `slice` records, each record once; may be asked again, and answers the same.
    ///
    /// An ambiguous group of more than `slice` records comes in several parts, each ambiguous.
    ///
    /// # Panics
    /// Before [`Stage::finish`].
    pub fn groups(&self, slice: usize) -> Groups<'_> {
        self.groups_from(Mark::default(), slice)
    }

    /// The groups from a mark that [`Groups::mark`] gave.
    ///
    /// # Panics
    /// Before [`Stage::finish`].
    pub fn groups_from(&self, mark: Mark, slice: usize) -> Groups<'_> {
        let grouping = self.grouping.as_ref().expect("groups are asked for after `finish`");
        let readers = self.shelves.iter().map(Shelf::reader).collect();
        Groups { stage: self, grouping, readers, mark, slice: slice.max(1) }
    }
}

/// One pass over the groups.
pub struct Groups<'a> {
    stage: &'a Stage,
    grouping: &'a Grouping,
    readers: Vec<shelf::Reader<'a>>,
    mark: Mark,
    slice: usize,
}

/// Where a pass over the groups is; it begins at the default.
#[derive(Clone, Debug, Default)]
pub struct Mark {
    next: u32,
    /// What is left of an ambiguous group that is bigger than a slice.
    rest: Vec<u32>,
}

impl Iterator for Groups<'_> {
    type Item = Result<Vec<Group>, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut groups = Vec::new();
        let mut records = 0;
        while records < self.slice {
            let (members, ambiguous) = match self.members() {
                Some(found) => found,
                None if groups.is_empty() => return None,
                None => break,
            };
            records += members.len();
            match self.read(&members, ambiguous) {
                Ok(group) => groups.push(group),
                Err(error) => return Some(Err(failed(&self.stage.place, &error))),
            }
        }
        Some(Ok(groups))
    }
}

impl Groups<'_> {
    /// Where the next call goes on.
    pub fn mark(self) -> Mark {
        self.mark
    }

    /// The places of the next group, and whether it is ambiguous.
    fn members(&mut self) -> Option<(Vec<u32>, bool)> {
        if self.mark.rest.is_empty() {
            let (members, ambiguous) = self.grouping.group_from(&mut self.mark.next)?;
            if !ambiguous || members.len() <= self.slice {
                return Some((members, ambiguous));
            }
            self.mark.rest = members;
        }
        let end = self.slice.min(self.mark.rest.len());
        Some((self.mark.rest.drain(..end).collect(), true))
    }

    fn read(&mut self, places: &[u32], ambiguous: bool) -> io::Result<Group> {
        let mut members = Vec::with_capacity(places.len());
        for place in places {
            let (system, number) = self.grouping.record(*place);
            let bytes = self.readers[usize::from(system)].read(number)?;
            members.push(read(SystemIx(system), bytes).ok_or_else(|| io::Error::other("a staged record does not read back"))?);
        }
        if ambiguous || members.len() == 1 {
            return Ok(Group { members, ambiguous, rule: None });
        }
        let alike = members[1..].iter().all(|member| member.has_keys_of(&members[0]));
        let rule = if alike { members[0].first_rule() } else { joined_by(&members) };
        // Equal hashes of different keys join nothing: a person looks.
        Ok(Group { ambiguous: rule.is_none(), rule, members })
    }
}

/// The first rule by which, with those before it, all members hang together.
fn joined_by(members: &[Member]) -> Option<u16> {
    let keys: Vec<Vec<MatchKey>> = members.iter().map(Member::match_keys).collect();
    let mut rules: Vec<u16> = keys.iter().flat_map(|keys| keys.iter().map(|key| key.rule)).collect();
    rules.sort_unstable();
    rules.dedup();
    let mut set: Vec<usize> = (0..members.len()).collect();
    for rule in rules {
        for (a, one) in keys.iter().enumerate() {
            for (b, other) in keys.iter().enumerate().skip(a + 1) {
                let shares = |key: &&MatchKey| key.rule == rule && other.iter().any(|k| k.rule == rule && k.text == key.text);
                if set[a] != set[b] && one.iter().any(|key| shares(&key)) {
                    let (from, to) = (set[b], set[a]);
                    set.iter_mut().filter(|of| **of == from).for_each(|of| *of = to);
                }
            }
        }
        if set.iter().all(|of| *of == set[0]) {
            return Some(rule);
        }
    }
    None
}

fn write(record: &StagedRecord, out: &mut Writer) {
    out.number(record.keys.len() as u64);
    for key in &record.keys {
        out.number(key.rule.into());
        out.0.extend_from_slice(&key.hash.to_le_bytes());
        out.text(&key.text);
    }
    out.0.extend_from_slice(&record.bytes);
}

fn read(system: SystemIx, bytes: Vec<u8>) -> Option<Member> {
    let mut input = Reader::plain(&bytes, "staged record");
    for _ in 0..input.number().ok()? {
        read_key(&mut input)?;
    }
    let keys = 0..bytes.len() - input.rest().len();
    Some(Member { system, bytes, keys })
}

fn read_keys(bytes: &[u8]) -> Option<Vec<MatchKey>> {
    let mut input = Reader::plain(bytes, "match keys");
    let count = input.number().ok()?;
    (0..count).map(|_| read_key(&mut input).map(|(rule, hash, text)| MatchKey { rule, text: text.to_owned(), hash })).collect()
}

fn read_key<'a>(input: &mut Reader<'a>) -> Option<(u16, u64, &'a str)> {
    let rule = input.small().ok()?;
    let hash = u64::from_le_bytes(input.take(8).ok()?.try_into().ok()?);
    Some((rule, hash, input.text().ok()?))
}

/// A file without a name: it ends with its last handle, however the process ends.
fn scratch(place: &Path) -> io::Result<File> {
    tempfile::tempfile_in(place)
}

fn failed(place: &Path, error: &io::Error) -> StoreError {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR);
    let source = rusqlite::Error::SqliteFailure(code, Some(error.to_string()));
    StoreError::Disk { file: format!("a scratch file in {}", place.display()), source }
}

#[cfg(test)]
mod tests;
