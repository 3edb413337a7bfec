//! What the lanes of one daemon share.

use std::sync::{Arc, Mutex};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::asked::Failure;
use super::bell::{Bell, Reading};
use super::board::Board;
use super::feeds::Feeds;
use super::tally::Tally;
use super::{End, Settings};
use crate::run::{Ended, Ground};
use crate::store::{StoreError, Wake};

pub(super) struct Shared {
    pub ground: Arc<Ground>,
    pub settings: Settings,
    pub tally: Arc<Tally>,
    pub board: Board,
    pub feeds: Feeds,
    /// One per mapping.
    pub bells: Vec<Bell>,
    /// One per mapping: its first run since the start is over, whatever came of it.
    pub started: watch::Sender<Vec<bool>>,
    /// Stop: finish or journal what is in flight, and end.
    pub stop: CancellationToken,
    /// Why the daemon ends by itself.
    pub end: Mutex<Option<End>>,
}

impl Shared {
    /// The mappings that a mapping refers to and that run before it; of a ring, only those that do.
    pub fn refers_to_before(&self, at: usize) -> Vec<usize> {
        let names = &self.ground.mappings[at].mapping.refers_to;
        names.iter().filter_map(|name| self.ground.find(name)).filter(|target| *target < at).collect()
    }

    /// Wakes the mappings for which this run left touched records: those that share a feed with it, and those that refer to what it linked
    /// or changed.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn wake_others(&self, at: usize, ended: &Ended) -> Result<(), StoreError> {
        let (mapping, end) = (&self.ground.mappings[at].mapping, &ended.end);
        let linked = end.created + end.linked > 0;
        for (other, laid) in self.ground.mappings.iter().enumerate().filter(|(other, _)| *other != at) {
            let shares = end.read > 0 && laid.mapping.feeds().any(|feed| mapping.feeds().any(|own| own == feed));
            let refers = (linked || ended.spread) && laid.mapping.refers_to.contains(&mapping.name);
            // What waits for a record to refer to is due once any was linked.
            let awaits = linked && refers && self.ground.store.touched_count(laid.id).await?.0 > 0;
            if awaits || (shares || refers) && !self.ground.store.touched(laid.id, self.ground.clock.now(), 1).await?.is_empty() {
                self.bells[other].ring(Wake::Delivery, Reading::Touched);
            }
        }
        Ok(())
    }

    /// The store failed outside a run: the daemon ends if it cannot be used any more.
    pub fn store_failed(&self, failure: Arc<Failure>) {
        if let Some(end) = End::of(failure) {
            self.ends(end);
        }
    }

    /// The first reason counts.
    pub fn ends(&self, end: End) {
        self.board.store_failed(end.to_string());
        self.end.lock().expect("no holder of this lock can panic").get_or_insert(end);
        self.stop.cancel();
    }
}
