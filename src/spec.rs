//! Reading the files people write: text to spanned tree ([`yaml`]), checked against what the types say ([`conform`]), then decoded into them.
//!
//! The serde types are the only reference of the formats: JSON Schema and reference pages come out of them. Every problem of every file is
//! found at once: what is wrong is cut out of the tree ([`lost`]), and the spec of the rest is checked on.

mod conform;
pub mod connector;
mod decode;
pub mod entries;
pub mod lost;
pub mod mapping;
pub mod project;
pub mod schema;
pub mod shared;
pub mod slot;
pub mod yaml;

use serde::de::DeserializeOwned;

use crate::diag::{Diagnostic, FileId, Files, Span, has_error};
use conform::Wound;
use lost::{Lost, Step};
use schema::Format;
use yaml::Documents;

pub use connector::ConnectorSpec;
pub use entries::{Entries, OneOrMany, Tree};
pub use mapping::MappingSpec;
pub use project::ProjectSpec;
pub use shared::SharedSpec;
pub use slot::{DateSlot, DurationSlot, Expression, Name, PathSlot, PeriodSlot, ScheduleSlot, SecretSlot, Share, Spanned, TextSlot};

/// The code of what the check of a file let pass and its types did not take: a gap in the check.
const UNDECODED: &str = "undecoded";

/// What came of reading a file.
struct Read<T> {
    /// Documents as far as they can be used, each with what of it was lost.
    specs: Vec<(T, Lost)>,
    /// Documents of which nothing can be used, by their names; none where the name itself cannot be read.
    unread: Vec<Option<Name>>,
    found: Vec<Diagnostic>,
}

/// Reads every document of a file, and all that is wrong with it. What is wrong is left out of the documents, so that the rest can be checked.
fn read<T: DeserializeOwned>(files: &Files, file: FileId, format: Format) -> Read<T> {
    let documents = match format {
        Format::Mapping | Format::Shared => Documents::Several,
        Format::Project | Format::Connector => Documents::One,
    };
    let (nodes, mut found) = yaml::parse(files, file, documents);
    if nodes.iter().all(yaml::Node::is_null) && !has_error(&found) {
        found.push(Diagnostic::error("empty_file", "The file is empty").at(Span::new(file, 0, 0)).help("Write into it, or delete it"));
    }
    let unreadable: Vec<Span> = found.iter().filter(|problem| problem.is_error()).filter_map(|problem| problem.span).collect();
    let (mut specs, mut unread) = (Vec::new(), Vec::new());
    for node in nodes.iter().filter(|node| !node.is_null()) {
        let (problems, wounds) = conform::conform(format.full(), node, format.word());
        found.extend(problems);
        let broken = unreadable.iter().filter_map(|place| lost::way_to(node, *place)).map(|way| Wound { way, meant: None });
        let wounds: Vec<Wound> = wounds.into_iter().chain(broken).collect();
        let sound = wounds.is_empty();
        match mended(format, node, wounds).map(|(node, lost)| (decode::decode(&node), lost)) {
            Some((Ok(spec), lost)) => specs.push((spec, lost)),
            Some((Err(mismatch), _)) if sound => found.push(Diagnostic::error(UNDECODED, mismatch.what).at(mismatch.span.unwrap_or(node.span))),
            Some((Err(_), _)) | None => unread.push(name_of(format, node)),
        }
    }
    // What stands behind a mistake of YAML's grammar is in no document.
    if unreadable.iter().any(|place| !nodes.iter().any(|node| lost::way_to(node, *place).is_some())) {
        let read: Vec<Span> = nodes.iter().map(|node| node.span).collect();
        unread.extend(names_in_lines(format, file, files.text(file), &read));
    }
    Read { specs, unread, found }
}

/// The document without what is wrong in it, and what was lost so; none if that is all of it.
fn mended(format: Format, document: &yaml::Node, mut wounds: Vec<Wound>) -> Option<(yaml::Node, Lost)> {
    let (mut document, mut lost) = (document.clone(), Lost::default());
    // Without it, what it lay in may lack something: each time less is left.
    while !wounds.is_empty() {
        for wound in &wounds {
            lost.mark(&wound.way);
            if let (Some(meant), Some((_, above))) = (&wound.meant, wound.way.split_last()) {
                lost.mark(&above.iter().cloned().chain([Step::Key(meant.clone())]).collect::<Vec<_>>());
            }
        }
        if !lost::cut(&mut document, wounds.into_iter().map(|wound| wound.way).collect()) {
            return None;
        }
        (_, wounds) = conform::conform(format.full(), &document, format.word());
    }
    Some((document, lost))
}

/// The names that documents outside of what could be read begin with, by their lines; one without a name if there is none.
fn names_in_lines(format: Format, file: FileId, text: &str, read: &[Span]) -> Vec<Option<Name>> {
    let mut names = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let name = line.strip_prefix(format.stem()).and_then(|rest| rest.strip_prefix(": ")).map(|rest| rest.split(" #").next().unwrap_or(rest).trim());
        if let Some(name) = name.filter(|name| !name.is_empty() && !read.iter().any(|span| span.range().contains(&start))) {
            let end = u32::try_from(start + line.trim_end().len()).unwrap_or(u32::MAX);
            let place = slot::Place { span: Span::new(file, u32::try_from(start).unwrap_or(u32::MAX), end), ..slot::Place::default() };
            names.push(Some(Name::new(slot::Written::new(name, place))));
        }
        start += line.len();
    }
    if names.is_empty() { vec![None] } else { names }
}

fn name_of(format: Format, document: &yaml::Node) -> Option<Name> {
    let scalar = document.get(format.stem()).and_then(yaml::Node::scalar);
    scalar.filter(|scalar| !scalar.text().is_empty()).map(|scalar| Name::new(scalar.written.clone()))
}
