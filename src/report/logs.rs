//! What lost and what was refused, as lists that can be narrowed: by mapping, field, system, time and thing.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{Kept, label};
use crate::id::EntityId;
use crate::mapping::{FieldIx, Mapping, SystemIx};
use crate::store::{Letter, Logged, Page, Store, StoreError};

/// Rows of a log that are read at once.
const PAGE: usize = 500;

/// What to list.
#[derive(Clone, Debug, Default)]
pub struct Narrow {
    pub entity: Option<EntityId>,
    pub field: Option<String>,
    pub system: Option<String>,
    pub since: Option<Timestamp>,
    /// At most so many of each mapping.
    pub limit: usize,
}

/// A conflict, in words.
#[derive(Clone, Debug, Serialize)]
pub struct ConflictTold {
    pub conflict: String,
    pub mapping: String,
    pub entity: String,
    pub label: String,
    /// Its records, as `system key`.
    pub records: Vec<String>,
    pub field: String,
    pub run: String,
    pub at: Timestamp,
    pub won: ValueTold,
    pub lost: Vec<ValueTold>,
    /// The policy that decided, as the mapping's file said it then.
    pub policy: String,
    /// How sure *newest* was.
    pub evidence: Option<String>,
}

/// One side of a conflict.
#[derive(Clone, Debug, Serialize)]
pub struct ValueTold {
    /// A system, or `agreed` for what was agreed before.
    pub by: String,
    pub value: String,
    /// What its system showed before.
    pub before: Option<String>,
    /// When it was changed, at the latest.
    pub until: Option<Timestamp>,
    /// Who typed it, where the vendor tells.
    pub actor: Option<String>,
}

/// A dead letter, in words.
#[derive(Clone, Debug, Serialize)]
pub struct LetterTold {
    pub dead_letter: String,
    pub mapping: String,
    pub entity: String,
    pub label: String,
    pub records: Vec<String>,
    pub system: String,
    pub code: String,
    pub message: String,
    pub fields: Vec<String>,
    pub at: Timestamp,
    pub age_s: i64,
}

/// Conflicts of a mapping, the newest first; and whether there are more.
///
/// # Errors
/// When the store cannot be read.
pub async fn conflicts(store: &dyn Store, kept: &Kept, narrow: &Narrow) -> Result<(Vec<ConflictTold>, bool), StoreError> {
    let mapping = &*kept.mapping;
    let (mut told, mut before, mut names) = (Vec::new(), None, Names::default());
    loop {
        let page = store.conflict_log(kept.id, Page { entity: narrow.entity, before, limit: PAGE }).await?;
        let Some(last) = page.last().map(|one| one.id.0) else { return Ok((told, false)) };
        let whole = page.len() == PAGE;
        for one in page {
            if narrow.since.is_some_and(|since| one.conflict.at < since) {
                return Ok((told, false));
            }
            let systems: Vec<SystemIx> = one.conflict.losers.iter().map(|loser| loser.system).chain([one.conflict.winner_system]).flatten().collect();
            if !narrow.fits(mapping, &[one.conflict.field], &systems) {
                continue;
            }
            if told.len() == narrow.limit {
                return Ok((told, true));
            }
            let (label, records) = names.of(store, kept, one.conflict.entity).await?;
            told.push(conflict(mapping, &one, label, records));
        }
        if !whole {
            return Ok((told, false));
        }
        before = Some(last);
    }
}

