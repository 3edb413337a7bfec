//! One system's staged records: their bytes in a file, and in another where each begins.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;

/// What is read ahead while records are asked for in their order.
const AHEAD_BYTES: usize = 128 << 10;

#[derive(Debug)]
pub struct Shelf {
    bytes: BufWriter<File>,
    ends: BufWriter<File>,
    end: u64,
    count: u32,
}

impl Shelf {
    pub fn new(bytes: File, ends: File) -> Self {
        Self { bytes: BufWriter::with_capacity(AHEAD_BYTES, bytes), ends: BufWriter::new(ends), end: 0, count: 0 }
    }

    pub fn count(&self) -> u32 {
        self.count
    }

    /// Adds a record and tells its number.
    pub fn add(&mut self, record: &[u8]) -> io::Result<u32> {
        let number = self.count;
        self.count = number.checked_add(1).ok_or_else(|| io::Error::other("more records than a first match can hold"))?;
        self.bytes.write_all(record)?;
        self.end += record.len() as u64;
        self.ends.write_all(&self.end.to_le_bytes())?;
        Ok(number)
    }

    pub fn finish(&mut self) -> io::Result<()> {
        self.bytes.flush()?;
        self.ends.flush()
    }

    pub fn reader(&self) -> Reader<'_> {
        Reader { bytes: Window::new(self.bytes.get_ref()), ends: Window::new(self.ends.get_ref()) }
    }
}

/// Reads records by number; cheap in order, right in any.
pub struct Reader<'a> {
    bytes: Window<'a>,
    ends: Window<'a>,
}

impl Reader<'_> {
    pub fn read(&mut self, number: u32) -> io::Result<Vec<u8>> {
        let (begin, end) = match number.checked_sub(1) {
            None => (0, number_at(self.ends.read(0, 8)?)),
            Some(before) => {
                let (begin, end) = self.ends.read(u64::from(before) * 8, 16)?.split_at(8);
                (number_at(begin), number_at(end))
            }
        };
        Ok(self.bytes.read(begin, (end - begin) as usize)?.to_vec())
    }
}

fn number_at(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes.try_into().expect("eight bytes were asked for"))
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
