//! Late matches: entities that have a match key in common turn out to be one thing. They become one before they are looked at, or a person is asked.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::RunError;
use super::ground::{Ground, Laid};
use super::neighbours;
use super::observe::Gathered;
use super::prepare::{self, Prepared};
use super::source::Slice;
use super::unlinked::Placed;
use super::{commit, keys};
use crate::id::{EntityId, RecordKey, ReviewId, RunId};
use crate::mapping::SystemIx;
use crate::mapping::matching::MatchKey;
use crate::plant::sometimes;
use crate::store::{Answer, Conflict, Hit, Merged, NewReview, ReviewAbout, Touch, Touched, WaitingWhy};
use crate::sync::entity::Entity;
use crate::sync::join::{Join, Pair, apart, join as join_two};
use crate::sync::op::EntryState;
use crate::sync::scene::Sight;
use crate::sync::terms::Terms;

/// What late matches brought to an entity, to be stored with its look.
#[derive(Clone, Debug, Default)]
pub struct Late {
    /// Entities that it is the same thing as: their ids become its aliases.
    pub joined: Vec<EntityId>,
    pub lost: Vec<Conflict>,
    /// Questions that this answers.
    pub answered: Vec<ReviewId>,
    /// A value it shows would be another entity's key: nothing is made beside that one until it is clear which value stays.
    pub near: bool,
}

/// An entity that may be what others are.
struct Suspect {
    entity: EntityId,
    /// Whether the first rule that hits others only proposes, and whom it hits.
    asks: bool,
    others: BTreeSet<EntityId>,
    /// Whom it would hit by what its records show and nobody agreed to yet.
    near: BTreeSet<EntityId>,
}

/// The entities of a round, so that those joined can leave it.
struct Room<'a> {
    ground: &'a Ground,
    laid: &'a Laid,
    gathered: &'a mut Gathered,
    placed: &'a mut Placed,
    slots: Vec<Option<Prepared>>,
    places: HashMap<EntityId, usize>,
    /// What was joined in this round, and what it is now: the store knows nothing of it yet.
    joined: HashMap<EntityId, EntityId>,
}

/// Joins what can be joined by itself or was agreed to, asks about the rest, and holds creates beside it.
pub async fn join(ground: &Ground, laid: &Laid, gathered: &mut Gathered, prepared: &mut Vec<Prepared>, placed: &mut Placed) -> Result<(), RunError> {
    let suspects = suspects(ground, laid, prepared).await?;
    if suspects.is_empty() {
        return Ok(());
    }
    let slots: Vec<Option<Prepared>> = std::mem::take(prepared).into_iter().map(Some).collect();
    let places = slots.iter().flatten().enumerate().map(|(at, prepared)| (prepared.entity.id, at)).collect();
    let mut room = Room { ground, laid, gathered, placed, slots, places, joined: HashMap::new() };
    for suspect in suspects {
        room.settle(suspect).await?;
    }
    prepared.extend(room.slots.into_iter().flatten());
    Ok(())
}

/// Entities whose keys hit others, and those about which it is or was asked.
async fn suspects(ground: &Ground, laid: &Laid, prepared: &[Prepared]) -> Result<Vec<Suspect>, RunError> {
    let known = || prepared.iter().filter(|prepared| prepared.before.is_some());
    let keys: Vec<(Vec<MatchKey>, Vec<MatchKey>)> = known().map(|prepared| keys(laid, prepared)).collect();
    let all: Vec<MatchKey> = keys.iter().flat_map(|(agreed, shown)| agreed.iter().chain(shown)).cloned().collect();
    let mut hits = if all.is_empty() { Vec::new() } else { ground.store.hits(laid.id, &all).await? }.into_iter();
    let mut suspects = Vec::new();
    for (prepared, (agreed, shown)) in known().zip(keys) {
        let id = prepared.entity.id;
        let mut suspect = Suspect { entity: id, asks: false, others: BTreeSet::new(), near: BTreeSet::new() };
        for key in &agreed {
            let others = entities(hits.next(), id);
            if suspect.others.is_empty() && !others.is_empty() {
                suspect.asks = laid.mapping.match_rules()[usize::from(key.rule)].ask;
                suspect.others = others;
            }
        }
        for _ in shown {
            suspect.near.extend(entities(hits.next(), id));
        }
        let asked = prepared.reviews.iter().any(|review| matches!(review.about, ReviewAbout::Join { .. }));
        if asked || !suspect.others.is_empty() || !suspect.near.is_empty() {
            suspects.push(suspect);
        }
    }
    Ok(suspects)
}

