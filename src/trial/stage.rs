//! One example played: entities put in place, somebody's edit, runs until nothing more is written, and a look at what is there then.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;

use super::TrialError;
use super::compare::{After, failures};
use super::fit::fitting;
use super::given::{Cast, Given, Memories};
use super::memory::{MemorySystem, abilities};
use super::written::raw;
use crate::clock::{Clock, HandClock};
use crate::id::ConnectionName;
use crate::mapping::{FieldIx, Mapping, Seen, SystemIx};
use crate::run::plan::Unseen;
use crate::run::progress::Unwatched;
use crate::run::{self, Approve, Ground, Hooks, Intent, Laid, Request};
use crate::spec::mapping::example::STEP;
use crate::spec::mapping::{Example, Step, StepAt};
use crate::store::{Feed, Merged, MovedCursor, RunEnd, RunState, Store, Wake, sqlite};
use crate::sync::entity::{Agreed, Entity, Fact, Interval, Known, Link, Origin, Shadow, Standing};
use crate::system::{Pages, Read, System};
use crate::value::record::Columns;
use crate::value::{Path, Value};

/// When every example begins: a Monday morning, so that `today` is always the same day.
const START: &str = "2026-03-02T09:00:00Z";
/// Between rounds of runs: longer than any skew, and short enough for steps of minutes.
const ROUND: Duration = Duration::from_secs(60);
/// Rounds until nothing more may be written: what one mapping writes, another may read in the next.
const ROUNDS_MAX: usize = 5;

/// Plays one example of the mapping at `at`; what is not as expected comes back in sentences.
pub(super) async fn play(mappings: &[Arc<Mapping>], at: usize, example: &Example, zone: &TimeZone) -> Result<Vec<String>, TrialError> {
    let steps = example.played();
    let clock = Arc::new(HandClock::at(start(&steps, zone)?));
    let memories = memories(mappings, at, &clock);
    let store = sqlite::memory()?;
    let systems: BTreeMap<ConnectionName, Arc<dyn System>> =
        memories.iter().map(|(name, memory)| (name.clone(), Arc::clone(memory) as Arc<dyn System>)).collect();
    let now: Arc<dyn Clock> = clock.clone();
    let ground = Ground::lay(Arc::clone(&store), now, zone.clone(), systems, mappings.to_vec()).await?;
    let count = 1 + example.others.iter().map(|(_, others)| others.len()).sum::<usize>();
    let first = crate::id::EntityId(store.reserve(count as u64).await?.start);
    let mut cast = Cast::of(mappings, at, example, ground.today(), first)?;
    cast.write(&memories)?;
    seed(&ground, &cast, &memories).await?;
    let played = Played { ground: &ground, at, cast: &cast, memories: &memories, clock: &clock };
    let mut failed = Vec::new();
    let mut before = clock.now();
    for (number, step) in steps.iter().enumerate() {
        let name = if steps.len() > 1 { format!("step {}: ", number + 1) } else { String::new() };
        before = moment(step, before, clock.now(), zone).map_err(|why| TrialError::example(format!("{name}{why}")))?;
        clock.set(before);
        failed.extend(played.step(step).await?.into_iter().map(|failure| format!("{name}{failure}")));
    }
    Ok(failed)
}

/// A step before the first one that says its time of day.
fn start(steps: &[Step], zone: &TimeZone) -> Result<Timestamp, TrialError> {
    let start: Timestamp = START.parse().expect("the constant is an instant");
    let mut waits = STEP;
    for step in steps {
        match step.begins() {
            Some(StepAt::After(wait)) => waits += wait,
            Some(StepAt::On(_)) => return Ok(moment(step, start, Timestamp::MIN, zone).map_err(TrialError::example)? - waits),
            None => return Ok(start),
        }
    }
    Ok(start)
}

/// When a step begins: never before everything that ran after the step before it.
fn moment(step: &Step, before: Timestamp, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    let begins = match step.begins() {
        Some(StepAt::After(wait)) => before.checked_add(wait).map_err(|error| error.to_string())?,
        Some(StepAt::On(time)) => time.to_zoned(zone.clone()).map_err(|error| error.to_string())?.timestamp(),
        None => return Err("its `at` is neither a time nor a wait".to_owned()),
    };
    if begins < now {
        return Err(format!("it begins at {begins}, and the runs of the step before end at {now}; let it begin later"));
    }
    Ok(begins)
}

/// An example under way.
struct Played<'a> {
    ground: &'a Ground,
    at: usize,
    cast: &'a Cast<'a>,
    memories: &'a Memories,
    clock: &'a HandClock,
}

impl Played<'_> {
    /// Somebody types, everything runs, and what is not as expected comes back.
    async fn step(&self, step: &Step) -> Result<Vec<String>, TrialError> {
        let laid = &self.ground.mappings[self.at];
        let store = self.ground.store.as_ref();
        let entity = found(laid, self.cast, store).await?;
        edit(laid, self.cast, step, self.memories, entity.as_ref())?;
        let written = || self.memories.values().map(|memory| memory.writes()).sum::<u64>();
        let before = written();
        settle(self.ground, self.memories, self.clock).await?;
        let writes = written() - before;
        let Some(expect) = &step.expect else { return Ok(Vec::new()) };
        let entity = found(laid, self.cast, store).await?;
        let reviews = store.reviews(Some(laid.id), true).await?;
        let after = After { mapping: &laid.mapping, cast: self.cast, memories: self.memories, entity: entity.as_ref(), reviews: &reviews, writes };
        failures(expect, &after)
    }
}

