//! The records of one system, page by page, against the entities they are linked to; then what is linked and was not shown.

use std::collections::BTreeMap;

use super::plain::Plain;
use super::references::fetch;
use super::{AgreementError, Audit, Kept, Open, Seen, Suspect, Why, field};
use crate::bounds::SLICE_RECORDS;
use crate::id::{EntityId, RecordKey};
use crate::mapping::{FieldIx, Observation, SystemIx};
use crate::store::{Hit, Loaded, Touch, Touched};
use crate::sync::entity::{Entity, LinkState};
use crate::sync::neighbours::{Neighbours, View};
use crate::sync::terms::Terms;
use crate::system::side_by_side::{Readers, Told};
use crate::system::{Read, System, SystemError};

/// How one record stands, before it is known whether that counts.
struct Verdict {
    /// `Some`: it takes no part in what is compared.
    apart: Option<Why>,
    fields: Vec<(FieldIx, Result<(), Why>)>,
}

impl Verdict {
    fn is_unexplained(&self) -> bool {
        self.apart == Some(Why::Unexplained) || self.fields.iter().any(|(_, verdict)| *verdict == Err(Why::Unexplained))
    }
}

impl<'a> Audit<'a> {
    pub(super) fn connection(&self, system: SystemIx) -> Result<(&'a dyn System, Read), AgreementError> {
        let of = self.kept.mapping.system(system);
        let connection = self.question.systems.get(&of.connection).ok_or_else(|| AgreementError::NoConnection { connection: of.connection.clone() })?;
        Ok((&**connection, Read { object: of.object.clone(), columns: of.columns.clone() }))
    }

    /// Reads all records of all systems, side by side, and compares them; what each system showed.
    pub(super) async fn list(&mut self) -> Result<Vec<Seen>, AgreementError> {
        let mapping = &*self.kept.mapping;
        let mut seen: Vec<Seen> = mapping.systems_ix().map(|_| Seen::default()).collect();
        let mut readers = Readers::new();
        for system in mapping.systems_ix() {
            let (connection, read) = self.connection(system)?;
            readers.start(system, connection.list(read));
        }
        while let Some(told) = readers.next().await {
            match told {
                Told::Page(system, page) => {
                    for slice in page.records.chunks(SLICE_RECORDS) {
                        let observed: Vec<Observation> = slice.iter().map(|record| self.observe(system, record)).collect();
                        self.page(system, observed, &mut seen[usize::from(system.0)]).await?;
                    }
                }
                Told::End(_) => {}
                Told::Failed(system, SystemError::Forbidden { .. }) => {
                    let links = self.question.store.counts(self.kept.id).await?.1[usize::from(system.0)];
                    *self.system(system).apart.entry(Why::Forbidden).or_default() += links;
                    seen[usize::from(system.0)].forbidden = true;
                }
                Told::Failed(_, error) => return Err(error.into()),
            }
        }
        Ok(seen)
    }

    /// Most records show what is agreed, which is seen at a glance; the others are looked at.
    async fn page(&mut self, system: SystemIx, observed: Vec<Observation>, seen: &mut Seen) -> Result<(), AgreementError> {
        let Some(plain) = Plain::of(&self.kept.mapping, system) else { return self.slice(system, &observed, seen).await };
        let identities: Vec<RecordKey> = observed.iter().map(|shown| shown.identity.clone()).collect();
        let known = self.question.store.agreed(self.kept.id, system, &identities).await?;
        let mut rest = Vec::new();
        for (shown, known) in observed.into_iter().zip(known) {
            match known.and_then(|(entity, hub)| Some((entity, plain.agree(&shown, &hub)?))) {
                Some((entity, fields)) => {
                    if seen.entity(entity) {
                        let told = self.system(system);
                        told.records += 1;
                        told.linked += 1;
                        told.compared += fields;
                        told.agree += fields;
                    }
                }
                None => rest.push(shown),
            }
        }
        if rest.is_empty() { Ok(()) } else { self.slice(system, &rest, seen).await }
    }

    pub(super) fn observe(&self, system: SystemIx, record: &crate::value::record::Record) -> Observation {
        let columns = self.kept.mapping.system(system).columns.len() as u16;
        let places: Vec<u16> = (0..columns).collect();
        self.kept.mapping.observe(system, record, &places)
    }

