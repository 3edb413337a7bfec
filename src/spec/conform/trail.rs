//! The way from the top of a document to where the check is, in words.

use crate::spec::lost::Step;

/// The way, and what the document is.
pub(super) struct Trail {
    what: &'static str,
    steps: Vec<Step>,
}

/// Maps whose keys are names that somebody chose, and what such a name is called.
const NAMED: [(&str, &str); 9] = [
    ("connections", "connection"),
    ("systems", "system"),
    ("fields", "field"),
    ("values", "row"),
    ("objects", "object"),
    ("config", "setting"),
    ("variables", "variable"),
    ("rates", "pool"),
    ("others", "mapping"),
];

impl Trail {
    pub fn new(what: &'static str) -> Self {
        Self { what, steps: Vec::new() }
    }

    pub fn enter_key(&mut self, key: &str) {
        self.steps.push(Step::Key(key.to_string()));
    }

    pub fn enter_element(&mut self, index: usize) {
        self.steps.push(Step::Element(index));
    }

    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    pub fn leave(&mut self) {
        self.steps.pop();
    }

    /// What the value here is called: `leaves`, field `amount`, entry 2 of `verdicts`.
    pub fn subject(&self) -> String {
        match &self.steps[..] {
            [] => format!("A {}", self.what),
            steps => self.named(steps),
        }
    }

    /// Where a key stands: field `amount`, `limits`, this mapping.
    pub fn place(&self) -> String {
        match &self.steps[..] {
            [] => format!("this {}", self.what),
            steps => self.named(steps),
        }
    }

    fn named(&self, steps: &[Step]) -> String {
        match steps {
            [.., Step::Key(list), Step::Element(index)] => format!("entry {} of `{list}`", index + 1),
            [.., Step::Element(index)] => format!("entry {}", index + 1),
            [.., Step::Key(parent), Step::Key(key)] => match NAMED.iter().find(|(name, _)| name == parent) {
                Some((_, noun)) => format!("{noun} `{key}`"),
                None => format!("`{key}`"),
            },
            [Step::Key(key)] => format!("`{key}`"),
            [.., Step::Key(key)] => format!("`{key}`"),
            [] => format!("this {}", self.what),
        }
    }
}
