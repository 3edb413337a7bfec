//! A text held against the form of its slot.

use serde_json::Value;

use super::layers::Layers;
use super::{Conform, later, sentence};
use crate::diag::{Diagnostic, LITERAL_SECRET};
use crate::spec::slot;
use crate::spec::yaml::{Core, Scalar};

impl<'a> Conform<'a> {
    pub(super) fn scalar(&mut self, layers: &Layers<'a>, scalar: &Scalar) {
        let takes = |word: &str| match layers.get("type") {
            Some(Value::String(one)) => one == word,
            Some(Value::Array(several)) => several.iter().any(|one| one == word),
            _ => false,
        };
        if let Some(word) = layers.text("const") {
            self.word_among(layers, &[word], scalar);
        } else if takes("string") {
            self.text(layers, scalar);
        } else if takes("boolean") {
            self.boolean(layers, scalar);
        } else {
            self.integer(layers, scalar);
        }
    }

    fn text(&mut self, layers: &Layers<'a>, scalar: &Scalar) {
        let span = scalar.written.span();
        if let Some(refused) = layers.get("x-refuse-text").and_then(|words| words.get(scalar.text())).and_then(Value::as_str) {
            self.tell(later(refused, span));
            return;
        }
        let Some(slot) = layers.text("x-slot") else { return };
        if slot == "expression" && is_template(scalar.text()) {
            let inner = scalar.text().trim().trim_start_matches("{{").trim_end_matches("}}").trim();
            let what = sentence(format!("{} takes an expression", self.trail.subject()));
            self.tell(Diagnostic::error("braces", what).at(span).help(format!("Write it without braces: {inner}")));
            return;
        }
        if let Some(fault) = slot::fault(slot, scalar.text()) {
            let code = if slot == "secret" { LITERAL_SECRET } else { "malformed" };
            let what = if fault.what.starts_with('`') { format!("{} in {}", fault.what, self.trail.subject()) } else { fault.what };
            self.tell(Diagnostic::error(code, what).at(span).help(fault.help));
        }
    }

    fn boolean(&mut self, layers: &Layers<'a>, scalar: &Scalar) {
        if !matches!(scalar.core(), Core::Boolean(_)) {
            let what = sentence(format!("{} must be `true` or `false`; here stands `{}`", self.trail.subject(), scalar.text()));
            self.tell(self.with_example(Diagnostic::error("wrong_kind", what).at(scalar.written.span()), layers));
        }
    }

    fn integer(&mut self, layers: &Layers<'a>, scalar: &Scalar) {
        let least = layers.get("minimum").and_then(Value::as_i64).unwrap_or(i64::MIN);
        let most = match (layers.get("maximum").and_then(Value::as_i64), layers.text("format")) {
            (Some(most), _) => most,
            (None, Some("uint32")) => i64::from(u32::MAX),
            (None, _) => i64::MAX,
        };
        let number = (scalar.core() == Core::Integer).then(|| scalar.text().parse::<i64>().ok()).flatten();
        if number.is_some_and(|number| (least..=most).contains(&number)) {
            return;
        }
        let due = if most == i64::MAX { format!("from {least} on") } else { format!("from {least} to {most}") };
        let what = sentence(format!("{} must be a whole number {due}; here stands `{}`", self.trail.subject(), scalar.text()));
        self.tell(self.with_example(Diagnostic::error("wrong_kind", what).at(scalar.written.span()), layers));
    }
}

/// `{{ … }}` alone.
fn is_template(text: &str) -> bool {
    let text = text.trim();
    text.starts_with("{{") && text.ends_with("}}")
}