/// The match keys of the agreed values, and those that only what its records show would give.
fn keys(laid: &Laid, prepared: &Prepared) -> (Vec<MatchKey>, Vec<MatchKey>) {
    let agreed = keys::agreed(laid, &prepared.entity);
    let mut shown = keys::all(laid, prepared);
    shown.retain(|key| !agreed.contains(key));
    (agreed, shown)
}

fn entities(hits: Option<Vec<Hit>>, but: EntityId) -> BTreeSet<EntityId> {
    let entity = |hit| match hit {
        Hit::Entity(entity) if entity != but => Some(entity),
        Hit::Entity(_) | Hit::Waiting { .. } => None,
    };
    hits.into_iter().flatten().filter_map(entity).collect()
}

/// What a person was asked about two entities, and said.
struct Asked {
    review: ReviewId,
    answer: Option<Answer>,
}

impl Room<'_> {
    async fn settle(&mut self, mut suspect: Suspect) -> Result<(), RunError> {
        let Some(at) = self.places.get(&suspect.entity).copied() else { return Ok(()) };
        self.questions(at, &mut suspect).await?;
        for known in [&mut suspect.others, &mut suspect.near] {
            *known = known.iter().map(|id| self.is_now(*id)).filter(|id| *id != suspect.entity).collect();
        }
        if let Some(eldest) = suspect.others.first().copied() {
            self.pair(suspect.entity, eldest, &suspect).await?;
        }
        let Some(at) = self.places.get(&suspect.entity).copied() else { return Ok(()) };
        for near in suspect.near {
            let other = self.other(near).await?;
            sometimes!("what a record shows would be another's key");
            self.hold(at, &other.entity, true);
        }
        Ok(())
    }

    /// Open questions: what was agreed to is a pair, whatever the keys say by now; what nobody needs to answer any more is closed.
    async fn questions(&mut self, at: usize, suspect: &mut Suspect) -> Result<(), RunError> {
        let Some(prepared) = &self.slots[at] else { return Ok(()) };
        let alike = suspect.others.clone();
        let in_doubt = prepared.entries.iter().any(|entry| entry.state == EntryState::Review);
        for review in prepared.reviews.clone() {
            let ReviewAbout::Join { other, .. } = review.about else { continue };
            let other = self.ground.store.resolve_alias(other).await?;
            match review.answer {
                Some(Answer::Link(_)) if other != suspect.entity => suspect.others = BTreeSet::from([other]),
                None | Some(Answer::Leave) if other != suspect.entity && (in_doubt || alike.contains(&other)) => {}
                Some(Answer::Leave) => self.placed.closed.push(review.id),
                Some(_) if other != suspect.entity => {}
                Some(_) | None => self.placed.closed.push(review.id),
            }
        }
        Ok(())
    }

    async fn pair(&mut self, id: EntityId, other: EntityId, suspect: &Suspect) -> Result<(), RunError> {
        let (one, mut two) = (self.other(id).await?, self.other(other).await?);
        let asked = asked(&one, &two).or_else(|| asked(&two, &one));
        if matches!(asked, Some(Asked { answer: Some(Answer::Leave), .. })) {
            return Ok(());
        }
        let agreed = matches!(asked, Some(Asked { answer: Some(Answer::Link(_)), .. }));
        // Asked when the key moved; that two whole entities are alike in one rule is no news later.
        if asked.is_none() && apart(&*self.laid.mapping, &one.entity, &two.entity).is_some() {
            return Ok(());
        }
        let neighbours = neighbours::fetch(self.ground, self.laid, &[one.clone(), two.clone()]).await?;
        let joined = join_two(&Pair {
            terms: &*self.laid.mapping,
            one: &one.entity,
            other: &two.entity,
            only_pair: suspect.others.len() == 1 && self.hits_of(&two).await? == BTreeSet::from([id]),
            asks: suspect.asks,
            entries_open: !one.entries.is_empty() || !two.entries.is_empty(),
            agreed,
            neighbours: &neighbours,
            today: self.ground.today(),
            now: self.ground.clock.now(),
            // Known when it is stored.
            run: RunId(0),
        });
        match joined {
            Join::Joined { entity, alias, conflicts } => {
                if !self.places.contains_key(&other) {
                    prepare::give_fresh(self.laid, self.gathered, &mut two, self.ground.clock.now());
                    prepare::read_rest(self.ground, self.laid, self.gathered, std::slice::from_mut(&mut two)).await?;
                }
                let (elder, younger) = if one.entity.id == alias { (two, one) } else { (one, two) };
                self.put(one_of(elder, younger, *entity, conflicts, asked), alias);
            }
            Join::Review { elder, about } => {
                if agreed {
                    sometimes!("an agreed join cannot be carried out");
                }
                // An answer that cannot be carried out is asked for again, with the reason.
                if let Some(Asked { review, .. }) = asked.as_ref().filter(|_| agreed) {
                    self.placed.closed.push(*review);
                }
                if agreed || asked.is_none() {
                    self.placed.ask(NewReview { entity: Some(elder), about });
                }
                for (of, beside) in [(id, &two.entity), (other, &one.entity)] {
                    if let Some(at) = self.places.get(&of).copied() {
                        self.hold(at, beside, false);
                    }
                }
            }
        }
        Ok(())
    }

    fn is_now(&self, mut id: EntityId) -> EntityId {
        while let Some(next) = self.joined.get(&id) {
            sometimes!("a third thing turns out to be one with two that were just joined");
            id = *next;
        }
        id
    }

    /// An entity of the round, or one of the store as it is there.
    async fn other(&self, id: EntityId) -> Result<Prepared, RunError> {
        if let Some(prepared) = self.places.get(&id).and_then(|at| self.slots[*at].clone()) {
            return Ok(prepared);
        }
        let mut loaded = self.ground.store.load(self.laid.id, &[id]).await?;
        let loaded = loaded.pop().expect("a load answers for each id or fails");
        Ok(Prepared::loaded(self.laid, loaded, self.ground.clock.now()))
    }

    /// All that hit the entity's own keys: there must be no third one.
    async fn hits_of(&self, of: &Prepared) -> Result<BTreeSet<EntityId>, RunError> {
        let hits = self.ground.store.hits(self.laid.id, &keys::agreed(self.laid, &of.entity)).await?;
        let hits = hits.into_iter().flat_map(|hits| entities(Some(hits), of.entity.id));
        Ok(hits.map(|id| self.is_now(id)).filter(|id| *id != of.entity.id).collect())
    }

    /// One takes the place of both.
    fn put(&mut self, one: Prepared, alias: EntityId) {
        self.joined.insert(alias, one.entity.id);
        let gone = self.places.remove(&alias);
        if let Some(gone) = gone {
            self.slots[gone] = None;
        }
        let id = one.entity.id;
        let free = gone.filter(|_| !self.places.contains_key(&id));
        let at = self.places.get(&id).copied().or(free).expect("one of the two is in the round");
        self.slots[at] = Some(one);
        self.places.insert(id, at);
    }

    /// No create beside the records of what may be the same thing.
    fn hold(&mut self, at: usize, beside: &Entity, near: bool) {
        let Some(prepared) = &mut self.slots[at] else { return };
        prepared.waiting.extend(self.laid.mapping.systems_ix().filter(|system| beside.link(*system).is_some()));
        prepared.late.near |= near;
    }
}

