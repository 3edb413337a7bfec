//! The history's own time: it stands still until somebody moves it.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use syncline::clock::Clock;

pub const SECOND: i64 = 1_000_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// Monday, 2026-03-02T09:00:00Z.
const START: i64 = 1_772_442_000 * SECOND;

pub struct SimClock(AtomicI64);

impl SimClock {
    pub fn new() -> Self {
        Self(AtomicI64::new(START))
    }

    pub fn us(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    pub fn advance(&self, by_us: i64) {
        self.0.fetch_add(by_us, Ordering::Relaxed);
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        instant(self.us())
    }
}

pub fn instant(us: i64) -> Timestamp {
    Timestamp::from_microsecond(us).expect("histories end long before time does")
}

pub fn us(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub fn micros(duration: std::time::Duration) -> i64 {
    duration.as_micros() as i64
}
