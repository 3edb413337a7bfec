//! What happened, line by line: always as a hash, so that two runs of a seed can be compared, and as text where somebody reads it.

use std::fmt;

#[derive(Default)]
pub struct Trace {
    hash: u64,
    lines: Option<Vec<String>>,
}

impl Trace {
    pub fn new(keep: bool) -> Self {
        Self { hash: 0xcbf2_9ce4_8422_2325, lines: keep.then(Vec::new) }
    }

    pub fn line(&mut self, at_us: i64, text: fmt::Arguments<'_>) {
        let line = format!("{:>12.3} {text}", at_us as f64 / 1e6 % 1e7);
        for byte in line.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
        if let Some(lines) = &mut self.lines {
            lines.push(line);
        }
    }

    pub fn hash(&self) -> u64 {
        self.hash
    }

    pub fn text(&self) -> String {
        self.lines.as_ref().map(|lines| lines.join("\n")).unwrap_or_default()
    }
}
