//! YAML to a tree in which every scalar and key knows its bytes in the file.
//!
//! What the files need of YAML 1.2 and no more: no anchors, aliases, tags or merge keys, no key twice, bounded size and depth. A scalar stays
//! the text that was written; what it is (a number, `true`, text) is decided by who asks for it.

mod broken;
mod build;
mod runs;

use super::slot::Written;
use crate::bounds::YAML_BYTES_MAX;
use crate::diag::{Diagnostic, FileId, Files, Span};

/// A value of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub span: Span,
    pub kind: Kind,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Scalar(Scalar),
    List(Vec<Node>),
    /// In the order of the file; no key twice.
    Map(Vec<(Written, Node)>),
}

/// A text, a number, a truth value or nothing, as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Scalar {
    pub written: Written,
    pub style: Style,
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    Quoted,
    Block,
}

/// What a scalar is when nobody says what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Core {
    Null,
    Boolean(bool),
    Integer,
    Number,
    Text,
}

impl Scalar {
    pub fn text(&self) -> &str {
        self.written.text()
    }

    /// Only plain scalars are anything but text, and only numbers that JSON can spell are numbers.
    pub fn core(&self) -> Core {
        if self.style != Style::Plain {
            return Core::Text;
        }
        match self.text() {
            "" | "~" | "null" | "Null" | "NULL" => Core::Null,
            "true" => Core::Boolean(true),
            "false" => Core::Boolean(false),
            text => number(text),
        }
    }
}

impl Node {
    pub fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar(scalar) if scalar.core() == Core::Null)
    }

    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            Kind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    pub fn map(&self) -> Option<&[(Written, Node)]> {
        match &self.kind {
            Kind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    pub fn get(&self, key: &str) -> Option<&Node> {
        self.map()?.iter().find(|(name, _)| name.text() == key).map(|(_, node)| node)
    }

    /// The place of a byte range of a scalar's value; of anything else the whole.
    pub fn locate(&self, range: std::ops::Range<usize>) -> Span {
        self.scalar().map_or(self.span, |scalar| scalar.written.locate(range))
    }
}

fn number(text: &str) -> Core {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let whole = digits.bytes().take_while(u8::is_ascii_digit).count();
    if whole == 0 || (whole > 1 && digits.starts_with('0')) {
        return Core::Text;
    }
    let rest = &digits[whole..];
    if rest.is_empty() {
        return Core::Integer;
    }
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => {
            let count = fraction.bytes().take_while(u8::is_ascii_digit).count();
            if count == 0 {
                return Core::Text;
            }
            &fraction[count..]
        }
        None => rest,
    };
    let Some(power) = rest.strip_prefix(['e', 'E']) else {
        return if rest.is_empty() { Core::Number } else { Core::Text };
    };
    let power = power.strip_prefix(['+', '-']).unwrap_or(power);
    if !power.is_empty() && power.bytes().all(|b| b.is_ascii_digit()) { Core::Number } else { Core::Text }
}

/// How many documents a file may hold, separated by `---`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Documents {
    One,
    Several,
}

/// The documents of a file. With an error among the diagnostics the list holds those before it.
pub fn parse(files: &Files, file: FileId, documents: Documents) -> (Vec<Node>, Vec<Diagnostic>) {
    let text = files.text(file);
    if text.len() > YAML_BYTES_MAX {
        let found = Diagnostic::error("file_too_big", format!("The file has {} bytes; the most is {YAML_BYTES_MAX}", text.len()))
            .at(Span::new(file, 0, 0))
            .help("Split it: files that begin with the same `mapping:` name are one mapping");
        return (Vec::new(), vec![found]);
    }
    let (nodes, mut found) = build::build(file, text);
    if documents == Documents::One && nodes.len() > 1 {
        found.push(
            Diagnostic::error("several_documents", "A second document begins here, after `---`")
                .at(nodes[1].span)
                .help("Put it into a file of its own; only mappings and shared files may hold several"),
        );
    }
    (nodes, found)
}

#[cfg(test)]
mod tests;