fn asked(one: &Prepared, other: &Prepared) -> Option<Asked> {
    let about = |about: &ReviewAbout| matches!(about, ReviewAbout::Join { other: id, .. } if *id == other.entity.id);
    one.reviews.iter().find(|review| about(&review.about)).map(|review| Asked { review: review.id, answer: review.answer.clone() })
}

/// The elder with what is known of both.
fn one_of(mut elder: Prepared, younger: Prepared, entity: Entity, lost: Vec<Conflict>, asked: Option<Asked>) -> Prepared {
    elder.fetched.extend(younger.fetched);
    elder.displaced.extend(younger.displaced);
    let sights = younger.sights.into_iter().zip(younger.read_at).zip(younger.entity.links);
    for (at, ((sight, read_at), link)) in sights.enumerate() {
        let takes = link.is_some_and(|link| entity.links[at].as_ref().is_some_and(|joined| joined.identity == link.identity));
        let displaced = if takes { &elder.sights[at] } else { &sight };
        if matches!(displaced, Sight::Live(_)) {
            elder.displaced.push(SystemIx(at as u16));
        }
        if takes {
            (elder.sights[at], elder.read_at[at]) = (sight, read_at);
        }
    }
    elder.entries.extend(younger.entries.into_iter().map(|mut entry| {
        entry.op.entity = entity.id;
        entry
    }));
    elder.entity = entity;
    elder.late.joined.push(younger.entity.id);
    elder.late.joined.extend(younger.late.joined);
    elder.late.lost.extend(lost.into_iter().chain(younger.late.lost));
    elder.late.answered.extend(asked.map(|asked| asked.review).into_iter().chain(younger.late.answered));
    elder.reviews.extend(younger.reviews);
    elder.since = elder.since.into_iter().chain(younger.since).min();
    elder.waiting.extend(younger.waiting);
    elder.hints.extend(younger.hints);
    elder
}

