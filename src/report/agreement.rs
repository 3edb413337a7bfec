//! Do the systems agree? Reads every system anew and holds each record against the agreed values, field by field.
//!
//! Nothing a run remembers is trusted here: only what the systems show now, and what is agreed. Every difference gets the one reason that explains
//! it; what nothing explains is a bug of ours or an edit that no run has seen yet.

mod field;
mod records;
mod references;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use jiff::civil::Date;

use super::Kept;
use crate::id::{ConnectionName, EntityId, MappingName, RecordKey, SystemName};
use crate::mapping::{FieldIx, SystemIx};
use crate::store::{ReviewAbout, Store, StoreError};
use crate::system::{System, SystemError};

/// Why a record or field is not as agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// A cell that is only read: another system owns the field.
    ReadOnly,
    /// What the system makes of the agreed value: cut, rounded, folded.
    Form,
    /// The system has no way to say it: no row, no record to refer to.
    NoForm,
    /// What it shows is not of the field's type.
    Unfit,
    /// It refers to a record that is no entity.
    Unresolved,
    /// Outside `where`.
    Asleep,
    /// Beyond `only`.
    Wall,
    /// The record cannot be written now.
    Locked,
    /// A question is open.
    Review,
    /// The system refused it for good.
    DeadLetter,
    /// Sent, and not settled yet.
    InFlight,
    /// `create` does not hold for it, so no record is made.
    NotWanted,
    /// `starts: never`, and nothing it could join.
    StartsNothing,
    /// A person deleted it there.
    Deleted,
    /// We removed it, as `leaves` says.
    Removed,
    /// It waits for a value that is required.
    Required,
    /// Nothing explains it.
    Unexplained,
}

impl Why {
    /// The words of a report.
    pub fn words(self) -> &'static str {
        match self {
            Why::ReadOnly => "owned elsewhere: only read there",
            Why::Form => "the system's own form of the agreed value",
            Why::NoForm => "no form there: no row, or nothing to refer to",
            Why::Unfit => "not of the field's type",
            Why::Unresolved => "refers to a record that is no entity",
            Why::Asleep => "outside `where`",
            Why::Wall => "beyond `only`",
            Why::Locked => "cannot be written now",
            Why::Review => "waiting for a person",
            Why::DeadLetter => "refused by the system (dead letter)",
            Why::InFlight => "on its way",
            Why::NotWanted => "no record wanted there",
            Why::StartsNothing => "starts nothing, and nothing to join",
            Why::Deleted => "deleted there by a person",
            Why::Removed => "removed there, as `leaves` says",
            Why::Required => "waits for a required value",
            Why::Unexplained => "unexplained",
        }
    }
}

/// How one mapping stands.
#[derive(Clone, Debug)]
pub struct MappingAgreement {
    pub mapping: MappingName,
    pub entities: u64,
    pub systems: Vec<SystemAgreement>,
    /// Samples of what nothing explains, with where it is.
    pub unexplained: Vec<String>,
}

/// How one system stands in a mapping.
#[derive(Clone, Debug)]
pub struct SystemAgreement {
    pub system: SystemName,
    /// Records that the system has.
    pub records: u64,
    /// Of these, linked and awake.
    pub linked: u64,
    /// Fields compared, and how many of them show the agreed value.
    pub compared: u64,
    pub agree: u64,
    /// Fields that differ.
    pub fields: BTreeMap<Why, u64>,
    /// Records without an entity, and entities without a record.
    pub apart: BTreeMap<Why, u64>,
}

impl MappingAgreement {
    /// Differences of all systems, by reason.
    pub fn differences(&self) -> BTreeMap<Why, u64> {
        let mut sum = BTreeMap::new();
        for system in &self.systems {
            for (why, count) in system.fields.iter().chain(&system.apart) {
                *sum.entry(*why).or_default() += count;
            }
        }
        sum
    }

    pub fn unexplained(&self) -> u64 {
        self.differences().get(&Why::Unexplained).copied().unwrap_or(0)
    }
}

/// Why no report could be made.
#[derive(Debug, thiserror::Error)]
pub enum AgreementError {
    #[error("the project has no connection `{connection}`")]
    NoConnection { connection: ConnectionName },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    System(#[from] SystemError),
}

/// What a comparison stands on.
pub struct Question<'a> {
    pub store: &'a dyn Store,
    pub systems: &'a BTreeMap<ConnectionName, Arc<dyn System>>,
    /// All mappings: references lead from one to another.
    pub kept: &'a [Kept],
    pub today: Date,
}

