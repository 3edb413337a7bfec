//! At rest the policies are put to the test: an edit or two where everything is quiet, and who must win by the letter of `wins`.

use rust_decimal::Decimal;
use syncline::id::EntityId;
use syncline::mapping::{FieldIx, SystemIx, Wins};
use syncline::run::Laid;
use syncline::store::Loaded;
use syncline::sync::decide::stands_for;
use syncline::sync::entity::{LinkState, Origin, Shadow};
use syncline::sync::neighbours::View;
use syncline::sync::{Neighbours, Terms};
use syncline::value::Value;

use super::super::engine::Engine;
use super::super::shape::Holds;
use super::super::time::HOUR;
use super::super::vendor::By;
use super::super::world::{Shared, World};
use super::commit::TODAY;

/// Edits about which it is known what must come of them.
pub struct Probe {
    pub mapping: usize,
    entity: EntityId,
    field: FieldIx,
    wanted: Value,
    said: String,
}

/// One thing that is typed.
struct Typed {
    system: SystemIx,
    value: Value,
}

impl Probe {
    /// Types into a field of an entity that is at rest in all its systems; none if there is no such entity.
    pub async fn begin(engine: &mut Engine, world: &Shared) -> Option<Probe> {
        let process = engine.process().await;
        let store = process.watch.inner().clone();
        let mut candidates = Vec::new();
        for (place, laid) in process.ground.mappings.iter().enumerate() {
            let ids = store.entities(laid.id, None, 1000).await.expect("the store reads");
            let loaded = store.load(laid.id, &ids).await.expect("the store reads");
            candidates.extend(loaded.into_iter().filter(|one| is_whole(laid, one)).map(|one| (place, one)));
        }
        let mut world = world.lock().expect("no holder of this lock goes on after a panic");
        if candidates.is_empty() {
            return None;
        }
        let (place, loaded) = world.dice.pick(&candidates).clone();
        world.probe(place, &process.ground.mappings[place], &loaded)
    }

    /// Compares what came of it.
    pub async fn end(self, engine: &mut Engine, world: &Shared) {
        let process = engine.process().await;
        let laid = &process.ground.mappings[self.mapping];
        let loaded = process.watch.inner().load(laid.id, &[self.entity]).await.expect("the store reads");
        let mut world = world.lock().expect("no holder of this lock goes on after a panic");
        for one in loaded {
            let agreed = one.entity.agreed(self.field);
            if !laid.mapping.same(self.field, agreed, &self.wanted) {
                world.broken(format!("I5: {} should come to {} and comes to {agreed}", self.said, self.wanted));
            }
        }
    }
}

/// Every system of the mapping holds it, nothing is asked and nothing is open.
fn is_whole(laid: &Laid, loaded: &Loaded) -> bool {
    let there = |system: SystemIx| loaded.entity.live(system).is_some_and(|link| link.state == LinkState::Live && !link.asleep && !link.beyond && !link.kept);
    let fields = || laid.mapping.fields_ix().filter(|field| loaded.entity.fact(*field).is_some());
    let stands = |system: SystemIx| {
        fields().all(|field| match &loaded.entity.link(system).map(|link| &link.shadows[field.0 as usize]) {
            Some(Shadow::Known(known)) => stands_for(known, loaded.entity.agreed(field), |a, b| laid.mapping.same(field, a, b)),
            Some(Shadow::NoCell) => true,
            Some(Shadow::Unknown) | None => false,
        })
    };
    laid.mapping.systems_ix().all(stands) && loaded.reviews.is_empty() && loaded.entries.is_empty() && laid.mapping.systems_ix().all(there)
}

impl World {
    fn probe(&mut self, place: usize, laid: &Laid, loaded: &Loaded) -> Option<Probe> {
        let fields: Vec<FieldIx> =
            laid.mapping.fields_ix().filter(|field| matches!(laid.mapping.field(*field).name.as_str(), "name" | "amount" | "rank" | "note")).collect();
        let field = *self.dice.pick(&fields);
        let cells: Vec<SystemIx> = laid.mapping.systems_ix().filter(|system| laid.mapping.access(field, *system).reads()).collect();
        let mut typed: Vec<Typed> = Vec::new();
        for _ in 0..*self.dice.clone().pick(&[1, 1, 2]) {
            let system = *self.dice.pick(&cells);
            if typed.iter().all(|one| one.system != system) {
                let (value, took) = (self.value(laid, field), self.dice.between(HOUR, 2 * HOUR));
                self.pass(took);
                self.type_in(laid, loaded, field, system, &value)?;
                typed.push(Typed { system, value });
            }
        }
        let fact = loaded.entity.fact(field)?;
        let view = View { entity: &loaded.entity, neighbours: &Neighbours::default(), today: TODAY, forgiven: &[] };
        let wins = laid.mapping.owner(field, &view).map_or_else(|| laid.mapping.field(field).wins.clone(), Wins::Owner);
        let wanted = wanted(laid, field, &wins, &fact.value, fact.origin, &typed)?;
        let wins = format!("{:?}", laid.mapping.field(field).wins);
        let edits: Vec<String> = typed.iter().map(|one| format!("{} in {}", one.value, laid.mapping.system(one.system).name)).collect();
        let said = format!(
            "{} of {} ({wins}, {} by {:?}) edited {}",
            laid.mapping.field(field).name,
            loaded.entity.id,
            fact.value,
            fact.origin,
            edits.join(", then ")
        );
        self.note(format_args!("probe: {said}"));
        Some(Probe { mapping: place, entity: loaded.entity.id, field, wanted, said })
    }

