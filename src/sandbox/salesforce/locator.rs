//! Where the pages of a query come from: the keys it found, kept for two days.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::id;
use super::query::Item;
use super::schema::Object;

const LIFE: Duration = Duration::from_secs(2 * 24 * 60 * 60);
/// Keys kept over all locators; the oldest locators go first.
const KEYS_MAX: usize = 4_000_000;

/// One query's result, not yet fetched to its end.
pub struct Locator {
    pub object: &'static Object,
    pub items: Vec<Item>,
    pub keys: Vec<Arc<str>>,
    /// `queryAll`: deleted records stay in.
    pub all: bool,
    /// Kept while reads were stale.
    pub at: Option<Timestamp>,
    pub made: Timestamp,
}

#[derive(Default)]
pub struct Locators {
    by_number: BTreeMap<u64, Arc<Locator>>,
    made: u64,
    keys: usize,
}

impl Locators {
    /// Keeps a result; gives the name its pages go by.
    pub fn keep(&mut self, locator: Locator) -> (String, Arc<Locator>) {
        self.made += 1;
        self.keys += locator.keys.len();
        let locator = Arc::new(locator);
        self.by_number.insert(self.made, locator.clone());
        while self.keys > KEYS_MAX && self.by_number.len() > 1 {
            let Some((_, oldest)) = self.by_number.pop_first() else { break };
            self.keys -= oldest.keys.len();
        }
        (name(self.made), locator)
    }

    pub fn find(&self, wanted: &str, now: Timestamp) -> Option<Arc<Locator>> {
        let number = self.by_number.iter().rev().find(|(number, _)| name(**number) == wanted)?.1;
        let age = Duration::try_from(now.duration_since(number.made)).unwrap_or_default();
        (age < LIFE).then(|| number.clone())
    }
}

fn name(number: u64) -> String {
    id::make("0r8", number)
}
