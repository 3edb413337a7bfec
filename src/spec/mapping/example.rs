//! `tests`: examples that show what the mapping does, run offline.

use std::time::Duration;

use jiff::civil::{Date, DateTime, Time};
#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use crate::spec::entries::{Entries, Tree};
use crate::spec::slot::{Name, Spanned, TextSlot};

/// Between what is given, the edit, and each step that does not say when: longer than any vendor's clock is off.
pub const STEP: Duration = Duration::from_secs(3600);

/// One example: what is given, what somebody edits, what is expected then.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// What it shows, in a sentence. Default: none.
    #[serde(default)]
    pub about: Option<TextSlot>,
    /// Agreed values at the start, by field, written through the mapping to every system that may hold the entity. Default: no entity.
    #[serde(default)]
    pub given: Entries<Tree>,
    /// Entities of other mappings that references lead to, by mapping. Example: `{ partners: [ { as: p1, name: Acme } ] }`.
    #[serde(default)]
    pub others: Entries<Vec<Other>>,
    /// What somebody types, by system and path. Default: nothing. Example: `{ crm: { StageName: Closed Won } }`.
    #[serde(default)]
    pub edit: Entries<Entries<Tree>>,
    /// What is so after the next run. Required, unless there are `steps`.
    #[serde(default)]
    pub expect: Option<Expectation>,
    /// One thing after another, on a clock moved by hand. Default: none. Example: `[ { at: +24h, edit: { prm: { stage: approved } }, expect: { absent: [crm] } } ]`.
    #[serde(default)]
    pub steps: Vec<Step>,
}

/// One of `steps`: the clock moves, somebody types, everything runs, and something is so.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// When: a time, or how long after the step before. Default: an hour after it. Example: `+24h`.
    #[serde(default)]
    pub at: Option<TextSlot>,
    /// What somebody types, by system and path. Default: nothing.
    #[serde(default)]
    pub edit: Entries<Entries<Tree>>,
    /// What is so after the runs that follow. Default: nothing is asked.
    #[serde(default)]
    pub expect: Option<Expectation>,
}

/// When a step begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepAt {
    /// So long after the step before.
    After(Duration),
    /// At this time, in the project's zone.
    On(DateTime),
}

impl Step {
    /// What its `at` says; `None` where the text is neither a time nor how long to wait.
    pub fn begins(&self) -> Option<StepAt> {
        let Some(at) = &self.at else { return Some(StepAt::After(STEP)) };
        match at.text().strip_prefix('+') {
            Some(wait) => crate::value::time::duration(wait).map(StepAt::After),
            None => at
                .text()
                .replacen(' ', "T", 1)
                .parse()
                .or_else(|_| at.text().parse::<Date>().map(|date| date.to_datetime(Time::midnight())))
                .ok()
                .map(StepAt::On),
        }
    }
}

impl Example {
    /// What happens, step by step: `edit` and `expect` of its own are the first, where they are given.
    pub fn played(&self) -> Vec<Step> {
        let own = self.expect.is_some() || !self.edit.is_empty();
        let first = own.then(|| Step { at: None, edit: self.edit.clone(), expect: self.expect.clone() });
        first.into_iter().chain(self.steps.iter().cloned()).collect()
    }

    /// Everything that is expected, at its end and after each step.
    pub fn expectations(&self) -> impl Iterator<Item = &Expectation> {
        self.expect.iter().chain(self.steps.iter().filter_map(|step| step.expect.as_ref()))
    }

    /// Everything that somebody types, by system.
    pub fn edits(&self) -> impl Iterator<Item = (&Name, &Entries<Tree>)> {
        self.edit.iter().chain(self.steps.iter().flat_map(|step| step.edit.iter()))
    }
}

/// An entity elsewhere. Its other keys are fields of its mapping.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct Other {
    /// The label by which `given` and `expect` refer to it. Required. Example: `p1`.
    #[serde(rename = "as")]
    pub label: Name,
    /// Its agreed values, by field.
    #[serde(default, rename = "*")]
    #[cfg_attr(test, schemars(flatten))]
    pub values: Entries<Tree>,
}

/// What is expected. Its other keys are system names: the values a record shows, by path.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(extend("x-later" = {
    "held": "It comes with `rules`; drop it",
    "fired": "It comes with `rules`; drop it",
    "notified": "It comes with `rules`; drop it",
})))]
pub struct Expectation {
    /// Agreed values, by field.
    #[serde(default)]
    pub agreed: Entries<Tree>,
    /// Systems that hold no record of it.
    #[serde(default)]
    pub absent: Vec<Name>,
    /// Fields that wait for a person. Example: `[amount]`.
    #[serde(default)]
    pub review: Vec<Name>,
    /// How many records were written. Default: any number.
    #[serde(default)]
    pub writes: Option<Spanned<u64>>,
    /// Values of records, by system and path.
    #[serde(default, rename = "*")]
    #[cfg_attr(test, schemars(flatten))]
    pub records: Entries<Entries<Tree>>,
}
