//! `rates`: how many requests a vendor allows.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use crate::spec::slot::{Expression, Name, PeriodSlot, Share, Spanned};

/// One count of requests: `requests` and `per`, or `concurrent`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// Its name, for `spent`. Default: none. Example: `day`.
    #[serde(default)]
    pub name: Option<Name>,
    /// How many requests.
    #[serde(default)]
    pub requests: Option<Spanned<u64>>,
    /// Over what time: a duration that rolls, or `day`. Example: `1s`.
    #[serde(default)]
    pub per: Option<PeriodSlot>,
    /// The zone in which a `day` begins. Default: UTC.
    #[serde(default)]
    pub zone: Option<Expression>,
    /// How many at the same time.
    #[serde(default)]
    pub concurrent: Option<Spanned<u32>>,
    /// What is left for other tools. Default: `10%`.
    #[serde(default)]
    pub reserve: Option<Share>,
    /// How many are left; sees the answer. Default: we count.
    #[serde(default)]
    pub left: Option<Expression>,
    /// How many are used; sees the answer. Default: we count.
    #[serde(default)]
    pub used: Option<Expression>,
    /// How many there are; sees the answer. Default: `requests`.
    #[serde(default)]
    pub total: Option<Expression>,
}
