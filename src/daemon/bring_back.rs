//! A value that lost a conflict, brought back by a person: from then on it is the person's own word, planned in the next run like any edit.

use serde::{Deserialize, Serialize};

use super::Handle;
use super::bell::Reading;
use super::resolve::{self, ResolveError};
use crate::id::{ConflictId, MappingName};
use crate::run::{Ground, Laid};
use crate::store::{Answer, Logged, Loser, NewReview, Page, ReviewAbout, Wake};
use crate::value::Value;

/// How people name the value that was agreed before the conflict.
pub const AGREED: &str = "agreed";

/// Which value is to be the field's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Taking {
    /// What this system showed, or [`AGREED`].
    From(String),
    /// This one, as text.
    Value(String),
}

/// Keeps the value as a person's word and touches what it is about. Returns the mapping that is to look.
///
/// # Errors
/// When the conflict is not in the log, nobody lost such a value there, or the store fails.
pub async fn bring_back(ground: &Ground, id: ConflictId, taking: Taking) -> Result<MappingName, ResolveError> {
    let (laid, logged) = find(ground, id).await?;
    let conflict = &logged.conflict;
    let value = match taking {
        Taking::From(from) => lost(laid, &logged, &from)?,
        Taking::Value(text) => resolve::value(laid, conflict.field, &[], &text)?,
    };
    let loaded = ground.store.load(laid.id, &[conflict.entity]).await?.pop().ok_or(ResolveError::NoConflict { conflict: id })?;
    if loaded.entity.closed {
        return Err(ResolveError::NoRecord { conflict: id });
    }
    let now = ground.clock.now();
    let touched = resolve::touch_all(laid, &loaded.entity);
    let answer = Answer::Value { value: value.clone(), at: now };
    // A question that is open about the field has its answer herewith.
    let asked = loaded.reviews.iter().find(|review| matches!(review.about, ReviewAbout::Conflict { field, .. } if field == conflict.field));
    match asked {
        Some(review) => {
            ground.store.answer(review.id, answer, now).await?;
            ground.store.touch(touched, None, now).await?;
        }
        None => {
            let about = ReviewAbout::Conflict { field: conflict.field, values: vec![(None, value)] };
            ground.store.say(laid.id, vec![(NewReview { entity: Some(loaded.entity.id), about }, answer)], touched, now).await?;
        }
    }
    Ok(laid.mapping.name.clone())
}

async fn find(ground: &Ground, id: ConflictId) -> Result<(&Laid, Logged), ResolveError> {
    for laid in &ground.mappings {
        let page = Page { entity: None, before: id.0.checked_add(1), limit: 1 };
        if let Some(logged) = ground.store.conflict_log(laid.id, page).await?.pop().filter(|logged| logged.id == id) {
            return Ok((laid, logged));
        }
    }
    Err(ResolveError::NoConflict { conflict: id })
}

fn lost(laid: &Laid, logged: &Logged, from: &str) -> Result<Value, ResolveError> {
    let name = |loser: &Loser| loser.system.map_or(AGREED, |system| laid.mapping.system(system).name.as_str()).to_owned();
    let losers = &logged.conflict.losers;
    match losers.iter().find(|loser| name(loser) == from) {
        Some(loser) => Ok(loser.value.clone()),
        None => Err(ResolveError::NotLost { conflict: logged.id, from: from.to_owned(), losers: losers.iter().map(name).collect::<Vec<_>>().join(", ") }),
    }
}

impl Handle {
    /// Keeps the value and wakes the mapping.
    ///
    /// # Errors
    /// As [`bring_back`].
    pub async fn bring_back(&self, conflict: ConflictId, taking: Taking) -> Result<MappingName, ResolveError> {
        let mapping = bring_back(&self.shared.ground, conflict, taking).await?;
        self.wake(&mapping, Wake::Person, Reading::Touched);
        Ok(mapping)
    }
}
