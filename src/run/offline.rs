//! `plan --offline`: what a run would write if every record still showed what it showed last. Made of the store alone: no system is asked, nothing is stored.
//!
//! The mapping may have been edited since: its new `wins`, `formula`, `values`, `create` and `only` are judged on what is known. What they need and nobody
//! ever read is not guessed: it is counted and said.

mod unasked;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;

pub use unasked::Unasked;

use super::ground::{Ground, Laid};
use super::plan::PlanSink;
use super::prepare::Prepared;
use super::remark::Remarks;
use super::source::Slice;
use super::unlinked::Placed;
use super::{RunError, look};
use crate::bounds::SLICE_RECORDS;
use crate::id::RunId;
use crate::mapping::{CellProgram, EntityView, FieldIx, Observation, Seen, SystemIx};
use crate::store::{Adoption, Loaded};
use crate::sync::entity::{Link, Origin, Shadow};
use crate::sync::guard::{Guard, RunCounts, Stand, guard};
use crate::sync::neighbours::{Neighbours, View};
use crate::sync::scene::{Sight, Silence};
use crate::sync::terms::{Access, Terms};
use crate::value::record::Gate;

/// What a plan made of the store alone comes to, beside its ops.
#[derive(Debug)]
pub struct Known {
    pub counts: RunCounts,
    /// Entities that were looked at.
    pub entities: u64,
    /// What was left alone, and what to do about it.
    pub remarks: Vec<String>,
    /// Why a run with this plan would wait for a person.
    pub held: Vec<String>,
    /// What only the systems can tell.
    pub unknown: Vec<String>,
}

/// Looks at every stored entity of the mapping.
///
/// # Errors
/// When the store fails, or the plan cannot be shown.
pub async fn plan(ground: &Ground, laid: &Laid, sink: &mut dyn PlanSink) -> Result<Known, RunError> {
    let (stored, links) = ground.store.counts(laid.id).await?;
    let adoption = ground.store.adoption(laid.id).await?;
    let mut gaps = Gaps { laid, fields: BTreeMap::new(), in_doubt: 0, never: laid.mapping.systems_ix().filter(|at| links[at.0 as usize] == 0).collect() };
    let mut counts = RunCounts::new(laid.mapping.systems.len(), laid.mapping.fields.len());
    let mut remarks = Remarks::default();
    let mut entities = 0;
    let mut after = None;
    loop {
        let ids = ground.store.entities(laid.id, after, SLICE_RECORDS).await?;
        let Some(last) = ids.last() else { break };
        after = Some(*last);
        let loaded = ground.store.load(laid.id, &ids).await?;
        entities += loaded.iter().filter(|loaded| !loaded.entity.closed).count() as u64;
        let prepared = loaded.into_iter().filter_map(|loaded| gaps.seen(ground, loaded)).collect();
        let slice = Slice::of(ground, laid, prepared, &Placed::default(), false).await?;
        for prepared in &slice.prepared {
            let look = look::look(ground, laid, RunId(0), prepared, &slice.neighbours);
            counts.add(&look);
            remarks.add(laid, prepared, &look);
            for op in look::planned(ground, laid, prepared, &look, &slice.neighbours) {
                sink.op(op)?;
            }
            sink.questions(look.reviews.len());
        }
    }
    let (_, totals) = ground.store.counts(laid.id).await?;
    let stand = Stand { limits: &laid.mapping.limits, totals: &totals, first: adoption == Adoption::First, adopt: laid.mapping.adopt, listings: &[] };
    let held = match guard(&counts, &stand) {
        Guard::Pass => Vec::new(),
        Guard::Hold(reasons) => reasons.iter().map(|reason| reason.sentence(&*laid.mapping)).collect(),
    };
    let touched = ground.store.touched_count(laid.id).await?.0;
    let unknown = gaps.sentences(stored, touched);
    Ok(Known { counts, entities, remarks: remarks.sentences(&laid.mapping), held, unknown })
}

/// What nobody ever read.
struct Gaps<'a> {
    laid: &'a Laid,
    /// Records that were never read in this field, or not since it means what it means now.
    fields: BTreeMap<(SystemIx, FieldIx), u64>,
    in_doubt: u64,
    /// Systems of which no record is known.
    never: Vec<SystemIx>,
}

