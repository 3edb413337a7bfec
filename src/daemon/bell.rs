//! Wakes of one lane, coalesced: many rings before a run are one run.

use std::sync::{Mutex, MutexGuard};

use tokio::sync::Notify;

use crate::store::Wake;

/// What a run reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reading {
    /// Only records that are touched.
    Touched,
    /// The feeds, too.
    Feeds,
}

/// A wake that waits for its lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rung {
    pub why: Wake,
    pub reading: Reading,
}

/// Rung by many, answered by one lane.
#[derive(Debug, Default)]
pub struct Bell {
    waiting: Mutex<Option<Rung>>,
    notify: Notify,
}

impl Bell {
    fn waiting(&self) -> MutexGuard<'_, Option<Rung>> {
        self.waiting.lock().expect("no holder of this lock can panic")
    }

    /// Wakes the lane; a wake that reads the feeds swallows one that does not.
    pub fn ring(&self, why: Wake, reading: Reading) {
        let rung = Rung { why, reading };
        {
            let mut waiting = self.waiting();
            *waiting = Some(match *waiting {
                Some(before) if before.reading >= reading => before,
                _ => rung,
            });
        }
        self.notify.notify_one();
    }

    /// Waits until somebody rang, and takes all rings since the last time as one. Cancel safe.
    pub async fn rung(&self) -> Rung {
        loop {
            if let Some(rung) = self.waiting().take() {
                return rung;
            }
            self.notify.notified().await;
        }
    }

    /// Takes what waits now.
    pub fn take(&self) -> Option<Rung> {
        self.waiting().take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn many_rings_are_one_wake_that_reads_the_most() {
        let bell = Bell::default();
        bell.ring(Wake::Delivery, Reading::Touched);
        bell.ring(Wake::Schedule, Reading::Feeds);
        bell.ring(Wake::Delivery, Reading::Touched);
        assert_eq!(bell.rung().await, Rung { why: Wake::Schedule, reading: Reading::Feeds });
        assert_eq!(bell.take(), None);
    }

    #[tokio::test]
    async fn a_ring_while_the_lane_is_busy_is_kept() {
        let bell = Bell::default();
        bell.ring(Wake::Delivery, Reading::Touched);
        bell.rung().await;
        bell.ring(Wake::Delivery, Reading::Touched);
        assert_eq!(bell.rung().await.why, Wake::Delivery);
    }
}
