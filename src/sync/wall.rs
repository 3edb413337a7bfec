//! Walls: who is beyond one, what leaves for it, and when a person is asked first.
//!
//! Who votes is judged by the hub before the look, what leaves by the merged one.

use super::decide::stands_for;
use super::entity::{Cause, FieldIx, Link, LinkState, Shadow, SystemIx};
use super::existence::speak_again;
use super::look::Work;
use super::review::{Answer, NewReview, ReviewAbout, ReviewInput};
use super::scene::Silence;
use crate::mapping::system::Leaves;
use crate::plant::{planted, sometimes};
use crate::value::Value;

/// Silences what is beyond its wall, after asking where a delete would lose something.
pub(super) fn before(work: &mut Work) {
    use_answers(work);
    let walled: Vec<SystemIx> = work.scene.terms.systems().filter(|system| work.scene.terms.walled(*system) && work.votes(*system)).collect();
    for system in &walled {
        if work.stand(*system).fresh || !may_leave(work, *system) {
            continue;
        }
        // Each question takes one cause away; a wall may have several.
        while !is_inside(work, *system) && !work.asked.contains(system) {
            let cause = cause(work, *system);
            let Some(why) = objection(work, *system, cause) else { break };
            ask(work, *system, cause, why);
        }
    }
    for system in walled {
        if work.stand(system).fresh || work.asked.contains(&system) {
            continue;
        }
        if is_inside(work, system) {
            come_back_inside(work, system);
        } else {
            if let Some(link) = work.entity.link_mut(system) {
                link.beyond = true;
            }
            sometimes!("a record lies beyond its wall");
            if !planted!("walled-system-votes") {
                work.silenced(system, Silence::Wall);
            }
        }
    }
}

/// What leaves, by the merged hub; what is owed a delete no more.
pub(super) fn after(work: &mut Work) {
    for system in work.scene.terms.systems() {
        let silence = work.stand(system).silence;
        if work.entity.live(system).is_none() || !matches!(silence, None | Some(Silence::Wall)) {
            continue;
        }
        if holds(work, system) {
            hold(work, system);
        } else if !work.asked.contains(&system) && !work.entity.live(system).is_some_and(|link| link.kept) {
            leave(work, system);
        }
    }
}

fn holds(work: &Work, system: SystemIx) -> bool {
    !work.scene.terms.walled(system) || work.scene.terms.inside_wall(system, &work.view(&work.forgiven))
}

fn is_inside(work: &Work, system: SystemIx) -> bool {
    work.entity.live(system).is_some_and(|link| link.kept) || holds(work, system)
}

fn come_back_inside(work: &mut Work, system: SystemIx) {
    let was_beyond = work.entity.link_mut(system).is_some_and(|link| std::mem::take(&mut link.beyond));
    if was_beyond {
        sometimes!("a record comes back inside its wall");
        work.stand_mut(system).restored = true;
        speak_again(work, system);
    }
}

/// Only a record that was inside once leaves, and only where something becomes of it.
fn may_leave(work: &Work, system: SystemIx) -> bool {
    work.entity.live(system).is_some_and(|link| link.inside) && work.scene.terms.leaves(system) != Leaves::Stop
}

/// The deleted record without which the wall would hold, or the wall itself.
fn cause(work: &Work, system: SystemIx) -> Cause {
    let gone: Vec<SystemIx> = work.scene.terms.systems().filter(|at| counts_as_deleted(work.entity.link(*at)) && !work.forgiven.contains(at)).collect();
    let all: Vec<SystemIx> = work.forgiven.iter().chain(&gone).copied().collect();
    if gone.is_empty() || !work.scene.terms.inside_wall(system, &work.view(&all)) {
        return Cause::Wall;
    }
    let alone = |deleter: &SystemIx| {
        let others: Vec<SystemIx> = all.iter().copied().filter(|at| at != deleter).collect();
        !work.scene.terms.inside_wall(system, &work.view(&others))
    };
    if gone.len() > 1 {
        sometimes!("one of several deletes is the cause");
    }
    gone.iter().copied().find(alone).map_or(Cause::Deleted(gone[0]), Cause::Deleted)
}

