//! `errors` and `verdicts`: what an answer means for us.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use crate::spec::entries::OneOrMany;
use crate::spec::slot::{DurationSlot, Expression, Name, Spanned};

/// Where an answer hides its failure. A `code` that is not null is a failure, also inside 200.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Errors {
    /// The error's code. Default: none. Example: `body.error.code`.
    #[serde(default)]
    pub code: Option<Expression>,
    /// What the vendor says. Default: none.
    #[serde(default)]
    pub message: Option<Expression>,
    /// The field it is about. Default: none.
    #[serde(default)]
    pub field: Option<Expression>,
    /// A finer code. Default: none.
    #[serde(default)]
    pub detail: Option<Expression>,
}

/// A rule: conditions that must all hold, and what the answer then is.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VerdictRule {
    /// HTTP status, one or several. Default: any.
    #[serde(default)]
    pub status: Option<OneOrMany<Spanned<u16>>>,
    /// The code, one or several. Default: any.
    #[serde(default)]
    pub code: Option<OneOrMany<Name>>,
    /// How the code begins, one or several. Default: any.
    #[serde(default)]
    pub code_starts: Option<OneOrMany<Name>>,
    /// The finer code, one or several. Default: any.
    #[serde(default)]
    pub detail: Option<OneOrMany<Name>>,
    /// What the message contains. Default: anything.
    #[serde(default)]
    pub message: Option<Name>,
    /// A condition on the answer. Default: none.
    #[serde(default)]
    pub when: Option<Expression>,
    /// What it means. Required.
    pub is: Spanned<Verdict>,
    /// How long to wait; the vendor's `Retry-After` beats it. Default: the backoff's.
    #[serde(default)]
    pub wait: Option<DurationSlot>,
    /// The pool, by name, that is empty until it resets. Default: none. Example: `day`.
    #[serde(default)]
    pub spent: Option<Name>,
    /// Of a `duplicate`: the key of the record that is there, a text or a list; also sees `code` and `message`. Default: `find` looks it up.
    #[serde(default)]
    pub key: Option<Expression>,
}

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Done.
    Ok,
    /// The same request after a wait; a write that was sent is in doubt first.
    Retry,
    /// Wait; the op is not spent.
    RateLimited,
    /// Wait, counted apart; after a day a review.
    Locked,
    /// One refresh, once more.
    RefreshAuth,
    /// Read again, plan again.
    Stale,
    /// Tombstone, after a control read.
    Gone,
    /// The record is there already: adopt the one, else a review.
    Duplicate,
    /// Wait for the record referred to.
    MissingReference,
    /// Read the window again.
    Restart,
    /// A full read.
    Expired,
    /// Halve batch or window.
    Split,
    /// The vendor's fields changed: describe again, hold the field.
    Drift,
    /// A dead letter.
    Refused,
    /// Pause the connection, tell a person.
    Stop,
}