/// A system in memory for each connection. New records are born as the mappings' `where` want them, the example's own first.
fn memories(mappings: &[Arc<Mapping>], at: usize, clock: &Arc<HandClock>) -> Memories {
    let mut memories = Memories::new();
    let own = std::iter::once(&mappings[at]);
    for system in own.chain(mappings).flat_map(|mapping| &mapping.systems) {
        let memory = memories.entry(system.connection.clone()).or_insert_with(|| {
            let clock: Arc<dyn Clock> = clock.clone();
            Arc::new(MemorySystem::new(system.connection.clone(), clock, abilities()))
        });
        memory.derive(&system.object, fitting(system));
    }
    memories
}

/// Stores the entities as agreed and written, and moves every feed behind them: what comes next is the edit, and nothing else.
async fn seed(ground: &Ground, cast: &Cast<'_>, memories: &Memories) -> Result<(), TrialError> {
    let (store, now) = (&ground.store, ground.clock.now());
    for (at, laid) in ground.mappings.iter().enumerate() {
        let run = store.new_run(laid.id, Wake::Person, now);
        let mut merged = Vec::new();
        for given in cast.all.iter().filter(|given| given.mapping == at) {
            merged.push(stored(laid, cast, given, now).await?);
        }
        store.commit_merged(laid.id, run.id, merged, now).await?;
        store.end_run(run, RunEnd { state: RunState::Done, ..RunEnd::default() }, now).await?;
        let mut cursors = Vec::new();
        for system in &laid.mapping.systems {
            let memory = &memories[&system.connection];
            let read = Read { object: system.object.clone(), columns: Columns::from(Vec::new()) };
            let feeds = [(Feed::Changes, Some(memory.changes(read.clone(), None))), (Feed::Gone, memory.gone(read, None))];
            for (feed, pages) in feeds.into_iter().filter_map(|(feed, pages)| Some((feed, pages?))) {
                if let Some(cursor) = end_of(pages).await? {
                    cursors.push(MovedCursor { connection: system.connection.clone(), object: system.object.clone(), feed, cursor });
                }
            }
        }
        store.adopt(laid.id, cursors).await?;
    }
    Ok(())
}

async fn end_of(mut pages: Box<dyn Pages>) -> Result<Option<crate::system::Cursor>, TrialError> {
    let mut cursor = None;
    while let Some(page) = pages.next().await? {
        cursor = page.cursor.or(cursor);
    }
    Ok(cursor)
}

/// An entity as a run would have left it: agreed values, and links whose shadows hold what each record shows.
async fn stored(laid: &Laid, cast: &Cast<'_>, given: &Given<'_>, now: Timestamp) -> Result<Merged, TrialError> {
    let mapping = &laid.mapping;
    let mut entity = Entity::start(given.id, mapping.fields.len(), mapping.systems.len());
    let until = Interval { after: Some(now), until: now };
    for (field, value) in given.values.iter().enumerate() {
        let fact = Fact { value: value.clone(), origin: origin(mapping, field, cast, given), changed: until };
        entity.hub[field] = Agreed::Set(fact);
    }
    for system in mapping.systems_ix() {
        if let Some(key) = &given.keys[system.0 as usize] {
            entity.links[system.0 as usize] = Some(link(laid, cast, given, system, key, now).await?);
        }
    }
    let keys = mapping.keys(&|field| Some(&given.values[field.0 as usize]));
    Ok(Merged { keys: Some(keys), ..Merged::of(entity) })
}

/// Who would have said it: the system that decides, else the first that holds it.
fn origin(mapping: &Mapping, field: usize, cast: &Cast<'_>, given: &Given<'_>) -> Origin {
    let held = |system: &SystemIx| given.keys[system.0 as usize].is_some() && mapping.fields[field].cells[system.0 as usize].is_some();
    if mapping.fields[field].formula.is_some() {
        return Origin::Formula;
    }
    let owner = mapping.owner(FieldIx(field as u16), &cast.view(given));
    let decides = owner.into_iter().chain(mapping.fields[field].wins.named()).find(held);
    decides.or_else(|| mapping.systems_ix().find(held)).map_or(Origin::Person, Origin::System)
}