impl Gaps<'_> {
    /// An entity as it was last seen; `None` where a write of ours is in doubt, which only a read can settle.
    fn seen(&mut self, ground: &Ground, loaded: Loaded) -> Option<Prepared> {
        if loaded.entries.iter().any(|entry| entry.state.is_open()) {
            self.in_doubt += 1;
            return None;
        }
        let now = ground.clock.now();
        let mut prepared = Prepared::loaded(self.laid, loaded, now);
        for system in self.laid.mapping.systems_ix() {
            // As if read when every lag is over: what was seen last is all there is.
            let lag = SignedDuration::try_from(self.laid.seat(system).abilities.read_lag).unwrap_or_default();
            let read_at = now.checked_add(lag).unwrap_or(now);
            let sight = match prepared.entity.live(system) {
                Some(link) => Sight::Live(self.observation(ground, &prepared, system, link)),
                // Nobody knows whether the record is there already: none is made in this plan.
                None if self.never.contains(&system) => Sight::Silent(Silence::Unread),
                None => Sight::Unread,
            };
            prepared.see(system, sight, read_at);
        }
        Some(prepared)
    }

    fn observation(&mut self, ground: &Ground, prepared: &Prepared, system: SystemIx, link: &Link) -> Observation {
        let mapping = &self.laid.mapping;
        let neighbours = Neighbours::default();
        let view = View { entity: &prepared.entity, neighbours: &neighbours, today: ground.today(), forgiven: &[] };
        let mut fields = Vec::with_capacity(mapping.fields.len());
        for field in mapping.fields_ix() {
            fields.push(match &link.shadows[field.0 as usize] {
                Shadow::NoCell => Seen::NoCell,
                Shadow::Known(known) if mapping.access(field, system).reads() => Seen::Value(known.seen.clone()),
                Shadow::Known(_) => Seen::Unread,
                Shadow::Unknown => self.unread(prepared, field, system, &view),
            });
        }
        Observation {
            key: link.key.clone(),
            identity: link.identity.clone(),
            version: link.version.clone(),
            time: link.changed_at,
            actor: None,
            fields,
            by: None,
            takes_part: Some(!link.asleep),
            locked: false,
            gate: Gate::Open,
            archived: false,
            trouble: None,
        }
    }

    /// A computed field shows what its formula gave before, since nothing else ever stands there; any other is not known.
    fn unread(&mut self, prepared: &Prepared, field: FieldIx, system: SystemIx, view: &dyn EntityView) -> Seen {
        let mapping = &self.laid.mapping;
        if mapping.access(field, system) == Access::WriteOnly {
            return Seen::Unread;
        }
        let computed = prepared.entity.fact(field).filter(|fact| fact.origin == Origin::Formula && mapping.field(field).formula.is_some());
        let form = computed.and_then(|fact| mapping.form(field, system, &fact.value, view));
        form.map_or_else(
            || {
                *self.fields.entry((system, field)).or_default() += 1;
                Seen::Unread
            },
            Seen::Value,
        )
    }

    fn sentences(&self, stored: u64, touched: u64) -> Vec<String> {
        let mapping = &self.laid.mapping;
        let name = |system: SystemIx| mapping.system(system).name.as_str();
        let mut said = Vec::new();
        if stored == 0 {
            said.push("no run ever linked a record of it: the store knows nothing to plan with".to_owned());
            return said;
        }
        for system in &self.never {
            said.push(format!("{}: none of its records is known; what is matched, made or changed there, a plan that reads can tell", name(*system)));
        }
        for ((system, field), count) in &self.fields {
            let field = &mapping.field(*field).name;
            said.push(format!("{} `{field}`, {}: never read, or not since its meaning changed", name(*system), records(*count)));
        }
        for system in mapping.systems_ix().filter(|system| !self.never.contains(system)) {
            said.extend(self.judged(system));
        }
        if self.in_doubt > 0 {
            let what = if self.in_doubt == 1 { "one entity has a write".to_owned() } else { format!("{} entities have writes", self.in_doubt) };
            said.push(format!("{what} in doubt, which the next run settles first: left out here"));
        }
        if touched > 0 {
            said.push(format!("{} may have changed since it was last read: taken as it was then", records(touched)));
        }
        said.push("records that were made or edited since the last run, and those that are linked to nothing".to_owned());
        said
    }

    /// What is read of the record itself and not kept.
    fn judged(&self, system: SystemIx) -> Vec<String> {
        let of = self.laid.mapping.system(system);
        let mut said = Vec::new();
        if of.takes_part.is_some() {
            said.push(format!("{}: which records fit `where` now; taken as they did when last read", of.name));
        }
        if of.locked.is_some() {
            said.push(format!("{}: which records are `locked` now; none is taken to be", of.name));
        }
        for field in &self.laid.mapping.fields {
            if let Some(CellProgram::Path { by: Some(by), .. }) = &field.cells[system.0 as usize] {
                said.push(format!("{} `{}`: what each record shows in {}; taken as what a new record there shows", of.name, field.name, by.path));
            }
        }
        said
    }
}

fn records(count: u64) -> String {
    if count == 1 { "one record".to_owned() } else { format!("{count} records") }
}

/// The connections of a project as systems that are never asked.
pub fn unasked(project: &crate::project::Project) -> BTreeMap<crate::id::ConnectionName, Arc<dyn crate::system::System>> {
    let system = |connection: &crate::project::Connection| {
        Arc::new(Unasked::new(connection.name.clone(), connection.connector.clone())) as Arc<dyn crate::system::System>
    };
    project.connections.iter().map(|connection| (connection.name.clone(), system(connection))).collect()
}
