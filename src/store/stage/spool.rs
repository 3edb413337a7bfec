//! Match keys sorted on disk: runs that fit in memory, merged as they are read.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;

/// Keys sorted in memory at once: 4 MiB; in tests few, so that a small one has several runs.
const RUN_KEYS: usize = if cfg!(test) { 1 << 12 } else { 1 << 18 };
const KEY_BYTES: usize = 16;
/// Keys read of one run at once.
const READ_KEYS: usize = 1 << 11;

/// One match key of one staged record, in the order in which they are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Staged {
    pub rule: u16,
    pub hash: u64,
    pub system: u16,
    pub number: u32,
}

impl Staged {
    fn write(self) -> [u8; KEY_BYTES] {
        let mut bytes = [0; KEY_BYTES];
        bytes[..2].copy_from_slice(&self.rule.to_le_bytes());
        bytes[2..10].copy_from_slice(&self.hash.to_le_bytes());
        bytes[10..12].copy_from_slice(&self.system.to_le_bytes());
        bytes[12..].copy_from_slice(&self.number.to_le_bytes());
        bytes
    }

    fn read(bytes: &[u8]) -> Self {
        let (rule, rest) = bytes.split_at(2);
        let (hash, rest) = rest.split_at(8);
        let (system, number) = rest.split_at(2);
        Self {
            rule: u16::from_le_bytes(rule.try_into().expect("two bytes")),
            hash: u64::from_le_bytes(hash.try_into().expect("eight bytes")),
            system: u16::from_le_bytes(system.try_into().expect("two bytes")),
            number: u32::from_le_bytes(number.try_into().expect("four bytes")),
        }
    }
}

#[derive(Debug)]
pub struct Spool {
    file: BufWriter<File>,
    keys: Vec<Staged>,
    /// How many keys each run in the file has.
    runs: Vec<usize>,
}

impl Spool {
    pub fn new(file: File) -> Self {
        Self { file: BufWriter::new(file), keys: Vec::new(), runs: Vec::new() }
    }

    pub fn add(&mut self, key: Staged) -> io::Result<()> {
        self.keys.push(key);
        if self.keys.len() < RUN_KEYS { Ok(()) } else { self.end_run() }
    }

    fn end_run(&mut self) -> io::Result<()> {
        self.keys.sort_unstable();
        for key in &self.keys {
            self.file.write_all(&key.write())?;
        }
        self.runs.push(self.keys.len());
        self.keys.clear();
        Ok(())
    }

    /// All keys in order.
    pub fn sorted(&mut self) -> io::Result<Sorted<'_>> {
        if !self.keys.is_empty() {
            self.end_run()?;
        }
        self.keys.shrink_to_fit();
        self.file.flush()?;
        let mut runs = Vec::with_capacity(self.runs.len());
        let mut heads = BinaryHeap::with_capacity(self.runs.len());
        let mut at = 0;
        for (index, count) in self.runs.iter().enumerate() {
            let mut run = Run { file: self.file.get_ref(), at, left: *count, held: Vec::new().into_iter() };
            heads.extend(run.next()?.map(|key| Reverse((key, index))));
            runs.push(run);
            at += (*count * KEY_BYTES) as u64;
        }
        Ok(Sorted { runs, heads })
    }
}

/// The runs merged.
pub struct Sorted<'a> {
    runs: Vec<Run<'a>>,
    heads: BinaryHeap<Reverse<(Staged, usize)>>,
}

impl Iterator for Sorted<'_> {
    type Item = io::Result<Staged>;

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse((key, run)) = self.heads.pop()?;
        match self.runs[run].next() {
            Ok(next) => self.heads.extend(next.map(|key| Reverse((key, run)))),
            Err(error) => return Some(Err(error)),
        }
        Some(Ok(key))
    }
}

struct Run<'a> {
    file: &'a File,
    at: u64,
    left: usize,
    held: std::vec::IntoIter<Staged>,
}

impl Run<'_> {
    fn next(&mut self) -> io::Result<Option<Staged>> {
        if self.held.len() == 0 && self.left > 0 {
            let count = self.left.min(READ_KEYS);
            let mut bytes = vec![0; count * KEY_BYTES];
            self.file.read_exact_at(&mut bytes, self.at)?;
            self.at += bytes.len() as u64;
            self.left -= count;
            self.held = bytes.chunks_exact(KEY_BYTES).map(Staged::read).collect::<Vec<_>>().into_iter();
        }
        Ok(self.held.next())
    }
}
