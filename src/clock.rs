//! Where time comes from: the wall, or a hand in tests. Nothing below floor 5 asks; it is told.

use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;

/// Tells the time. Passed to whoever needs it, never global.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
pub struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the wall's time comes in; everybody else is told")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands still until a test moves it.
pub struct HandClock(Mutex<Timestamp>);

impl HandClock {
    pub fn at(start: Timestamp) -> Self {
        Self(Mutex::new(start))
    }

    pub fn set(&self, to: Timestamp) {
        *self.0.lock().expect("no holder of this lock can panic") = to;
    }

    pub fn advance(&self, by: Duration) {
        let mut now = self.0.lock().expect("no holder of this lock can panic");
        *now = now.saturating_add(by).expect("a duration of std is never negative");
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("no holder of this lock can panic")
    }
}
