//! Checks at rest: every system shows the agreed values in its own form, and every agreed value is one that a user typed.

use syncline::id::EntityId;
use syncline::mapping::{FieldIx, Mapping, Seen, SystemIx, Wins};
use syncline::run::Laid;
use syncline::store::{Loaded, ReviewAbout};
use syncline::sync::entity::{Entity, Known, LinkState, Origin, Shadow};
use syncline::sync::neighbours::View;
use syncline::sync::op::EntryClass;
use syncline::sync::{Neighbours, Terms};
use syncline::value::Value;

use super::super::engine::Engine;
use super::super::time::{DAY, instant};
use super::super::vendor::{Rec, kept};
use super::super::world::{Shared, World};
use super::commit::TODAY;
use super::stored::is_forgotten;

const ALL: usize = 10_000;

pub async fn check(engine: &mut Engine, world: &Shared) {
    let process = engine.process().await;
    let store = process.watch.inner().clone();
    for (place, laid) in process.ground.mappings.iter().enumerate() {
        let ids = store.entities(laid.id, None, ALL).await.expect("the store reads");
        let loaded = store.load(laid.id, &ids).await.expect("the store reads");
        let mut world = world.lock().expect("no holder of this lock goes on after a panic");
        for one in &loaded {
            world.check_entity(place, laid, one);
        }
    }
}

/// I19: while people are asked about some things, everything else agrees.
pub async fn check_unasked(engine: &mut Engine, world: &Shared) {
    let process = engine.process().await;
    let store = process.watch.inner().clone();
    for (place, laid) in process.ground.mappings.iter().enumerate() {
        let ids = store.entities(laid.id, None, ALL).await.expect("the store reads");
        let reviews = store.reviews(Some(laid.id), true).await.expect("the store reads");
        let named = |id: EntityId| {
            reviews.iter().any(|review| {
                let about = match &review.about {
                    ReviewAbout::Join { other, .. } => *other == id,
                    ReviewAbout::Match { hits, .. } => hits.contains(&id),
                    _ => false,
                };
                about || review.entity == Some(id)
            })
        };
        let loaded = store.load(laid.id, &ids).await.expect("the store reads");
        let mut world = world.lock().expect("no holder of this lock goes on after a panic");
        for one in loaded.iter().filter(|one| one.reviews.is_empty() && one.entries.is_empty() && !named(one.entity.id)) {
            let sound = world.broken.is_none();
            for system in laid.mapping.systems_ix() {
                world.check_link(place, laid, one, system);
            }
            if sound && let Some(broken) = &mut world.broken {
                *broken = format!("I19: people are asked about others, and {broken}");
            }
        }
    }
}

/// The column of a field, whether it is written or only read.
pub fn path_of(of: &Mapping, field: FieldIx, system: SystemIx) -> Option<String> {
    let written = of.paths(field, system).first().map(ToString::to_string);
    let named = || of.field(field).name.as_str().split_at(1).0.to_uppercase() + of.field(field).name.as_str().split_at(1).1;
    written.or_else(|| of.access(field, system).reads().then(named))
}

/// Fields that wait for a person.
fn asked(loaded: &Loaded, field: FieldIx) -> bool {
    loaded.reviews.iter().any(|review| match &review.about {
        ReviewAbout::Conflict { field: about, .. } => *about == field,
        ReviewAbout::PingPong { field: about, .. } => about.is_none_or(|about| about == field),
        ReviewAbout::Stuck { .. } => true,
        _ => false,
    })
}

impl World {
    fn check_entity(&mut self, place: usize, laid: &Laid, loaded: &Loaded) {
        self.check_forms(laid, loaded);
        for system in laid.mapping.systems_ix() {
            self.check_link(place, laid, loaded, system);
        }
        for field in laid.mapping.fields_ix() {
            self.check_agreed(place, laid, loaded, field);
        }
    }

    fn record(&self, laid: &Laid, system: SystemIx, key: &syncline::id::RecordKey) -> Option<(usize, usize, &Rec)> {
        let of = laid.mapping.system(system);
        let vendor = self.vendors.iter().position(|vendor| vendor.shape.name == of.connection.as_str())?;
        let table = self.vendors[vendor].table(&of.object);
        let at = self.vendors[vendor].tables[table].at(key)?;
        Some((vendor, table, &self.vendors[vendor].tables[table].records[at]))
    }