/// Open dead letters of a mapping, the newest first; and whether there are more.
///
/// # Errors
/// When the store cannot be read.
pub async fn dead_letters(store: &dyn Store, kept: &Kept, narrow: &Narrow, now: Timestamp) -> Result<(Vec<LetterTold>, bool), StoreError> {
    let mapping = &*kept.mapping;
    let (mut told, mut before, mut names) = (Vec::new(), None, Names::default());
    loop {
        let page = store.dead_letter_log(kept.id, Page { entity: narrow.entity, before, limit: PAGE }).await?;
        let Some(last) = page.last().map(|one| one.id.0) else { return Ok((told, false)) };
        let whole = page.len() == PAGE;
        for one in page {
            if narrow.since.is_some_and(|since| one.letter.at < since) {
                return Ok((told, false));
            }
            if !narrow.fits(mapping, &one.letter.fields, &[one.letter.system]) {
                continue;
            }
            if told.len() == narrow.limit {
                return Ok((told, true));
            }
            let (label, records) = names.of(store, kept, one.letter.entity).await?;
            told.push(letter(mapping, &one, label, records, now));
        }
        if !whole {
            return Ok((told, false));
        }
        before = Some(last);
    }
}

impl Narrow {
    /// Whether one of these fields and one of these systems is wanted.
    pub fn fits(&self, mapping: &Mapping, fields: &[FieldIx], systems: &[SystemIx]) -> bool {
        let field = |wanted: &String| fields.iter().any(|field| mapping.field(*field).name.as_str() == wanted);
        let system = |wanted: &String| systems.iter().any(|system| mapping.system(*system).name.as_str() == wanted);
        self.field.as_ref().is_none_or(field) && self.system.as_ref().is_none_or(system)
    }
}

/// Labels and records of entities, read once each.
#[derive(Default)]
struct Names(HashMap<EntityId, (String, Vec<String>)>);

impl Names {
    async fn of(&mut self, store: &dyn Store, kept: &Kept, id: EntityId) -> Result<(String, Vec<String>), StoreError> {
        if let Some(known) = self.0.get(&id) {
            return Ok(known.clone());
        }
        let loaded = store.load(kept.id, &[id]).await?;
        let told = loaded.first().map_or_else(Default::default, |loaded| {
            let named = |system| Some(format!("{} {}", kept.mapping.system(system).name, loaded.entity.link(system)?.key));
            (label(&kept.mapping, &loaded.entity), kept.mapping.systems_ix().filter_map(named).collect())
        });
        Ok(self.0.entry(id).or_insert(told).clone())
    }
}

fn conflict(mapping: &Mapping, one: &Logged, label: String, records: Vec<String>) -> ConflictTold {
    let of = &one.conflict;
    let by = |system: Option<SystemIx>| system.map_or_else(|| "agreed".to_owned(), |system| mapping.system(system).name.to_string());
    let lost = of.losers.iter().map(|loser| ValueTold {
        by: by(loser.system),
        value: loser.value.to_string(),
        before: loser.shadow.as_ref().map(ToString::to_string),
        until: loser.until,
        actor: loser.actor.as_ref().map(ToString::to_string),
    });
    ConflictTold {
        conflict: one.id.to_string(),
        mapping: mapping.name.to_string(),
        entity: of.entity.to_string(),
        label,
        records,
        field: mapping.field(of.field).name.to_string(),
        run: of.run.to_string(),
        at: of.at,
        won: ValueTold {
            by: by(of.winner_system),
            value: of.winner.to_string(),
            before: None,
            until: of.winner_until,
            actor: of.winner_actor.as_ref().map(ToString::to_string),
        },
        lost: lost.collect(),
        policy: of.policy.clone(),
        evidence: of.grade.clone(),
    }
}

fn letter(mapping: &Mapping, one: &Letter, label: String, records: Vec<String>, now: Timestamp) -> LetterTold {
    let of = &one.letter;
    LetterTold {
        dead_letter: one.id.to_string(),
        mapping: mapping.name.to_string(),
        entity: of.entity.to_string(),
        label,
        records,
        system: mapping.system(of.system).name.to_string(),
        code: of.code.clone(),
        message: of.message.clone(),
        fields: of.fields.iter().map(|field| mapping.field(*field).name.to_string()).collect(),
        at: of.at,
        age_s: now.duration_since(of.at).as_secs().max(0),
    }
}
