//! Late match: two entities turn out to be one thing.

use std::cmp::Ordering;

use jiff::Timestamp;
use jiff::civil::Date;

use super::conflict::{Conflict, Loser};
use super::entity::{Agreed, Entity, Fact, FieldIx, Link, LinkState, Origin, Shadow, SystemIx};
use super::evidence;
use super::neighbours::{Neighbours, View};
use super::policy;
use super::review::ReviewAbout;
use super::terms::Terms;
use crate::id::{EntityId, RunId};
use crate::mapping::Wins;
use crate::plant::sometimes;
use crate::value::Value;

/// Two entities and what is known of their match.
#[derive(Clone, Copy)]
pub struct Pair<'a> {
    pub terms: &'a dyn Terms,
    pub one: &'a Entity,
    pub other: &'a Entity,
    /// Their match keys are equal and not blank, and no third entity has them.
    pub only_pair: bool,
    /// The match rule only proposes.
    pub asks: bool,
    /// A journal entry of either is open.
    pub entries_open: bool,
    /// A person said that they are one.
    pub agreed: bool,
    pub neighbours: &'a Neighbours,
    pub today: Date,
    pub now: Timestamp,
    pub run: RunId,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Join {
    /// The elder with both one's links; the other id becomes its alias.
    Joined { entity: Box<Entity>, alias: EntityId, conflicts: Vec<Conflict> },
    /// To be asked about the elder.
    Review { elder: EntityId, about: ReviewAbout },
}

/// Joins by itself only where nothing can be lost or doubled by it; else a person decides.
pub fn join(pair: &Pair) -> Join {
    let (elder, younger) = if pair.one.id <= pair.other.id { (pair.one, pair.other) } else { (pair.other, pair.one) };
    let review = |why: String| Join::Review { elder: elder.id, about: ReviewAbout::Join { other: younger.id, why } };
    if let Some(why) = objection(pair, elder, younger) {
        sometimes!("two things alike are a question");
        return review(why);
    }
    let mut joined = elder.clone();
    for (at, link) in younger.links.iter().enumerate() {
        if let Some(link) = link {
            joined.links[at] = Some(one_link(joined.links[at].take(), link));
        }
    }
    let mut conflicts = Vec::new();
    for field in pair.terms.fields() {
        match choose(pair, elder, younger, field) {
            Some(choice) => {
                if let Some(lost) = &choice.lost {
                    conflicts.push(conflict(pair, elder.id, field, &choice.kept, lost));
                }
                joined.hub[field.0 as usize] = choice.kept;
            }
            None if pair.agreed => speak_again(&mut joined, younger, field),
            None => return review(format!("they differ in `{}`, which a person decides", pair.terms.field_name(field))),
        }
    }
    sometimes!("two things turn out to be one");
    joined.closed = !joined.links.iter().flatten().any(|link| link.state.is_live());
    match would_delete(pair, &joined) {
        Some(system) if !pair.agreed => review(format!("as one they would leave {}", pair.terms.system_name(system))),
        Some(_) | None => Join::Joined { entity: Box::new(joined), alias: younger.id, conflicts },
    }
}

/// Why two entities cannot be one, whoever says so: one system, one record, and nobody but its users can make one of two.
pub fn apart(terms: &dyn Terms, one: &Entity, other: &Entity) -> Option<String> {
    let system = terms.systems().find(|system| one.live(*system).is_some() && other.live(*system).is_some())?;
    Some(format!("each has a record in {}; merge or delete one of them there first", terms.system_name(system)))
}

/// Why a person is asked before anything of them is compared.
fn objection(pair: &Pair, elder: &Entity, younger: &Entity) -> Option<String> {
    if let Some(why) = apart(pair.terms, elder, younger) {
        return Some(why);
    }
    if pair.agreed {
        return None;
    }
    if let Some(system) = pair.terms.systems().find(|system| elder.link(*system).is_some() && younger.link(*system).is_some()) {
        return Some(format!("each has or had a record in {}", pair.terms.system_name(system)));
    }
    let deletes = owes_delete(elder) || owes_delete(younger);
    match (pair.only_pair, pair.asks, pair.entries_open, deletes) {
        (false, ..) => Some("others have the same match fields, too".to_owned()),
        (_, true, ..) => Some("the match rule only proposes".to_owned()),
        (_, _, true, _) => Some("nobody knows yet whether a write of one of them was done".to_owned()),
        (.., true) => Some("one of them is to leave a system".to_owned()),
        (true, false, false, false) => None,
    }
}

/// The live one of two; the other's keys are those of records that stood here before.
fn one_link(elder: Option<Link>, younger: &Link) -> Link {
    let Some(elder) = elder else { return younger.clone() };
    sometimes!("two things that are one had a record each");
    let (mut stays, goes) = if elder.state.is_live() { (elder, younger.clone()) } else { (younger.clone(), elder) };
    stays.predecessors.extend(goes.predecessors);
    stays.predecessors.push(goes.key);
    stays
}

