//! Which byte of a scalar's value stands at which byte of the file, through quotes, escapes, folds and indentation.
//!
//! Value and source are walked side by side. If they ever disagree, nothing is claimed: messages then point at the whole scalar.

use std::ops::Range;

use saphyr_parser::ScalarStyle;

use crate::spec::slot::{Run, Runs};

pub(super) fn none() -> Runs {
    Runs::default()
}

pub(super) fn runs(text: &str, span: Range<usize>, style: ScalarStyle, value: &str) -> Runs {
    let (inner, indent) = match style {
        ScalarStyle::Plain => (span, None),
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => (span.start + 1..span.end.saturating_sub(1).max(span.start + 1), None),
        ScalarStyle::Literal | ScalarStyle::Folded => {
            let line = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
            (span.clone(), Some(span.start - line))
        }
    };
    let mut walk = Walk { source: &text.as_bytes()[..inner.end], at: inner.start, value: value.as_bytes(), done: 0, runs: Vec::new() };
    match walk.all(style, indent) {
        Some(()) => Runs::new(walk.runs),
        None => none(),
    }
}

struct Walk<'a> {
    source: &'a [u8],
    at: usize,
    value: &'a [u8],
    done: usize,
    runs: Vec<Run>,
}

impl Walk<'_> {
    fn all(&mut self, style: ScalarStyle, indent: Option<usize>) -> Option<()> {
        self.mark();
        while self.done < self.value.len() {
            if let Some(length) = self.line_end() {
                self.fold(length, indent)?;
                continue;
            }
            match (style, self.source.get(self.at)) {
                (_, None) => return self.trailing(indent),
                (ScalarStyle::DoubleQuoted, Some(b'\\')) => self.escape()?,
                (ScalarStyle::SingleQuoted, Some(b'\'')) => self.take(2, b"'")?,
                (_, Some(byte)) => {
                    if self.value[self.done] != *byte {
                        return None;
                    }
                    self.at += 1;
                    self.done += 1;
                }
            }
        }
        Some(())
    }

    /// Notes that the next byte of the value stands at the next byte of the source.
    fn mark(&mut self) {
        let run = Run { value: u32::try_from(self.done).unwrap_or(u32::MAX), source: u32::try_from(self.at).unwrap_or(u32::MAX) };
        if self.runs.last() != Some(&run) {
            self.runs.push(run);
        }
    }

    /// `source` bytes stand for `value`.
    fn take(&mut self, source: usize, value: &[u8]) -> Option<()> {
        if !self.value[self.done..].starts_with(value) {
            return None;
        }
        self.mark();
        self.at += source;
        self.done += value.len();
        self.mark();
        Some(())
    }

    /// The length of blanks and one line end at this place, if they stand here.
    fn line_end(&self) -> Option<usize> {
        let rest = &self.source[self.at..];
        let blanks = rest.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        match rest[blanks..] {
            [b'\r', b'\n', ..] => Some(blanks + 2),
            [b'\n', ..] => Some(blanks + 1),
            _ => None,
        }
    }

    /// Line ends and what indents the next line; in the value one space, or line ends.
    fn fold(&mut self, first: usize, indent: Option<usize>) -> Option<()> {
        self.mark();
        // A block keeps blanks at the end of a line.
        while indent.is_some() && matches!(self.value.get(self.done), Some(b' ' | b'\t')) && self.source[self.at] == self.value[self.done] {
            self.at += 1;
            self.done += 1;
        }
        let mut length = if indent.is_some() { self.line_end().unwrap_or(first) } else { first };
        let mut lines = 0;
        loop {
            self.at += length;
            lines += 1;
            match self.line_end() {
                Some(next) => length = next,
                None => break,
            }
        }
        let blanks = self.source[self.at..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        self.at += indent.map_or(blanks, |indent| blanks.min(indent));
        let ends = self.value[self.done..].iter().take(lines).take_while(|b| **b == b'\n').count();
        match (ends, self.value.get(self.done)) {
            (0, Some(b' ')) => self.done += 1,
            (0, _) => return None,
            _ => self.done += ends,
        }
        self.mark();
        Some(())
    }

    /// The line ends that a block keeps after its last line were cut from the span.
    fn trailing(&mut self, indent: Option<usize>) -> Option<()> {
        let only_ends = self.value[self.done..].iter().all(|b| *b == b'\n');
        (indent.is_some() && only_ends).then_some(())
    }

    fn escape(&mut self) -> Option<()> {
        let rest = &self.source[self.at + 1..];
        let digits = match rest.first()? {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            b'\r' | b'\n' => return self.joined_line(),
            _ => 0,
        };
        // The parser has read the escape; what it stands for is one character of the value.
        let first = *self.value.get(self.done)?;
        let width = match first {
            0..0x80 => 1,
            0x80..0xe0 => 2,
            0xe0..0xf0 => 3,
            _ => 4,
        };
        let value = self.value.get(self.done..self.done + width)?.to_vec();
        self.take(2 + digits, &value)
    }

    /// A line end behind a backslash is nothing.
    fn joined_line(&mut self) -> Option<()> {
        self.at += 1;
        self.at += self.line_end()?;
        self.at += self.source[self.at..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        self.mark();
        Some(())
    }
}
