//! A person's answer to a review: understood in the review's own terms, kept, and what it speaks of touched, so that the next look uses it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Handle;
use super::bell::Reading;
use crate::id::{ConflictId, EntityId, MappingName, RecordKey, ReviewId};
use crate::mapping::{FieldIx, SystemIx};
use crate::run::{Ground, Laid};
use crate::store::{Answer, Review, ReviewAbout, StoreError, Touch, Touched, Wake};
use crate::sync::entity::Entity;
use crate::system::SystemError;
use crate::value::Value;
use crate::value::kind::KindProblem;

/// An answer as people give it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// It is this entity.
    Link(i64),
    /// It is a new entity.
    New,
    /// Leave it as it is.
    Leave,
    /// The field's value: as text, or the name of the system whose value it is to be.
    Value(String),
    Delete,
    Keep,
    /// Write it again.
    Again,
    /// It is this record.
    Record(String),
}

/// Why an answer was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    #[error("{conflict} is not in the log, or its field left the mapping; `syncline conflicts` lists what is")]
    NoConflict { conflict: ConflictId },
    #[error("{conflict}: `{from}` lost no value there; it was lost by {losers}")]
    NotLost { conflict: ConflictId, from: String, losers: String },
    #[error("{conflict} is about a thing that has no record left; there is nowhere to write the value")]
    NoRecord { conflict: ConflictId },
    #[error("{system} has no record `{key}`; `syncline reviews` tells what to look for there")]
    NoSuchRecord { system: String, key: RecordKey },
    #[error("{system} {key} is {entity} already; if both are one thing, give them the same match fields")]
    Linked { system: String, key: RecordKey, entity: EntityId },
    #[error("the record cannot be read now; say it again when the system answers")]
    Unread(#[from] SystemError),
    #[error("{review} is not open; `syncline reviews` lists those that are")]
    NotOpen { review: ReviewId },
    #[error("{review} cannot be answered with `{said}`; it takes {takes}")]
    Other { review: ReviewId, said: &'static str, takes: &'static str },
    #[error("{review} offers e{entity} nowhere; it takes {offered}")]
    NotOffered { review: ReviewId, entity: i64, offered: String },
    #[error("the value does not fit the field `{field}`")]
    Value {
        field: String,
        #[source]
        source: KindProblem,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps the answer and touches what it speaks of. Returns the mapping that is to look.
///
/// # Errors
/// When the review is not open, the answer does not fit it, or the store fails.
pub async fn resolve(ground: &Ground, review: ReviewId, said: Said) -> Result<MappingName, ResolveError> {
    let open = ground.store.reviews(None, true).await?;
    let review = open.into_iter().find(|open| open.id == review).ok_or(ResolveError::NotOpen { review })?;
    let laid = ground.mappings.iter().find(|laid| laid.id == review.mapping).ok_or(ResolveError::NotOpen { review: review.id })?;
    let now = ground.clock.now();
    let answer = answer(laid, &review, said, now)?;
    let mut touched = touched(ground, laid, &review).await?;
    if let Answer::Record(key) = &answer {
        touched.push(named(ground, laid, &review, key).await?);
    }
    ground.store.answer(review.id, answer, now).await?;
    ground.store.touch(touched, None, now).await?;
    Ok(laid.mapping.name.clone())
}

impl Handle {
    /// Keeps the answer and wakes the mapping.
    ///
    /// # Errors
    /// As [`resolve`].
    pub async fn resolve(&self, review: ReviewId, said: Said) -> Result<MappingName, ResolveError> {
        let mapping = resolve(&self.shared.ground, review, said).await?;
        self.wake(&mapping, Wake::Person, Reading::Touched);
        Ok(mapping)
    }
}

fn answer(laid: &Laid, review: &Review, said: Said, now: Timestamp) -> Result<Answer, ResolveError> {
    let word = match &said {
        Said::Link(_) => "link",
        Said::New => "new",
        Said::Leave => "leave",
        Said::Value(_) => "value",
        Said::Delete => "delete",
        Said::Keep => "keep",
        Said::Again => "again",
        Said::Record(_) => "link",
    };
    // `17` is e17, where an entity is meant.
    let said = match (&review.about, said) {
        (ReviewAbout::Match { .. } | ReviewAbout::Join { .. }, Said::Record(text)) => text.parse().map_or(Said::Record(text), Said::Link),
        (_, said) => said,
    };
    let other = |takes| ResolveError::Other { review: review.id, said: word, takes };
    match (&review.about, said) {
        (ReviewAbout::Match { hits, .. }, Said::Link(entity)) if !hits.is_empty() && !hits.contains(&EntityId(entity)) => {
            let offered = hits.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            Err(ResolveError::NotOffered { review: review.id, entity, offered })
        }
        (ReviewAbout::Join { other, .. }, Said::Link(entity)) if EntityId(entity) != *other && Some(EntityId(entity)) != review.entity => {
            Err(ResolveError::NotOffered { review: review.id, entity, offered: other.to_string() })
        }
        (ReviewAbout::Match { .. } | ReviewAbout::Join { .. }, Said::Link(entity)) => Ok(Answer::Link(EntityId(entity))),
        (ReviewAbout::InDoubt { .. }, Said::Record(key)) => Ok(Answer::Record(RecordKey::new(key))),
        // A record's key may look like an entity.
        (ReviewAbout::InDoubt { .. }, Said::Link(entity)) => Ok(Answer::Record(RecordKey::new(EntityId(entity).to_string()))),
        (ReviewAbout::Match { .. } | ReviewAbout::InDoubt { .. }, Said::New) => Ok(Answer::New),
        (ReviewAbout::Conflict { field, values }, Said::Value(text)) => Ok(Answer::Value { value: value(laid, *field, values, &text)?, at: now }),
        (ReviewAbout::Delete { .. }, Said::Delete) => Ok(Answer::Delete),
        (ReviewAbout::Delete { .. }, Said::Keep) => Ok(Answer::Keep),
        (ReviewAbout::PingPong { .. } | ReviewAbout::Stuck { .. }, Said::Again) => Ok(Answer::Again),
        (_, Said::Leave) => Ok(Answer::Leave),
        (ReviewAbout::Match { .. }, _) => Err(other("`link <entity>`, `new` or `leave`")),
        (ReviewAbout::InDoubt { .. }, _) => Err(other("`link <record>`, `new` or `leave`")),
        (ReviewAbout::Conflict { .. }, _) => Err(other("`value <value>` or `leave`")),
        (ReviewAbout::Delete { .. }, _) => Err(other("`delete`, `keep` or `leave`")),
        (ReviewAbout::PingPong { .. } | ReviewAbout::Stuck { .. }, _) => Err(other("`again` or `leave`")),
        (ReviewAbout::Join { .. }, _) => Err(other("`link <entity>` or `leave`")),
        (ReviewAbout::Refused { .. }, _) => Err(other("`leave`")),
    }
}

/// What was shown is recognised as it was shown; anything else is read as the field's type.
pub(super) fn value(laid: &Laid, field: FieldIx, shown: &[(Option<SystemIx>, Value)], text: &str) -> Result<Value, ResolveError> {
    let named = |system: &Option<SystemIx>| system.is_some_and(|system| laid.mapping.system(system).name.as_str() == text);
    if let Some((_, value)) = shown.iter().find(|(system, value)| named(system) || value.to_string() == text) {
        return Ok(value.clone());
    }
    let field = laid.mapping.field(field);
    let zone = &laid.mapping.systems[0].zone;
    field.kind.read(text, zone).map_err(|source| ResolveError::Value { field: field.name.to_string(), source })
}

/// Every record of the entity is to be looked at.
pub(super) fn touch_all(laid: &Laid, entity: &Entity) -> Vec<Touch> {
    let links = entity.links.iter().enumerate();
    links.filter_map(|(at, link)| link.as_ref().map(|link| touch(laid, SystemIx(at as u16), &link.key, &link.identity))).collect()
}

async fn touched(ground: &Ground, laid: &Laid, review: &Review) -> Result<Vec<Touch>, ResolveError> {
    let mut touched = Vec::new();
    if let ReviewAbout::Match { system, key, identity, also, .. } = &review.about {
        touched.push(touch(laid, *system, key, identity));
        for (system, key) in also {
            let seat = laid.seat(*system);
            touched.push(touch(laid, *system, key, &seat.system.identity(&seat.object, key)));
        }
    }
    if let Some(entity) = review.entity {
        for loaded in ground.store.load(laid.id, &[entity]).await? {
            touched.extend(touch_all(laid, &loaded.entity));
        }
    }
    Ok(touched)
}

/// The record that a person says is what a write in doubt made: it is there, and nobody else's.
async fn named(ground: &Ground, laid: &Laid, review: &Review, key: &RecordKey) -> Result<Touch, ResolveError> {
    let not_open = || ResolveError::NotOpen { review: review.id };
    let (ReviewAbout::InDoubt { entry, .. }, Some(entity)) = (&review.about, review.entity) else { return Err(not_open()) };
    let entries = ground.store.journalled(laid.id, &[entity]).await?.pop().unwrap_or_default();
    let system = entries.iter().find(|one| one.id == *entry).ok_or_else(not_open)?.op.system;
    let (seat, name) = (laid.seat(system), laid.mapping.system(system).name.to_string());
    let identity = seat.system.identity(&seat.object, key);
    if let Some(entity) = ground.store.linked(laid.id, system, std::slice::from_ref(&identity)).await?.pop().flatten() {
        return Err(ResolveError::Linked { system: name, key: key.clone(), entity });
    }
    let got = seat.system.get(seat.read(), std::slice::from_ref(key)).await?;
    match got.into_iter().find_map(|got| got.record) {
        Some(record) => Ok(touch(laid, system, &record.key, &record.identity)),
        None => Err(ResolveError::NoSuchRecord { system: name, key: key.clone() }),
    }
}

fn touch(laid: &Laid, system: SystemIx, key: &crate::id::RecordKey, identity: &crate::id::RecordKey) -> Touch {
    Touch { mapping: laid.id, system, key: key.clone(), identity: identity.clone(), why: Touched::Person }
}
