//! Restores and deletes: which records are there, and whose doing it is.

use jiff::SignedDuration;

use super::decide::stands_for;
use super::entity::{Cause, Link, LinkState, Shadow, SystemIx};
use super::evidence::shifted;
use super::look::Work;
use super::op::{EntryState, OpKind};
use super::scene::{Sight, Silence};
use crate::mapping::Wins;
use crate::plant::{planted, sometimes};

/// Restores first, then deletes: a record that came back must not be deleted again for its old delete.
pub(super) fn existence(work: &mut Work) {
    for system in work.scene.terms.systems() {
        if is_there(work, system) {
            if is_forgotten(work, system) {
                stranger(work, system);
                continue;
            }
            came_back(work, system);
            sleep_or_wake(work, system);
        }
    }
    for system in work.scene.terms.systems() {
        if is_gone(work, system) {
            went(work, system);
        }
    }
    super::settle::block(work);
}

fn is_there(work: &Work, system: SystemIx) -> bool {
    work.entity.link(system).is_some() && work.stand(system).silence.is_none() && work.observation(system).is_some_and(|seen| !seen.archived)
}

fn is_gone(work: &Work, system: SystemIx) -> bool {
    if work.entity.link(system).is_none() || work.stand(system).silence.is_some() {
        return false;
    }
    match &work.scene.sights[system.0 as usize] {
        Sight::Gone => true,
        // Archived is gone.
        Sight::Live(seen) => seen.archived,
        Sight::Unread | Sight::Silent(_) => false,
    }
}

/// So long gone that nothing but its names was kept: longer than vendors let their users restore what they deleted (Salesforce 15 days, sooner where
/// space is short).
pub const RESTORABLE: SignedDuration = SignedDuration::from_hours(30 * 24);

fn is_forgotten(work: &Work, system: SystemIx) -> bool {
    let gone_at = |link: &Link| match link.state {
        LinkState::GoneByUser { at } | LinkState::GoneByUs { at, .. } => Some(at),
        LinkState::Live | LinkState::Owed(_) => None,
    };
    let Some((link, at)) = work.entity.link(system).and_then(|link| Some((link, gone_at(link)?))) else { return false };
    work.scene.now >= shifted(at, RESTORABLE) && link.shadows.iter().all(|shadow| !matches!(shadow, Shadow::Known(_)))
}

/// It is there again after it was forgotten: an unlinked record like any other, which may have found another entity. Nothing is made beside it.
fn stranger(work: &mut Work, system: SystemIx) {
    work.silenced(system, Silence::Gone);
    work.stand_mut(system).create_open = true;
}

fn came_back(work: &mut Work, system: SystemIx) {
    let Some(link) = work.entity.link_mut(system) else { return };
    if link.state.is_live() {
        return;
    }
    sometimes!("a record is restored");
    link.state = LinkState::Live;
    link.kept = false;
    work.stand_mut(system).restored = true;
    speak_again(work, system);
}

fn sleep_or_wake(work: &mut Work, system: SystemIx) {
    let takes_part = work.observation(system).is_some_and(|seen| seen.takes_part == Some(true));
    let Some(link) = work.entity.link_mut(system) else { return };
    let slept = std::mem::replace(&mut link.asleep, !takes_part);
    if !takes_part {
        if !slept {
            sometimes!("a record falls asleep");
        }
        return work.silenced(system, Silence::Asleep);
    }
    if slept {
        sometimes!("a record wakes");
        work.stand_mut(system).restored = true;
        speak_again(work, system);
    }
}

/// The owner of a field that moved while it was away speaks anew.
pub(super) fn speak_again(work: &mut Work, system: SystemIx) {
    for field in work.scene.terms.fields() {
        let owns = match work.scene.terms.wins(field) {
            Wins::Owner(owner) => *owner == system,
            Wins::Lines(_) => work.scene.terms.owner(field, &work.view(&[])) == Some(system),
            Wins::Ranks(_) | Wins::Latest(_) | Wins::Highest | Wins::Lowest | Wins::First | Wins::Ask => false,
        };
        if !owns {
            continue;
        }
        let moved = match (work.shadow(field, system), work.entity.fact(field)) {
            // What was typed there before it went is an edit, and more than the old value spoken anew: a clear would pass for nothing at all.
            (Shadow::Known(known), Some(fact)) => {
                let typed = work.value(field, system).is_some_and(|shown| !work.same(field, shown, &known.seen));
                !typed && !stands_for(known, &fact.value, |a, b| work.same(field, a, b))
            }
            (Shadow::Known(_) | Shadow::Unknown | Shadow::NoCell, _) => false,
        };
        if moved {
            sometimes!("an owner that was away speaks again");
            work.set_shadow(field, system, Shadow::Unknown);
        }
    }
}

fn went(work: &mut Work, system: SystemIx) {
    let ours = our_delete(work, system);
    work.silenced(system, Silence::Gone);
    work.stand_mut(system).read_gone = true;
    let now = work.scene.now;
    let Some(link) = work.entity.link_mut(system) else { return };
    if link.state.is_live() {
        link.state = match ours {
            Some(cause) => {
                sometimes!("a delete in doubt is seen done");
                LinkState::GoneByUs { cause, at: now }
            }
            None => {
                sometimes!("a user deleted a record");
                LinkState::GoneByUser { at: now }
            }
        };
        forget_wall(link);
    }
}

fn forget_wall(link: &mut Link) {
    link.asleep = false;
    link.beyond = false;
    link.kept = false;
}

/// A delete of ours that is done or in doubt explains it: then it is nobody else's, and never propagates.
fn our_delete(work: &mut Work, system: SystemIx) -> Option<Cause> {
    let scene = work.scene;
    if planted!("own-delete-taken-for-a-users") {
        return None;
    }
    let mut found = None;
    for entry in scene.entries {
        let sent = matches!(entry.state, EntryState::Sent | EntryState::InDoubt | EntryState::Ghost);
        let (OpKind::Archive(cause) | OpKind::Delete(cause)) = entry.op.kind else { continue };
        if entry.op.system == system && sent {
            work.look.entry_states.retain(|(id, _)| *id != entry.id);
            work.look.entry_states.push((entry.id, EntryState::Done));
            found = Some(cause);
        }
    }
    found
}
