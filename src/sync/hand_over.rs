//! Ownership that follows the record: two passes over the same candidates, never a third.
//!
//! First each field is merged with the owner that the agreed values name before the look. Then the lines are read on the result; where they name another
//! owner, everything is merged again as if for the first time, with the new one, and the edits of both count. Who owns a field after that speaks from the
//! next look on, so that conditions in a ring come to an end.

use super::entity::{Entity, FieldIx, SystemIx};
use super::look::Work;
use super::merge;
use super::reason::Reason;
use super::scene::Look;
use super::terms::Terms;
use crate::mapping::Wins;
use crate::plant::{planted, sometimes};

/// Who owns the fields whose `wins` are lines.
pub(super) struct Owners(Vec<Option<Owned>>);

#[derive(Clone, Debug, PartialEq)]
struct Owned {
    by: Wins,
    /// Who owned it before this look, if that was another one.
    before: Option<SystemIx>,
}

impl Owners {
    fn now(work: &Work) -> Vec<Option<SystemIx>> {
        let view = work.view(&[]);
        work.scene.terms.fields().map(|field| work.scene.terms.owner(field, &view)).collect()
    }

    /// The policy in force.
    pub fn wins<'a>(&'a self, terms: &'a dyn Terms, field: FieldIx) -> &'a Wins {
        match &self.0[field.0 as usize] {
            Some(owned) => &owned.by,
            None => terms.wins(field),
        }
    }

    pub fn before(&self, field: FieldIx) -> Option<SystemIx> {
        self.0[field.0 as usize].as_ref()?.before
    }
}

/// What a pass changes: all of it is taken back before the second one.
struct Before {
    entity: Entity,
    frozen: Vec<bool>,
    reasons: Vec<Option<Reason>>,
    put_back: Vec<(FieldIx, SystemIx)>,
    look: Look,
}

impl Before {
    fn of(work: &Work) -> Self {
        Self {
            entity: work.entity.clone(),
            frozen: work.frozen.clone(),
            reasons: work.reasons.clone(),
            put_back: work.put_back.clone(),
            look: work.look.clone(),
        }
    }

    fn take_back(self, work: &mut Work) {
        work.entity = self.entity;
        work.frozen = self.frozen;
        work.reasons = self.reasons;
        work.put_back = self.put_back;
        work.look = self.look;
    }
}

/// Merges every field; which systems spoke on which comes back.
pub(super) fn merged(work: &mut Work) -> Vec<(FieldIx, SystemIx)> {
    let follows = work.scene.terms.fields().any(|field| matches!(work.scene.terms.wins(field), Wins::Lines(_)));
    if !follows {
        return merge::pass(work, &Owners(vec![None; work.scene.terms.field_count()]));
    }
    let old = Owners::now(work);
    let before = Before::of(work);
    let by = |owner: &Option<SystemIx>| owner.map(|owner| Owned { by: Wins::Owner(owner), before: None });
    let seen = merge::pass(work, &Owners(old.iter().map(by).collect()));
    let new = Owners::now(work);
    if new == old {
        return seen;
    }
    if planted!("third-pass") {
        Before {
            entity: before.entity.clone(),
            frozen: before.frozen.clone(),
            reasons: before.reasons.clone(),
            put_back: before.put_back.clone(),
            look: before.look.clone(),
        }
        .take_back(work);
        merge::pass(work, &Owners(new.iter().map(by).collect()));
        let third = Owners::now(work);
        before.take_back(work);
        return merge::pass(work, &Owners(third.iter().map(by).collect()));
    }
    sometimes!("a field changes its owner");
    before.take_back(work);
    let handed = old.iter().zip(&new).map(|(old, new)| new.map(|owner| Owned { by: Wins::Owner(owner), before: old.filter(|old| *old != owner) }));
    merge::pass(work, &Owners(handed.collect()))
}
