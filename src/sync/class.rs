//! What makes a write safe to settle, from what the object offers and what the op carries.

use jiff::{SignedDuration, Timestamp};

use super::entity::{FieldIx, SystemIx};
use super::op::{EntryClass, FieldWrite};
use super::terms::Terms;
use crate::id::EntityId;
use crate::system::{Abilities, CreateClass, FindBy, Guarded, UpdateClass, UpsertBy};
use crate::value::{Path, Str, Value};

/// Who a create is for.
pub struct NewRecord<'a> {
    pub terms: &'a dyn Terms,
    pub abilities: &'a Abilities,
    pub system: SystemIx,
    pub entity: EntityId,
    pub instance: &'a str,
    pub fields: &'a [FieldWrite],
    pub now: Timestamp,
}

impl NewRecord<'_> {
    /// The strongest class that this op can use.
    pub fn class(&self) -> EntryClass {
        self.abilities.create.iter().find_map(|class| self.usable(class)).unwrap_or(EntryClass::None)
    }

    /// What is left once the vendor may have forgotten a token.
    pub fn class_without_token(&self) -> EntryClass {
        let rest = self.abilities.create.iter().filter(|class| !matches!(class, CreateClass::Token { .. }));
        rest.into_iter().find_map(|class| self.usable(class)).unwrap_or(EntryClass::None)
    }

    fn usable(&self, class: &CreateClass) -> Option<EntryClass> {
        match class {
            CreateClass::Token { remembers } => {
                // Half the time: the clock that counts is the vendor's.
                let half = SignedDuration::try_from(*remembers / 2).unwrap_or(SignedDuration::MAX);
                Some(EntryClass::Token { until_secs: super::evidence::shifted(self.now, half).as_second() })
            }
            // A name that is not verified as unique does not stop two upserts from making two records.
            CreateClass::Upsert { by: UpsertBy::Unique } => None,
            CreateClass::Upsert { by: UpsertBy::Paths(paths) } => {
                let (path, value) = self.written_at(|path| paths.contains(path))?;
                Some(EntryClass::Upsert { path, value })
            }
            CreateClass::Marker { path } => Some(EntryClass::Marker { path: path.clone(), value: marker(self.instance, self.entity) }),
            CreateClass::Find { by } => {
                let (path, value) = self.natural_key(by)?;
                Some(EntryClass::Find { path, value })
            }
            CreateClass::None => None,
        }
    }

    /// A match field that the vendor can look up, in the order of `match`; rules of one field first, since only they name one record.
    fn natural_key(&self, by: &FindBy) -> Option<(Path, Value)> {
        let findable = |path: &Path| match by {
            FindBy::AnyField => true,
            FindBy::Unique => false,
            FindBy::Paths(paths) => paths.contains(path),
        };
        let rules = self.terms.match_rules();
        let alone = rules.iter().filter(|rule| rule.fields.len() == 1 && !rule.ask);
        let joined = rules.iter().filter(|rule| rule.fields.len() > 1 && !rule.ask);
        alone.chain(joined).flat_map(|rule| &rule.fields).find_map(|field| self.value_at(*field, findable))
    }

    fn written_at(&self, wanted: impl Fn(&Path) -> bool + Copy) -> Option<(Path, Value)> {
        self.fields.iter().find_map(|write| self.value_at(write.field, wanted))
    }

    fn value_at(&self, field: FieldIx, wanted: impl Fn(&Path) -> bool) -> Option<(Path, Value)> {
        let write = self.fields.iter().find(|write| write.field == field && !write.want.is_blank())?;
        match self.terms.paths(field, self.system)[..] {
            [path] if wanted(path) => Some((path.clone(), write.want.clone())),
            _ => None,
        }
    }
}

/// What a marker field carries: the store's own id and the entity's.
pub fn marker(instance: &str, entity: EntityId) -> Value {
    Value::text(format!("{instance}-{entity}"))
}

pub fn of_update(abilities: &Abilities, version: Option<&Str>) -> EntryClass {
    match (abilities.update, version) {
        (Some(UpdateClass::Version), Some(_)) => EntryClass::Guarded,
        (Some(UpdateClass::Version | UpdateClass::Fields | UpdateClass::Whole) | None, _) => EntryClass::LookedAt,
    }
}

pub fn of_removal(guarded: Option<Guarded>, version: Option<&Str>) -> EntryClass {
    match (guarded, version) {
        (Some(Guarded::Version), Some(_)) => EntryClass::Guarded,
        (Some(Guarded::Version | Guarded::LookedAt) | None, _) => EntryClass::LookedAt,
    }
}
