//! What `explain` says is held against what the users' own ledger knows: the value, who typed it, and when.

use syncline::id::EntityId;
use syncline::mapping::{FieldIx, Mapping, Wins};
use syncline::report::Kept;
use syncline::report::explain::{FieldStory, explain};
use syncline::store::Loaded;
use syncline::sync::entity::Entity;
use syncline::sync::neighbours::View;
use syncline::sync::{Neighbours, Terms};
use syncline::value::Value;

use super::super::engine::Engine;
use super::super::time::{SECOND, us};
use super::super::vendor::kept;
use super::super::world::{Shared, World};
use super::commit::TODAY;
use super::rest::path_of;

const ALL: usize = 10_000;
/// Entities of each history about which it is asked.
const ASKED: usize = 3;
/// What clocks are measured to, and vendors cut their times to.
const SLACK: i64 = 3 * SECOND;
/// A clock that runs away may have gone on between an edit and the read that measures it.
const DRIFT: i64 = 120 * SECOND;

pub async fn check(engine: &mut Engine, world: &Shared) {
    let process = engine.process().await;
    let store = process.watch.inner().clone();
    for (place, laid) in process.ground.mappings.iter().enumerate() {
        let mut ids = store.entities(laid.id, None, ALL).await.expect("the store reads");
        for _ in 0..ASKED {
            if ids.is_empty() {
                break;
            }
            let at = world.lock().expect("no holder of this lock goes on after a panic").dice.below(ids.len() as u64) as usize;
            let entity = ids.swap_remove(at);
            let kept = Kept { mapping: laid.mapping.clone(), id: laid.id };
            let told = explain(&*store, &kept, entity, None).await.expect("the store reads");
            let loaded = store.load(laid.id, &[entity]).await.expect("the store reads").remove(0);
            let mut world = world.lock().expect("no holder of this lock goes on after a panic");
            for (field, story) in laid.mapping.fields_ix().zip(&told.fields) {
                world.check_story(place, &laid.mapping, &loaded, field, story);
            }
        }
    }
}

impl World {
    fn check_story(&mut self, place: usize, of: &Mapping, loaded: &Loaded, field: FieldIx, story: &FieldStory) {
        let id = loaded.entity.id;
        let fact = loaded.entity.fact(field);
        let agreed = fact.map(|fact| fact.value.to_string());
        if story.value != agreed {
            return self.broken(format!("explain: {} of {id} is told to be {:?}, and is {agreed:?}", story.field, story.value));
        }
        let (Some(fact), Some(named)) = (fact, &story.origin) else { return };
        // A person, a formula, and what refers to others have writers of their own.
        let system = of.systems_ix().find(|system| of.system(*system).name.as_str() == named);
        let Some(system) = system.filter(|_| !of.is_set(field) && of.field(field).refers_to().is_none() && !fact.value.is_blank()) else { return };
        let window = (fact.changed.after.map(us), us(fact.changed.until));
        let typed = self.typed_at(place, of, &loaded.entity, field, system, &fact.value);
        let (name, value) = (&story.field, &fact.value);
        if typed.is_empty() && !self.speaks_in_its_form(of, field) && !self.is_moved(place, id, of, system) {
            return self.broken(format!("explain: {name} of {id} is told to come from {named}, where no user typed {value}"));
        }
        let vendor = self.vendors.iter().find(|vendor| vendor.shape.name == of.system(system).connection.as_str());
        if vendor.is_none_or(|vendor| vendor.has_jumped) {
            return;
        }
        let (lag, drifts) = vendor.map_or((0, false), |vendor| (vendor.read_lag_us(), vendor.shape.drift_ppm != 0));
        let slack = if drifts { DRIFT } else { SLACK };
        let fits = |at: &i64| *at <= window.1 + slack && window.0.is_none_or(|after| *at + slack + lag >= after);
        if !typed.is_empty() && !typed.iter().any(fits) {
            let told = format!("{:?} to {}", window.0, window.1);
            self.broken(format!("explain: {name} of {id} is told to be typed in {named} at {told}, and {value} was typed at {typed:?}"));
        }
    }

    /// When users typed this value there, in any record that ever stood in the entity.
    fn typed_at(&self, place: usize, of: &Mapping, entity: &Entity, field: FieldIx, system: syncline::mapping::SystemIx, value: &Value) -> Vec<i64> {
        let Some(past) = self.ledger.past(place, entity.id) else { return Vec::new() };
        let view = View { entity, neighbours: &Neighbours::default(), today: TODAY, forgiven: &[] };
        let form = of.form(field, system, value, &view);
        let records = past.records.iter().filter(|(at, _)| *at == system).filter_map(|(_, key)| self.rec(of, system, key));
        let own = path_of(of, field, system);
        let vendor = self.vendors.iter().find(|vendor| vendor.shape.name == of.system(system).connection.as_str());
        // A finer value of another system may have come with it.
        let coarser = |typed: &Value| {
            let columns = vendor.map(|vendor| &vendor.tables[vendor.table(&of.system(system).object)].columns);
            form.as_ref() == Some(typed) || columns.zip(own.as_deref()).is_some_and(|(columns, path)| kept(columns, path, value.clone()) == *typed)
        };
        let typed = records.flat_map(|rec| &rec.typed);
        typed.filter(|(path, typed, _)| own.as_deref() == Some(*path) && (of.same(field, typed, value) || coarser(typed))).map(|(.., at)| *at).collect()
    }

    /// Whether an owner's record, or one of ours, may speak in its own form.
    fn speaks_in_its_form(&self, of: &Mapping, field: FieldIx) -> bool {
        matches!(of.field(field).wins, Wins::Owner(_) | Wins::Lines(_))
    }

    /// A record of ours came from another entity, or a person moved some: it speaks for itself.
    fn is_moved(&self, place: usize, id: EntityId, of: &Mapping, system: syncline::mapping::SystemIx) -> bool {
        let Some(past) = self.ledger.past(place, id) else { return true };
        let made = |key| self.rec(of, system, key).is_some_and(|rec| rec.made_by.is_some());
        past.records.iter().any(|(at, key)| *at == system && made(key)) || !self.ledger.pardoned.is_empty()
    }
}
