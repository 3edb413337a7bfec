//! Which systems cannot be believed in this look: unread, too old, too soon after our own write.

use jiff::{SignedDuration, Timestamp};

use super::entity::{Link, LinkState, SystemIx};
use super::evidence::shifted;
use super::look::Work;
use super::scene::{Sight, Silence};
use crate::mapping::Observation;
use crate::plant::{planted, sometimes};

/// Shortest wait before a record is read again that was read too old.
const AGAIN: SignedDuration = SignedDuration::from_secs(1);

/// No answer is behind what was shown before by more than this and the vendor's lag.
const LAGS_MAX: SignedDuration = SignedDuration::from_hours(1);

/// Fills each stand's silence. Gone and archived records are left to [`super::existence`].
pub(super) fn silence(work: &mut Work) {
    for system in work.scene.terms.systems() {
        let Some(link) = work.entity.link(system) else { continue };
        let fresh = link.unchanged_at.is_none() && link.version.is_none() && link.written_at.is_none();
        let lag_ends = lag_ends(work, system, link);
        let read_at = work.scene.read_at[system.0 as usize];
        let in_lag = lag_ends.is_some_and(|ends| read_at < ends);
        // A read that is behind may not know a record yet that another one showed.
        let seen_until = link.unchanged_at.filter(|_| link.state.is_live()).map(|at| shifted(at, lag(work, system) * 2));
        let silence = match &work.scene.sights[system.0 as usize] {
            Sight::Unread => Some(Silence::Unread),
            Sight::Silent(why) => Some(*why),
            Sight::Gone => (in_lag || seen_until.is_some_and(|until| read_at < until)).then_some(Silence::Lag),
            Sight::Live(seen) => {
                // Older than known even then, the vendor's clock was set back.
                let settled = link.unchanged_at.is_some_and(|at| read_at >= shifted(at, lag(work, system) * 2 + LAGS_MAX));
                distrust(link, seen, in_lag, settled)
            }
        };
        match silence {
            Some(Silence::Lag) => {
                sometimes!("a read may lag behind our own write");
                work.look.wait(lag_ends.max(seen_until).unwrap_or(work.scene.now));
            }
            Some(Silence::Stale) => {
                sometimes!("a read is older than what is known");
                let again = lag(work, system).max(AGAIN);
                work.look.wait(shifted(work.scene.now, again));
            }
            Some(_) | None => {}
        }
        if silence == Some(Silence::Lag) && work.scene.sights[system.0 as usize] == Sight::Gone {
            sometimes!("what was just shown is not found");
        }
        let stand = work.stand_mut(system);
        stand.silence = silence;
        stand.fresh = fresh;
    }
}

fn lag(work: &Work, system: SystemIx) -> SignedDuration {
    SignedDuration::try_from(work.scene.abilities[system.0 as usize].read_lag).unwrap_or(SignedDuration::MAX)
}

/// Until when a read may show a state older than our last write, or than a delete of ours.
fn lag_ends(work: &Work, system: SystemIx, link: &Link) -> Option<Timestamp> {
    let removed = match link.state {
        LinkState::GoneByUs { at, .. } => Some(at),
        LinkState::Live | LinkState::Owed(_) | LinkState::GoneByUser { .. } => None,
    };
    link.written_at.max(removed).map(|at| shifted(at, lag(work, system)))
}

fn distrust(link: &Link, seen: &Observation, in_lag: bool, settled: bool) -> Option<Silence> {
    if planted!("stale-believed") {
        return None;
    }
    if let (Some(time), Some(known)) = (seen.time, link.changed_at)
        && time < known
    {
        if !settled {
            return Some(Silence::Stale);
        }
        sometimes!("a vendor's clock was set back");
    }
    // Looking for the old value is not enough: a lagging vendor may show any of several older ones.
    (in_lag && !is_newest(link, seen)).then_some(Silence::Lag)
}

/// The version that our write gave, or a later change by the vendor's own clock.
fn is_newest(link: &Link, seen: &Observation) -> bool {
    let (Some(version), Some(known)) = (&seen.version, &link.version) else { return false };
    let removed = matches!(link.state, LinkState::GoneByUs { .. });
    let later = matches!((seen.time, link.changed_at), (Some(time), Some(known)) if time > known);
    later || (version == known && !removed)
}
