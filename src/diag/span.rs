//! Places in files: byte ranges inside, lines and columns outside.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One file of a [`Files`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A range of bytes in one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(file: FileId, start: u32, end: u32) -> Self {
        Self { file, start, end }
    }

    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A file as it was read: its path as people write it, and its text.
#[derive(Clone, Debug)]
struct File {
    path: PathBuf,
    text: Arc<str>,
}

/// The files that were read, so that every [`Span`] can be shown.
#[derive(Clone, Debug, Default)]
pub struct Files(Vec<File>);

impl Files {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn add(&mut self, path: impl Into<PathBuf>, text: impl Into<Arc<str>>) -> FileId {
        let id = FileId(u32::try_from(self.0.len()).expect("a project has fewer than four thousand million files"));
        self.0.push(File { path: path.into(), text: text.into() });
        id
    }

    pub fn path(&self, id: FileId) -> &Path {
        &self.0[id.0 as usize].path
    }

    pub fn text(&self, id: FileId) -> &Arc<str> {
        &self.0[id.0 as usize].text
    }

    pub fn ids(&self) -> impl Iterator<Item = FileId> + use<> {
        (0..u32::try_from(self.0.len()).expect("ids are given out as u32")).map(FileId)
    }

    /// Puts stars in the place of a range, so that no excerpt of its line shows it.
    pub fn blot(&mut self, span: Span) {
        let text = self.text(span.file);
        let (start, end) = (floor_boundary(text, span.start as usize), floor_boundary(text, span.end as usize));
        let blotted = format!("{}{}{}", &text[..start], "*".repeat(end.saturating_sub(start)), &text[end.max(start)..]);
        self.0[span.file.0 as usize].text = blotted.into();
    }

    /// Line and column of a byte, both from 1, the column in characters.
    pub fn position(&self, id: FileId, byte: u32) -> (usize, usize) {
        let text = self.text(id);
        let byte = floor_boundary(text, byte as usize);
        let before = &text[..byte];
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        (line, before[start..].chars().count() + 1)
    }

    /// The text of a line, from 1, without its end.
    pub fn line(&self, id: FileId, line: usize) -> &str {
        self.text(id).split('\n').nth(line - 1).unwrap_or("").trim_end_matches('\r')
    }

    /// `mappings/deals.yaml:18:66`, as editors and terminals understand it.
    pub fn place(&self, span: Span) -> String {
        let (line, column) = self.position(span.file, span.start);
        format!("{}:{line}:{column}", self.path(span.file).display())
    }

    /// `deals.yaml:18`, for sentences that name a second place.
    pub fn short_place(&self, span: Span) -> String {
        let path = self.path(span.file);
        let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
        format!("{name}:{}", self.position(span.file, span.start).0)
    }
}

fn floor_boundary(text: &str, byte: usize) -> usize {
    let mut at = byte.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
