//! Where a scalar stands, byte by byte, and how that passes through serde.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use serde::de::{Deserialize, Error, SeqAccess, Visitor};

use super::{Spanned, Written};
use crate::diag::{FileId, Span};

/// From here on, byte `value` of the text stands at byte `source` of the file, up to the next run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    pub value: u32,
    pub source: u32,
}

/// The runs of a scalar, by `value`. Without any, only the whole is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runs(Arc<[Run]>);

impl Runs {
    pub fn new(runs: Vec<Run>) -> Self {
        Self(runs.into())
    }

    pub fn as_slice(&self) -> &[Run] {
        &self.0
    }
}

/// A scalar's place in its file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The whole scalar as written, with its quotes.
    pub span: Span,
    pub runs: Runs,
}

impl Place {
    pub fn new(span: Span, runs: Runs) -> Self {
        Self { span, runs }
    }

    /// The place of a byte range of the text.
    pub fn locate(&self, range: Range<usize>) -> Span {
        if self.runs.0.is_empty() {
            return self.span;
        }
        let start = self.source(range.start, false);
        let end = if range.end > range.start { self.source(range.end, true) } else { start };
        Span::new(self.span.file, start, end.max(start))
    }

    /// An end belongs to the run before it, so that a range never reaches over the fold or escape that follows.
    fn source(&self, byte: usize, is_end: bool) -> u32 {
        let runs = &self.runs.0;
        let byte = u32::try_from(byte).unwrap_or(u32::MAX);
        let next = runs.partition_point(|run| if is_end { run.value < byte } else { run.value <= byte });
        let run = runs[next.saturating_sub(1)];
        let limit = runs.get(next).map_or(self.span.end, |run| run.source);
        (run.source + byte.saturating_sub(run.value)).min(limit)
    }
}

/// Takes `[text, file, start, end, value, source, value, source, …]`.
pub(super) struct WrittenVisitor;

impl<'de> Visitor<'de> for WrittenVisitor {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Written, A::Error> {
        let text: String = part(&mut seq)?;
        let span = span(&mut seq)?;
        let mut runs = Vec::new();
        while let Some(value) = seq.next_element()? {
            runs.push(Run { value, source: part(&mut seq)? });
        }
        Ok(Written::new(text, Place::new(span, Runs::new(runs))))
    }
}

/// Takes `[file, start, end, value]`.
pub(super) struct SpannedVisitor<T>(pub PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for SpannedVisitor<T> {
    type Value = Spanned<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Spanned<T>, A::Error> {
        let span = span(&mut seq)?;
        Ok(Spanned { value: part(&mut seq)?, span })
    }
}

fn span<'de, A: SeqAccess<'de>>(seq: &mut A) -> Result<Span, A::Error> {
    Ok(Span::new(FileId(part(seq)?), part(seq)?, part(seq)?))
}

fn part<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(seq: &mut A) -> Result<T, A::Error> {
    seq.next_element()?.ok_or_else(|| A::Error::custom("a place with a part missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_bytes_behind_an_escape() {
        // "a\"b" at byte 10: the value a"b.
        let place =
            Place::new(Span::new(FileId(0), 10, 16), Runs::new(vec![Run { value: 0, source: 11 }, Run { value: 1, source: 12 }, Run { value: 2, source: 14 }]));
        assert_eq!(place.locate(2..3), Span::new(FileId(0), 14, 15));
        assert_eq!(place.locate(0..1), Span::new(FileId(0), 11, 12));
        assert_eq!(place.locate(0..3), Span::new(FileId(0), 11, 15));
    }
}
