//! One system's staged records: their bytes in a file, and in memory where each ends.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;

/// What is read ahead while records are asked for in their order.
const AHEAD_BYTES: usize = 128 << 10;

#[derive(Debug)]
pub struct Shelf {
    bytes: BufWriter<File>,
    ends: Ends,
}

impl Shelf {
    pub fn new(bytes: File) -> Self {
        Self { bytes: BufWriter::with_capacity(AHEAD_BYTES, bytes), ends: Ends::default() }
    }

    pub fn count(&self) -> u32 {
        self.ends.within.len() as u32
    }

    /// Adds a record and tells its number.
    pub fn add(&mut self, record: &[u8]) -> io::Result<u32> {
        let number = u32::try_from(self.ends.within.len()).map_err(|_| io::Error::other("more records than a first match can hold"))?;
        self.bytes.write_all(record)?;
        self.ends.add(record.len() as u64)?;
        Ok(number)
    }

    pub fn finish(&mut self) -> io::Result<()> {
        self.bytes.flush()
    }

    pub fn reader(&self) -> Reader<'_> {
        Reader { bytes: Window::new(self.bytes.get_ref()), ends: &self.ends }
    }
}

/// Where records end, in four bytes each: a file's place for every so many, and how far each is from it.
#[derive(Debug, Default)]
struct Ends {
    begins: Vec<u64>,
    within: Vec<u32>,
    end: u64,
}

const TOGETHER: usize = 256;

impl Ends {
    fn add(&mut self, length: u64) -> io::Result<()> {
        if self.within.len().is_multiple_of(TOGETHER) {
            self.begins.push(self.end);
        }
        self.end += length;
        let begin = self.begins[self.begins.len() - 1];
        self.within.push(u32::try_from(self.end - begin).map_err(|_| io::Error::other("records too big to be staged"))?);
        Ok(())
    }

    /// Where a record begins and ends.
    fn of(&self, number: u32) -> (u64, u64) {
        let at = number as usize;
        let begin = self.begins[at / TOGETHER];
        let before = if at.is_multiple_of(TOGETHER) { 0 } else { self.within[at - 1] };
        (begin + u64::from(before), begin + u64::from(self.within[at]))
    }
}

/// Reads records by number; cheap in order, right in any.
pub struct Reader<'a> {
    bytes: Window<'a>,
    ends: &'a Ends,
}

impl Reader<'_> {
    pub fn read(&mut self, number: u32) -> io::Result<Vec<u8>> {
        let (begin, end) = self.ends.of(number);
        Ok(self.bytes.read(begin, (end - begin) as usize)?.to_vec())
    }
}

/// A part of a file in memory, moved to where it is read.
struct Window<'a> {
    file: &'a File,
    at: u64,
    held: Vec<u8>,
    /// How much is read beyond what was asked for: more with each read that goes on where the last ended, nothing after a jump.
    ahead: usize,
}

impl<'a> Window<'a> {
    fn new(file: &'a File) -> Self {
        Self { file, at: 0, held: Vec::new(), ahead: 0 }
    }

    fn read(&mut self, at: u64, length: usize) -> io::Result<&[u8]> {
        let end = self.at + self.held.len() as u64;
        if at < self.at || at + length as u64 > end {
            let onward = (self.at..=end + self.ahead as u64).contains(&at);
            self.ahead = if onward { ((self.ahead + length) * 4).min(AHEAD_BYTES) } else { 0 };
            self.held.resize(length + self.ahead, 0);
            let got = fill(self.file, &mut self.held, at)?;
            self.held.truncate(got);
            self.at = at;
            if got < length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let from = (at - self.at) as usize;
        Ok(&self.held[from..from + length])
    }
}

/// Reads as much as there is.
fn fill(file: &File, into: &mut [u8], at: u64) -> io::Result<usize> {
    let mut got = 0;
    while got < into.len() {
        match file.read_at(&mut into[got..], at + got as u64) {
            Ok(0) => break,
            Ok(more) => got += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}
