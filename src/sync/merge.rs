//! Candidates of each field to one agreed value, and what lost.

mod finest;

use super::conflict::{Conflict, Decided, Fate, Loser, Spoke};
use super::decide::Decision;
use super::elements;
use super::entity::{Agreed, Fact, FieldIx, Interval, Known, Origin, Shadow, Standing, SystemIx};
use super::evidence::{SKEW, shifted};
use super::hand_over::{self, Owners};
use super::look::Work;
use super::policy::{self, Candidate, Choice, From, How, Part, Question};
use super::reason::Reason;
use super::review::{Answer, NewReview, ReviewAbout, ReviewInput};
use super::scene::{NoteKind, Silence};
use super::terms::Access;
use crate::mapping::Wins;
use crate::plant::{planted, sometimes};
use crate::value::Value;
use finest::{agrees, finest};

/// What a field's systems brought to the merge.
struct Brought {
    candidates: Vec<Candidate>,
    /// Blanks met without a shadow: no candidates, but seen.
    blanks: Vec<SystemIx>,
    parts: Vec<Part>,
}

pub(super) fn merge(work: &mut Work) {
    // Forms may look at other fields, so shadows follow once all are merged.
    for (field, system) in hand_over::merged(work) {
        let Some(value) = work.value(field, system).cloned() else { continue };
        if planted!("loser-not-consumed") {
            continue;
        }
        let shadow = see(work, field, system, value);
        if planted!("one-shared-shadow") {
            let others: Vec<SystemIx> = work.scene.terms.systems().filter(|other| matches!(work.shadow(field, *other), Shadow::Known(_))).collect();
            others.into_iter().for_each(|other| work.set_shadow(field, other, shadow.clone()));
        }
        work.set_shadow(field, system, shadow);
    }
}

/// The shadow of a system that spoke, or whose blank was met.
fn see(work: &Work, field: FieldIx, system: SystemIx, value: Value) -> Shadow {
    let fact = work.entity.fact(field);
    let form = fact.and_then(|fact| work.form(field, system, &fact.value));
    let stands_for = match (fact, form) {
        (Some(fact), Some(form)) if work.same(field, &value, &form) => Standing::For(fact.value.clone()),
        (Some(_) | None, Some(_) | None) => Standing::Nothing,
    };
    Shadow::Known(Known { seen: value, stands_for, confirmed: true, refused: None, unchanged_at: None })
}

/// Merges every field once, by these owners of the fields whose `wins` are lines; who is seen by it comes back.
pub(super) fn pass(work: &mut Work, owners: &Owners) -> Vec<(FieldIx, SystemIx)> {
    let mut seen = Vec::new();
    let formulas = work.scene.terms.formulas();
    for field in work.scene.terms.fields() {
        if !work.frozen[field.0 as usize] && !formulas.contains(&field) {
            merge_field(work, field, owners, &mut seen);
        }
    }
    for field in formulas {
        if !work.frozen[field.0 as usize] {
            compute(work, *field, &mut seen);
        }
    }
    seen
}

/// A computed field is what its formula gives; whatever its cells show beside that is put back.
fn compute(work: &mut Work, field: FieldIx, seen: &mut Vec<(FieldIx, SystemIx)>) {
    let computed = work.scene.terms.computed(field, &work.view(&work.forgiven));
    let value = match computed {
        Some(Ok(value)) => value,
        Some(Err(why)) => {
            work.frozen[field.0 as usize] = true;
            let first = work.scene.terms.systems().find(|system| work.scene.terms.access(field, *system) != Access::None);
            return work.look.note(first.unwrap_or(SystemIx(0)), Some(field), NoteKind::NotComputed(why));
        }
        None => return,
    };
    let brought = gather(work, field);
    if work.entity.fact(field).is_none_or(|fact| fact.value != value || fact.origin != Origin::Formula) {
        let changed = Interval { after: Some(work.scene.now), until: work.scene.now };
        let was = work.entity.fact(field).map(|fact| fact.value.clone());
        work.entity.hub[field.0 as usize] = Agreed::Set(Fact { value: value.clone(), origin: Origin::Formula, changed });
        work.reasons[field.0 as usize] = Some(Reason::Computed);
        sometimes!("a formula gives another value");
        work.look.decided.push(Decided { field, value, reason: Reason::Computed, was, spoke: Vec::new() });
    }
    let spoke: Vec<SystemIx> = brought.candidates.iter().filter_map(Candidate::system).collect();
    if !brought.candidates.is_empty() {
        sometimes!("an edit of a computed field is put back");
    }
    stay(work, field, brought.candidates, &brought.blanks);
    seen.extend(spoke.into_iter().chain(brought.blanks).map(|system| (field, system)));
}

