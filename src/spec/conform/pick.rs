//! Where several shapes are allowed: which one is meant.

use serde_json::Value;

use super::layers::{Kinds, Layers, kinds_of};
use super::{Conform, sentence};
use crate::diag::{Diagnostic, Span};
use crate::spec::yaml::{Core, Kind, Node, Scalar};

impl<'a> Conform<'a> {
    pub(super) fn choose(&mut self, layers: &Layers<'a>, branches: Vec<&'a Value>, node: &Node, label: Span) {
        if let [only] = branches[..] {
            return self.value(only, node, label);
        }
        if let Some(words) = words(&branches) {
            return self.word(layers, &words, node, label);
        }
        if branches.iter().all(|branch| self.tag(branch).is_some()) {
            return self.tagged(layers, &branches, node, label);
        }
        let fitting: Vec<&'a Value> = branches.iter().copied().filter(|branch| fits(kinds_of(self.root, branch), node)).collect();
        match fitting[..] {
            _ if node.is_null() => {
                let what = sentence(format!("{} has no value", self.trail.subject()));
                self.tell(self.with_example(Diagnostic::error("no_value", what).at(label), layers));
            }
            [] => {
                let due = branches.iter().fold(Kinds::default(), |kinds, branch| kinds.or(kinds_of(self.root, branch)));
                self.mismatch(layers, &due.to_string(), node);
            }
            [only] => self.value(only, node, label),
            _ => self.likeliest(&fitting, node, label),
        }
    }

    /// Of several maps the one that knows most of the keys; a word before a text where both would do.
    fn likeliest(&mut self, fitting: &[&'a Value], node: &Node, label: Span) {
        let Some(entries) = node.map() else {
            let first = fitting.iter().find(|branch| !kinds_of(self.root, branch).text).unwrap_or(&fitting[0]);
            return self.value(first, node, label);
        };
        let keys = |branch: &'a Value| self.layers(branch).get("properties").and_then(Value::as_object);
        let score = |branch: &'a Value| entries.iter().filter(|(key, _)| keys(branch).is_some_and(|keys| keys.contains_key(key.text()))).count();
        let known = |branch: &'a Value| entries.iter().any(|(key, _)| self.layers(branch).later(key.text()).is_some());
        let mut best = fitting[0];
        for branch in &fitting[1..] {
            if score(branch) + usize::from(known(branch)) > score(best) + usize::from(known(best)) {
                best = branch;
            }
        }
        if score(best) > 0 || known(best) {
            return self.value(best, node, label);
        }
        if let Some(open) = fitting.iter().find(|branch| self.layers(branch).get("additionalProperties").is_some_and(Value::is_object)) {
            return self.value(open, node, label);
        }
        let known: Vec<&str> = fitting.iter().filter_map(|branch| keys(branch)).flat_map(|keys| keys.keys()).map(String::as_str).collect();
        for (key, _) in entries {
            self.unknown_key(key, &known);
        }
        if entries.is_empty() {
            let what = sentence(format!("{} is empty", self.trail.subject()));
            self.tell(
                Diagnostic::error("empty", what)
                    .at(label)
                    .help(crate::diag::suggest::listed(known.iter().copied()).map_or_else(String::new, |known| format!("known here: {known}"))),
            );
        }
    }

    fn tag(&self, branch: &'a Value) -> Option<&'a str> {
        self.layers(branch).get("properties")?.get("type")?.get("const")?.as_str()
    }

    /// Alternatives that `type` tells apart.
    fn tagged(&mut self, layers: &Layers<'a>, branches: &[&'a Value], node: &Node, label: Span) {
        let tags: Vec<&str> = branches.iter().filter_map(|branch| self.tag(branch)).collect();
        if node.map().is_none() {
            return self.mismatch(layers, "a map", node);
        }
        let Some(given) = node.get("type") else {
            let listed = crate::diag::suggest::listed(tags.iter().copied()).unwrap_or_default();
            let what = format!("`type` is missing in {}", self.trail.place());
            self.tell(Diagnostic::error("missing_key", what).at(label).help(format!("It is one of {listed}")));
            return;
        };
        self.trail.enter_key("type");
        let known = match given.scalar() {
            Some(scalar) => self.word_among(layers, &tags, scalar),
            None => {
                self.no_word(layers, &tags, given);
                None
            }
        };
        self.trail.leave();
        if let Some(branch) = known.and_then(|tag| branches.iter().find(|branch| self.tag(branch) == Some(tag))) {
            self.value(branch, node, label);
        }
    }

    fn word(&mut self, layers: &Layers<'a>, words: &[&'a str], node: &Node, label: Span) {
        if node.is_null() {
            let what = sentence(format!("{} has no value", self.trail.subject()));
            self.tell(Diagnostic::error("no_value", what).at(label).nearest("", words.iter().copied()));
            return;
        }
        match node.scalar() {
            Some(scalar) => {
                self.word_among(layers, words, scalar);
            }
            None => self.no_word(layers, words, node),
        }
    }

    fn no_word(&mut self, layers: &Layers<'a>, words: &[&str], node: &Node) {
        let listed = crate::diag::suggest::listed(words.iter().copied()).unwrap_or_default();
        self.mismatch(layers, &format!("one of {listed}"), node);
    }

    /// The word that stands there, if it is one of these.
    pub(super) fn word_among<'w>(&mut self, layers: &Layers<'a>, words: &[&'w str], scalar: &Scalar) -> Option<&'w str> {
        if let Some(word) = words.iter().find(|word| **word == scalar.text()) {
            return Some(word);
        }
        let found = match layers.later(scalar.text()) {
            Some(help) => Diagnostic::error("not_in_this_version", format!("`{}` is not in this version", scalar.text())).help(help),
            None => Diagnostic::error("unknown_word", format!("`{}` is no value of {}", scalar.text(), self.trail.subject()))
                .nearest(scalar.text(), words.iter().copied()),
        };
        self.tell(found.at(scalar.written.span()));
        None
    }
}

/// The words of an enumeration, if the branches are one.
fn words<'a>(branches: &[&'a Value]) -> Option<Vec<&'a str>> {
    branches.iter().map(|branch| branch.get("const").and_then(Value::as_str)).collect()
}

fn fits(kinds: Kinds, node: &Node) -> bool {
    match &node.kind {
        Kind::Map(_) => kinds.map,
        Kind::List(_) => kinds.list,
        Kind::Scalar(scalar) => kinds.text || (kinds.boolean && matches!(scalar.core(), Core::Boolean(_))) || (kinds.integer && scalar.core() == Core::Integer),
    }
}
