//! `outcomes`: what an answer says about each op of a batch. An op without one is in doubt, never done.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use crate::spec::entries::OneOrMany;
use crate::spec::slot::Expression;

/// Where the outcomes of a batch are.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Outcomes {
    /// The lists that hold them, joined. Required. Example: `[body.results, body.errors]`.
    pub from: OneOrMany<Expression>,
    /// Which op an outcome belongs to: `position`, or what gives the op's id or its key. Required. Example: `outcome.id`.
    #[serde(rename = "match")]
    pub matching: Expression,
    /// The outcome's status; `errors` and `verdicts` then see it as `status`. Default: the answer's.
    #[serde(default)]
    pub status: Option<Expression>,
    /// The outcome's body; `errors` and `verdicts` then see it as `body`. Default: the outcome itself.
    #[serde(default)]
    pub body: Option<Expression>,
    /// The outcome's error code. Default: what `errors.code` gives.
    #[serde(default)]
    pub code: Option<Expression>,
    /// One bad op fails all: the batch is halved until it is found. Default: `false`.
    #[serde(default)]
    pub atomic: bool,
    /// The answer says nothing about single ops: all are done, or none. Default: `false`.
    #[serde(default)]
    pub all_or_nothing: bool,
}
