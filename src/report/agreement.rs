//! Do the systems agree? Reads every system anew and holds each record against the agreed values, field by field.
//!
//! Nothing a run remembers is trusted here: only what the systems show now, and what is agreed. Every difference gets the one reason that explains
//! it; what nothing explains is looked at twice, since people and runs go on meanwhile, and is then a bug of ours or an edit that no run has seen.

mod entities;
mod field;
mod open;
mod plain;
mod records;
mod references;
mod seen;
mod why;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::Kept;
use crate::id::{ConnectionName, EntityId, MappingName, RecordKey, SystemName};
use crate::mapping::{FieldIx, SystemIx};
use crate::store::{Store, StoreError, Touch};
use crate::system::{System, SystemError};
use open::Open;
use seen::Seen;
pub use why::{Class, Why};

/// How one mapping stands.
#[derive(Clone, Debug)]
pub struct MappingAgreement {
    pub mapping: MappingName,
    pub entities: u64,
    pub systems: Vec<SystemAgreement>,
    /// Samples of what nothing explains, with where it is.
    pub unexplained: Vec<String>,
    /// Records that a run must look at for it to become explained; of very many, the first.
    pub repair: Vec<Touch>,
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

    /// Differences of all systems, by class; every class is there.
    pub fn classes(&self) -> BTreeMap<Class, u64> {
        let mut sum: BTreeMap<Class, u64> = Class::ALL.into_iter().map(|class| (class, 0)).collect();
        for (why, count) in self.differences() {
            *sum.entry(why.class()).or_default() += count;
        }
        sum
    }

    /// Fields compared, and how many of them are as agreed.
    pub fn compared(&self) -> (u64, u64) {
        self.systems.iter().fold((0, 0), |(compared, agree), system| (compared + system.compared, agree + system.agree))
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
    pub part: Part,
}

/// How much is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part {
    /// All records of all systems, by listing them.
    Whole,
    /// This share of the entities, by reading their records; unlinked records are not found. Another seed chooses others.
    Sample { share: f64, seed: u64 },
}

/// Samples kept of what nothing explains.
const SAMPLES_MAX: usize = 10;
/// Records that are looked at twice, and then touched; of more, the rest counts as it was met.
const SUSPECTS_MAX: usize = 20_000;

/// Compares every mapping with what its systems show now.
///
/// # Errors
/// When the store or a system cannot be read: half a report would explain nothing.
pub async fn compare(question: &Question<'_>) -> Result<Vec<MappingAgreement>, AgreementError> {
    let mut all = Vec::with_capacity(question.kept.len());
    for kept in question.kept {
        all.push(of_mapping(question, kept).await?);
    }
    Ok(all)
}

/// Compares one mapping.
///
/// # Errors
/// As [`compare`].
pub async fn of_mapping(question: &Question<'_>, kept: &Kept) -> Result<MappingAgreement, AgreementError> {
    let mut audit =
        Audit { question, kept, open: Open::read(question.store, kept).await?, told: MappingAgreement::of(kept), suspects: Vec::new(), last: false };
    match question.part {
        Part::Whole => audit.whole().await?,
        Part::Sample { share, seed } => audit.sample(share, seed).await?,
    }
    // Runs and people went on meanwhile: what seemed unexplained is read once more, record and entity at one time.
    audit.last = true;
    audit.open = Open::read(question.store, kept).await?;
    audit.again().await?;
    Ok(audit.told)
}

/// A comparison of one mapping under way.
struct Audit<'a> {
    question: &'a Question<'a>,
    kept: &'a Kept,
    open: Open,
    told: MappingAgreement,
    suspects: Vec<Suspect>,
    /// What is met now counts, whatever it is.
    last: bool,
}

/// Something that nothing explained at first.
enum Suspect {
    Entity(EntityId, SystemIx),
    Loose(SystemIx, RecordKey),
}

impl Audit<'_> {
    async fn whole(&mut self) -> Result<(), AgreementError> {
        let seen = self.list().await?;
        self.missing(&seen).await
    }

    /// Kept for the second look, unless this is it.
    fn suspect(&mut self, suspect: Suspect) -> bool {
        let keep = !self.last && self.suspects.len() < SUSPECTS_MAX;
        if keep {
            self.suspects.push(suspect);
        }
        keep
    }

    fn repair(&mut self, touch: Touch) {
        if self.told.repair.len() < SUSPECTS_MAX {
            self.told.repair.push(touch);
        }
    }

    fn system(&mut self, at: SystemIx) -> &mut SystemAgreement {
        &mut self.told.systems[at.0 as usize]
    }

    fn field_differs(&mut self, at: SystemIx, why: Why, sample: impl FnOnce() -> String) {
        *self.system(at).fields.entry(why).or_default() += 1;
        self.told.sample(why, sample);
    }

    fn stands_apart(&mut self, at: SystemIx, why: Why, sample: impl FnOnce() -> String) {
        *self.system(at).apart.entry(why).or_default() += 1;
        self.told.sample(why, sample);
    }

    fn system_name(&self, at: SystemIx) -> &SystemName {
        &self.kept.mapping.system(at).name
    }

    fn field_name(&self, field: FieldIx) -> &crate::id::FieldName {
        &self.kept.mapping.field(field).name
    }
}

impl MappingAgreement {
    fn of(kept: &Kept) -> Self {
        let systems = kept.mapping.systems.iter().map(|system| SystemAgreement {
            system: system.name.clone(),
            records: 0,
            linked: 0,
            compared: 0,
            agree: 0,
            fields: BTreeMap::new(),
            apart: BTreeMap::new(),
        });
        Self { mapping: kept.mapping.name.clone(), entities: 0, systems: systems.collect(), unexplained: Vec::new(), repair: Vec::new() }
    }

    fn sample(&mut self, why: Why, sample: impl FnOnce() -> String) {
        if why == Why::Unexplained && self.unexplained.len() < SAMPLES_MAX {
            self.unexplained.push(sample());
        }
    }
}
