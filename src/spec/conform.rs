//! A spanned tree held against the schema that the types generate: every key, kind and form, all problems at once.
//!
//! The schema's own words (`type`, `required`, `anyOf` …) say what may stand where; ours say the rest: `x-slot` the form of a text, `x-later`
//! the keys and words that this version knows by name only, `x-refuse-…` shapes that a later version will take.

mod layers;
mod pick;
mod scalar;
mod trail;

use serde_json::Value;

use super::lost::Step;
use super::slot::Written;
use super::yaml::{Kind, Node};
use crate::diag::{Diagnostic, Span, suggest};
use layers::{Layers, branches, kinds_of};
use trail::Trail;

/// Everything in a document that its schema does not allow, and the way to each of them.
pub fn conform(schema: &Value, document: &Node, what: &'static str) -> (Vec<Diagnostic>, Vec<Wound>) {
    let mut walk = Conform { root: schema, found: Vec::new(), wounds: Vec::new(), trail: Trail::new(what) };
    let label = document.map().and_then(|entries| entries.first()).map_or(document.span, |(key, _)| key.span());
    walk.value(schema, document, label);
    (walk.found, walk.wounds)
}

/// What has to be taken out of a document before it fits its schema.
#[derive(Clone, Debug)]
pub struct Wound {
    pub way: Vec<Step>,
    /// The key that was probably meant, and is not there therefore.
    pub meant: Option<String>,
}

struct Conform<'a> {
    root: &'a Value,
    found: Vec<Diagnostic>,
    wounds: Vec<Wound>,
    trail: Trail,
}

impl<'a> Conform<'a> {
    fn layers(&self, schema: &'a Value) -> Layers<'a> {
        Layers::new(self.root, schema)
    }

    /// What is wrong with the value here.
    fn tell(&mut self, problem: Diagnostic) {
        self.found.push(problem);
        self.wounds.push(Wound { way: self.trail.steps().to_vec(), meant: None });
    }

    /// What is wrong with a key here.
    fn tell_key(&mut self, key: &Written, meant: Option<&str>, problem: Diagnostic) {
        self.found.push(problem);
        let way = self.trail.steps().iter().cloned().chain([Step::Key(key.text().to_owned())]).collect();
        self.wounds.push(Wound { way, meant: meant.map(str::to_owned) });
    }

    /// `label` is what a message about the whole of `node` points at: its key.
    fn value(&mut self, schema: &'a Value, node: &Node, label: Span) {
        let layers = self.layers(schema);
        if layers.text("x-slot") == Some("tree") {
            return;
        }
        if let (Some(refused), Kind::Map(_)) = (layers.text("x-refuse-map"), &node.kind) {
            self.tell(later(refused, node.span));
            return;
        }
        if let Some(all) = layers.get("anyOf").or(layers.get("oneOf")) {
            return self.choose(&layers, branches(self.root, all), node, label);
        }
        if node.is_null() {
            let what = sentence(format!("{} has no value", self.trail.subject()));
            self.tell(self.with_example(Diagnostic::error("no_value", what).at(label), &layers));
            return;
        }
        let kinds = kinds_of(self.root, schema);
        match &node.kind {
            Kind::Map(entries) if kinds.map => self.map(&layers, entries, node, label),
            Kind::List(nodes) if kinds.list => self.list(&layers, nodes),
            Kind::Scalar(scalar) if kinds.scalar() => self.scalar(&layers, scalar),
            _ => self.mismatch(&layers, &kinds.to_string(), node),
        }
    }

    fn mismatch(&mut self, layers: &Layers<'a>, due: &str, node: &Node) {
        let what = sentence(format!("{} must be {due}; here stands {}", self.trail.subject(), kind_word(node)));
        self.tell(self.with_example(Diagnostic::error("wrong_kind", what).at(start_of(node)), layers));
    }

    fn list(&mut self, layers: &Layers<'a>, nodes: &[Node]) {
        if let (Some(refused), Some(map)) = (layers.text("x-refuse-maps"), nodes.iter().find(|node| node.map().is_some())) {
            self.tell(later(refused, start_of(map)));
            return;
        }
        let Some(element) = layers.get("items") else { return };
        for (index, node) in nodes.iter().enumerate() {
            self.trail.enter_element(index);
            self.value(element, node, start_of(node));
            self.trail.leave();
        }
    }

    fn map(&mut self, layers: &Layers<'a>, entries: &[(Written, Node)], node: &Node, label: Span) {
        let properties = layers.get("properties").and_then(Value::as_object);
        let open = layers.get("additionalProperties").filter(|schema| schema.is_object());
        for (key, value) in entries {
            let property = properties.and_then(|properties| properties.get(key.text()));
            if let Some(help) = layers.later(key.text()) {
                let what = format!("`{}` is not in this version", key.text());
                self.tell_key(key, None, Diagnostic::error("not_in_this_version", what).at(key.span()).help(help));
            } else if let Some(schema) = property.or(open) {
                let before = self.found.len();
                self.trail.enter_key(key.text());
                self.value(schema, value, key.span());
                self.trail.leave();
                // A word of the format that is one letter off would be held against what a name chosen by somebody takes.
                let words = || properties.into_iter().flat_map(|properties| properties.keys()).map(String::as_str);
                if property.is_none() && self.found.len() > before && suggest::nearest(key.text(), words()).is_some() {
                    self.found.truncate(before);
                    self.wounds.truncate(before);
                    self.unknown_key(key, &words().collect::<Vec<_>>());
                }
            } else {
                let known: Vec<&str> = properties.into_iter().flat_map(|properties| properties.keys()).map(String::as_str).collect();
                self.unknown_key(key, &known);
            }
        }
        // What a later key needs beside it is nobody's concern yet.
        if !entries.iter().any(|(key, _)| layers.later(key.text()).is_some()) {
            self.required(layers, entries, properties, label);
        }
        self.count(layers, entries.len(), node, label);
    }

    fn unknown_key(&mut self, key: &Written, known: &[&str]) {
        let what = format!("Unknown key `{}` in {}", key.text(), self.trail.place());
        let problem = Diagnostic::error("unknown_key", what).at(key.span()).nearest(key.text(), known.iter().copied());
        self.tell_key(key, suggest::nearest(key.text(), known.iter().copied()), problem);
    }

    fn required(&mut self, layers: &Layers<'a>, entries: &[(Written, Node)], properties: Option<&serde_json::Map<String, Value>>, label: Span) {
        // A key that is one letter off was told as unknown: that it is missing follows.
        let unknown = |key: &Written| !properties.is_some_and(|properties| properties.contains_key(key.text()));
        let meant = |name: &str| entries.iter().any(|(key, _)| unknown(key) && suggest::nearest(key.text(), [name]).is_some());
        for name in layers.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if entries.iter().any(|(key, _)| key.text() == name) || meant(name) {
                continue;
            }
            let schema = layers.get("properties").and_then(|properties| properties.get(name));
            let meaning = schema.and_then(|schema| self.layers(schema).text("description"));
            let help = meaning.map_or_else(String::new, |meaning| format!(": {}", meaning.replace(" Required.", "")));
            let what = format!("`{name}` is missing in {}", self.trail.place());
            self.tell(Diagnostic::error("missing_key", what).at(label).help(format!("Add `{name}`{help}")));
        }
    }

