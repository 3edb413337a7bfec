//! The daemon under load, killed at random instants: people type in all systems all the time, webhooks come, and in the end only what the vendors show and
//! what our commands say in JSON tells whether anything was doubled, lost or left apart.
//!
//! `KILLS=50 SEED=3 cargo test --test it killed_at_random -- --nocapture` goes on for longer.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::support::daemon::{Daemon, eventually};
use super::super::support::program::Program;
use super::super::support::systems::LookAlikes;
use super::{counts, lay};

/// Kills of a plain `cargo test`.
const KILLS: u64 = 4;
/// A daemon lives for so long at most, from where it listens.
const LIVES_MS: u64 = 2_500;
/// Pauses between edits.
const PAUSE_MS: u64 = 120;
/// Where the portal keeps amounts.
const CENTS: &str = "amount";
/// A request that was under way when its sender died is carried out within this.
const LANDED: Duration = Duration::from_millis(300);

/// Long enough for the waits of the minute after the last write.
const RESTS: usize = 40;
const REST: Duration = Duration::from_secs(4);

#[expect(clippy::disallowed_methods, reason = "a person says how often, and from where chance begins")]
fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

/// A cell that people type in: one field of one thing, as its systems spell it.
struct Cell {
    /// System, object, key, path.
    places: Vec<[String; 4]>,
    typed: Vec<Typed>,
}

struct Typed {
    place: usize,
    value: Value,
    /// What stood there, and whoever typed saw it.
    over: Value,
}

struct People {
    world: LookAlikes,
    state: u64,
    count: u64,
    /// Dates of deals, amounts of deals, streets of customers.
    cells: [Vec<Cell>; 3],
}

impl People {
    fn new(world: LookAlikes, seed: u64) -> Self {
        let cell = |places: &[[&str; 4]]| Cell { places: places.iter().map(|place| place.map(str::to_owned)).collect(), typed: Vec::new() };
        let pairs = world.open_deals();
        let deals = |prm: &str, crm: &str| {
            let places = |(deal, opportunity): &(String, String)| cell(&[["prm", "deals", deal, prm], ["crm", "Opportunity", opportunity, crm]]);
            pairs.iter().map(places).collect::<Vec<_>>()
        };
        let customers = world.records("erp", "customers");
        let streets = customers.iter().filter_map(|customer| Some(cell(&[["erp", "customers", customer["key"].as_str()?, "addressLine1"]])));
        let cells = [deals("close_date", "CloseDate"), deals("amount", "Amount"), streets.collect()];
        Self { world, state: seed, count: 0, cells }
    }