fn counts_as_deleted(link: Option<&Link>) -> bool {
    link.is_some_and(|link| matches!(link.state, LinkState::GoneByUser { .. }) && !link.kept)
}

/// The system asked about and who deleted, of a question about a delete.
fn about_delete(review: &ReviewInput) -> Option<(SystemIx, Option<SystemIx>)> {
    match &review.about {
        ReviewAbout::Delete { system, deleter, .. } => Some((*system, *deleter)),
        _ => None,
    }
}

fn deleter(cause: Cause) -> Option<SystemIx> {
    match cause {
        Cause::Deleted(by) => Some(by),
        Cause::Wall | Cause::Undone => None,
    }
}

/// The review about this cause: one for a deleted record, one per link for a wall.
fn review_of(work: &Work, system: SystemIx, cause: Cause) -> Option<ReviewInput> {
    let always_asks = work.scene.terms.leaves(system) == Leaves::Ask;
    let fits = |review: &&ReviewInput| match (about_delete(review), cause) {
        (Some((_, Some(by))), Cause::Deleted(deleted)) => by == deleted,
        (Some((about, None)), Cause::Wall) => about == system,
        (Some((about, None)), Cause::Deleted(_)) => always_asks && about == system,
        (Some((_, Some(_))), Cause::Wall) | (Some(_), Cause::Undone) | (None, Cause::Deleted(_) | Cause::Wall | Cause::Undone) => false,
    };
    work.scene.reviews.iter().find(fits).cloned()
}

/// Answers to keep take hold at once; questions that are open, or left so, keep the wall down.
fn use_answers(work: &mut Work) {
    let scene = work.scene;
    for review in scene.reviews {
        let Some((system, deleter)) = about_delete(review) else { continue };
        match (&review.answer, deleter) {
            // It came back by itself, so nothing is left to ask.
            (Some(Answer::Leave), _) if edited_since(work, review).is_some() => {
                let why = edited_since(work, review).expect("it was asked above");
                ask(work, system, deleter.map_or(Cause::Wall, Cause::Deleted), why);
            }
            (None | Some(Answer::Leave), Some(by)) if !counts_as_deleted(work.entity.link(by)) => work.look.closed_reviews.push(review.id),
            (None | Some(Answer::Leave), Some(by)) => {
                lift(work, Cause::Deleted(by));
                work.forgiven.push(by);
            }
            (None | Some(Answer::Leave), None) => {
                lift_one(work, system);
                if scene.terms.leaves(system) != Leaves::Ask {
                    work.asked.push(system);
                }
            }
            (Some(Answer::Keep), about) => {
                sometimes!("a person keeps a record");
                if let Some(link) = work.entity.link_mut(about.unwrap_or(system)) {
                    link.kept = true;
                }
                lift_one(work, system);
                work.look.closed_reviews.push(review.id);
            }
            // Used when the delete is owed; closed once the record is gone or the wall holds.
            (Some(Answer::Delete), about) => close_if_over(work, review, system, about),
            (Some(_), _) => {}
        }
    }
}

/// An edit that a question, left as it is, does not speak of: what was asked has changed.
fn edited_since(work: &Work, review: &ReviewInput) -> Option<String> {
    let ReviewAbout::Delete { system, deleter, shown, .. } = &review.about else { return None };
    if deleter.is_none() && work.scene.terms.leaves(*system) == Leaves::Ask {
        return None;
    }
    let spoken = |at: &SystemIx| deleter.map_or(at == system, |by| *at != by);
    let known =
        |at: SystemIx, field: FieldIx, value: &Value| shown.iter().any(|(of, about, said)| *of == at && *about == field && work.same(field, said, value));
    let mut edits = work.scene.terms.systems().filter(spoken).flat_map(|at| work.stand(at).edits.iter().map(move |(field, value)| (at, *field, value)));
    let (at, field, _) = edits.find(|(at, field, value)| !known(*at, *field, value))?;
    Some(format!("`{}` was edited in {}", work.scene.terms.field_name(field), work.scene.terms.system_name(at)))
}