/// Samples kept of what nothing explains.
const SAMPLES_MAX: usize = 10;

/// Compares every mapping with what its systems show now.
///
/// # Errors
/// When the store or a system cannot be read: half a report would explain nothing.
pub async fn compare(question: &Question<'_>) -> Result<Vec<MappingAgreement>, AgreementError> {
    let mut all = Vec::with_capacity(question.kept.len());
    for kept in question.kept {
        all.push(one(question, kept).await?);
    }
    Ok(all)
}

async fn one(question: &Question<'_>, kept: &Kept) -> Result<MappingAgreement, AgreementError> {
    let mapping = &kept.mapping;
    let open = Open::read(question.store, kept).await?;
    let systems = mapping.systems.iter().map(|system| SystemAgreement {
        system: system.name.clone(),
        records: 0,
        linked: 0,
        compared: 0,
        agree: 0,
        fields: BTreeMap::new(),
        apart: BTreeMap::new(),
    });
    let mut agreement = MappingAgreement { mapping: mapping.name.clone(), entities: 0, systems: systems.collect(), unexplained: Vec::new() };
    let mut seen: Vec<HashSet<RecordKey>> = vec![HashSet::new(); mapping.systems.len()];
    for system in mapping.systems_ix() {
        records::compare(question, kept, &open, system, &mut agreement, &mut seen[system.0 as usize]).await?;
    }
    records::missing(question, kept, &open, &mut agreement, &seen).await?;
    Ok(agreement)
}

impl MappingAgreement {
    fn system(&mut self, at: SystemIx) -> &mut SystemAgreement {
        &mut self.systems[at.0 as usize]
    }

    fn field_differs(&mut self, at: SystemIx, why: Why, sample: impl FnOnce() -> String) {
        *self.system(at).fields.entry(why).or_default() += 1;
        self.sample(why, sample);
    }

    fn stands_apart(&mut self, at: SystemIx, why: Why, sample: impl FnOnce() -> String) {
        *self.system(at).apart.entry(why).or_default() += 1;
        self.sample(why, sample);
    }

    fn sample(&mut self, why: Why, sample: impl FnOnce() -> String) {
        if why == Why::Unexplained && self.unexplained.len() < SAMPLES_MAX {
            self.unexplained.push(sample());
        }
    }
}

/// What is open in a mapping: questions and refusals.
#[derive(Default)]
struct Open {
    /// Unlinked records that a question is about.
    records: HashSet<(SystemIx, RecordKey)>,
    /// Entities with a question, and of which fields.
    entities: HashMap<EntityId, Vec<Option<FieldIx>>>,
    refused: HashSet<(EntityId, SystemIx)>,
}

impl Open {
    async fn read(store: &dyn Store, kept: &Kept) -> Result<Self, StoreError> {
        let mut open = Self::default();
        for review in store.reviews(Some(kept.id), true).await? {
            let field = match review.about {
                ReviewAbout::Match { system, identity, hits, .. } => {
                    open.records.insert((system, identity));
                    // Nothing is made for an entity while a record might be it.
                    hits.iter().for_each(|hit| open.entities.entry(*hit).or_default().push(None));
                    None
                }
                ReviewAbout::Conflict { field, .. } => Some(field),
                ReviewAbout::PingPong { field, .. } => field,
                ReviewAbout::Delete { .. }
                | ReviewAbout::Stuck { .. }
                | ReviewAbout::InDoubt { .. }
                | ReviewAbout::Join { .. }
                | ReviewAbout::Refused { .. } => None,
            };
            if let Some(entity) = review.entity {
                open.entities.entry(entity).or_default().push(field);
            }
        }
        let letters = store.dead_letters(Some(kept.id), usize::MAX >> 1).await?;
        open.refused = letters.into_iter().map(|letter| (letter.entity, letter.system)).collect();
        Ok(open)
    }

    fn asks(&self, entity: EntityId, field: Option<FieldIx>) -> bool {
        self.entities.get(&entity).is_some_and(|fields| fields.iter().any(|asked| asked.is_none() || field.is_none() || *asked == field))
    }
}
