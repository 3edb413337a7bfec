//! An undo in a look: each field and record is held against what is agreed and shown now; what does not stand any more is left alone, with the reason.

use super::{FieldBack, NotBack, RecordBack};
use crate::mapping::system::Leaves;
use crate::plant::sometimes;
use crate::sync::decide::stands_for;
use crate::sync::entity::{Cause, LinkState, Shadow, SystemIx};
use crate::sync::look::Work;
use crate::sync::review::ReviewAbout;
use crate::sync::scene::{NoteKind, Silence};
use crate::value::Value;

/// The fields that become again what they were: candidates of the merge that follows.
pub(in crate::sync) fn fields(work: &mut Work) {
    let Some(undo) = work.scene.undo else { return };
    for (system, field, why) in &undo.left {
        work.look.note(*system, *field, NoteKind::NotBack(*why));
    }
    for back in &undo.fields {
        match value(work, back) {
            Ok(value) => {
                let soon = back.before.iter().filter(|(system, _)| value.is_some() && !work.votes(*system));
                let soon: Vec<SystemIx> = soon.map(|(system, _)| *system).collect();
                work.back[back.field.0 as usize] = value;
                for system in soon {
                    work.look.note(system, Some(back.field), NoteKind::NotBack(NotBack::Soon));
                }
            }
            Err((system, why)) => {
                sometimes!("a value stays although its run is taken back");
                work.look.note(system, Some(back.field), NoteKind::NotBack(why));
            }
        }
    }
}

/// The value that all written systems showed before; `None`: it is back already.
fn value(work: &Work, back: &FieldBack) -> Result<Option<Value>, (SystemIx, NotBack)> {
    let field = back.field;
    let first = back.before[0].0;
    let Some(fact) = work.entity.fact(field) else { return Err((first, NotBack::AgreedSince)) };
    let asks = |about: &ReviewAbout| matches!(about, ReviewAbout::Conflict { field: asked, .. } if *asked == field);
    if work.frozen[field.0 as usize] || work.scene.reviews.iter().any(|review| asks(&review.about)) {
        return Err((first, NotBack::Asked));
    }
    for system in work.scene.terms.systems() {
        if work.stand(system).edits.iter().any(|(edited, _)| *edited == field) {
            return Err((system, NotBack::EditedSince));
        }
    }
    let same = |a: &Value, b: &Value| work.same(field, a, b);
    if !same(&fact.value, &back.stands_for) {
        let was = back.before.iter().all(|(_, before)| same(before, &fact.value));
        return if was { Ok(None) } else { Err((first, NotBack::AgreedSince)) };
    }
    for (system, _) in &back.before {
        let too_soon = work.stand(*system).silence == Some(Silence::Lag);
        if !(work.votes(*system) || too_soon && shows_our_write(work, back, *system)) || work.value(field, *system).is_none() {
            return Err((*system, unheard(work, *system)));
        }
        let Shadow::Known(known) = work.shadow(field, *system) else { return Err((*system, NotBack::AgreedSince)) };
        if !stands_for(known, &fact.value, same) {
            return Err((*system, NotBack::EditedSince));
        }
    }
    let was = before(work, back).ok_or((first, NotBack::Differed))?;
    if was.is_blank() && work.scene.terms.required(field) {
        return Err((first, NotBack::Required));
    }
    Ok(Some(was))
}

/// A read that may be behind shows what we wrote all the same: so it is not behind our write, and nobody typed over it since, as far as anyone can know.
fn shows_our_write(work: &Work, back: &FieldBack, system: SystemIx) -> bool {
    let Shadow::Known(known) = work.shadow(back.field, system) else { return false };
    work.value(back.field, system).is_some_and(|shown| work.same(back.field, shown, &known.seen))
}

/// Why a system has no say now.
fn unheard(work: &Work, system: SystemIx) -> NotBack {
    if work.stand(system).silence == Some(Silence::Lag) { NotBack::TooSoon } else { NotBack::NotRead }
}

/// One value of which every system showed its own form.
fn before(work: &Work, back: &FieldBack) -> Option<Value> {
    let field = back.field;
    let shows = |value: &Value, system: SystemIx, before: &Value| {
        work.same(field, value, before) || work.form(field, system, value).is_some_and(|form| work.same(field, &form, before))
    };
    let fits = |value: &Value| back.before.iter().all(|(system, before)| shows(value, *system, before));
    back.before.iter().map(|(_, value)| value).find(|value| fits(value)).cloned()
}

/// Records that a run made go again, where `leaves` and the connector allow it; those that went so may be made again.
pub(in crate::sync) fn records(work: &mut Work) {
    let Some(undo) = work.scene.undo else { return };
    for back in &undo.records {
        match *back {
            RecordBack::Made(system) => match objection(work, system) {
                None => {
                    if let Some(link) = work.entity.link_mut(system).filter(|link| link.state.is_live()) {
                        sometimes!("a record that a run made goes again");
                        link.state = LinkState::Owed(Cause::Undone);
                    }
                }
                Some(why) => work.look.note(system, None, NoteKind::NotBack(why)),
            },
            RecordBack::Gone(system) => {
                if let Some(link) = work.entity.link_mut(system)
                    && let LinkState::GoneByUs { cause: Cause::Undone, at } = link.state
                {
                    link.state = LinkState::GoneByUs { cause: Cause::Wall, at };
                }
            }
        }
    }
}

fn objection(work: &Work, system: SystemIx) -> Option<NotBack> {
    work.entity.live(system)?;
    let abilities = &work.scene.abilities[system.0 as usize];
    let can = match work.scene.terms.leaves(system) {
        Leaves::Stop => return Some(NotBack::Stays),
        Leaves::Archive => abilities.archive.is_some(),
        Leaves::Delete => abilities.delete.is_some(),
        Leaves::Ask => abilities.delete.is_some() || abilities.archive.is_some(),
    };
    let stand = work.stand(system);
    if !can {
        Some(NotBack::CannotGo)
    } else if !work.votes(system) {
        Some(unheard(work, system))
    } else if !stand.edits.is_empty() || stand.unclear {
        Some(NotBack::EditedSince)
    } else {
        None
    }
}