fn close_if_over(work: &mut Work, review: &ReviewInput, system: SystemIx, deleter: Option<SystemIx>) {
    let gone = work.entity.live(system).is_none();
    let back = deleter.is_some_and(|by| !counts_as_deleted(work.entity.link(by)));
    if gone || back {
        sometimes!("a question about a delete is over");
        work.look.closed_reviews.push(review.id);
    }
}

fn lift(work: &mut Work, cause: Cause) {
    for link in work.entity.links.iter_mut().flatten() {
        if link.state == LinkState::Owed(cause) {
            sometimes!("a delete that was owed is lifted");
            link.state = LinkState::Live;
        }
    }
}

fn lift_one(work: &mut Work, system: SystemIx) {
    if let Some(link) = work.entity.link_mut(system)
        && matches!(link.state, LinkState::Owed(_))
    {
        link.state = LinkState::Live;
    }
}

/// Why a person must be asked before this record leaves.
fn objection(work: &Work, system: SystemIx, cause: Cause) -> Option<String> {
    if planted!("delete-never-asks") {
        return None;
    }
    let shown = match review_of(work, system, cause) {
        Some(ReviewInput { answer: Some(Answer::Delete), about: ReviewAbout::Delete { shown, .. }, .. }) => Some(shown),
        Some(_) | None => None,
    };
    let agreed = shown.is_some();
    let known = |at: SystemIx, field: FieldIx, value: &Value| {
        shown.as_ref().is_some_and(|shown| shown.iter().any(|(one, about, said)| *one == at && *about == field && work.same(field, said, value)))
    };
    let name = |at: SystemIx| work.scene.terms.system_name(at);
    let spoken: Vec<SystemIx> = match cause {
        Cause::Wall | Cause::Undone => vec![system],
        Cause::Deleted(by) => work.scene.terms.systems().filter(|at| *at != by).collect(),
    };
    for at in spoken {
        if !work.votes(at) && work.stand(at).silence != Some(Silence::Wall) {
            continue;
        }
        let stand = work.stand(at);
        if let Some((field, _)) = stand.edits.iter().find(|(field, value)| !known(at, *field, value)) {
            sometimes!("a record that is to leave was edited");
            return Some(format!("`{}` was edited in {}", work.scene.terms.field_name(*field), name(at)));
        }
        if !agreed && stand.unclear {
            sometimes!("a record that is to leave is not wholly understood");
            return Some(unclear(work, at));
        }
    }
    let stand = work.stand(system);
    if !agreed && stand.restored {
        sometimes!("a record that is to leave was restored");
        return Some(format!("it was restored in {}", name(system)));
    }
    if !agreed && stand.moved_under_delete {
        sometimes!("a record changed while its delete was in doubt");
        return Some(format!("it changed in {} while its delete was in doubt", name(system)));
    }
    match cause {
        Cause::Deleted(by) if !agreed && !already_owed(work, cause) => was_owed(work, by)
            .inspect(|_| sometimes!("a deleter had not seen what was agreed"))
            .map(|field| format!("{} had not seen the agreed `{}` when it was deleted", name(by), work.scene.terms.field_name(field))),
        Cause::Deleted(_) | Cause::Wall | Cause::Undone => None,
    }
}

fn unclear(work: &Work, system: SystemIx) -> String {
    format!("{} holds a value that was never agreed, or was not told", work.scene.terms.system_name(system))
}

fn already_owed(work: &Work, cause: Cause) -> bool {
    work.scene.entity.links.iter().flatten().any(|link| link.state == LinkState::Owed(cause))
}