async fn link(laid: &Laid, cast: &Cast<'_>, given: &Given<'_>, system: SystemIx, key: &crate::id::RecordKey, now: Timestamp) -> Result<Link, TrialError> {
    let (mapping, seat) = (&laid.mapping, laid.seat(system));
    let got = seat.system.get(seat.read(), std::slice::from_ref(key)).await?;
    let record = got.into_iter().find_map(|got| got.record).ok_or_else(|| TrialError::example("a record that was just given is not there"))?;
    let observed = mapping.observe(system, &record, &seat.positions);
    if observed.takes_part != Some(true) {
        let of = mapping.system(system);
        let filter = of.takes_part.as_ref().map_or("", |program| program.source());
        return Err(TrialError::example(format!("what is given does not fit `where: {filter}` of {}; give the fields that it asks for", of.name)));
    }
    let view = cast.view(given);
    let shadows = mapping.fields_ix().map(|field| {
        let Some(cell) = &mapping.field(field).cells[system.0 as usize] else {
            return Shadow::NoCell;
        };
        let form = mapping.form(field, system, &given.values[field.0 as usize], &view);
        let seen = match &observed.fields[field.0 as usize] {
            Seen::Value(value) => Some(value.clone()),
            // The record holds the key of what the form says; what it holds of something else was not given.
            Seen::Unresolved(_) | Seen::UnresolvedBy(_) | Seen::UnresolvedSet(_) => form.clone(),
            _ if !cell.reads() => form.clone(),
            Seen::NoCell | Seen::Unread | Seen::Unfit(_) => None,
        };
        shadow(mapping, field, seen, form.as_ref(), &given.values[field.0 as usize])
    });
    let mut link = Link::adopted(record.key.clone(), record.identity.clone(), shadows.collect());
    link.version = record.version.clone();
    link.changed_at = record.time;
    link.unchanged_at = Some(now);
    link.inside = true;
    Ok(link)
}

fn shadow(mapping: &Mapping, field: FieldIx, seen: Option<Value>, form: Option<&Value>, value: &Value) -> Shadow {
    let Some(seen) = seen else {
        return Shadow::Unknown;
    };
    let stands_for = match form {
        Some(form) if mapping.same(field, form, &seen) => Standing::For(value.clone()),
        Some(_) | None => Standing::Nothing,
    };
    Shadow::Known(Known { seen, stands_for, confirmed: true, refused: None, unchanged_at: None })
}

/// What somebody types. Where nothing is given, they make a record of it.
fn edit(laid: &Laid, cast: &Cast<'_>, step: &Step, memories: &Memories, entity: Option<&Entity>) -> Result<(), TrialError> {
    let mapping = &laid.mapping;
    let own = cast.all.iter().any(|given| given.label.is_none());
    for (name, values) in step.edit.iter() {
        let found = mapping.systems.iter().position(|system| system.name.as_str() == name.text());
        let at = found.ok_or_else(|| TrialError::example(format!("`{}` is no system of the mapping", name.text())))?;
        let of = &mapping.systems[at];
        let memory = &memories[&of.connection];
        let key = match entity {
            None if !own => memory.put(&of.object, Value::Map(Vec::new())),
            _ => entity
                .and_then(|entity| entity.live(SystemIx(at as u16)))
                .map(|link| link.key.clone())
                .ok_or_else(|| TrialError::example(format!("{} holds no record of what is given, so nobody can edit it there", name.text())))?,
        };
        for (path, tree) in values.iter() {
            let parsed = Path::parse(path.text()).map_err(|problem| TrialError::example(format!("`{}` is no path: {problem}", path.text())))?;
            memory.edit(&of.object, &key, &parsed, raw(tree));
        }
    }
    Ok(())
}

/// Whoever is asked agrees: an example shows what happens, not who must say yes.
struct Agrees;

#[async_trait]
impl Approve for Agrees {
    async fn agree(&mut self, _: &[String]) -> bool {
        true
    }
}

/// Runs all mappings, in their order, until a round writes nothing.
async fn settle(ground: &Ground, memories: &Memories, clock: &HandClock) -> Result<(), TrialError> {
    let stop = CancellationToken::new();
    for _ in 0..ROUNDS_MAX {
        let before: u64 = memories.values().map(|memory| memory.writes()).sum();
        for laid in &ground.mappings {
            let request = Request { wake: Wake::Person, poll: true, sweep: false, intent: Intent::Apply };
            let mut hooks = Hooks { progress: &Unwatched, plan: &mut Unseen, approve: &mut Agrees, stop: &stop };
            run::once(ground, laid, &request, &mut hooks).await?;
        }
        clock.advance(ROUND);
        if memories.values().map(|memory| memory.writes()).sum::<u64>() == before {
            return Ok(());
        }
    }
    Err(TrialError::example(format!("something is still written after {ROUNDS_MAX} rounds: the mapping does not come to rest")))
}

/// The example's entity: the one given, else the one that came to be.
async fn found(laid: &Laid, cast: &Cast<'_>, store: &dyn Store) -> Result<Option<Entity>, TrialError> {
    let own = cast.all.iter().find(|given| given.label.is_none()).map(|given| given.id);
    let id = match own {
        Some(id) => Some(store.resolve_alias(id).await?),
        None => {
            let all = store.entities(laid.id, None, cast.all.len() + 1).await?;
            all.into_iter().find(|id| cast.all.iter().all(|given| given.id != *id))
        }
    };
    let Some(id) = id else { return Ok(None) };
    Ok(store.load(laid.id, &[id]).await?.into_iter().next().map(|loaded| loaded.entity))
}
