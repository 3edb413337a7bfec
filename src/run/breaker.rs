//! Objects that take no writes now: while a system refuses them all, its records are not tried one by one, and the failure is the system's, not theirs.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::id::{ConnectionName, EntityId, ObjectName};
use crate::plant::sometimes;
use crate::system::Outcome;

/// Batches in a row without an answer, of several entities, until the system is taken for down: one record alone may be what breaks it.
const UNANSWERED_MAX: u32 = 3;
/// The pause after the first such failure; doubled after each attempt that fails again.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
const PAUSE_MAX: Duration = Duration::from_secs(900);
/// What a vendor says is believed up to here: only another attempt tells that it changed its mind.
const TOLD_MAX: Duration = Duration::from_secs(3_600);
/// A pause that ended this long ago and was followed by no attempt is told no more: nothing was left to write.
const TOLD_AFTER: SignedDuration = SignedDuration::from_mins(10);

/// A batch that was to find out and was never heard of again (its run was cut off) is waited for so long.
const PROBE_MAX: SignedDuration = SignedDuration::from_mins(5);

type Place = (ConnectionName, ObjectName);

/// What is known of writes to each object.
#[derive(Debug, Default)]
pub struct Breakers {
    all: Mutex<HashMap<Place, Breaker>>,
    /// Whether any object is paused: asked at every look.
    any: AtomicBool,
}

#[derive(Debug, Default)]
struct Breaker {
    /// Batches in a row that were not answered, and whose they were (two are enough to know).
    unanswered: u32,
    of: BTreeSet<EntityId>,
    pause: Option<Paused>,
}

#[derive(Debug)]
struct Paused {
    since: Timestamp,
    until: Timestamp,
    attempts: u32,
    /// When the batch left that is to find out.
    probed_at: Option<Timestamp>,
    why: String,
}

/// An object that takes no writes, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    pub connection: ConnectionName,
    pub object: ObjectName,
    pub since: Timestamp,
    pub until: Timestamp,
    pub why: String,
}

impl Pause {
    pub fn sentence(&self) -> String {
        format!("{} {} takes no writes since {}: {}; tried again at {}", self.connection, self.object, self.since, self.why, self.until)
    }
}

impl Breakers {
    /// Whether a batch may leave; while paused one at a time, to find out.
    ///
    /// # Errors
    /// How long to wait.
    pub fn admit(&self, connection: &ConnectionName, object: &ObjectName, now: Timestamp) -> Result<(), Duration> {
        let mut all = self.all.lock().expect("no holder of this lock can panic");
        let Some(paused) = all.get_mut(&(connection.clone(), object.clone())).and_then(|breaker| breaker.pause.as_mut()) else { return Ok(()) };
        if now < paused.until {
            sometimes!("nothing is sent to an object that takes no writes");
            return Err(Duration::try_from(paused.until.duration_since(now)).unwrap_or_default());
        }
        if paused.probed_at.is_some_and(|at| now.duration_since(at) < PROBE_MAX) {
            sometimes!("a batch waits for the one that finds out");
            return Err(FIRST_PAUSE);
        }
        sometimes!("a batch finds out whether an object takes writes again");
        paused.probed_at = Some(now);
        Ok(())
    }

    /// Until when nothing is sent there.
    pub fn paused_until(&self, connection: &ConnectionName, object: &ObjectName, now: Timestamp) -> Option<Timestamp> {
        if !self.any.load(Ordering::Relaxed) {
            return None;
        }
        let all = self.all.lock().expect("no holder of this lock can panic");
        all.get(&(connection.clone(), object.clone()))?.pause.as_ref().map(|paused| paused.until).filter(|until| *until > now)
    }

