//! What a look decided and what a write came to, each stored whole or not at all.

use jiff::Timestamp;

use super::fault::Fault;
use super::tally::Tally;
use super::writer::Write;
use super::{conflict, entity, hangs, journal, review, touched};
use crate::id::RunId;
use crate::store::stored::Terms;
use crate::store::{Begun, Merged, Settled};
use crate::sync::op::EntryState;

pub fn commit_merged(write: &mut Write, terms: &Terms, run: RunId, merged: &[Merged], now: Timestamp) -> Result<(), Fault> {
    let mut tally = Tally::begin(write, terms)?;
    for one in merged {
        for gone in &one.joined {
            entity::join(write, terms, &mut tally, *gone, one.after.id)?;
        }
        entity::write(write, terms, &mut tally, one.before.as_ref(), &one.after, one.keys.as_deref())?;
        for lost in &one.conflicts {
            conflict::insert(write, terms, &mut tally, lost)?;
        }
        for new in &one.reviews {
            review::open(write, terms, new, now)?;
        }
        for closed in &one.closed_reviews {
            review::close(write, *closed)?;
        }
        for (id, state) in &one.entry_states {
            journal::set_state(write, *id, *state)?;
            if tally.has_dead_letters && *state == EntryState::Superseded {
                conflict::close_letter(write, terms, one.after.id, *id)?;
            }
        }
        for entry in &one.entries {
            journal::insert(write, terms, entry)?;
        }
        touched::answer(write, terms, &one.untouch, &one.again, now)?;
        if one.spreads {
            hangs::touch(write, one.after.id, now)?;
        }
        conflict::decide(write, terms, one.after.id, &one.decided, run, now)?;
    }
    tally.end(write, terms)
}

pub fn begin(write: &mut Write, terms: &Terms, begun: &[Begun]) -> Result<(), Fault> {
    let mut tally = Tally::begin(write, terms)?;
    begun.iter().try_for_each(|one| entity::begin(write, terms, &mut tally, one))?;
    tally.end(write, terms)
}

pub fn settle(write: &mut Write, terms: &Terms, settled: &[Settled]) -> Result<(), Fault> {
    let mut tally = Tally::begin(write, terms)?;
    for one in settled {
        journal::settle(write, one.entry, one.state, one.at, &one.answer)?;
        entity::write(write, terms, &mut tally, one.before.as_ref(), &one.after, None)?;
        for lost in &one.conflicts {
            conflict::insert(write, terms, &mut tally, lost)?;
        }
        for new in &one.reviews {
            review::open(write, terms, new, one.at)?;
        }
        if let Some(letter) = &one.dead_letter {
            conflict::insert_dead_letter(write, terms, letter)?;
            tally.has_dead_letters = true;
        }
        touched::answer(write, terms, &[], &one.again, one.at)?;
    }
    tally.end(write, terms)
}