/// An entity with the match keys that a look gave it.
pub struct Moved {
    entity: Entity,
    keys: Vec<MatchKey>,
}

/// Of what is about to be stored: the entities that are new under some match key.
pub fn moved(laid: &Laid, merged: &[Merged]) -> Vec<Moved> {
    let new = |merged: &Merged| {
        let before = merged.before.as_ref().map(|before| keys::agreed(laid, before)).unwrap_or_default();
        let keys: Vec<MatchKey> = merged.keys.iter().flatten().filter(|key| !before.contains(key)).cloned().collect();
        (!keys.is_empty()).then(|| Moved { entity: merged.after.clone(), keys })
    };
    merged.iter().filter_map(new).collect()
}

/// Once they are stored: entities that may be what others are, and records that wait under their keys, are touched, so that the next look joins them.
/// What cannot be one is asked about now, since only a moved key makes it a question. Returns how many were asked.
pub async fn tell(ground: &Ground, laid: &Laid, slice: &Slice, moved: Vec<Moved>) -> Result<u64, RunError> {
    let (touches, reviews) = match slice.blank {
        true => (under(laid, slice, &moved), Vec::new()),
        false => hit(ground, laid, moved).await?,
    };
    let now = ground.clock.now();
    if !touches.is_empty() {
        ground.store.touch(touches, None, now).await?;
    }
    let asked = reviews.len() as u64;
    for review in reviews {
        ground.store.open_review(laid.id, review, now).await?;
    }
    Ok(asked)
}

async fn hit(ground: &Ground, laid: &Laid, moved: Vec<Moved>) -> Result<(Vec<Touch>, Vec<NewReview>), RunError> {
    let (mut touches, mut reviews) = (Vec::new(), Vec::new());
    let keys: Vec<MatchKey> = moved.iter().flat_map(|moved| moved.keys.iter().cloned()).collect();
    if keys.is_empty() {
        return Ok((touches, reviews));
    }
    let mut hits = ground.store.hits(laid.id, &keys).await?.into_iter();
    for moved in moved {
        let mut others = BTreeSet::new();
        for hits in hits.by_ref().take(moved.keys.len()) {
            touches.extend(hits.iter().filter_map(|hit| match hit {
                Hit::Waiting { system, identity, key } => Some(waiting(laid, *system, identity, key)),
                Hit::Entity(_) => None,
            }));
            others.extend(entities(Some(hits), moved.entity.id));
        }
        if others.is_empty() {
            continue;
        }
        let others: Vec<EntityId> = others.into_iter().collect();
        for other in ground.store.load(laid.id, &others).await? {
            match apart(&*laid.mapping, &moved.entity, &other.entity) {
                Some(why) => {
                    let (elder, younger) = (moved.entity.id.min(other.entity.id), moved.entity.id.max(other.entity.id));
                    reviews.push(NewReview { entity: Some(elder), about: ReviewAbout::Join { other: younger, why } });
                }
                None => touches.extend(commit::touch_of(laid, &moved.entity)),
            }
        }
    }
    Ok((touches, reviews))
}

/// A first match grouped the entities already; records that wait lie in the slice of those that they match.
fn under(laid: &Laid, slice: &Slice, moved: &[Moved]) -> Vec<Touch> {
    if slice.placed.waiting.is_empty() {
        return Vec::new();
    }
    let keys: HashSet<(u16, &str)> = moved.iter().flat_map(|moved| &moved.keys).map(|key| (key.rule, key.text.as_str())).collect();
    let matches = |keys_of: &[MatchKey]| keys_of.iter().any(|key| keys.contains(&(key.rule, key.text.as_str())));
    let found = slice.placed.waiting.iter().filter(|waiting| matches(&waiting.keys) && waiting.why == WaitingWhy::StartsNever);
    found.map(|found| waiting(laid, found.system, &found.identity, &found.key)).collect()
}

fn waiting(laid: &Laid, system: SystemIx, identity: &RecordKey, key: &RecordKey) -> Touch {
    Touch { mapping: laid.id, system, identity: identity.clone(), key: key.clone(), why: Touched::Reference }
}
