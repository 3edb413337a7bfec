//! Whole runs on systems in memory and a store in memory.

mod alike;
mod audit;
mod back;
mod doubt;
mod found;
mod hangs;
mod junction;
mod late;
mod leave;
mod ledger;
mod left;
mod offline;
mod pace;
mod retention;
mod said;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;

use super::ground::Ground;
use super::plan::Unseen;
use super::progress::Unwatched;
use super::{Ended, Hooks, Intent, NobodyAgrees, Request, once};
use crate::clock::{Clock, HandClock};
use crate::id::{ConnectionName, ObjectName, RecordKey};
use crate::mapping::fixture::{Known, compiled};
use crate::store::{Answer, Review, ReviewAbout, RunState, Touch, Touched, Wake, sqlite};
use crate::system::{Abilities, System};
use crate::trial::memory::{Fault, MemorySystem, abilities};
use crate::value::{Path, Value};

const DEALS: &str = "
mapping: deals
adopt: automatic
systems:
  prm: { object: deals, only: \"not deleted('crm')\", leaves: delete }
  crm: { object: Opportunity, create: status == 'won' }
match: [ [number] ]
fields:
  number: { prm: number, crm: Number, wins: prm }
  name:   { prm: name, crm: Name }
  status: { prm: stage, crm: Stage, wins: crm }
";

struct Bench {
    clock: Arc<HandClock>,
    crm: Arc<MemorySystem>,
    prm: Arc<MemorySystem>,
    /// Further systems, by the order they were named in.
    others: Vec<Arc<MemorySystem>>,
    ground: Ground,
}

fn object(connection: &str) -> ObjectName {
    ObjectName::new(match connection {
        "crm" => "Opportunity",
        "erp" => "orders",
        _ => "deals",
    })
}

fn path(text: &str) -> Path {
    Path::parse(text).expect("a path of this test")
}

fn record(values: &[(&str, &str)]) -> Value {
    Value::Map(values.iter().map(|(name, value)| ((*name).into(), Value::text(value))).collect())
}

impl Bench {
    async fn new(mapping: &str) -> Self {
        Self::of(mapping, &[], abilities()).await
    }

    /// Where the CRM can do other things than most.
    async fn with(mapping: &str, crm: Abilities) -> Self {
        Self::of(mapping, &[], crm).await
    }

    /// With further systems beside the CRM and the portal.
    async fn of(mapping: &str, further: &[&str], crm: Abilities) -> Self {
        let clock = Arc::new(HandClock::at("2026-11-20T10:00:00Z".parse().expect("a literal")));
        let system = |name: &str, can| Arc::new(MemorySystem::new(ConnectionName::new(name), clock.clone(), can));
        let (crm, prm) = (system("crm", crm), system("prm", abilities()));
        let mut systems: BTreeMap<ConnectionName, Arc<dyn System>> = BTreeMap::new();
        systems.insert("crm".into(), crm.clone());
        systems.insert("prm".into(), prm.clone());
        let others: Vec<Arc<MemorySystem>> = further.iter().map(|name| system(name, abilities())).collect();
        systems.extend(others.iter().zip(further).map(|(system, name)| (ConnectionName::new(*name), Arc::clone(system) as Arc<dyn System>)));
        let (mappings, said) = compiled(mapping, &Known::default());
        let mappings = mappings.into_iter().map(|mapping| Arc::new(mapping.unwrap_or_else(|| panic!("{said}")))).collect();
        let store = sqlite::memory().expect("a store in memory");
        let ground = Ground::lay(store, clock.clone() as Arc<dyn Clock>, TimeZone::UTC, systems, mappings).await.expect("sound ground");
        Self { clock, crm, prm, others, ground }
    }

    /// The mapping's file is another one from now on.
    async fn lay(&mut self, mapping: &str) {
        let (mappings, said) = compiled(mapping, &Known::default());
        let mappings = mappings.into_iter().map(|mapping| Arc::new(mapping.unwrap_or_else(|| panic!("{said}")))).collect();
        let (store, clock, systems) = (self.ground.store.clone(), self.clock.clone() as Arc<dyn Clock>, self.ground.systems.clone());
        self.ground = Ground::lay(store, clock, TimeZone::UTC, systems, mappings).await.expect("sound ground");
    }

    async fn run_as(&self, intent: Intent) -> Ended {
        self.clock.advance(Duration::from_secs(60));
        self.run_at_once(intent).await
    }

    async fn run_at_once(&self, intent: Intent) -> Ended {
        self.run_mapping(0, intent).await
    }

    async fn run_mapping(&self, at: usize, intent: Intent) -> Ended {
        let request = Request { wake: Wake::Person, poll: true, sweep: false, intent };
        let stop = CancellationToken::new();
        let mut hooks = Hooks { progress: &Unwatched, plan: &mut Unseen, approve: &mut NobodyAgrees, stop: &stop };
        once(&self.ground, &self.ground.mappings[at], &request, &mut hooks).await.expect("a run")
    }

    async fn run(&self) -> Ended {
        self.run_as(Intent::Apply).await
    }

    fn deal(&self, number: &str, name: &str, stage: &str) -> RecordKey {
        self.prm.put(&object("prm"), record(&[("number", number), ("name", name), ("stage", stage)]))
    }

    fn opportunity(&self, number: &str, name: &str, stage: &str) -> RecordKey {
        self.crm.put(&object("crm"), record(&[("Number", number), ("Name", name), ("Stage", stage)]))
    }

    fn shows(&self, connection: &str, key: &RecordKey, at: &str) -> Option<String> {
        let system = if connection == "crm" { &self.crm } else { &self.prm };
        let values = system.values(&object(connection), key)?;
        Some(path(at).get(&values).map(ToString::to_string).unwrap_or_default())
    }

    fn edit(&self, connection: &str, key: &RecordKey, at: &str, to: &str) {
        self.clock.advance(Duration::from_secs(5));
        let system = if connection == "crm" { &self.crm } else { &self.prm };
        assert!(system.edit(&object(connection), key, &path(at), Value::text(to)));
    }
}

#[tokio::test]
async fn a_first_run_links_creates_and_then_is_quiet() {
    let bench = Bench::new(DEALS).await;
    let both = bench.deal("1", "Acme", "open");
    let there = bench.opportunity("1", "Acme Inc", "open");
    bench.deal("2", "Birch", "won");
    bench.deal("3", "Cedar", "open");
    let ended = bench.run().await;
    assert_eq!(ended.end.state, RunState::Done, "{ended:?}");
    assert_eq!((ended.end.created, ended.end.updated), (1, 1), "{ended:?}");
    assert_eq!(bench.shows("prm", &both, "name"), bench.shows("crm", &there, "Name"));
    assert_eq!(bench.crm.keys(&object("crm")).len(), 2, "only the won deal is made");
    let writes = bench.crm.writes() + bench.prm.writes();
    for _ in 0..3 {
        let ended = bench.run().await;
        assert_eq!((ended.end.created, ended.end.updated), (0, 0), "{ended:?}");
    }
    assert_eq!(bench.crm.writes() + bench.prm.writes(), writes, "nothing echoes");
}

#[tokio::test]
async fn edits_flow_both_ways_and_an_owner_puts_back() {
    let bench = Bench::new(DEALS).await;
    let deal = bench.deal("1", "Acme", "open");
    let opportunity = bench.opportunity("1", "Acme", "open");
    bench.run().await;
    bench.edit("prm", &deal, "name", "Acme Ltd");
    bench.run().await;
    assert_eq!(bench.shows("crm", &opportunity, "Name").as_deref(), Some("Acme Ltd"));
    bench.edit("crm", &opportunity, "Name", "Acme Group");
    bench.edit("prm", &deal, "stage", "lost");
    bench.run().await;
    assert_eq!(bench.shows("prm", &deal, "name").as_deref(), Some("Acme Group"));
    assert_eq!(bench.shows("prm", &deal, "stage").as_deref(), Some("open"), "the CRM owns the stage");
}

#[tokio::test]
async fn the_later_of_two_edits_wins_and_the_other_is_kept() {
    let bench = Bench::new(DEALS).await;
    let deal = bench.deal("1", "Acme", "open");
    let opportunity = bench.opportunity("1", "Acme", "open");
    bench.run().await;
    bench.edit("prm", &deal, "name", "First");
    bench.clock.advance(Duration::from_secs(60));
    bench.edit("crm", &opportunity, "Name", "Second");
    let ended = bench.run().await;
    assert_eq!(ended.end.conflicts, 1, "{ended:?}");
    assert_eq!(bench.shows("prm", &deal, "name").as_deref(), Some("Second"));
    let conflicts = bench.ground.store.conflicts(None, 10).await.expect("conflicts");
    assert!(conflicts[0].losers.iter().any(|loser| loser.value == Value::text("First")), "{conflicts:?}");
}

#[tokio::test]
async fn a_delete_in_the_crm_takes_the_deal_out_of_the_portal() {
    let bench = Bench::new(DEALS).await;
    let deal = bench.deal("1", "Acme", "open");
    let opportunity = bench.opportunity("1", "Acme", "open");
    bench.run().await;
    assert!(bench.crm.delete(&object("crm"), &opportunity));
    let ended = bench.run().await;
    assert_eq!(ended.end.deleted, 1, "{ended:?}");
    assert_eq!(bench.shows("prm", &deal, "name"), None);
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_is_found_again_and_never_doubled() {
    let bench = Bench::new(DEALS).await;
    bench.deal("1", "Acme", "won");
    bench.crm.fail(Fault::LostAnswer);
    let ended = bench.run().await;
    assert_eq!(ended.end.in_doubt, 1, "{ended:?}");
    bench.clock.advance(Duration::from_secs(2 * 3600));
    for _ in 0..3 {
        bench.run().await;
    }
    assert_eq!(bench.crm.keys(&object("crm")).len(), 1);
    let totals = bench.ground.store.totals(bench.ground.mappings[0].id).await.expect("totals");
    assert_eq!(totals.in_doubt, 0, "{totals:?}");
}

#[tokio::test]
async fn an_update_whose_answer_was_lost_is_taken_for_ours() {
    let bench = Bench::new(DEALS).await;
    let deal = bench.deal("1", "Acme", "open");
    let opportunity = bench.opportunity("1", "Acme", "open");
    bench.run().await;
    bench.edit("prm", &deal, "name", "Acme Ltd");
    bench.crm.fail(Fault::LostAnswer);
    bench.run().await;
    bench.clock.advance(Duration::from_secs(3600));
    let ended = bench.run().await;
    assert_eq!(ended.end.conflicts, 0, "{ended:?}");
    assert_eq!(bench.shows("crm", &opportunity, "Name").as_deref(), Some("Acme Ltd"));
    assert_eq!(bench.ground.store.totals(bench.ground.mappings[0].id).await.expect("totals").in_doubt, 0);
}

#[tokio::test]
async fn a_first_run_waits_for_its_plan_and_stores_nothing_until_then() {
    let bench = Bench::new(&DEALS.replace("adopt: automatic\n", "")).await;
    bench.deal("1", "Acme", "won");
    let ended = bench.run().await;
    assert_eq!(ended.end.state, RunState::Held, "{ended:?}");
    assert!(bench.crm.keys(&object("crm")).is_empty());
    assert_eq!(bench.ground.store.totals(bench.ground.mappings[0].id).await.expect("totals").entities, 0);
}

#[tokio::test]
async fn twins_in_one_system_are_never_chosen_between() {
    let bench = Bench::new(DEALS).await;
    bench.deal("1", "Acme", "open");
    let twins = [bench.opportunity("1", "Acme", "open"), bench.opportunity("1", "Acme again", "open")];
    let ended = bench.run().await;
    assert_eq!(ended.end.reviews, 1, "one question names both: {ended:?}");
    assert_eq!((ended.end.created, ended.end.updated), (0, 0), "{ended:?}");
    let asked = || async { bench.ground.store.reviews(None, true).await.expect("reviews") };
    let first = asked().await.remove(0);
    let ReviewAbout::Match { system, key, also, .. } = &first.about else { panic!("{first:?}") };
    assert!(twins.contains(key) && twins.contains(&also[0].1) && also[0] != (*system, key.clone()), "{first:?}");
    // An edit of one of them alone does not make it another thing.
    for twin in &twins {
        bench.edit("crm", twin, "Name", "Acme, edited");
        bench.run().await;
    }
    assert_eq!((asked().await.len(), bench.ground.store.counts(bench.ground.mappings[0].id).await.expect("counts").0), (1, 1));
    // Once one is known to be the deal, the other is asked about.
    let (store, laid, now) = (&bench.ground.store, &bench.ground.mappings[0], bench.clock.now());
    let entity = store.entities(laid.id, None, 1).await.expect("entities")[0];
    store.answer(first.id, Answer::Link(entity), now).await.expect("an answer that fits");
    let touch = |key: &RecordKey| Touch { mapping: laid.id, system: *system, key: key.clone(), identity: key.clone(), why: Touched::Person };
    store.touch(twins.iter().map(touch).collect(), None, now).await.expect("touches");
    bench.run().await;
    let left = asked().await;
    assert!(matches!(&left[..], [Review { about: ReviewAbout::Match { key: other, .. }, .. }] if other == &also[0].1), "{left:?}");
}

#[tokio::test]
async fn a_system_that_is_down_stops_nothing_else() {
    let bench = Bench::new(DEALS).await;
    let deal = bench.deal("1", "Acme", "open");
    let opportunity = bench.opportunity("1", "Acme", "open");
    bench.run().await;
    bench.edit("prm", &deal, "name", "Acme Ltd");
    bench.crm.set_down(true);
    let ended = bench.run().await;
    assert_eq!(ended.down.len(), 1, "{ended:?}");
    bench.crm.set_down(false);
    bench.clock.advance(Duration::from_secs(3600));
    bench.run().await;
    assert_eq!(bench.shows("crm", &opportunity, "Name").as_deref(), Some("Acme Ltd"));
}