    pub(super) async fn slice(&mut self, system: SystemIx, observed: &[Observation], seen: &mut Seen) -> Result<(), AgreementError> {
        let (question, kept) = (self.question, self.kept);
        let identities: Vec<RecordKey> = observed.iter().map(|seen| seen.identity.clone()).collect();
        let linked = question.store.linked(kept.id, system, &identities).await?;
        let wanted: Vec<EntityId> = linked.iter().flatten().copied().collect();
        let loaded: BTreeMap<EntityId, Loaded> = question.store.load(kept.id, &wanted).await?.into_iter().map(|loaded| (loaded.entity.id, loaded)).collect();
        let entities: Vec<&Entity> = loaded.values().map(|loaded| &loaded.entity).collect();
        let mut neighbours = fetch(question, kept, &entities, system, observed).await?;
        for (shown, entity) in observed.iter().zip(&linked) {
            if let Some(entity) = entity {
                neighbours.hear(*entity, system, shown);
            }
        }
        for (shown, entity) in observed.iter().zip(linked) {
            let holds = |loaded: &&Loaded| loaded.entity.live(system).is_some_and(|link| link.identity == shown.identity);
            let of = entity.and_then(|entity| loaded.get(&entity)).filter(holds);
            // New records can push old ones to the next page: each counts once.
            let is_new = match of {
                Some(loaded) => seen.entity(loaded.entity.id),
                None => seen.loose(&shown.identity),
            };
            if !is_new {
                continue;
            }
            self.system(system).records += u64::from(!self.last);
            match of {
                Some(loaded) => self.record(system, shown, loaded, &neighbours),
                None => self.loose(system, shown),
            }
        }
        Ok(())
    }

    /// A record that belongs to no entity.
    fn loose(&mut self, system: SystemIx, shown: &Observation) {
        let why = unlinked(self.kept, &self.open, system, shown);
        if why == Why::Unexplained {
            if self.suspect(Suspect::Loose(system, shown.key.clone())) {
                return;
            }
            self.repair(touch(self.kept, system, &shown.key, &shown.identity, Touched::Changed));
        }
        let sample = format!("{} {} is linked to nothing", self.system_name(system), shown.key);
        self.stands_apart(system, why, || sample);
    }

    pub(super) fn record(&mut self, system: SystemIx, shown: &Observation, loaded: &Loaded, neighbours: &Neighbours) {
        let verdict = self.verdict(system, shown, loaded, neighbours);
        let entity = loaded.entity.id;
        if verdict.is_unexplained() {
            if self.suspect(Suspect::Entity(entity, system)) {
                return;
            }
            self.repair(touch(self.kept, system, &shown.key, &shown.identity, Touched::Changed));
        }
        if let Some(why) = verdict.apart {
            return self.stands_apart(system, why, String::new);
        }
        self.system(system).linked += 1;
        for (at, verdict) in verdict.fields {
            self.system(system).compared += 1;
            match verdict {
                Ok(()) => self.system(system).agree += 1,
                Err(why) => {
                    let sample = format!("{} {} of {entity}: `{}` is not as agreed", self.system_name(system), shown.key, self.field_name(at));
                    self.field_differs(system, why, || sample);
                }
            }
        }
    }

    fn verdict(&self, system: SystemIx, shown: &Observation, loaded: &Loaded, neighbours: &Neighbours) -> Verdict {
        let (kept, open, entity) = (self.kept, &self.open, &loaded.entity);
        let view = View { entity, neighbours, today: self.question.today, forgiven: &[] };
        let apart = |why| Verdict { apart: Some(why), fields: Vec::new() };
        if shown.takes_part != Some(true) {
            return apart(Why::Asleep);
        }
        if !kept.mapping.inside_wall(system, &view) && entity.live(system).is_some_and(|link| !link.kept) {
            return apart(if open.asks(entity.id, None) { Why::Review } else { Why::Wall });
        }
        let compared = field::Compared { kept, open, system, seen: shown, loaded, view: &view, neighbours };
        let fields = kept.mapping.fields_ix().filter_map(|at| compared.field(at).map(|verdict| (at, verdict)));
        Verdict { apart: None, fields: fields.collect() }
    }

    /// Entities whose record a system did not show, or that should have one there.
    pub(super) async fn missing(&mut self, seen: &[Seen]) -> Result<(), AgreementError> {
        let (question, kept) = (self.question, self.kept);
        let mut after = None;
        loop {
            let ids = question.store.entities(kept.id, after, SLICE_RECORDS).await?;
            let Some(last) = ids.last() else { return Ok(()) };
            after = Some(*last);
            let everywhere = |id: &EntityId| seen.iter().all(|seen| seen.holds(*id));
            let (shown, ids): (Vec<EntityId>, Vec<EntityId>) = ids.into_iter().partition(everywhere);
            self.told.entities += shown.len() as u64;
            let loaded = question.store.load(kept.id, &ids).await?;
            let entities: Vec<&Entity> = loaded.iter().map(|loaded| &loaded.entity).collect();
            let neighbours = fetch(question, kept, &entities, SystemIx(0), &[]).await?;
            for loaded in &loaded {
                self.told.entities += u64::from(!loaded.entity.closed);
                for system in kept.mapping.systems_ix() {
                    let shown = &seen[system.0 as usize];
                    if !shown.forbidden {
                        self.absence(loaded, system, &neighbours, shown.holds(loaded.entity.id)).await?;
                    }
                }
            }
        }
    }

