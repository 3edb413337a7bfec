//! `match:`: how an unlinked record finds its entity.

use super::FieldIx;

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
