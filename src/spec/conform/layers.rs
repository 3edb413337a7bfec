//! A schema with what its `$ref` leads to, and the kinds of value it takes.

use std::fmt;

use serde_json::Value;

/// What a schema says itself, and after it what it refers to.
pub(super) struct Layers<'a>(Vec<&'a Value>);

impl<'a> Layers<'a> {
    pub fn new(root: &'a Value, schema: &'a Value) -> Self {
        let mut layers = vec![schema];
        while let Some(target) = layers.last().and_then(|schema| schema.get("$ref")).and_then(Value::as_str) {
            let pointer = target.trim_start_matches('#');
            layers.push(root.pointer(pointer).expect("schemas refer to their own definitions"));
        }
        Self(layers)
    }

    pub fn get(&self, word: &str) -> Option<&'a Value> {
        self.0.iter().find_map(|layer| layer.get(word))
    }

    pub fn text(&self, word: &str) -> Option<&'a str> {
        self.get(word).and_then(Value::as_str)
    }

    /// What to do instead, for a key or word that only a later version has.
    pub fn later(&self, name: &str) -> Option<&'a str> {
        self.get("x-later").and_then(|later| later.get(name)).and_then(Value::as_str)
    }
}

/// The branches of an `anyOf`, without the null that only says "optional".
pub(super) fn branches<'a>(root: &'a Value, all: &'a Value) -> Vec<&'a Value> {
    let is_null = |branch: &Value| branch.get("type").and_then(Value::as_str) == Some("null");
    let mut found = Vec::new();
    for branch in all.as_array().into_iter().flatten().filter(|branch| !is_null(branch)) {
        let layers = Layers::new(root, branch);
        // An optional choice: the choice's own branches are what matters.
        match layers.get("anyOf") {
            Some(inner) if all.as_array().is_some_and(|all| all.len() > 2) => found.extend(branches(root, inner)),
            _ => found.push(branch),
        }
    }
    found
}

/// Which kinds of value a schema takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Kinds {
    pub text: bool,
    pub integer: bool,
    pub boolean: bool,
    pub list: bool,
    pub map: bool,
}

impl Kinds {
    pub fn scalar(self) -> bool {
        self.text || self.integer || self.boolean
    }

    pub fn or(self, other: Self) -> Self {
        Self {
            text: self.text || other.text,
            integer: self.integer || other.integer,
            boolean: self.boolean || other.boolean,
            list: self.list || other.list,
            map: self.map || other.map,
        }
    }

    fn add(&mut self, word: &str) {
        match word {
            "string" => self.text = true,
            "integer" | "number" => self.integer = true,
            "boolean" => self.boolean = true,
            "array" => self.list = true,
            "object" => self.map = true,
            _ => {}
        }
    }
}

impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [(self.text, "a text"), (self.integer, "a whole number"), (self.boolean, "`true` or `false`"), (self.list, "a list"), (self.map, "a map")];
        let words: Vec<&str> = all.into_iter().filter_map(|(is, word)| is.then_some(word)).collect();
        f.write_str(&words.join(" or "))
    }
}

pub(super) fn kinds_of(root: &Value, schema: &Value) -> Kinds {
    let layers = Layers::new(root, schema);
    if layers.text("x-slot") == Some("tree") {
        return Kinds { text: true, integer: true, boolean: true, list: true, map: true };
    }
    if let Some(all) = layers.get("anyOf").or(layers.get("oneOf")) {
        return branches(root, all).into_iter().fold(Kinds::default(), |kinds, branch| kinds.or(kinds_of(root, branch)));
    }
    let mut kinds = Kinds::default();
    match layers.get("type") {
        Some(Value::String(word)) => kinds.add(word),
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).for_each(|word| kinds.add(word)),
        _ => {}
    }
    kinds
}