fn merge_field(work: &mut Work, field: FieldIx, owners: &Owners, seen: &mut Vec<(FieldIx, SystemIx)>) {
    let mut brought = gather(work, field);
    let review = work.scene.reviews.iter().find(|review| matches!(review.about, ReviewAbout::Conflict { field: about, .. } if about == field));
    if let Some(ReviewInput { answer: Some(Answer::Value { value, at }), .. }) = review {
        brought.candidates.push(Candidate::person(value.clone(), *at));
    }
    let back = work.back[field.0 as usize].clone();
    if let (Some(value), Some(at)) = (&back, work.scene.undo.and_then(|undo| undo.at)) {
        brought.candidates.push(Candidate::person(value.clone(), at));
    }
    let spoke: Vec<SystemIx> = brought.candidates.iter().filter_map(Candidate::system).collect();
    let question = Question {
        terms: work.scene.terms,
        field,
        agreed: work.entity.fact(field),
        wins: owners.wins(work.scene.terms, field),
        before: owners.before(field),
        required: work.scene.terms.required(field),
        parts: &brought.parts,
        candidates: brought.candidates,
    };
    let choice = if work.scene.terms.is_set(field) && !planted!("set-replaced") { elements::choose(question) } else { question.choose() };
    let settled = match choice {
        Choice::Stays { put_back } => {
            stay(work, field, put_back, &brought.blanks);
            true
        }
        Choice::Takes { winner, others, put_back, reason } => {
            if back.is_some() {
                sometimes!("a value is taken back");
            }
            let reason = if back.is_some() { Reason::TakenBack } else { reason };
            take(work, field, winner, others, put_back, reason);
            true
        }
        Choice::Ask { among } => {
            ask(work, field, among, review);
            false
        }
        Choice::Waits { owner } => {
            work.frozen[field.0 as usize] = true;
            work.reasons[field.0 as usize] = Some(Reason::Waits { owner });
            work.look.note(owner, Some(field), NoteKind::Waits);
            false
        }
    };
    if settled {
        seen.extend(spoke.into_iter().chain(brought.blanks).map(|system| (field, system)));
        if let Some(review) = review {
            work.look.closed_reviews.push(review.id);
        }
    }
}

fn gather(work: &mut Work, field: FieldIx) -> Brought {
    let mut brought = Brought { candidates: Vec::new(), blanks: Vec::new(), parts: Vec::new() };
    let mut standing = Vec::new();
    for system in work.scene.terms.systems() {
        brought.parts.push(part(work, field, system));
        if !work.votes(system) || !work.scene.terms.access(field, system).reads() {
            continue;
        }
        let Some(value) = work.value(field, system).cloned() else { continue };
        let how = match work.decide(field, system) {
            Decision::Silent => continue,
            Decision::EditOnTop => How::OnTop,
            Decision::EditBeside => {
                sometimes!("an edit meets a value that was not delivered");
                How::Beside
            }
            Decision::Adoption if value.is_blank() && !planted!("blank-beats-value") => {
                sometimes!("a blank is met for the first time");
                brought.blanks.push(system);
                continue;
            }
            Decision::Adoption => How::Adoption,
            Decision::Quiet | Decision::Owed => {
                if fills(work, field, system, &value) {
                    sometimes!("a read-only cell fills a blank");
                    standing.push(candidate(work, field, system, How::Standing, value));
                }
                continue;
            }
            Decision::Agrees | Decision::ConvergedItself | Decision::Converged | Decision::Respelt => {
                if work.decide(field, system) == Decision::Converged {
                    sometimes!("the agreed value came back to a system");
                }
                if work.decide(field, system) == Decision::Respelt {
                    sometimes!("a value is spelt anew");
                }
                if work.decide(field, system) == Decision::ConvergedItself {
                    sometimes!("a system came to the agreed value by itself");
                }
                let shadow = agree(work, field, system, value);
                work.set_shadow(field, system, shadow);
                continue;
            }
        };
        let candidate = candidate(work, field, system, how, value);
        brought.candidates.push(candidate);
    }
    let cleared = !brought.candidates.is_empty() && brought.candidates.iter().all(|one| one.value.is_blank());
    if work.entity.agreed(field).is_blank() || cleared {
        brought.candidates.extend(standing);
    }
    brought
}

/// What the system can say of the field in general, whether it is heard in this look or not.
fn part(work: &Work, field: FieldIx, system: SystemIx) -> Part {
    let absent = match work.entity.live(system) {
        Some(link) => link.asleep || work.stand(system).silence == Some(Silence::Wall) || (link.beyond && !work.votes(system)),
        None => true,
    };
    if absent || !work.scene.terms.access(field, system).reads() {
        return Part::Absent;
    }
    let heard = work.votes(system) && work.value(field, system).is_some();
    if matches!(work.shadow(field, system), Shadow::Unknown) && !heard { Part::NeverRead } else { Part::Present }
}

