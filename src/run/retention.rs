//! How long things are kept that are only looked back at. Old rows go a few at a time, after a run, and never while one of the mapping is under way.

use std::collections::HashMap;
use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};

use super::ground::{Ground, Laid};
use crate::store::{MappingId, Old, StoreError, Values};
use crate::sync::existence::RESTORABLE;

/// The journal, the conflict log, closed reviews and dead letters, and runs: as long as people ask why something is as it is.
pub const LOOKED_BACK_AT: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Between two goes.
const EVERY: SignedDuration = SignedDuration::from_hours(1);
/// After a go that did not come to its end.
const GOES_ON: SignedDuration = SignedDuration::from_mins(1);
/// Calls of one go for one kind of thing: some thousand rows.
const CALLS_MAX: usize = 20;

/// Forgets what is older than its time, if it is time to look.
pub async fn forget(ground: &Ground, laid: &Laid) -> Result<(), StoreError> {
    let now = ground.clock.now();
    if ground.retention.is_due(None, now) {
        let mut whole = true;
        for what in [Old::Entries, Old::Conflicts, Old::DeadLetters, Old::Reviews] {
            whole &= all(ground, what, now).await?;
        }
        // The age of the others is told by their runs.
        whole = whole && all(ground, Old::Runs, now).await?;
        ground.retention.came_to(None, now + if whole { EVERY } else { GOES_ON });
    }
    if ground.retention.is_due(Some(laid.id), now) {
        let whole = tombstones(ground, laid, now).await?;
        ground.retention.came_to(Some(laid.id), now + if whole { EVERY } else { GOES_ON });
    }
    Ok(())
}

async fn all(ground: &Ground, what: Old, now: Timestamp) -> Result<bool, StoreError> {
    let mut after = 0;
    for _ in 0..CALLS_MAX {
        match ground.store.forget(what, now - LOOKED_BACK_AT, after).await? {
            Some(next) => after = next,
            None => return Ok(true),
        }
    }
    Ok(false)
}

async fn tombstones(ground: &Ground, laid: &Laid, now: Timestamp) -> Result<bool, StoreError> {
    // Deals of a partner that is gone are still judged by what the partner was.
    let referred = ground.mappings.iter().any(|other| other.mapping.refers_to.contains(&laid.mapping.name));
    let values = if referred { Values::Keep } else { Values::Drop };
    let mut after = 0;
    for _ in 0..CALLS_MAX {
        match ground.store.forget_gone(laid.id, now - RESTORABLE, after, values).await? {
            Some(next) => after = next,
            None => return Ok(true),
        }
    }
    Ok(false)
}

/// When to look next: for what is no mapping's own, and for each mapping.
#[derive(Debug, Default)]
pub struct Retention(Mutex<HashMap<Option<MappingId>, Timestamp>>);

impl Retention {
    fn is_due(&self, of: Option<MappingId>, now: Timestamp) -> bool {
        self.0.lock().expect("no holder of this lock can panic").get(&of).is_none_or(|at| *at <= now)
    }

    fn came_to(&self, of: Option<MappingId>, next: Timestamp) {
        self.0.lock().expect("no holder of this lock can panic").insert(of, next);
    }
}