    /// Takes in what became of one batch. Whether the object is paused after it.
    pub fn note<'a>(&self, connection: &ConnectionName, object: &ObjectName, now: Timestamp, outcomes: impl Iterator<Item = (EntityId, &'a Outcome)>) -> bool {
        let mut all = self.all.lock().expect("no holder of this lock can panic");
        let breaker = all.entry((connection.clone(), object.clone())).or_default();
        let mut unanswered = Vec::new();
        let mut told = None;
        for (entity, outcome) in outcomes {
            match outcome {
                Outcome::NotDone { why, wait } => told = Some((why.clone(), *wait)),
                Outcome::InDoubt { .. } => unanswered.push(entity),
                // An answer about a record: the system takes writes.
                Outcome::Done { .. }
                | Outcome::Stale
                | Outcome::Gone
                | Outcome::Locked { .. }
                | Outcome::Duplicate { .. }
                | Outcome::MissingReference { .. }
                | Outcome::Refused { .. } => {
                    if breaker.pause.is_some() {
                        sometimes!("an object takes writes again");
                    }
                    *breaker = Breaker::default();
                    self.any.store(all.values().any(|breaker| breaker.pause.is_some()), Ordering::Relaxed);
                    return false;
                }
            }
        }
        if let Some((why, wait)) = told {
            breaker.pause(now, wait.min(TOLD_MAX), why);
        } else if !unanswered.is_empty() {
            breaker.unanswered += 1;
            let room = 2usize.saturating_sub(breaker.of.len());
            breaker.of.extend(unanswered.into_iter().take(room.max(1)));
            if breaker.pause.is_some() || (breaker.unanswered >= UNANSWERED_MAX && breaker.of.len() > 1) {
                sometimes!("several batches in a row are not answered");
                breaker.pause(now, Duration::ZERO, format!("no usable answer to {} attempts in a row", breaker.unanswered));
            }
        }
        let paused = breaker.pause.is_some();
        self.any.fetch_or(paused, Ordering::Relaxed);
        paused
    }

    /// All that takes no writes now, in order.
    pub fn pauses(&self, now: Timestamp) -> Vec<Pause> {
        let all = self.all.lock().expect("no holder of this lock can panic");
        let pause = |((connection, object), breaker): (&Place, &Breaker)| {
            let paused = breaker.pause.as_ref().filter(|paused| now.duration_since(paused.until) < TOLD_AFTER)?;
            let (connection, object) = (connection.clone(), object.clone());
            Some(Pause { connection, object, since: paused.since, until: paused.until, why: paused.why.clone() })
        };
        let mut pauses: Vec<Pause> = all.iter().filter_map(pause).collect();
        pauses.sort_by(|a, b| (&a.connection, &a.object).cmp(&(&b.connection, &b.object)));
        pauses
    }
}

impl Breaker {
    fn pause(&mut self, now: Timestamp, told: Duration, why: String) {
        let (since, attempts) = self.pause.as_ref().map_or((now, 0), |paused| (paused.since, paused.attempts));
        let doubled = FIRST_PAUSE.saturating_mul(1 << attempts.min(10)).min(PAUSE_MAX);
        let until = now.saturating_add(told.max(doubled)).expect("a duration of std is never negative");
        self.pause = Some(Paused { since, until, attempts: attempts + 1, probed_at: None, why });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).expect("a time of this century")
    }

    fn place() -> (ConnectionName, ObjectName) {
        (ConnectionName::new("crm"), ObjectName::new("Account"))
    }

    fn note(breakers: &Breakers, second: i64, outcomes: &[(i64, Outcome)]) -> bool {
        let (connection, object) = place();
        breakers.note(&connection, &object, at(second), outcomes.iter().map(|(id, outcome)| (EntityId(*id), outcome)))
    }

    fn doubt() -> Outcome {
        Outcome::InDoubt { why: "HTTP 500".into() }
    }

    fn busy(wait: u64) -> Outcome {
        Outcome::NotDone { why: "HTTP 429".into(), wait: Duration::from_secs(wait) }
    }

    #[test]
    fn a_refusal_of_all_pauses_and_one_batch_finds_out() {
        let (breakers, (connection, object)) = (Breakers::default(), place());
        assert!(note(&breakers, 0, &[(1, busy(1))]));
        assert!(breakers.admit(&connection, &object, at(29)).is_err());
        assert!(breakers.admit(&connection, &ObjectName::new("Contact"), at(1)).is_ok(), "another object is another matter");
        assert!(breakers.admit(&connection, &object, at(30)).is_ok());
        assert!(breakers.admit(&connection, &object, at(30)).is_err(), "one at a time");
        assert!(note(&breakers, 31, &[(1, busy(1))]));
        assert_eq!(breakers.paused_until(&connection, &object, at(31)), Some(at(91)), "twice as long");
        assert!(breakers.admit(&connection, &object, at(91)).is_ok());
        assert!(!note(&breakers, 92, &[(1, Outcome::Stale)]), "any answer about a record ends it");
        assert!(breakers.admit(&connection, &object, at(92)).is_ok() && breakers.pauses(at(92)).is_empty());
    }

    #[test]
    fn what_the_vendor_says_is_kept_to() {
        let (breakers, (connection, object)) = (Breakers::default(), place());
        note(&breakers, 0, &[(1, busy(1_200))]);
        assert_eq!(breakers.paused_until(&connection, &object, at(1)), Some(at(1_200)));
        assert!(breakers.pauses(at(1))[0].sentence().contains("crm Account takes no writes since"));
        assert!(breakers.pauses(at(1_200 + 601)).is_empty(), "nobody had anything to write since");
    }

    #[test]
    fn one_record_that_breaks_the_vendor_pauses_nothing() {
        let breakers = Breakers::default();
        for second in 0..10 {
            assert!(!note(&breakers, second, &[(1, doubt())]));
        }
        let breakers = Breakers::default();
        let paused: Vec<bool> = (0..3).map(|second| note(&breakers, second, &[(second, doubt())])).collect();
        assert_eq!(paused, [false, false, true], "several are the system's doing");
    }
}