    fn check_link(&mut self, place: usize, laid: &Laid, loaded: &Loaded, system: SystemIx) {
        let entity = &loaded.entity;
        let Some(link) = entity.link(system) else { return };
        let name = laid.mapping.system(system).name.clone();
        let Some((vendor, table, rec)) = self.record(laid, system, &link.key) else {
            return self.broken(format!("I14: {} of {name} is linked and was never there", link.key));
        };
        let there = rec.is_live() && !rec.now().archived;
        if there && is_forgotten(link, instant(self.clock.us() - 30 * DAY)) {
            return;
        }
        if there != link.state.is_live() {
            let (key, state) = (link.key.clone(), link.state.clone());
            return self.broken(format!("I2: {key} of {name} is {state:?} for us, and {} there", if there { "live" } else { "gone" }));
        }
        if !there || link.asleep || link.beyond || link.state != LinkState::Live {
            return;
        }
        let observation = self.observed(vendor, &laid.mapping, system, rec, rec.now());
        let neighbours = Neighbours::default();
        let view = View { entity, neighbours: &neighbours, today: TODAY, forgiven: &[] };
        let mut wrong = Vec::new();
        for field in laid.mapping.fields_ix() {
            let written = laid.mapping.access(field, system).writes();
            // An owner whose record shows what nobody understands is waited for.
            let waits = match &laid.mapping.field(field).wins {
                Wins::Owner(owner) => entity.live(*owner).is_some_and(|link| link.shadows[field.0 as usize] == Shadow::Unknown),
                Wins::Lines(_) => {
                    laid.mapping.owner(field, &view).and_then(|owner| entity.live(owner)).is_some_and(|link| link.shadows[field.0 as usize] == Shadow::Unknown)
                }
                _ => false,
            };
            if laid.mapping.field(field).refers_to().is_some() || asked(loaded, field) || !written || waits {
                continue;
            }
            let Shadow::Known(Known { refused, seen, .. }) = &link.shadows[field.0 as usize] else { continue };
            let agreed = entity.agreed(field);
            if refused.as_ref().is_some_and(|refused| laid.mapping.same(field, refused, agreed)) {
                continue;
            }
            let Some(form) = laid.mapping.form(field, system, agreed, &view) else { continue };
            let Seen::Value(shown) = &observation.fields[field.0 as usize] else { continue };
            let Some(path) = path_of(&laid.mapping, field, system) else { continue };
            let columns = &self.vendors[vendor].tables[table].columns;
            // It may be a form of ours that nobody declared: then it stands in the log.
            let logged = self.ledger.past(place, entity.id).is_some_and(|past| past.lost.get(&field).is_some_and(|lost| lost.contains(shown)));
            if !laid.mapping.same(field, shown, &form) && kept(columns, &path, form.clone()) != *shown && !(logged && seen == shown) {
                wrong.push(format!("I2: {name} {} shows {path} {shown}, and {form} is agreed ({:?})", link.key, link.shadows[field.0 as usize]));
            }
        }
        wrong.into_iter().for_each(|wrong| self.broken(wrong));
    }

    /// Equal, or a form in which some system shows it: a record of ours that is met anew speaks for itself.
    fn may_become(&self, laid: &Laid, field: FieldIx, typed: &Value, agreed: &Value) -> bool {
        let shown = |system: SystemIx| {
            let of = laid.mapping.system(system);
            let vendor = self.vendors.iter().find(|vendor| vendor.shape.name == of.connection.as_str());
            let path = path_of(&laid.mapping, field, system);
            let (Some(vendor), Some(path)) = (vendor, path) else { return false };
            kept(&vendor.tables[vendor.table(&of.object)].columns, &path, typed.clone()) == *agreed
        };
        laid.mapping.same(field, typed, agreed) || laid.mapping.systems_ix().any(shown)
    }

    fn typed_anywhere(&self, laid: &Laid, field: FieldIx, agreed: &Value) -> bool {
        laid.mapping.systems_ix().any(|system| {
            let of = laid.mapping.system(system);
            let path = path_of(&laid.mapping, field, system);
            let vendor = self.vendors.iter().find(|vendor| vendor.shape.name == of.connection.as_str());
            let (Some(vendor), Some(path)) = (vendor, path) else { return false };
            let records = &vendor.tables[vendor.table(&of.object)].records;
            records.iter().flat_map(|rec| &rec.typed).any(|(of, value, _)| *of == path && self.may_become(laid, field, value, agreed))
        })
    }