/// What the younger's records show is a candidate once more: the field's own policy asks about the values.
fn speak_again(joined: &mut Entity, younger: &Entity, field: FieldIx) {
    for (link, came) in joined.links.iter_mut().zip(&younger.links) {
        if let (Some(link), Some(_)) = (link, came)
            && link.shadows[field.0 as usize] != Shadow::NoCell
        {
            link.shadows[field.0 as usize] = Shadow::Unknown;
        }
    }
}

fn owes_delete(entity: &Entity) -> bool {
    entity.links.iter().flatten().any(|link| matches!(link.state, LinkState::Owed(_)))
}

fn would_delete(pair: &Pair, joined: &Entity) -> Option<SystemIx> {
    let view = View { entity: joined, neighbours: pair.neighbours, today: pair.today, forgiven: &[] };
    let leaves = |system: SystemIx| {
        let inside = joined.live(system).is_some_and(|link| link.inside && !link.kept);
        inside && pair.terms.walled(system) && !pair.terms.inside_wall(system, &view)
    };
    pair.terms.systems().find(|system| leaves(*system))
}

struct Kept {
    kept: Agreed,
    lost: Option<Fact>,
}

/// `None`: only a person can tell.
fn choose(pair: &Pair, elder: &Entity, younger: &Entity, field: FieldIx) -> Option<Kept> {
    let (a, b) = match (elder.fact(field), younger.fact(field)) {
        (None, None) => return Some(Kept { kept: Agreed::Unset, lost: None }),
        (Some(one), None) | (None, Some(one)) => return Some(Kept { kept: Agreed::Set(one.clone()), lost: None }),
        (Some(a), Some(b)) => (a, b),
    };
    if pair.terms.same(field, &a.value, &b.value) || b.value.is_blank() {
        return Some(Kept { kept: Agreed::Set(a.clone()), lost: None });
    }
    if a.value.is_blank() {
        return Some(Kept { kept: Agreed::Set(b.clone()), lost: None });
    }
    if pair.terms.formulas().contains(&field) {
        // Computed anew by the next look.
        return Some(Kept { kept: Agreed::Set(a.clone()), lost: None });
    }
    let owned = pair.terms.owner(field, &View { entity: elder, neighbours: pair.neighbours, today: pair.today, forgiven: &[] }).map(Wins::Owner);
    let newest = || evidence::newest(&[a.changed, b.changed], |at| order(if at == 0 { a } else { b })).is_none_or(|(at, _)| at == 0);
    let first = match owned.as_ref().unwrap_or_else(|| pair.terms.wins(field)) {
        Wins::Ask => return None,
        Wins::Owner(owner) if elder.live(*owner).is_some() => true,
        Wins::Owner(owner) if younger.live(*owner).is_some() => false,
        Wins::Ranks(ranks) if rank(ranks, a) != rank(ranks, b) => rank(ranks, a) < rank(ranks, b),
        Wins::Highest => pair.terms.compare(field, &a.value, &b.value) != Some(Ordering::Less),
        Wins::Lowest => pair.terms.compare(field, &a.value, &b.value) != Some(Ordering::Greater),
        Wins::First => !newest(),
        Wins::Owner(_) | Wins::Ranks(_) | Wins::Latest(_) | Wins::Lines(_) => newest(),
    };
    sometimes!("two things that are one differ");
    let (kept, lost) = if first { (a, b) } else { (b, a) };
    Some(Kept { kept: Agreed::Set(kept.clone()), lost: Some(lost.clone()) })
}

fn rank(ranks: &[SystemIx], fact: &Fact) -> usize {
    match fact.origin {
        Origin::System(system) => ranks.iter().position(|one| *one == system).unwrap_or(ranks.len()),
        Origin::Person | Origin::Rule | Origin::Formula => ranks.len(),
    }
}

fn order(fact: &Fact) -> usize {
    match fact.origin {
        Origin::System(system) => system.0 as usize + 1,
        Origin::Person | Origin::Rule | Origin::Formula => 0,
    }
}

fn conflict(pair: &Pair, entity: EntityId, field: FieldIx, kept: &Agreed, lost: &Fact) -> Conflict {
    let system = |origin: Origin| match origin {
        Origin::System(system) => Some(system),
        Origin::Person | Origin::Rule | Origin::Formula => None,
    };
    let (winner, winner_system, winner_until) = match kept {
        Agreed::Set(fact) => (fact.value.clone(), system(fact.origin), Some(fact.changed.until)),
        Agreed::Unset => (Value::Blank, None, None),
    };
    Conflict {
        entity,
        field,
        run: pair.run,
        at: pair.now,
        losers: vec![Loser { system: system(lost.origin), value: lost.value.clone(), shadow: None, until: Some(lost.changed.until), actor: None }],
        winner,
        winner_system,
        winner_until,
        winner_actor: None,
        policy: policy::worded(pair.terms, field),
        grade: None,
    }
}
