//! The second pass, first half: what a slice decided is stored, intents included, before anything is sent.

use std::sync::Arc;

use futures::future::try_join_all;
use futures::try_join;
use jiff::Timestamp;
use tokio::task::JoinSet;
use tracing::Instrument;

use super::ground::{Ground, Laid};
use super::prepare::{Hint, Prepared};
use super::source::Slice;
use super::{Ended, Request, RunError};
use super::{alike, keys, late, ledger, look};
use crate::id::{EntryId, RunId};
use crate::mapping::{Observation, SystemIx};
use crate::plant::{planted, sometimes};
use crate::store::{Begun, Conflict, Merged, StoreError, Touch, Touched};
use crate::sync::entity::Entity;
use crate::sync::hangs;
use crate::sync::neighbours::Neighbours;
use crate::sync::op::{Entry, EntryState, OpKind};
use crate::sync::scene::{Look, NoteKind, Sight};

/// So many writes start within a moment of their commit.
const SENT_AT_ONCE_MAX: usize = 50;

/// An entity whose merge is stored and whose writes are still to be done.
pub struct Owing {
    pub entity: Entity,
    pub entries: Vec<Entry>,
    pub neighbours: Arc<Neighbours>,
    /// Answered once all its writes are done.
    pub hints: Vec<Hint>,
    /// What records that leave without a version showed when that was planned.
    pub seen: Vec<(SystemIx, Observation)>,
}

/// Commits under way while the next slice is prepared: one at a time, and none when something is sent.
#[derive(Default)]
pub struct Commits(JoinSet<Result<(), StoreError>>);

impl Commits {
    /// Waits for what is under way.
    pub async fn end(&mut self) -> Result<(), RunError> {
        while let Some(ended) = self.0.join_next().await {
            ended.expect("a commit neither panics nor is aborted while somebody waits for it")?;
        }
        Ok(())
    }

    async fn start(&mut self, commit: impl Future<Output = Result<(), StoreError>> + Send + 'static) -> Result<(), RunError> {
        self.end().await?;
        self.0.spawn(commit.in_current_span());
        Ok(())
    }
}

/// Looks at the slice again, stores what it decided, and gives what is to be written once `commits` has ended.
pub async fn merge(
    ground: &Ground,
    laid: &Laid,
    request: &Request,
    run: RunId,
    slice: &Slice,
    commits: &mut Commits,
    ended: &mut Ended,
) -> Result<Vec<Owing>, RunError> {
    let begun = begin(laid, slice, ended)?;
    let mut merged = Vec::new();
    let mut left_out = Vec::new();
    let mut owing = Vec::new();
    let mut done: Vec<Hint> = slice.placed.done.clone();
    for prepared in &slice.prepared {
        let look = look::look(ground, laid, run, prepared, &slice.neighbours);
        if !look::agreed(request, ground, laid, prepared, &look, slice) {
            sometimes!("something was not in the approved plan");
            // It is in no list any more once the mapping is adopted: touched, so that the next run plans it.
            ledger::left_out(prepared, &mut ended.end);
            left_out.extend(prepared.hints.iter().map(|(touch, _)| touch.clone()));
            continue;
        }
        ended.end.unchanged += u64::from(look.counts.unchanged);
        count(prepared, &look, ended);
        ledger::looked(prepared, &look, &mut ended.end);
        match to_merge(ground, laid, run, prepared, look) {
            Some((stored, entries)) => {
                ended.spread |= stored.spreads;
                if !entries.is_empty() {
                    let (entity, neighbours, hints) = (stored.after.clone(), slice.neighbours.clone(), prepared.hints.clone());
                    let seen = leaving(prepared, &entries);
                    owing.push(Owing { entity, entries, neighbours, hints, seen });
                }
                merged.push(stored);
            }
            None => done.extend(prepared.hints.iter().cloned()),
        }
    }
    let now = ground.clock.now();
    if planted!("merge-after-writes") {
        for merged in merged.iter_mut().filter(|merged| !merged.entries.is_empty()) {
            merged.after.hub = merged.before.as_ref().map_or_else(|| merged.after.hub.clone(), |before| before.hub.clone());
        }
    }
    send_at_once(laid, &mut merged, &mut owing, now);
    let moved = if slice.blank && slice.placed.waiting.is_empty() { Vec::new() } else { late::moved(laid, &merged) };
    if !merged.is_empty() || !begun.is_empty() {
        let (store, mapping) = (ground.store.clone(), laid.id);
        // Side by side, so that they share a transaction.
        let both = async move { try_join!(store.begin(mapping, begun), store.commit_merged(mapping, run, merged, now)).map(|_| ()) };
        commits.start(both).await?;
    }
    if !left_out.is_empty() {
        ground.store.touch(left_out, None, now).await?;
    }
    settle_placed(ground, laid, slice, ended).await?;
    if !moved.is_empty() {
        commits.end().await?;
    }
    ended.end.reviews += late::tell(ground, laid, slice, moved).await?;
    untouch(ground, done).await?;
    Ok(owing)
}