/// A read-only cell of a ranked list fills a blank, and takes part in a clear, with what it shows, whenever it is read.
fn fills(work: &Work, field: FieldIx, system: SystemIx, value: &Value) -> bool {
    let ranked = matches!(work.scene.terms.wins(field), Wins::Ranks(ranks) if ranks.contains(&system));
    ranked && work.scene.terms.access(field, system) == Access::ReadOnly && !value.is_blank()
}

/// The shadow of a system that shows the form of the agreed value.
fn agree(work: &Work, field: FieldIx, system: SystemIx, value: Value) -> Shadow {
    let stands_for = work.entity.fact(field).map_or(Standing::Nothing, |fact| Standing::For(fact.value.clone()));
    let unchanged_at = match work.shadow(field, system) {
        Shadow::Known(known) => known.unchanged_at,
        Shadow::Unknown | Shadow::NoCell => None,
    };
    Shadow::Known(Known { seen: value, stands_for, confirmed: true, refused: None, unchanged_at })
}

fn candidate(work: &Work, field: FieldIx, system: SystemIx, how: How, value: Value) -> Candidate {
    let at = system.0 as usize;
    let link = work.entity.link(system);
    let (after, shadow) = match work.shadow(field, system) {
        Shadow::Known(known) => (known.unchanged_at.or(link.and_then(|link| link.unchanged_at)), Some(known.seen.clone())),
        Shadow::Unknown | Shadow::NoCell => (None, None),
    };
    let read_at = work.scene.read_at[at];
    let told = work.observation(system).and_then(|seen| seen.time).map(|time| shifted(time, -work.scene.offsets[at]));
    // A record whose modified time did not move with the value was changed at some time until now. Vendors cut their times to a second.
    let until = told.filter(|told| after.is_none_or(|after| shifted(*told, SKEW) >= after)).unwrap_or(read_at);
    let actor = work.observation(system).and_then(|seen| seen.actor.clone()).filter(|_| matches!(how, How::OnTop | How::Beside));
    // What stands there did not change just now: since when it does nobody knows.
    let after = after.filter(|_| how != How::Standing);
    Candidate { from: From::System { system, how }, value, changed: Interval { after, until }, shadow, actor }
}

fn stay(work: &mut Work, field: FieldIx, put_back: Vec<Candidate>, blanks: &[SystemIx]) {
    if let (Agreed::Unset, Some(first), true) = (&work.entity.hub[field.0 as usize], blanks.first(), put_back.is_empty()) {
        let changed = Interval { after: None, until: work.scene.read_at[first.0 as usize] };
        let fact = Fact { value: Value::Blank, origin: Origin::System(*first), changed };
        work.entity.hub[field.0 as usize] = Agreed::Set(fact);
    }
    let final_value = work.entity.agreed(field).clone();
    let put_back: Vec<Candidate> = put_back.into_iter().filter(|one| !agrees(work, field, one, &final_value)).collect();
    put_all_back(work, field, &put_back);
    if planted!("put-back-not-logged") {
        return;
    }
    log(work, field, &final_value, None, &put_back, None);
}

fn put_all_back(work: &mut Work, field: FieldIx, put_back: &[Candidate]) {
    for one in put_back {
        let Some(system) = one.system() else { continue };
        sometimes!("an edit is put back");
        let reason = if work.scene.terms.required(field) && one.value.is_blank() {
            sometimes!("a required blank is put back");
            Reason::Required { in_system: system }
        } else {
            Reason::PutBack { in_system: system }
        };
        work.put_back.push((field, system));
        work.look.note(system, Some(field), NoteKind::PutBack);
        let value = work.entity.agreed(field).clone();
        let was = work.entity.fact(field).map(|fact| fact.value.clone());
        work.look.decided.push(Decided { field, value, reason, was, spoke: vec![spoke(one, Fate::PutBack)] });
    }
}

fn spoke(one: &Candidate, fate: Fate) -> Spoke {
    let as_agreed = matches!(one.from, From::Agreed(_));
    Spoke { from: one.origin(), as_agreed, value: one.value.clone(), before: one.shadow.clone(), changed: one.changed, actor: one.actor.clone(), fate }
}