    /// The agreed value is one that a user typed in a record of the entity.
    fn check_agreed(&mut self, place: usize, laid: &Laid, loaded: &Loaded, field: FieldIx) {
        let entity = &loaded.entity;
        let Some(fact) = entity.fact(field).filter(|_| laid.mapping.field(field).refers_to().is_none()) else { return };
        let Some(past) = self.ledger.past(place, entity.id) else {
            return self.broken(format!("I8: {} is stored and was never committed", entity.id));
        };
        if fact.origin == Origin::Formula {
            return self.check_computed(laid, loaded, field);
        }
        // Nobody ever said anything.
        if fact.value.is_blank() && past.agreed[field.0 as usize].iter().all(Value::is_blank) {
            return;
        }
        // Brought together one by one, or brought back by a person in the form in which a system had shown it.
        if let Value::Set(elements) = &fact.value {
            let wrong = elements.iter().find(|one| !self.typed_as_element(laid, field, one)).cloned();
            return wrong.into_iter().for_each(|one| self.broken(format!("I5: {one} of {} is in a set, and no user typed it", entity.id)));
        }
        let brought_back = fact.origin == Origin::Person && self.typed_anywhere(laid, field, &fact.value);
        let typed = brought_back
            || past.records.iter().any(|(system, key)| {
                let Some((_, _, rec)) = self.record(laid, *system, key) else { return false };
                let Some(path) = path_of(&laid.mapping, field, *system) else { return false };
                let blank =
                    fact.value.is_blank() && rec.made_by.is_none() && rec.states.iter().any(|state| state.cells.get(path.as_str()).is_none_or(Value::is_blank));
                // Made by us for another entity, and moved here: it brings what that one had.
                let brought =
                    rec.made_by.and_then(|entry| self.ledger.entries.get(&entry)).is_some_and(|kept| self.ledger.canon(kept.op().entity) != entity.id)
                        && rec.states.iter().any(|state| state.cells.get(path.as_str()).is_some_and(|value| self.may_become(laid, field, value, &fact.value)));
                blank || brought || rec.typed.iter().any(|(of, value, _)| *of == path && laid.mapping.same(field, value, &fact.value))
            });
        // What speaks anew for a field that it owns, or was found by no more than its natural key, speaks in its own form.
        let form = self.may_speak_in_its_form(laid, entity, fact.origin, field) && self.typed_anywhere(laid, field, &fact.value);
        // A person moved records between entities: then it is enough that some user typed it of such a thing.
        let moved = !self.ledger.pardoned.is_empty() && self.typed_anywhere(laid, field, &fact.value);
        if !typed && !moved && !form {
            let (name, value) = (laid.mapping.field(field).name.clone(), fact.value.clone());
            self.broken(format!("I5: {name} of {} is {value}, which no user typed", entity.id));
        }
    }

    fn may_speak_in_its_form(&self, laid: &Laid, entity: &Entity, origin: Origin, field: FieldIx) -> bool {
        let Origin::System(system) = origin else { return false };
        let owns = match &laid.mapping.field(field).wins {
            Wins::Owner(owner) => *owner == system,
            Wins::Lines(lines) => lines.iter().any(|line| line.owner == system),
            _ => false,
        };
        let found = entity.link(system).and_then(|link| self.record(laid, system, &link.key)).and_then(|(.., rec)| rec.made_by);
        owns || found.and_then(|entry| self.ledger.entries.get(&entry)).is_some_and(|kept| matches!(kept.entry.class, EntryClass::Find { .. }))
    }

    fn check_computed(&mut self, laid: &Laid, loaded: &Loaded, field: FieldIx) {
        let view = View { entity: &loaded.entity, neighbours: &Neighbours::default(), today: TODAY, forgiven: &[] };
        let agreed = loaded.entity.agreed(field);
        if let Some(Ok(value)) = laid.mapping.computed(field, &view)
            && value != *agreed
        {
            self.broken(format!("I5: a formula gives {value} of {}, and {agreed} is agreed", loaded.entity.id));
        }
    }

    fn typed_as_element(&self, laid: &Laid, field: FieldIx, element: &Value) -> bool {
        self.vendors.iter().flat_map(|vendor| &vendor.tables).flat_map(|table| &table.records).flat_map(|rec| &rec.typed).any(|(path, value, _)| {
            let own = laid.mapping.systems_ix().any(|system| laid.mapping.paths(field, system).first().is_some_and(|own| own.to_string() == *path));
            own && matches!(value, Value::Set(typed) if typed.contains(element))
        })
    }
}