    fn count(&mut self, layers: &Layers<'a>, count: usize, node: &Node, label: Span) {
        let bound = |name| layers.get(name).and_then(Value::as_u64);
        let names = || layers.get("properties").and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.as_str());
        let known = || crate::diag::suggest::listed(names()).unwrap_or_default();
        if bound("minProperties").is_some_and(|least| (count as u64) < least) {
            let what = sentence(format!("{} is empty", self.trail.subject()));
            self.tell(Diagnostic::error("empty", what).at(label).help(format!("Give one of {}", known())));
        }
        if bound("maxProperties").is_some_and(|most| (count as u64) > most) {
            let what = sentence(format!("{} has more than one key", self.trail.subject()));
            self.tell(Diagnostic::error("too_many", what).at(start_of(node)).help(format!("Give only one of {}", known())));
        }
    }

    fn with_example(&self, found: Diagnostic, layers: &Layers<'a>) -> Diagnostic {
        match layers.text("description").and_then(example) {
            Some(example) => found.help(format!("for instance {example}")),
            None => found,
        }
    }
}

/// The example at the end of a doc comment: `Example: …`.
fn example(description: &str) -> Option<&str> {
    let (_, example) = description.split_once("Example: ")?;
    Some(example.trim().trim_end_matches('.'))
}

/// Two lines: what, and what to do.
fn later(sentence: &str, span: Span) -> Diagnostic {
    match sentence.split_once('\n') {
        Some((what, help)) => Diagnostic::error("not_in_this_version", what).at(span).help(help),
        None => Diagnostic::error("not_in_this_version", sentence).at(span),
    }
}

/// The node, or its first line's worth of it: a long block is not underlined as a whole.
fn start_of(node: &Node) -> Span {
    match &node.kind {
        Kind::Map(entries) => entries.first().map_or(node.span, |(key, _)| key.span()),
        _ => node.span,
    }
}

fn kind_word(node: &Node) -> String {
    match &node.kind {
        Kind::Map(_) => "a map".to_string(),
        Kind::List(_) => "a list".to_string(),
        Kind::Scalar(scalar) if scalar.text().chars().count() <= 40 => format!("`{}`", scalar.text()),
        Kind::Scalar(_) => "a text".to_string(),
    }
}

/// A sentence begins with a capital letter, unless with a name.
fn sentence(text: String) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests;
