//! The parser's events to a tree, with what YAML allows and these files do not refused.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use super::{Kind, Node, Scalar, Style, broken, runs};
use crate::bounds::YAML_DEPTH_MAX;
use crate::diag::{Diagnostic, FileId, Span};
use crate::spec::slot::{Place, Written};

/// A list or map that is not finished.
pub(super) struct Open {
    /// Where it began.
    pub start: u32,
    pub kind: OpenKind,
}

pub(super) enum OpenKind {
    List(Vec<Node>),
    /// With the key whose value is due.
    Map(Vec<(Written, Node)>, Option<Written>),
}

/// Character positions, as the parser counts, to bytes. An ASCII text needs no table.
struct Bytes(Option<Vec<u32>>, u32);

impl Bytes {
    fn new(text: &str) -> Self {
        let length = u32::try_from(text.len()).expect("a file is at most YAML_BYTES_MAX long");
        let table = (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| u32::try_from(at).expect("within the length")).collect());
        Self(table, length)
    }

    fn at(&self, marker: &Marker) -> u32 {
        match &self.0 {
            None => u32::try_from(marker.index()).map_or(self.1, |at| at.min(self.1)),
            Some(table) => table.get(marker.index()).copied().unwrap_or(self.1),
        }
    }
}

struct Builder<'a> {
    file: FileId,
    text: &'a str,
    bytes: Bytes,
    open: Vec<Open>,
    documents: Vec<Node>,
    found: Vec<Diagnostic>,
}

/// All documents, or those before the first syntax error.
pub(super) fn build(file: FileId, text: &str) -> (Vec<Node>, Vec<Diagnostic>) {
    let mut builder = Builder { file, text, bytes: Bytes::new(text), open: Vec::new(), documents: Vec::new(), found: Vec::new() };
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => {
                let (start, end) = (builder.bytes.at(&span.start), builder.bytes.at(&span.end));
                if !builder.take(event, start, end) {
                    break;
                }
            }
            Err(error) => {
                let at = builder.bytes.at(error.marker());
                let found = broken::syntax(file, text, at, error.info(), &builder.open);
                builder.found.push(found);
                break;
            }
        }
    }
    (builder.documents, builder.found)
}

impl Builder<'_> {
    /// False when nothing after this can be read.
    fn take(&mut self, event: Event<'_>, start: u32, end: u32) -> bool {
        match event {
            Event::Alias(_) => {
                self.refuse(
                    "anchor",
                    "YAML's aliases are not used in these files",
                    start,
                    end,
                    "Write the value out; values that several mappings need go to `shared/`",
                );
                self.put(self.empty(start, end));
            }
            Event::Scalar(value, style, anchor, tag) => {
                self.plainness(anchor, tag.is_some(), start, end);
                self.scalar(&value, style, start, end);
            }
            Event::SequenceStart(anchor, tag) => {
                self.plainness(anchor, tag.is_some(), start, end);
                return self.begin(start, OpenKind::List(Vec::new()));
            }
            Event::MappingStart(anchor, tag) => {
                self.plainness(anchor, tag.is_some(), start, end);
                return self.begin(start, OpenKind::Map(Vec::new(), None));
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(end),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {}
        }
        true
    }

    fn refuse(&mut self, code: &'static str, what: &str, start: u32, end: u32, help: &str) {
        self.found.push(Diagnostic::error(code, what).at(Span::new(self.file, start, end)).help(help));
    }

    fn plainness(&mut self, anchor: usize, tag: bool, start: u32, end: u32) {
        if anchor != 0 {
            self.refuse(
                "anchor",
                "YAML's anchors are not used in these files",
                start,
                end,
                "Write the value out; values that several mappings need go to `shared/`",
            );
        }
        if tag {
            self.refuse("tag", "YAML's tags are not used in these files", start, end, "Leave the tag out; the key says what its value is");
        }
    }

    fn begin(&mut self, start: u32, kind: OpenKind) -> bool {
        if self.open.len() >= YAML_DEPTH_MAX {
            self.found.push(broken::too_deep(Span::new(self.file, start, start)));
            return false;
        }
        self.open.push(Open { start, kind });
        true
    }

    fn end(&mut self, end: u32) {
        let Some(open) = self.open.pop() else { return };
        let end = self.trimmed(open.start, end);
        let kind = match open.kind {
            OpenKind::List(nodes) => Kind::List(nodes),
            OpenKind::Map(entries, _) => Kind::Map(entries),
        };
        self.put(Node { span: Span::new(self.file, open.start, end), kind });
    }

    /// The parser's end of a block reaches over the blank lines and comments that follow.
    fn trimmed(&self, start: u32, end: u32) -> u32 {
        let slice = &self.text[start as usize..(end.max(start)) as usize];
        start + u32::try_from(slice.trim_end().len()).expect("shorter than the file")
    }

    fn empty(&self, start: u32, end: u32) -> Node {
        let span = Span::new(self.file, start, end);
        Node { span, kind: Kind::Scalar(Scalar { written: Written::new("", Place::new(span, runs::none())), style: Style::Plain }) }
    }

    fn scalar(&mut self, value: &str, style: ScalarStyle, start: u32, end: u32) {
        let end = if value.is_empty() && style == ScalarStyle::Plain { start } else { self.trimmed(start, end) };
        let span = Span::new(self.file, start, end);
        let runs = runs::runs(self.text, span.range(), style, value);
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
        };
        let written = Written::new(value, Place::new(span, runs));
        self.put(Node { span, kind: Kind::Scalar(Scalar { written, style }) });
    }

    /// Puts a finished node where it is due: a key, a value, an element, a document.
    fn put(&mut self, node: Node) {
        let Some(open) = self.open.last_mut() else {
            self.documents.push(node);
            return;
        };
        match &mut open.kind {
            OpenKind::List(nodes) => nodes.push(node),
            OpenKind::Map(entries, due) => match due.take() {
                Some(key) => {
                    entries.push((key, node));
                    let cut = broken::cut_at_comma(self.file, self.text, entries);
                    self.found.extend(cut);
                }
                None => {
                    let key = key(&node, self.text, &mut self.found);
                    twice(&key, entries, &mut self.found);
                    *due = Some(key);
                }
            },
        }
    }
}

fn key(node: &Node, text: &str, found: &mut Vec<Diagnostic>) -> Written {
    let Kind::Scalar(scalar) = &node.kind else {
        found.push(broken::strange_key(node, text));
        return Written::new(text[node.span.range()].to_string(), Place::new(node.span, runs::none()));
    };
    if scalar.text() == "<<" {
        let merge = Diagnostic::error("anchor", "YAML's merge keys are not used in these files").at(node.span);
        found.push(merge.help("Write the entries out; what several mappings need goes to `shared/`"));
    }
    scalar.written.clone()
}

fn twice(key: &Written, entries: &[(Written, Node)], found: &mut Vec<Diagnostic>) {
    if let Some((first, _)) = entries.iter().find(|(name, _)| name == key) {
        let what = format!("`{}` is given twice", key.text());
        found.push(Diagnostic::error("given_twice", what).at(key.span()).and_at(first.span(), "the first one").help("Keep one"));
    }
}
