//! Where the parts of a big document are, noted while it is checked: its page of records is then found and split without another scan.

use std::ops::Range;

/// Below this, a scan is as cheap.
pub const OUTLINED_BYTES_MIN: usize = 4096;

/// Every value that is reached through maps alone, and the elements of the lists among them, in the order of the text.
#[derive(Debug, Default)]
pub struct Outline(Vec<Part>);

#[derive(Debug)]
struct Part {
    /// With its quotes; empty for what has none.
    name: Range<u32>,
    value: Range<u32>,
    /// The first part that is not inside this one.
    after: u32,
}

impl Outline {
    /// A value begins. Gives the number by which it ends.
    pub fn begin(&mut self, name: Range<usize>, at: usize) -> usize {
        let at = at as u32;
        self.0.push(Part { name: name.start as u32..name.end as u32, value: at..at, after: 0 });
        self.0.len() - 1
    }

    pub fn end(&mut self, number: usize, at: usize) {
        let after = self.0.len() as u32;
        let part = &mut self.0[number];
        part.value.end = at as u32;
        part.after = after;
    }

    /// The parts right inside one: number, name and value of each, as places in the whole text.
    pub fn inside(&self, number: u32) -> impl Iterator<Item = (u32, Range<usize>, Range<usize>)> {
        let end = self.0[number as usize].after;
        let mut next = number + 1;
        std::iter::from_fn(move || {
            let at = next;
            let part = (at < end).then(|| &self.0[at as usize])?;
            next = part.after;
            let whole = |range: &Range<u32>| range.start as usize..range.end as usize;
            Some((at, whole(&part.name), whole(&part.value)))
        })
    }

    /// Where a part begins.
    pub fn begins(&self, number: u32) -> usize {
        self.0[number as usize].value.start as usize
    }
}