    /// SplitMix64.
    fn below(&mut self, n: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    /// As it stands there; the portal counts money in cents.
    fn shown(&self, place: &[String; 4]) -> Value {
        let value = self.world.record(&place[0], &place[1], &place[2])["fields"][&place[3]].clone();
        if place[3] == CENTS { value.as_u64().map_or(value, |cents| json!(cents / 100)) } else { value }
    }

    /// Somebody types a value that nobody typed before; the key of the portal's deal, if it was there.
    fn type_in(&mut self, kind: usize, at: usize, place: usize) -> Option<String> {
        self.count += 1;
        let value = match kind {
            0 => json!(format!("20{}-{:02}-{:02}", 30 + self.count / 336, 1 + self.count / 28 % 12, 1 + self.count % 28)),
            1 => json!(700_000 + self.count),
            _ => json!(format!("{} Crash Street", 1_000 + self.count)),
        };
        let of = self.cells[kind][at].places[place].clone();
        let over = self.shown(&of);
        let spelt = if of[3] == CENTS { value.as_u64().map(|whole| json!(whole * 100)) } else { None };
        self.world.type_in(&of[0], &of[1], &of[2], &json!({ &of[3]: spelt.as_ref().unwrap_or(&value) }));
        self.cells[kind][at].typed.push(Typed { place, value, over });
        (of[0] == "prm").then(|| of[2].clone())
    }

    /// While the daemon runs, nobody types where it may be writing: a vendor that checks nothing would lose that, as is said in docs/reliability.md.
    fn live(&mut self, daemon: &Daemon) {
        let kind = if self.below(3) == 0 { 2 } else { 0 };
        let at = self.below(self.cells[kind].len() as u64) as usize;
        let place = if kind == 0 { at % 2 } else { 0 };
        if let Some(deal) = self.type_in(kind, at, place) {
            let told = json!({ "event": "deal.updated", "key": deal });
            assert_eq!(daemon.deliver(&self.world, &told, self.world.config("prm", "webhook_secret")), 200);
        }
    }

    /// While it is down, the same field of the same deal in both systems.
    fn meanwhile(&mut self) {
        for _ in 0..4 {
            let at = self.below(self.cells[1].len() as u64) as usize;
            for place in 0..self.below(2) as usize + 1 {
                self.type_in(1, at, place);
            }
        }
    }

    /// What became of everything that was typed, by what the vendors show and what the conflict log says.
    fn check(&self, program: &Program, conflicts: &str) {
        for cell in self.cells.iter().flatten() {
            let shown: Vec<String> = cell.places.iter().map(|place| plain(&self.shown(place))).collect();
            let [system, object, key, _] = &cell.places[0];
            let explained = || program.run(&["explain", system, object, key]).out;
            assert!(shown.windows(2).all(|pair| pair[0] == pair[1]), "{:?} show {shown:?}\n{}", cell.places, explained());
            for (nth, typed) in cell.typed.iter().enumerate() {
                let (value, later) = (plain(&typed.value), &cell.typed[nth + 1..]);
                let stands = shown[0] == value;
                let typed_over = later.iter().any(|later| plain(&later.over) == value);
                assert!(
                    stands || typed_over || conflicts.contains(&value),
                    "{value} was typed at {:?}, does not stand ({shown:?}), and is in no log\n{}",
                    cell.places[typed.place],
                    explained()
                );
            }
        }
    }
}

/// A number or text as people would compare it.
fn plain(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// Starts a daemon that asks for changes all the time.
fn lively() -> (LookAlikes, Program) {
    let (world, program) = lay();
    for mapping in ["accounts", "deals", "leads", "orders", "partners"] {
        program.edit(&format!("mappings/{mapping}.yaml"), "every 2m", "every 1s");
    }
    (world, program)
}

#[test]
fn a_daemon_killed_at_random_instants_under_load_keeps_every_edit() {
    let (world, program) = lively();
    program.settle();
    let before = counts(&world);
    let seed = number("SEED", 1);
    let mut people = People::new(world, seed);
    assert!(people.cells.iter().all(|cells| cells.len() > 3), "the world has things to type in");
    for kill in 0..number("KILLS", KILLS) {
        let daemon = Daemon::start(&program);
        let lives = Duration::from_millis(people.below(LIVES_MS));
        let since = now();
        while since.elapsed() < lives {
            people.live(&daemon);
            let pause = people.below(PAUSE_MS);
            people.world.http.pause(Duration::from_millis(pause));
        }
        daemon.kill();
        people.world.http.pause(LANDED);
        people.meanwhile();
        println!("kill {kill} after {lives:?}, {} edits so far", people.count);
    }
    let daemon = Daemon::start(&program);
    // A run may be over its limits, since nobody approved for a while.
    let page = || daemon.ask(&people.world, "/readyz");
    eventually(&people.world, "it is ready, or waits for a person", || page().0 == 200 || page().1.contains("waits for a person"));
    assert_eq!(daemon.stop(), Some(0));
    rest(&people.world, &program);
    assert_eq!(counts(&people.world), before, "nobody made or deleted a record");
    people.check(&program, &program.run(&["conflicts", "--limit", "100000", "--json"]).with(&[0]).out);
}

/// Goes on until nothing is owed to anybody: the portal's records are not believed for a minute after each write, since it has no versions.
fn rest(world: &LookAlikes, program: &Program) {
    for _ in 0..RESTS {
        program.settle();
        let audit: Value = serde_json::from_str(&program.run(&["audit", "--json"]).with(&[0]).out).expect("one JSON object");
        assert_eq!(audit["unexplained"], json!(0), "{audit}");
        let mappings = audit["mappings"].as_array().expect("a list");
        if mappings.iter().all(|mapping| mapping["classes"]["owed"] == json!(0)) {
            return;
        }
        world.http.pause(REST);
    }
    panic!("something is still owed");
}

#[expect(clippy::disallowed_methods, reason = "a process is killed by the clock on the wall")]
fn now() -> Instant {
    Instant::now()
}
