//! A clock that can be moved on: the look-alikes and the runs share it, so that nobody has to wait for minutes to pass.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

use crate::clock::{Clock, WallClock};

/// The wall's clock, and how far we are ahead of it.
#[derive(Default)]
pub struct Ahead(AtomicI64);

impl Ahead {
    /// Moves on; never back.
    pub fn by_minutes(&self, minutes: u32) {
        self.0.fetch_add(i64::from(minutes) * 60_000, Ordering::SeqCst);
    }
}

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_millis(self.0.load(Ordering::SeqCst));
        WallClock.now().checked_add(ahead).expect("minutes do not lead out of time")
    }
}
