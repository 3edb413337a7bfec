//! What of a file cannot be used because something is wrong with it: that is told where it stands, and nothing is said of what would follow from it.

use crate::diag::Span;
use crate::spec::slot::Written;
use crate::spec::yaml::{Kind, Node};

/// One step down a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Key(String),
    Element(usize),
}

/// The ways from the top of a document to what was lost, as keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lost(Vec<Vec<String>>);

impl Lost {
    /// Nothing of the document is known.
    pub fn whole() -> Self {
        Self(vec![Vec::new()])
    }

    /// One thing.
    pub fn at(way: &[&str]) -> Self {
        Self(vec![way.iter().map(|step| (*step).to_owned()).collect()])
    }

    /// Whether this was lost, or something that it lies in.
    pub fn has(&self, way: &[&str]) -> bool {
        self.0.iter().any(|lost| lost.len() <= way.len() && lost.iter().zip(way).all(|(lost, step)| lost == step))
    }

    /// Whether this was lost, or something that it lies in, or something that lies in it.
    pub fn touches(&self, way: &[&str]) -> bool {
        self.0.iter().any(|lost| lost.iter().zip(way).all(|(lost, step)| lost == step))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn add(&mut self, other: Lost) {
        self.0.extend(other.0);
    }

    /// Whether something of these names was lost, or something that lies in it.
    pub fn names_any(&self, keys: &[&str]) -> bool {
        self.0.iter().any(|lost| lost.iter().any(|step| keys.contains(&step.as_str())))
    }

    /// What was lost right below a key.
    pub fn names<'a>(&'a self, of: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |lost| lost.len() == 2 && lost[0] == of).map(|lost| lost[1].as_str())
    }

    /// What was lost at `from`, as if it had stood at `to`.
    pub fn moved(&self, from: &[&str], to: &[&str]) -> Lost {
        let below = self.0.iter().filter(|lost| lost.len() >= from.len() && lost.iter().zip(from).all(|(lost, step)| lost == step));
        Lost(below.map(|lost| to.iter().map(|step| (*step).to_owned()).chain(lost[from.len()..].iter().cloned()).collect()).collect())
    }

    /// The element's place stands for its name.
    pub(super) fn mark(&mut self, way: &[Step]) {
        let word = |step: &Step| match step {
            Step::Key(key) => key.clone(),
            Step::Element(index) => index.to_string(),
        };
        self.0.push(way.iter().map(word).collect());
    }
}

/// Takes out of the document what the ways lead to. False when the document itself is among it.
pub(super) fn cut(document: &mut Node, mut ways: Vec<Vec<Step>>) -> bool {
    // From the last to the first, so that places in lists stay what they were.
    ways.sort();
    ways.dedup();
    ways.reverse();
    ways.iter().all(|way| way.split_last().is_some_and(|(last, above)| take_out(document, above, last)))
}

/// What is there no longer went with something it lay in.
fn take_out(document: &mut Node, above: &[Step], last: &Step) -> bool {
    let mut node = document;
    for step in above {
        let below = match (&mut node.kind, step) {
            (Kind::Map(entries), Step::Key(key)) => entries.iter_mut().find(|(name, _)| name.text() == key).map(|(_, value)| value),
            (Kind::List(nodes), Step::Element(index)) => nodes.get_mut(*index),
            _ => None,
        };
        match below {
            Some(below) => node = below,
            None => return true,
        }
    }
    match (&mut node.kind, last) {
        (Kind::Map(entries), Step::Key(key)) => {
            // Of a key that stands there twice, the second one.
            if let Some(at) = entries.iter().rposition(|(name, _)| name.text() == key) {
                entries.remove(at);
            }
        }
        (Kind::List(nodes), Step::Element(index)) if *index < nodes.len() => {
            nodes.remove(*index);
        }
        _ => {}
    }
    true
}

/// The way to the smallest entry or element around a place; none if the place lies outside of the document.
pub(super) fn way_to(document: &Node, place: Span) -> Option<Vec<Step>> {
    let inside = |outer: Span| outer.start <= place.start && place.end <= outer.end;
    if !inside(document.span) {
        return None;
    }
    let (mut node, mut way) = (document, Vec::new());
    loop {
        let next = match &node.kind {
            Kind::Map(entries) => {
                // The last one: of a key that stands there twice, the second.
                let around = |(key, value): &&(Written, Node)| inside(Span { end: value.span.end.max(key.span().end), ..key.span() });
                entries.iter().rfind(around).map(|(key, value)| (Step::Key(key.text().to_owned()), value))
            }
            Kind::List(nodes) => nodes.iter().enumerate().find(|(_, node)| inside(node.span)).map(|(index, node)| (Step::Element(index), node)),
            Kind::Scalar(_) => None,
        };
        let Some((step, below)) = next else { return Some(way) };
        way.push(step);
        node = below;
    }
}