/// A version tells whether a record changed before it leaves; without one, what it showed does.
fn leaving(prepared: &Prepared, entries: &[Entry]) -> Vec<(SystemIx, Observation)> {
    let leaves = |entry: &&Entry| matches!(entry.op.kind, OpKind::Archive(_) | OpKind::Delete(_)) && entry.op.version.is_none();
    entries.iter().filter(leaves).filter_map(|entry| Some((entry.op.system, prepared.seen(entry.op.system)?.clone()))).collect()
}

/// Entities about which there was nothing to decide.
fn begin(laid: &Laid, slice: &Slice, ended: &mut Ended) -> Result<Vec<Begun>, RunError> {
    let Some(alike) = &slice.alike else { return Ok(Vec::new()) };
    for same in &slice.same {
        let records = same.group.members.len() as u64;
        ended.end.unchanged += records;
        ended.end.linked += records;
        same.group.members.iter().for_each(|member| ended.end.ledger[usize::from(member.system.0)].agreed += 1);
    }
    let clocks = alike::Clocks::of(laid);
    Ok(slice.same.iter().map(|same| alike::begin(alike, laid, &clocks, same)).collect::<Result<_, _>>()?)
}

/// Few writes leave right after the commit: they are stored as sent in the same transaction, which saves one. Should the process end in between, they
/// are in doubt though they never left, and looked up like any other.
fn send_at_once(laid: &Laid, merged: &mut [Merged], owing: &mut [Owing], now: Timestamp) {
    if owing.iter().map(|owing| owing.entries.len()).sum::<usize>() > SENT_AT_ONCE_MAX {
        return;
    }
    let stored = merged.iter_mut().flat_map(|merged| &mut merged.entries);
    for entry in stored.chain(owing.iter_mut().flat_map(|owing| &mut owing.entries)) {
        let deadline = laid.seat(entry.op.system).abilities.deadline;
        entry.state = EntryState::Sent;
        entry.attempt = 1;
        entry.first_sent_at = Some(now);
        entry.deadline = Some(now.saturating_add(deadline).expect("a duration of std is never negative"));
    }
}

