//! `match:`: how an unlinked record finds its entity.

use super::{Field, FieldIx, Mapping};
use crate::value::{Str, Value, fingerprint};

/// All fields must be there and agree in their kind's matching form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchRule {
    pub fields: Vec<FieldIx>,
    /// Even a single hit is only proposed.
    pub ask: bool,
}

/// The comparable key of one rule for one set of field values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MatchKey {
    pub rule: u16,
    /// The forms of its fields, joined; equal keys are equal matches.
    pub text: String,
    /// [`crate::value::fingerprint::hash64`] of `text`: what the store indexes.
    pub hash: u64,
}

impl MatchKey {
    /// What a store keeps of it: rule and hash.
    pub fn stored(&self) -> (u16, u64) {
        (self.rule, self.hash)
    }
}

/// Joins the forms of one rule's fields: a character that no NFC text of a vendor holds.
const BETWEEN: char = '\u{1f}';

impl Mapping {
    /// The match keys of an entity or an unlinked record: one for each rule whose fields are all there and not blank.
    pub fn keys<'a>(&self, values: &dyn Fn(FieldIx) -> Option<&'a Value>) -> Vec<MatchKey> {
        let rules = self.matching.iter().enumerate();
        rules.filter_map(|(at, rule)| self.key(at as u16, rule, values)).collect()
    }

    fn key<'a>(&self, at: u16, rule: &MatchRule, values: &dyn Fn(FieldIx) -> Option<&'a Value>) -> Option<MatchKey> {
        let mut text = String::new();
        for (place, field) in rule.fields.iter().enumerate() {
            let form = matching_form(self.field(*field), values(*field)?, self.country.as_deref())?;
            if place > 0 {
                text.push(BETWEEN);
            }
            text.push_str(&form);
        }
        let hash = fingerprint::hash64(text.as_bytes());
        Some(MatchKey { rule: at, text, hash })
    }
}

fn matching_form(field: &Field, value: &Value, country: Option<&str>) -> Option<String> {
    match value {
        Value::Blank => None,
        Value::Ref(entity) => Some(entity.to_string()),
        Value::Text(row) if field.rows.is_some() => Some(row.to_string()),
        // Elements are sorted already, so that equal sets give equal texts.
        Value::Set(elements) => Some(elements.iter().filter_map(|element| matching_form(field, element, country)).collect::<Vec<_>>().join(",")),
        value => field.kind.matching_in(value, country),
    }
}

/// For messages: the fields of a rule by name.
pub fn names(mapping: &Mapping, rule: &MatchRule) -> Vec<Str> {
    rule.fields.iter().map(|field| Str::from(mapping.field(*field).name.as_str())).collect()
}
