//! Taking back what runs wrote: the entities that they journalled something of, each with what is to become of it.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::ground::{Ground, Laid};
use super::observe::Gathered;
use super::prepare::{self, Prepared};
use super::source::Slice;
use super::unlinked::Placed;
use super::{Request, RunError};
use crate::bounds::{RUN_RECORDS_MAX, SLICE_RECORDS};
use crate::id::{EntityId, RunId};
use crate::store::{Touch, Touched};
use crate::sync::entity::LinkState;
use crate::sync::undo::Undo;

/// Runs of one mapping that are to be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Back {
    pub runs: BTreeSet<RunId>,
    /// When a person said so: the time of the values that come back.
    pub at: Timestamp,
}

impl Back {
    /// What the run is kept as.
    pub fn sentence(&self) -> String {
        /// More are counted.
        const NAMED_MAX: usize = 5;
        let named: Vec<String> = self.runs.iter().take(NAMED_MAX).map(ToString::to_string).collect();
        match self.runs.len().saturating_sub(NAMED_MAX) {
            0 => format!("takes back {}", named.join(", ")),
            more => format!("takes back {} and {more} more", named.join(", ")),
        }
    }
}

/// Part of an undo, ready to be looked at.
#[derive(Default)]
pub struct Taken {
    pub slices: Vec<Slice>,
    pub looked: u64,
    /// Entities for a later round, and where it begins.
    pub left: u64,
    pub last: Option<EntityId>,
}

/// Loads and reads the entities past `after` of which the runs wrote something that still stands in the journal.
pub async fn gather(ground: &Ground, laid: &Laid, request: &Request, back: &Back, after: Option<EntityId>, gathered: &mut Gathered) -> Result<Taken, RunError> {
    for system in laid.mapping.systems_ix() {
        if let Err(error) = ground.pin(laid, system, request.commits()).await? {
            gathered.down.insert(system, error);
        }
    }
    let runs: Vec<RunId> = back.runs.iter().copied().collect();
    let ids = ground.store.written(laid.id, &runs, after, RUN_RECORDS_MAX).await?;
    let mut taken = Taken { looked: ids.len() as u64, last: ids.last().copied(), ..Taken::default() };
    if ids.len() == RUN_RECORDS_MAX {
        taken.left = ground.store.written(laid.id, &runs, taken.last, usize::MAX >> 1).await?.len() as u64;
    }
    for ids in ids.chunks(SLICE_RECORDS) {
        let mut slice = undone(ground, laid, back, ids).await?;
        if request.commits() {
            // Whatever becomes of this run, the next one sees what it left.
            let touches = slice.iter().flat_map(|prepared| prepared.hints.iter().map(|(touch, _)| touch.clone())).collect();
            ground.store.touch(touches, None, ground.clock.now()).await?;
        }
        prepare::read_rest(ground, laid, gathered, &mut slice).await?;
        taken.slices.push(Slice::of(ground, laid, slice, &Placed::default(), false).await?);
    }
    Ok(taken)
}

async fn undone(ground: &Ground, laid: &Laid, back: &Back, ids: &[EntityId]) -> Result<Vec<Prepared>, RunError> {
    let now = ground.clock.now();
    let mut slice = Vec::with_capacity(ids.len());
    let loaded = ground.store.load(laid.id, ids).await?;
    let histories = ground.store.journalled(laid.id, ids).await?;
    for (loaded, history) in loaded.into_iter().zip(histories) {
        let undo = Undo::of(&history, &back.runs, &*laid.mapping, back.at);
        if undo.is_empty() {
            continue;
        }
        let mut prepared = Prepared::loaded(laid, loaded, now);
        prepared.hints = touches(laid, &prepared).into_iter().map(|touch| (touch, None)).collect();
        prepared.undo = Some(undo);
        slice.push(prepared);
    }
    Ok(slice)
}

fn touches(laid: &Laid, prepared: &Prepared) -> Vec<Touch> {
    let links = laid.mapping.systems_ix().filter_map(|system| prepared.entity.link(system).map(|link| (system, link)));
    let there = links.filter(|(_, link)| !matches!(link.state, LinkState::GoneByUser { .. }));
    there.map(|(system, link)| Touch { mapping: laid.id, system, key: link.key.clone(), identity: link.identity.clone(), why: Touched::Person }).collect()
}