/// A field that the deleter did not show yet: it deleted what it had not seen.
fn was_owed(work: &Work, by: SystemIx) -> Option<FieldIx> {
    work.scene.terms.fields().find(|field| {
        if !work.scene.terms.access(*field, by).writes() {
            return false;
        }
        let (Shadow::Known(known), Some(fact)) = (work.shadow(*field, by), work.scene.entity.fact(*field)) else { return false };
        let same = |a: &Value, b: &Value| work.same(*field, a, b);
        let shows = || work.form(*field, by, &fact.value).is_none_or(|form| same(&known.seen, &form));
        !stands_for(known, &fact.value, same) && !shows()
    })
}

/// Opens the question; meanwhile the wall is not up and edits merge as ever.
fn ask(work: &mut Work, system: SystemIx, cause: Cause, why: String) {
    if let Some(review) = review_of(work, system, cause) {
        work.look.closed_reviews.push(review.id);
    }
    lift(work, cause);
    lift_one(work, system);
    let shown = work.scene.terms.systems().flat_map(|at| work.stand(at).edits.iter().map(move |(field, value)| (at, *field, value.clone()))).collect();
    match cause {
        Cause::Deleted(by) => work.forgiven.push(by),
        Cause::Wall | Cause::Undone => work.asked.push(system),
    }
    if work.stand(system).silence == Some(Silence::Wall) {
        work.look.wait(work.scene.now);
    }
    sometimes!("a person is asked before a record leaves");
    let about = ReviewAbout::Delete { system, deleter: deleter(cause), why, shown };
    work.look.reviews.push(NewReview { entity: Some(work.entity.id), about });
}

/// The wall holds: what was owed or answered before it fell is over.
fn hold(work: &mut Work, system: SystemIx) {
    lift_one(work, system);
    let scene = work.scene;
    let said = |review: &ReviewInput| !matches!(review.answer, None | Some(Answer::Leave));
    let over = |review: &&ReviewInput| about_delete(review).is_some_and(|(about, by)| about == system && (said(review) || by.is_none()));
    let ids: Vec<_> = scene.reviews.iter().filter(over).map(|review| review.id).collect();
    for id in ids {
        if !work.look.closed_reviews.contains(&id) {
            work.look.closed_reviews.push(id);
        }
    }
    let silent = work.stand(system).silence.is_some();
    let read_live = work.observation(system).is_some();
    if let Some(link) = work.entity.link_mut(system) {
        link.inside |= read_live;
        link.kept = false;
        if !silent {
            link.beyond = false;
        }
    }
    if silent {
        // It did not vote, so it is not written now either: it speaks in the next look.
        work.look.wait(work.scene.now);
    }
}

fn leave(work: &mut Work, system: SystemIx) {
    if let Some(link) = work.entity.link_mut(system) {
        link.beyond = true;
    }
    if !may_leave(work, system) {
        return lift_one(work, system);
    }
    let cause = cause(work, system);
    let answered = review_of(work, system, cause).is_some_and(|review| review.answer == Some(Answer::Delete));
    if work.scene.terms.leaves(system) == Leaves::Ask && !answered {
        if review_of(work, system, cause).is_none() {
            sometimes!("leaving is asked about each time");
            // About this link alone: the same delete may archive others without asking.
            let about = ReviewAbout::Delete { system, deleter: None, why: "`leaves: ask`".to_owned(), shown: Vec::new() };
            work.look.reviews.push(NewReview { entity: Some(work.entity.id), about });
        }
        return;
    }
    // Edits of the look in which the wall itself fell have voted; what could not be heard has not.
    let voted = work.stand(system).silence.is_none() && cause == Cause::Wall;
    let waits = |(field, _): &(FieldIx, Value)| work.frozen[field.0 as usize];
    let why = match voted {
        true => ((work.stand(system).unheard || work.stand(system).edits.iter().any(waits)) && !answered).then(|| unclear(work, system)),
        false => objection(work, system, cause),
    };
    if let Some(why) = why {
        ask(work, system, cause, why);
        return;
    }
    if let Some(link) = work.entity.link_mut(system) {
        if cause == Cause::Wall {
            sometimes!("a record is to leave because a wall fell");
        }
        link.state = LinkState::Owed(cause);
    }
}
