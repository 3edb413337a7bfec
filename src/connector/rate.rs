//! How fast a connection may ask: governor's buckets, counts of calls under way, and what the vendor's own headers say is left.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::frame::{Frame, word};
use super::meter::Meter;
use crate::catalog::rate::{Class, Limit, Pool};
use crate::id::ConnectionName;
use crate::spec::slot::ShareOf;
use crate::value::Str;

/// A wait longer than this is given back to the caller, who has other work.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// A pool that the vendor says is used up is asked again after this: only an answer tells that it was filled.
const PROBE_AFTER: SignedDuration = SignedDuration::from_secs(300);

/// The pools of a connection.
pub struct Rates {
    classes: Vec<(Str, Vec<State>)>,
}

struct State {
    pool: Pool,
    bucket: Option<DefaultDirectRateLimiter>,
    places: Option<Arc<Semaphore>>,
    told: Mutex<Told>,
}

/// What the vendor told.
#[derive(Default)]
struct Told {
    spent_until: Option<Timestamp>,
    left: Option<(u64, u64, Timestamp)>,
}

/// What a call does, for the pools of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Read,
    Write,
}

/// Held while a call is under way.
#[derive(Debug, Default)]
pub struct Admitted(#[allow(dead_code, reason = "dropping them frees the places")] Vec<OwnedSemaphorePermit>);

impl Rates {
    pub fn new(classes: &[Class]) -> Rates {
        Rates { classes: classes.iter().map(|class| (class.name.clone(), class.pools.iter().cloned().map(State::new).collect())).collect() }
    }

    /// Waits until all pools admit the call; a wait that is too long is told instead.
    ///
    /// # Errors
    /// How long to wait before asking again.
    pub async fn admit(&self, purpose: Purpose, own: Option<&str>, now: Timestamp) -> Result<Admitted, Duration> {
        let mut permits = Vec::new();
        let pools: Vec<&State> = self.pools(purpose, own).collect();
        for state in pools {
            state.may(now)?;
            if let Some(bucket) = &state.bucket {
                wait_for(bucket).await?;
            }
            if let Some(places) = &state.places {
                let permit = places.clone().acquire_owned().await;
                permits.push(permit.expect("the semaphore is never closed"));
            }
        }
        Ok(Admitted(permits))
    }

    /// Takes in what an answer's headers say is left.
    pub fn learn(&self, frame: &Frame, connection: &ConnectionName, meter: &dyn Meter, now: Timestamp) {
        for state in self.classes.iter().flat_map(|(_, states)| states) {
            let Some((left, total)) = state.pool.told(frame) else { continue };
            state.told.lock().expect("no holder of this lock can panic").left = Some((left, total, now));
            meter.budget(connection, &state.pool.name, left as f64);
        }
    }

    /// Closes a pool that the vendor says is empty.
    pub fn spend(&self, pool: &str, wait: Option<Duration>, now: Timestamp) {
        for state in self.classes.iter().flat_map(|(_, states)| states).filter(|state| state.pool.name == pool) {
            let wait = wait.map_or(PROBE_AFTER, |wait| SignedDuration::try_from(wait).unwrap_or(PROBE_AFTER));
            let until = now.saturating_add(wait).expect("a wait is far from the end of time");
            state.told.lock().expect("no holder of this lock can panic").spent_until = Some(until);
        }
    }

    fn pools(&self, purpose: Purpose, own: Option<&str>) -> impl Iterator<Item = &State> {
        let kind = match purpose {
            Purpose::Read => "reads",
            Purpose::Write => "writes",
        };
        let own = own.map(str::to_string);
        self.classes
            .iter()
            .filter(move |(name, _)| name == "every_request" || name == kind || own.as_deref() == Some(name.as_str()))
            .flat_map(|(_, states)| states)
    }
}

impl State {
    fn new(pool: Pool) -> State {
        let (bucket, places) = match pool.limit {
            Limit::Concurrent(count) => (None, Some(Arc::new(Semaphore::new(count as usize)))),
            Limit::Requests { count, per } => (bucket(count, per, pool.reserve), None),
        };
        State { pool, bucket, places, told: Mutex::default() }
    }

    /// Whether what the vendor told leaves anything for us.
    fn may(&self, now: Timestamp) -> Result<(), Duration> {
        let told = self.told.lock().expect("no holder of this lock can panic");
        if let Some(until) = told.spent_until.filter(|until| *until > now) {
            return Err(Duration::try_from(until.duration_since(now)).unwrap_or_default());
        }
        if let Some((left, total, at)) = told.left {
            let waited = now.duration_since(at);
            if left <= self.pool.reserve.of(total) && waited < PROBE_AFTER {
                return Err(Duration::try_from(PROBE_AFTER - waited).unwrap_or_default());
            }
        }
        Ok(())
    }
}

impl Pool {
    /// What is left and of how many, where the answer tells.
    fn told(&self, frame: &Frame) -> Option<(u64, u64)> {
        let number = |program: &Option<crate::expr::Program>| {
            program.as_ref().and_then(|program| program.eval(frame).ok()).as_ref().and_then(word)?.trim().parse::<u64>().ok()
        };
        let Limit::Requests { count, .. } = self.limit else { return None };
        let total = number(&self.total).unwrap_or(u64::from(count.get()));
        let left = match (number(&self.left), number(&self.used)) {
            (Some(left), _) => left,
            (None, Some(used)) => total.saturating_sub(used),
            (None, None) => return None,
        };
        Some((left, total))
    }
}

fn bucket(count: NonZeroU32, per: Duration, reserve: ShareOf) -> Option<DefaultDirectRateLimiter> {
    let total = u64::from(count.get());
    let ours = u32::try_from(total.saturating_sub(reserve.of(total)).max(1)).ok().and_then(NonZeroU32::new)?;
    let quota = Quota::with_period(per / ours.get())?.allow_burst(ours);
    Some(RateLimiter::direct(quota))
}

async fn wait_for(bucket: &DefaultDirectRateLimiter) -> Result<(), Duration> {
    loop {
        match bucket.check() {
            Ok(()) => return Ok(()),
            Err(early) => {
                let wait = early.wait_time_from(DefaultClock::default().now());
                if wait > WAIT_MAX {
                    return Err(wait);
                }
                tokio::time::sleep(wait).await;
            }
        }
    }
}
