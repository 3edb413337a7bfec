//! A mapping's examples, run offline: systems in memory, a clock moved by hand, and the same run that serves production.

mod compare;
mod fit;
mod given;
pub mod memory;
mod stage;
mod written;

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::id::MappingName;
use crate::mapping::{Mapping, Place};
use crate::run::RunError;
use crate::store::StoreError;
use crate::system::SystemError;

/// What became of one example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExampleResult {
    pub mapping: MappingName,
    /// Its position under `tests:`, from 1.
    pub number: usize,
    pub about: String,
    pub place: Option<Place>,
    /// What was expected and is not so; empty when it passed.
    pub failures: Vec<String>,
}

impl ExampleResult {
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// Why an example could not be played to its end.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// Something written in the example has no meaning.
    #[error("{what}")]
    Example { what: String },
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    System(#[from] SystemError),
}

impl TrialError {
    fn example(what: impl Into<String>) -> Self {
        TrialError::Example { what: what.into() }
    }
}

/// Runs every example of the mappings, each on systems and a store of its own.
pub async fn run_examples(mappings: &[Arc<Mapping>], zone: &TimeZone) -> Vec<ExampleResult> {
    let mut results = Vec::new();
    for (at, mapping) in mappings.iter().enumerate() {
        for (number, example) in mapping.examples.iter().enumerate() {
            let failures = match stage::play(mappings, at, &example.spec, zone).await {
                Ok(failures) => failures,
                Err(error) => vec![error.to_string()],
            };
            let about = example.spec.about.as_ref().map_or_else(String::new, |about| about.text().to_owned());
            results.push(ExampleResult { mapping: mapping.name.clone(), number: number + 1, about, place: example.place.clone(), failures });
        }
    }
    results
}

#[cfg(test)]
mod tests;