fn take(work: &mut Work, field: FieldIx, winner: Candidate, others: Vec<Candidate>, put_back: Vec<Candidate>, reason: Reason) {
    let value = finest(work, field, &winner, &others);
    let was = work.entity.fact(field).map(|fact| fact.value.clone());
    if others.len() > 1 {
        sometimes!("three candidates meet");
    }
    // The agreed value may win and turn out to be a finer one's form.
    let refined = work.entity.fact(field).is_some_and(|fact| !work.same(field, &fact.value, &value));
    if refined || winner.system().is_some() || winner.from == From::Person {
        if winner.from == From::Person {
            sometimes!("a person's value is taken");
        }
        if refined && matches!(winner.from, From::Agreed(_)) {
            sometimes!("the agreed value turns out to be a form of a finer one");
        }
        let fact = Fact { value: value.clone(), origin: winner.origin(), changed: winner.changed };
        work.entity.hub[field.0 as usize] = Agreed::Set(fact);
    }
    // What shows the very value that was taken has nothing to be put back.
    let put_back: Vec<Candidate> = put_back.into_iter().filter(|one| !agrees(work, field, one, &value)).collect();
    let losers: Vec<Candidate> = others.iter().filter(|one| !agrees(work, field, one, &value)).cloned().collect();
    let all_agree = losers.is_empty() && others.iter().any(|one| one.system().is_some());
    if all_agree && winner.system().is_some() {
        sometimes!("edits of several systems agree");
    }
    if matches!(winner.from, From::Agreed(_)) && !losers.is_empty() {
        sometimes!("the agreed value wins against an edit");
    }
    let reason = if all_agree && winner.from != From::Person { Reason::Agreed } else { reason };
    work.reasons[field.0 as usize] = Some(reason);
    // Values met alike need no reason kept for each: where they came from stands with the agreed value.
    let met = winner.is(How::Adoption) && others.iter().all(|one| one.is(How::Adoption));
    if !(met && losers.is_empty() && put_back.is_empty()) {
        let told = others.iter().map(|one| spoke(one, if losers.contains(one) { Fate::Lost } else { Fate::Agrees }));
        let told = std::iter::once(spoke(&winner, Fate::Taken)).chain(told).chain(put_back.iter().map(|one| spoke(one, Fate::PutBack)));
        work.look.decided.push(Decided { field, value: value.clone(), reason, was, spoke: told.collect() });
    }
    put_all_back(work, field, &put_back);
    let lost: Vec<Candidate> = losers.into_iter().chain(put_back).collect();
    log(work, field, &value, Some(&winner), &lost, Some(reason));
}

fn log(work: &mut Work, field: FieldIx, winner: &Value, taken: Option<&Candidate>, lost: &[Candidate], reason: Option<Reason>) {
    if lost.is_empty() || planted!("loser-not-logged") {
        return;
    }
    let loser = |one: &Candidate| Loser {
        system: one.system(),
        value: one.value.clone(),
        shadow: one.shadow.clone(),
        until: Some(one.changed.until),
        actor: one.actor.clone(),
    };
    let grade = match reason {
        Some(Reason::Latest { grade, .. }) => Some(grade.to_string()),
        Some(_) | None => None,
    };
    work.look.conflicts.push(Conflict {
        entity: work.entity.id,
        field,
        run: work.scene.run,
        at: work.scene.now,
        losers: lost.iter().map(loser).collect(),
        winner: winner.clone(),
        winner_system: taken.and_then(Candidate::system),
        winner_until: work.entity.fact(field).map(|fact| fact.changed.until),
        winner_actor: taken.and_then(|taken| taken.actor.clone()),
        policy: policy::worded(work.scene.terms, field),
        grade,
    });
}

/// Asks a person, or leaves it at what was asked before: answered or not, a question stands until a value is another one.
fn ask(work: &mut Work, field: FieldIx, among: Vec<Candidate>, asked: Option<&ReviewInput>) {
    work.frozen[field.0 as usize] = true;
    work.reasons[field.0 as usize] = Some(Reason::Asked);
    for system in among.iter().filter_map(Candidate::system).collect::<Vec<_>>() {
        work.look.note(system, Some(field), NoteKind::Asked);
    }
    let values: Vec<(Option<SystemIx>, Value)> = among.into_iter().map(|one| (one.system(), one.value)).collect();
    if let Some(ReviewInput { id, about: ReviewAbout::Conflict { values: before, .. }, .. }) = asked {
        let known = |(system, value): &(Option<SystemIx>, Value)| before.iter().any(|(of, said)| of == system && work.same(field, said, value));
        if values.iter().all(known) {
            sometimes!("a question about a value is open already");
            return;
        }
        work.look.closed_reviews.push(*id);
    }
    sometimes!("a person is asked about a value");
    let about = ReviewAbout::Conflict { field, values };
    work.look.reviews.push(NewReview { entity: Some(work.entity.id), about });
}
