//! Access tokens with a life of their own.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

pub struct Tokens {
    inner: Mutex<Inner>,
}

struct Inner {
    until: HashMap<String, Timestamp>,
    chance: StdRng,
}

impl Tokens {
    pub(super) fn new(seed: u64) -> Self {
        Self { inner: Mutex::new(Inner { until: HashMap::new(), chance: StdRng::seed_from_u64(seed ^ 0x70_6b_65_6e) }) }
    }

    pub fn issue(&self, now: Timestamp, life: Duration) -> String {
        let mut inner = self.inner.lock().expect("no holder of this lock can panic");
        let token = format!("{:032x}{:032x}", inner.chance.random::<u128>(), inner.chance.random::<u128>());
        inner.until.retain(|_, until| *until > now);
        inner.until.insert(token.clone(), now.saturating_add(life).unwrap_or(Timestamp::MAX));
        token
    }

    pub fn holds(&self, token: &str, now: Timestamp) -> bool {
        self.inner.lock().expect("no holder of this lock can panic").until.get(token).is_some_and(|until| *until > now)
    }

    /// Ends every session at once.
    pub fn expire_all(&self) {
        self.inner.lock().expect("no holder of this lock can panic").until.clear();
    }
}