    /// Why an entity has no record that the system shows, if it has none.
    pub(super) async fn absence(&mut self, loaded: &Loaded, system: SystemIx, neighbours: &Neighbours, shown: bool) -> Result<(), AgreementError> {
        let entity = &loaded.entity;
        let view = View { entity, neighbours, today: self.question.today, forgiven: &[] };
        let Some(mut why) = absent(self.kept, &self.open, loaded, system, &view, shown) else { return Ok(()) };
        if why == Why::Unexplained && self.might_be_waiting(entity, system).await? {
            why = Why::Review;
        }
        if why == Why::Unexplained {
            if self.suspect(Suspect::Entity(entity.id, system)) {
                return Ok(());
            }
            let there = entity.live(system).map(|link| (system, link, Touched::Gone));
            let anywhere = || self.kept.mapping.systems_ix().find_map(|at| entity.live(at).map(|link| (at, link, Touched::Changed)));
            if let Some((at, link, why)) = there.or_else(anywhere) {
                self.repair(touch(self.kept, at, &link.key, &link.identity, why));
            }
        }
        let sample = format!("{} has no record in {}", entity.id, self.system_name(system));
        self.stands_apart(system, why, || sample);
        Ok(())
    }

    /// An unlinked record there might be it: nothing is made until a person has said so.
    async fn might_be_waiting(&self, entity: &Entity, system: SystemIx) -> Result<bool, AgreementError> {
        let keys = self.kept.mapping.keys(&|field| Some(entity.agreed(field)).filter(|value| !value.is_blank()));
        let hits = self.question.store.hits(self.kept.id, &keys).await?;
        Ok(hits.iter().flatten().any(|hit| matches!(hit, Hit::Waiting { system: there, .. } if *there == system)))
    }
}

fn touch(kept: &Kept, system: SystemIx, key: &RecordKey, identity: &RecordKey, why: Touched) -> Touch {
    Touch { mapping: kept.id, system, key: key.clone(), identity: identity.clone(), why }
}

/// Why a record belongs to no entity.
fn unlinked(kept: &Kept, open: &Open, system: SystemIx, seen: &Observation) -> Why {
    if seen.takes_part != Some(true) {
        Why::Asleep
    } else if open.asks_about(system, seen) {
        Why::Review
    } else if !kept.mapping.system(system).starts {
        Why::StartsNothing
    } else if seen.archived {
        Why::Removed
    } else if open.is_touched(system, &seen.identity) {
        Why::Touched
    } else if open.is_fresh(seen.time) {
        Why::Fresh
    } else {
        Why::Unexplained
    }
}

/// Why an entity has no record that the system shows; `None`: it has one.
fn absent(kept: &Kept, open: &Open, loaded: &Loaded, system: SystemIx, view: &View<'_>, shown: bool) -> Option<Why> {
    let entity = &loaded.entity;
    if entity.closed {
        return None;
    }
    let in_flight = loaded.entries.iter().any(|entry| entry.op.system == system && entry.state.is_open());
    let open_why = if open.asks(entity.id, None) {
        Some(Why::Review)
    } else if open.refused.contains(&(entity.id, system)) {
        Some(Why::DeadLetter)
    } else if in_flight {
        Some(Why::InFlight)
    } else if open.awaits(entity) {
        Some(Why::Touched)
    } else {
        None
    };
    match entity.link(system).map(|link| &link.state) {
        Some(LinkState::Live | LinkState::Owed(_)) if shown => None,
        Some(LinkState::Live | LinkState::Owed(_)) => Some(open_why.unwrap_or(Why::Unexplained)),
        Some(LinkState::GoneByUser { .. }) => Some(Why::Deleted),
        Some(LinkState::GoneByUs { .. }) => Some(Why::Removed),
        None if !kept.mapping.create_wanted(system, view) => Some(Why::NotWanted),
        None if !kept.mapping.inside_wall(system, view) => Some(Why::Wall),
        None => {
            let mut required = kept.mapping.fields_ix().filter(|field| kept.mapping.required(*field));
            let lacks = |field: FieldIx| entity.agreed(field).is_blank();
            let unspoken = |field: FieldIx| kept.mapping.writes_new(field, system) && kept.mapping.form(field, system, entity.agreed(field), view).is_none();
            let why = required.find_map(|field| if lacks(field) { Some(Why::Required) } else { unspoken(field).then_some(Why::NoForm) });
            Some(open_why.or(why).unwrap_or(Why::Unexplained))
        }
    }
}