/// What an entity's look leaves to be stored; `None` where there is nothing.
fn to_merge(ground: &Ground, laid: &Laid, run: RunId, prepared: &Prepared, look: Look) -> Option<(Merged, Vec<Entry>)> {
    // What a silent system is owed, or has to say, is not known: the entity is looked at again when it may speak.
    let silent = prepared.sights.iter().any(|sight| matches!(sight, Sight::Silent(_))) || (prepared.late.near && look.entity.is_some());
    let retry = silent.then(|| ground.clock.now() + super::SILENT_WAIT);
    let waits = [look.waits, retry].into_iter().flatten().min();
    let refers = look.notes.iter().any(|note| waits_for_another(&note.what));
    let nothing = look.entity.is_none()
        && look.ops.is_empty()
        && look.reviews.is_empty()
        && look.closed_reviews.is_empty()
        && look.entry_states.is_empty()
        && prepared.late.joined.is_empty()
        && waits.is_none();
    if nothing && prepared.before.is_some() {
        return None;
    }
    let entries: Vec<Entry> = look
        .ops
        .into_iter()
        .map(|(op, class)| Entry { id: EntryId(ground.entry_id()), run, op, class, state: EntryState::Ready, attempt: 0, first_sent_at: None, deadline: None })
        .collect();
    let is_other = prepared.before.is_none() || !prepared.late.joined.is_empty();
    let keys = look.entity.as_ref().or(is_other.then_some(&prepared.entity)).map(|after| keys::agreed(laid, after));
    let lost = prepared.late.lost.iter().map(|lost| Conflict { run, ..lost.clone() });
    let after = look.entity.unwrap_or_else(|| prepared.entity.clone());
    let why = if refers { Touched::Reference } else { Touched::Retry };
    let again = waits.and_then(|at| Some((Touch { why, ..touch_of(laid, &after)? }, at)));
    let untouch = match entries.is_empty() {
        true => numbered(prepared.hints.iter().cloned()),
        false => Vec::new(),
    };
    let spreads = match &prepared.before {
        Some(before) => hangs::spreads(&laid.read, before, &after) || (is_other && !laid.read.is_empty()),
        None => false,
    };
    let merged = Merged {
        before: prepared.before.clone(),
        after,
        joined: prepared.late.joined.clone(),
        keys,
        conflicts: lost.chain(look.conflicts).collect(),
        reviews: look.reviews,
        closed_reviews: prepared.late.answered.iter().copied().chain(look.closed_reviews).collect(),
        entries: entries.clone(),
        entry_states: look.entry_states,
        untouch,
        again: again.into_iter().collect(),
        decided: look.decided,
        spreads,
    };
    Some((merged, entries))
}

/// Whether it is a record referred to that is waited for.
fn waits_for_another(what: &NoteKind) -> bool {
    matches!(what, NoteKind::Unresolved | NoteKind::Deferred | NoteKind::RequiredUnlinked | NoteKind::CreateUnlinked)
}

/// A touch that leads back to the entity, through any of its links.
pub fn touch_of(laid: &Laid, entity: &Entity) -> Option<Touch> {
    let (system, link) = laid.mapping.systems_ix().find_map(|system| entity.link(system).map(|link| (system, link)))?;
    Some(Touch { mapping: laid.id, system, key: link.key.clone(), identity: link.identity.clone(), why: Touched::Retry })
}

fn count(prepared: &Prepared, look: &Look, ended: &mut Ended) {
    let before = prepared.before.as_ref().map_or(0, |entity| entity.links.iter().flatten().count());
    let after = look.entity.as_ref().unwrap_or(&prepared.entity).links.iter().flatten().count();
    ended.end.linked += (after.saturating_sub(before)) as u64;
    ended.end.conflicts += (look.conflicts.len() + prepared.late.lost.len()) as u64;
    ended.end.reviews += look.reviews.len() as u64;
}

async fn settle_placed(ground: &Ground, laid: &Laid, slice: &Slice, ended: &mut Ended) -> Result<(), RunError> {
    let placed = &slice.placed;
    ledger::placed(&placed.books, &mut ended.end);
    ended.end.waiting += placed.waiting.len() as u64;
    if !placed.waiting.is_empty() || !placed.found.is_empty() {
        ground.store.keep_waiting(laid.id, placed.waiting.clone(), placed.found.clone()).await?;
    }
    // Together, so that they share a transaction; closed first, so that the same may be asked anew.
    let now = ground.clock.now();
    try_join_all(placed.closed.iter().map(|review| ground.store.close_review(*review))).await?;
    let opened = placed.reviews.iter().map(|review| ground.store.open_review(laid.id, review.clone(), now));
    try_join_all(opened).await?;
    ended.end.reviews += placed.reviews.len() as u64;
    Ok(())
}

/// Clears what was answered; a hint that came meanwhile stays.
pub async fn untouch(ground: &Ground, hints: impl IntoIterator<Item = Hint>) -> Result<(), RunError> {
    let numbered = numbered(hints);
    if !numbered.is_empty() {
        ground.store.untouch(numbered).await?;
    }
    Ok(())
}

fn numbered(hints: impl IntoIterator<Item = Hint>) -> Vec<(Touch, i64)> {
    hints.into_iter().filter_map(|(touch, seq)| Some((touch, seq?))).collect()
}