    /// Something that no vendor cuts, rounds or folds.
    fn value(&mut self, laid: &Laid, field: FieldIx) -> Value {
        let number = self.dice.below(9000) as i64 + 1000;
        match laid.mapping.field(field).name.as_str() {
            "amount" => Value::Decimal(Decimal::from(number)),
            "rank" => Value::text(self.dice.pick(&["low", "mid", "high"])),
            _ => Value::text(format!("q{number}")),
        }
    }

    fn type_in(&mut self, laid: &Laid, loaded: &Loaded, field: FieldIx, system: SystemIx, value: &Value) -> Option<()> {
        let of = laid.mapping.system(system);
        let vendor = self.vendors.iter().position(|vendor| vendor.shape.name == of.connection.as_str())?;
        let table = self.vendors[vendor].table(&of.object);
        let at = self.vendors[vendor].tables[table].at(&loaded.entity.live(system)?.key)?;
        let path = laid.mapping.paths(field, system).first()?.to_string();
        let column = self.vendors[vendor].tables[table].column(&path).filter(|column| column.holds != Holds::Key)?.path;
        let view = View { entity: &loaded.entity, neighbours: &Neighbours::default(), today: TODAY, forgiven: &[] };
        // Without a row there, nobody understands it.
        laid.mapping.form(field, system, value, &view).filter(|form| form == value)?;
        // What stands there already is no edit.
        let stands = self.vendors[vendor].tables[table].records[at].now().cells.get(column).is_some_and(|shown| shown == value);
        if stands && !laid.mapping.same(field, loaded.entity.agreed(field), value) {
            return None;
        }
        let now_us = self.clock.us();
        self.vendors[vendor].set(table, at, &[(column, value.clone())], By::User { at_us: now_us }, now_us);
        Some(())
    }
}

/// Who must win, by the letter; `None` where that is not said by these edits alone.
fn wanted(laid: &Laid, field: FieldIx, wins: &Wins, agreed: &Value, origin: Origin, typed: &[Typed]) -> Option<Value> {
    let last = typed.last()?;
    let by = |system: &SystemIx| typed.iter().find(|one| one.system == *system);
    let latest_of = |systems: &[SystemIx]| typed.iter().rev().find(|one| systems.contains(&one.system));
    let shown = |system: SystemIx| laid.mapping.access(field, system).reads();
    let extreme = |greatest: bool| {
        typed.iter().map(|one| &one.value).fold(agreed.clone(), |best, value| {
            let beats = best.is_blank()
                || laid.mapping.compare(field, value, &best) == Some(if greatest { std::cmp::Ordering::Greater } else { std::cmp::Ordering::Less });
            if beats && !value.is_blank() { value.clone() } else { best }
        })
    };
    let unmoved = typed.iter().all(|one| laid.mapping.same(field, &one.value, agreed));
    if unmoved {
        return Some(agreed.clone());
    }
    // Typed as it is agreed: no edit that anybody could see.
    if typed.iter().any(|one| laid.mapping.same(field, &one.value, agreed)) {
        return None;
    }
    Some(match wins {
        Wins::Latest(None) => last.value.clone(),
        Wins::Latest(Some(systems)) => latest_of(systems).map_or(agreed.clone(), |one| one.value.clone()),
        Wins::Owner(owner) if shown(*owner) => by(owner).map_or(agreed.clone(), |one| one.value.clone()),
        Wins::Lines(_) => return None,
        Wins::Owner(_) => last.value.clone(),
        Wins::Ranks(ranks) => {
            let rank = |system: &SystemIx| ranks.iter().position(|one| one == system).unwrap_or(ranks.len());
            let holder = match origin {
                Origin::System(system) if !agreed.is_blank() => rank(&system),
                _ => ranks.len(),
            };
            let takes = typed.iter().filter(|one| rank(&one.system) < ranks.len() && rank(&one.system) <= holder).min_by_key(|one| rank(&one.system));
            takes.map_or(agreed.clone(), |one| one.value.clone())
        }
        Wins::Highest => extreme(true),
        Wins::Lowest => extreme(false),
        Wins::First if agreed.is_blank() => typed[0].value.clone(),
        Wins::First => agreed.clone(),
        Wins::Ask if typed.len() == 1 => last.value.clone(),
        Wins::Ask => return None,
    })
}
